"""Edits that people make and the query generator does not: how much of a clip is still found after each.

    python -m bench.edits --root CORPUS [--clips 12] [--seed 1] [--only NAME ...] [--cache DIR] [--explain]

Cuts SECONDS from each of so many unrelated clips of CORPUS/MANIFEST.csv, makes each of EDITS of it and
searches it among all files of CORPUS. Prints for each edit the share of its frames, in per cent and on the
mean of the clips, that is told as a copy of the right clip at the right seconds, as anything less at the
right seconds, at wrong seconds of it, and not at all; and how often another clip is told. `--explain` adds
a line for each clip.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.alterations import EDITS, HEIGHT, SECONDS, Edit, like, moments, sized
from bench.clips import RATE, Picture, pictures_at, write
from bench.corpus import Row, indexed, kin, manifest, unrelated_clips
from bench.media import closer_of, fingerprint_of
from verify.matching import ReferenceIndex, match
from verify.model import MatchKind, MatchSegment
from verify.reports.timemap import reference_time_us

NEAR_US = 500_000
MICROSECONDS = 1_000_000
COPY, LESS, WRONG, MISSED = "copy", "less", "wrong seconds", "missed"
OUTCOMES = (COPY, LESS, WRONG, MISSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A cut, RATE frames a second."""

    row: Row  # of the manifest
    start: float  # seconds into the clip
    frames: list[Picture]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What each frame of an edited clip is told as, and how many segments show what it does not."""

    frames: list[str]
    others: int

    def share(self, outcome: str) -> float:
        return self.frames.count(outcome) / len(self.frames)


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    rows = manifest(options.root)
    index = indexed(options.root, rows, options.cache)
    chosen = unrelated_clips(rows, SECONDS + 1, options.clips, random.Random(options.seed))
    clips = [_cut(row, options) for row in chosen]
    print(f"{'':16}" + "".join(f"{one:>15}" for one in (*OUTCOMES, "other clips")))
    for edit in EDITS:
        if not options.only or edit.name in options.only:
            told = [_told(edit, clip, clips[number - 1], rows, index) for number, clip in enumerate(clips)]
            _print(edit, clips, told, explain=options.explain)
    return 0


def _print(edit: Edit, clips: Sequence[Clip], told: Sequence[Told], *, explain: bool) -> None:
    shares = [100 * sum(one.share(name) for one in told) / len(told) for name in OUTCOMES]
    others = sum(one.others for one in told)
    print(f"{edit.name:16}" + "".join(f"{share:15.0f}" for share in shares) + f"{others:15}", flush=True)
    for clip, one in zip(clips, told, strict=True) if explain else ():
        parts = ", ".join(f"{one.share(name):.0%} {name}" for name in OUTCOMES if name in one.frames)
        print(
            f"    {clip.row['file']}: {parts}" + (f", {one.others} others" if one.others else ""), flush=True
        )


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, required=True, help="folder with MANIFEST.csv")
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="*", help="names of edits")
    parser.add_argument("--cache", type=Path, help="folder that keeps fingerprints between runs")
    parser.add_argument("--explain", action="store_true", help="a line for each clip")
    return parser.parse_args(arguments)


def _cut(row: Row, options: argparse.Namespace) -> Clip:
    """SECONDS of a clip, from anywhere."""
    chance = random.Random(f"{options.seed}/{row['file']}")
    start = chance.uniform(0, float(row["duration_s"]) - SECONDS - 0.5)
    wanted = [start + moment for moment in moments()]
    frames = [shrunk(picture) for picture in pictures_at(options.root / row["file"], wanted)]
    return Clip(row=row, start=start, frames=frames)


def shrunk(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    return sized(picture, round(width * HEIGHT / height / 2) * 2, HEIGHT)


def _told(edit: Edit, clip: Clip, guest: Clip, rows: Sequence[Row], index: ReferenceIndex) -> Told:
    shown = edit.moments()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "edited.mp4"
        write(path, _edited(edit, clip.frames, guest.frames, shown))
        asked = fingerprint_of(path)
        assert asked is not None
        found = match(asked, index, media_sha256="", look_closer=closer_of(path)).segments
    own = [one for one in found if one.reference_id == clip.row["file"]]
    length_us = round(float(clip.row["duration_s"]) * MICROSECONDS)
    each = [
        outcome(own, number * MICROSECONDS // RATE, round((clip.start + moment) * MICROSECONDS), length_us)
        for number, moment in enumerate(shown)
    ]
    related = kin(rows, {clip.row["file"], guest.row["file"]})
    return Told(frames=each, others=sum(one.reference_id not in related for one in found))


def _edited(
    edit: Edit, frames: Sequence[Picture], others: Sequence[Picture], shown: Sequence[float]
) -> Iterator[Picture]:
    for number, moment in enumerate(shown):
        frame = frames[round(moment * RATE)]
        yield edit.change(frame, number / len(shown), like(others[number % len(others)], frame))


def outcome(own: Sequence[MatchSegment], at_us: int, shows_us: int, duration_us: int) -> str:
    over = [one for one in own if one.query.start_us <= at_us <= one.query.end_us]
    right = [
        one
        for one in over
        if abs(reference_time_us(one, at_us, reference_duration_us=duration_us) - shows_us) <= NEAR_US
    ]
    if any(one.kind is MatchKind.COPY for one in right):
        return COPY
    return LESS if right else WRONG if over else MISSED


if __name__ == "__main__":
    sys.exit(main())
