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
import csv
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from bench.alterations import EDITS, HEIGHT, RATE, SECONDS, Edit, Picture, like, moments, sized
from bench.media import closer_of, fingerprint_of, fingerprints
from verify.matching import ReferenceIndex, match
from verify.model import MatchKind, MatchSegment

NEAR_US = 500_000
MICROSECONDS = 1_000_000
COPY, LESS, WRONG, MISSED = "copy", "less", "wrong seconds", "missed"
OUTCOMES = (COPY, LESS, WRONG, MISSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A cut, RATE frames a second."""

    row: dict[str, str]  # of the manifest
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
    with (options.root / "MANIFEST.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    made = fingerprints([options.root / row["file"] for row in rows], jobs=2, cache=options.cache)
    known = {str(path.relative_to(options.root)): print_ for path, print_ in made}
    index = ReferenceIndex.build(known.items(), known.__getitem__)
    clips = [_cut(row, options) for row in _chosen(rows, options.clips, options.seed)]
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


def _chosen(rows: Sequence[dict[str, str]], count: int, seed: int) -> list[dict[str, str]]:
    """Clips that last long enough, one of each family, and of each scene."""
    chance = random.Random(seed)
    clips = [row for row in rows if row["kind"] == "video" and float(row["duration_s"]) > SECONDS + 1]
    chance.shuffle(clips)
    one_each = {row["scene"] or row["family"]: row for row in {row["family"]: row for row in clips}.values()}
    return chance.sample(list(one_each.values()), min(count, len(one_each)))


def _cut(row: dict[str, str], options: argparse.Namespace) -> Clip:
    """SECONDS of a clip, from anywhere."""
    chance = random.Random(f"{options.seed}/{row['file']}")
    start = chance.uniform(0, float(row["duration_s"]) - SECONDS - 0.5)
    wanted = [start + moment for moment in moments()]
    frames: list[Picture] = []
    with av.open(str(options.root / row["file"])) as container:
        for frame in container.decode(video=0):
            due = sum(moment <= float(frame.time or 0) for moment in wanted[len(frames) :])
            frames += [_read(frame)] * due if due else []
            if len(frames) == len(wanted):
                break
    return Clip(row=row, start=start, frames=frames)


def _read(frame: av.VideoFrame) -> Picture:
    width = round(frame.width * HEIGHT / frame.height / 2) * 2
    return sized(frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False), width, HEIGHT)


def _told(edit: Edit, clip: Clip, guest: Clip, rows: Sequence[dict[str, str]], index: ReferenceIndex) -> Told:
    moments = [moment for moment in edit.moments() if round(moment * RATE) < len(clip.frames)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "edited.mp4"
        write(path, _edited(edit, clip.frames, guest.frames, moments))
        asked = fingerprint_of(path)
        assert asked is not None
        found = match(asked, index, media_sha256="", look_closer=closer_of(path)).segments
    own = [one for one in found if one.reference_id == clip.row["file"]]
    each = [
        _outcome(own, number * MICROSECONDS // RATE, round((clip.start + moment) * MICROSECONDS))
        for number, moment in enumerate(moments)
    ]
    kin = _kin(clip.row, rows) | _kin(guest.row, rows)
    return Told(frames=each, others=sum(one.reference_id not in kin for one in found))


def _kin(row: dict[str, str], rows: Sequence[dict[str, str]]) -> set[str]:
    """Files of one family, or of one scene."""
    return {
        one["file"]
        for one in rows
        if one["family"] == row["family"] or (one["scene"] and one["scene"] == row["scene"])
    }


def _edited(
    edit: Edit, frames: Sequence[Picture], others: Sequence[Picture], moments: Sequence[float]
) -> Iterator[Picture]:
    for number, moment in enumerate(moments):
        frame = frames[round(moment * RATE)]
        yield edit.change(frame, number / len(moments), like(others[number % len(others)], frame))


def _outcome(own: Sequence[MatchSegment], at_us: int, shows_us: int) -> str:
    over = [one for one in own if one.query.start_us <= at_us <= one.query.end_us]
    right = [one for one in over if abs(_shown_us(one, at_us) - shows_us) <= NEAR_US]
    if any(one.kind is MatchKind.COPY for one in right):
        return COPY
    return LESS if right else WRONG if over else MISSED


def _shown_us(one: MatchSegment, at_us: int) -> float:
    length_us = max(1, one.query.end_us - one.query.start_us)
    share = (at_us - one.query.start_us) / length_us
    if one.speed < 0:
        share = 1 - share
    return one.reference.start_us + share * (one.reference.end_us - one.reference.start_us)


def write(path: Path, pictures: Iterator[Picture]) -> None:
    first = next(pictures)
    height, width = first.shape[0] // 2 * 2, first.shape[1] // 2 * 2
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"preset": "veryfast", "crf": "26"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for picture in (first, *pictures):
            shown = np.ascontiguousarray(sized(picture, width, height))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="bgr24")))
        container.mux(stream.encode())


if __name__ == "__main__":
    sys.exit(main())
