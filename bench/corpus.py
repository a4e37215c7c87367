"""The footage of CORPUS/MANIFEST.csv: its rows, an index of all its files, and what of it is related.

In goes the folder; a family is copies of one source, a scene what several sources show.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Collection, Sequence
from pathlib import Path

from bench.media import fingerprints
from verify.matching import ReferenceIndex

Row = dict[str, str]


def manifest(root: Path) -> list[Row]:
    with (root / "MANIFEST.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def indexed(root: Path, rows: Sequence[Row], cache: Path | None) -> ReferenceIndex:
    """Every readable file, by its name in the manifest; `cache` is a folder that keeps fingerprints."""
    made = fingerprints([root / row["file"] for row in rows], jobs=2, cache=cache)
    known = {str(path.relative_to(root)): print_ for path, print_ in made}
    return ReferenceIndex.build(known.items(), known.__getitem__)


def unrelated_clips(
    rows: Sequence[Row], least_seconds: float, count: int, chance: random.Random
) -> list[Row]:
    """At most `count` clips of that length, one of each family, and of each scene."""
    clips = [row for row in rows if row["kind"] == "video" and float(row["duration_s"]) >= least_seconds]
    chance.shuffle(clips)
    one_each = {row["scene"] or row["family"]: row for row in {row["family"]: row for row in clips}.values()}
    return chance.sample(list(one_each.values()), min(count, len(one_each)))


def kin(rows: Sequence[Row], names: Collection[str]) -> set[str]:
    """The files of the families and scenes of those."""
    families = {row["family"] for row in rows if row["file"] in names}
    scenes = {row["scene"] for row in rows if row["file"] in names and row["scene"]}
    return {row["file"] for row in rows if row["family"] in families or row["scene"] in scenes}
