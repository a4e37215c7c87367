"""Long copies at another speed: how much of each is told at its seconds, and in how many segments.

    python -m bench.speeds --root CORPUS [--least 14] [--most 45] [--cache DIR] [--explain]

Of each clip of CORPUS/MANIFEST.csv of `--least` seconds and more a copy from its start that lasts up to
`--most` seconds, cropped to CROP of each side, at each of SPEEDS, searched among all files of CORPUS. Prints
what `bench.edits` does, the mean number of segments of the right clip, and how far from the truth the told
seconds lie, on the mean and in nine of ten frames.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.clips import RATE, Picture, pictures_at, write
from bench.corpus import Row, indexed, manifest
from bench.edits import MICROSECONDS, OUTCOMES, outcome, shrunk
from bench.media import closer_of, fingerprint_of
from verify.matching import ReferenceIndex, match
from verify.reports.timemap import reference_time_us

#: 24 pictures a second shown as 25 and the other way round, and what lies between the speeds that are tried
SPEEDS = (0.96, 25 / 24, 0.6, 1.4, 1.65)
CROP = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What each frame of a copy is told as, the segments of its source, and how far off they are, seconds."""

    frames: list[str]
    segments: int
    off: list[float]


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    rows = manifest(options.root)
    index = indexed(options.root, rows, options.cache)
    long = [row for row in rows if row["kind"] == "video" and float(row["duration_s"]) >= options.least]
    print(f"{'':16}" + "".join(f"{one:>15}" for one in (*OUTCOMES, "segments", "off", "nine of ten")))
    for speed in SPEEDS:
        told = [_told(row, speed, options, index) for row in long]
        _print(f"{speed:.3f}", told)
        for row, one in zip(long, told, strict=True) if options.explain else ():
            _print("    " + row["file"].rpartition("/")[2][:11], [one])
    return 0


def _print(name: str, told: Sequence[Told]) -> None:
    shares = [
        100 * sum(one.frames.count(of) / len(one.frames) for one in told) / len(told) for of in OUTCOMES
    ]
    off = [second for one in told for second in one.off] or [0.0]
    segments = sum(one.segments for one in told) / len(told)
    figures = [*(f"{share:.0f}" for share in shares), f"{segments:.1f}", f"{np.mean(off):.3f}"]
    print(
        f"{name:16}" + "".join(f"{one:>15}" for one in (*figures, f"{np.quantile(off, 0.9):.3f}")), flush=True
    )


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, required=True, help="folder with MANIFEST.csv")
    parser.add_argument("--least", type=float, default=14.0, help="seconds of a clip")
    parser.add_argument("--most", type=float, default=45.0, help="seconds of a copy")
    parser.add_argument("--cache", type=Path, help="folder that keeps fingerprints between runs")
    parser.add_argument("--explain", action="store_true", help="a line for each clip")
    return parser.parse_args(arguments)


def _told(row: Row, speed: float, options: argparse.Namespace, index: ReferenceIndex) -> Told:
    length = min(float(row["duration_s"]) / speed, options.most)
    shown = [number * speed / RATE for number in range(int(length * RATE))]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "copy.mp4"
        write(path, _cropped(options.root / row["file"], shown))
        asked = fingerprint_of(path)
        assert asked is not None
        found = match(asked, index, media_sha256="", look_closer=closer_of(path)).segments
    own = [one for one in found if one.reference_id == row["file"]]
    length_us = round(float(row["duration_s"]) * MICROSECONDS)
    at = [
        (number * MICROSECONDS // RATE, round(second * MICROSECONDS)) for number, second in enumerate(shown)
    ]
    off = [
        abs(reference_time_us(one, at_us, reference_duration_us=length_us) - shows_us) / MICROSECONDS
        for at_us, shows_us in at
        for one in own
        if one.query.start_us <= at_us <= one.query.end_us
    ]
    return Told(frames=[outcome(own, *times, length_us) for times in at], segments=len(own), off=off)


def _cropped(path: Path, shown: Sequence[float]) -> Iterator[Picture]:
    for picture in pictures_at(path, shown):
        small = shrunk(picture)
        height, width = (round(side * (1 - CROP) / 2) for side in small.shape[:2])
        yield small[height:-height, width:-width]


if __name__ == "__main__":
    sys.exit(main())
