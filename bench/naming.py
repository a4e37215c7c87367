"""What reports say was done to the footage, by what was done to it.

    python -m bench.naming --root CORPUS [--cache DIR] SET...

Each SET was made by `make_queries.py`. Every query is laid against its own source alone; the names of the
surest copy's changes are counted by the query's transform, its orientation and "another speed" (by more than
2 %) among them. Prints a line for each transform.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bench.media import closer_of, fingerprints
from verify.fingerprint import Fingerprint
from verify.matching import ReferenceIndex, match
from verify.model import MatchKind, MatchSegment, Orientation

SPEED_TOLERANCE = 0.02
#: What is left of a name without its figures and places.
_KIND = re.compile(r"plain margins cut off|picture in picture|partly covered|brightness or contrast|\w+")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, required=True, help="folder that the sources' paths start from")
    parser.add_argument("--cache", type=Path, help="folder that keeps fingerprints between runs")
    parser.add_argument("--jobs", type=int, default=2, help="processes that make fingerprints")
    parser.add_argument("sets", type=Path, nargs="+", metavar="SET")
    options = parser.parse_args(arguments)
    copies: Counter[str] = Counter()
    named: dict[str, Counter[str]] = {}
    for folder in options.sets:
        for transform, segment in _copies(folder, options.root, options.jobs, options.cache):
            copies[transform] += 1
            named.setdefault(transform, Counter()).update(names_of(segment))
    for transform in sorted(copies):
        names = ", ".join(f"{name} {count}" for name, count in named[transform].most_common())
        print(f"{transform:28} {copies[transform]:3}  {names}")
    return 0


def names_of(segment: MatchSegment) -> list[str]:
    """The changes of one match, each once."""
    changes = [found[0] for name in segment.transforms if (found := _KIND.match(name))]
    speed = ["another speed"] if abs(segment.speed - 1) > SPEED_TOLERANCE else []
    turned = [segment.orientation.value] if segment.orientation is not Orientation.UPRIGHT else []
    return [*turned, *changes, *speed]


def _copies(folder: Path, root: Path, jobs: int, cache: Path | None) -> Iterator[tuple[str, MatchSegment]]:
    with (folder / "truth.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["source"]]
    paths = {folder / "queries" / row["query"] for row in rows} | {root / row["source"] for row in rows}
    made = dict(fingerprints(sorted(paths), jobs=jobs, cache=cache))
    for row in rows:
        query, source = folder / "queries" / row["query"], made.get(root / row["source"])
        if source is None or query not in made:
            continue
        segment = _surest_copy(query, made[query], source)
        if segment is not None:
            yield row["transform"], segment


def _surest_copy(path: Path, query: Fingerprint, source: Fingerprint) -> MatchSegment | None:
    index = ReferenceIndex.build([("source", source)], lambda _: source)
    found = match(query, index, media_sha256="", look_closer=closer_of(path)).segments
    copies = [segment for segment in found if segment.kind is MatchKind.COPY]
    return max(copies, key=lambda segment: segment.score, default=None)


if __name__ == "__main__":
    sys.exit(main())
