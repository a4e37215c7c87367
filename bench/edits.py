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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from bench.media import closer_of, fingerprint_of, fingerprints
from verify.matching import ReferenceIndex, match
from verify.model import MatchKind, MatchSegment

SECONDS = 8.0  # of a cut
RATE = 25  # frames a second
HEIGHT = 360  # of a clip before it is edited, pixels
NEAR_US = 500_000
MICROSECONDS = 1_000_000
COPY, LESS, WRONG, MISSED = "copy", "less", "wrong seconds", "missed"
OUTCOMES = (COPY, LESS, WRONG, MISSED)

Picture = NDArray[np.uint8]
Change = Callable[[Picture, float, Picture], Picture]
"""A frame, the share of the clip before it, and a frame of an unrelated clip of the same shape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What is done to a clip: in which order its moments come, and what becomes of a frame."""

    name: str
    moments: Callable[[], list[float]] = lambda: _moments()  # seconds into the cut, of each frame shown
    change: Change = lambda frame, _, __: frame


def _moments() -> list[float]:
    return [number / RATE for number in range(round(SECONDS * RATE))]


def _backwards() -> list[float]:
    return _moments()[::-1]


def _jumping() -> list[float]:
    """Half a second left out of every two."""
    return [moment for moment in _moments() if moment % 2 < 1.5]


def _shuffled() -> list[float]:
    order = (2, 0, 3, 1)
    return [one * 2 + moment for one in order for moment in _moments() if moment < 2]


def _quickening() -> list[float]:
    """From its own speed to twice that."""
    count = round(SECONDS * RATE / 1.5)
    return [SECONDS * (share + share * share / 2) / 1.5 for share in np.arange(count) / count]


def _halting() -> list[float]:
    """Stands still for a second after every three."""
    held = [number for number in range(round(SECONDS * RATE)) for _ in range(RATE if number % 75 == 74 else 1)]
    return [number / RATE for number in held]


def _rarely() -> list[float]:
    """Five pictures a second, each shown five times."""
    return [number // 5 * 5 / RATE for number in range(round(SECONDS * RATE))]


def _box(frame: Picture, left: float, top: float, right: float, bottom: float) -> Picture:
    height, width = frame.shape[:2]
    rows = slice(round(top * height), max(round(top * height) + 2, round(bottom * height)))
    columns = slice(round(left * width), max(round(left * width) + 2, round(right * width)))
    return frame[rows, columns]


def _sized(frame: Picture, width: int, height: int) -> Picture:
    return cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _like(frame: Picture, shape: Picture) -> Picture:
    return _sized(frame, shape.shape[1], shape.shape[0])


def _panned(frame: Picture, share: float, _: Picture) -> Picture:
    """An upright window that moves over the picture from one side to the other."""
    wide = min(1.0, frame.shape[0] * 9 / 16 / frame.shape[1])
    left = (1 - wide) * share
    return _box(frame, left, 0, left + wide, 1)


def _zoomed(frame: Picture, share: float, _: Picture) -> Picture:
    """From the whole to the middle half."""
    cut = share / 4
    return _like(_box(frame, cut, cut, 1 - cut, 1 - cut), frame)


def _pulsing(frame: Picture, share: float, _: Picture) -> Picture:
    cut = 0.03 * (1 - np.cos(share * SECONDS * np.pi))
    return _like(_box(frame, cut, cut, 1 - cut, 1 - cut), frame)


def _shaken(frame: Picture, share: float, _: Picture) -> Picture:
    """As filmed by hand off a screen that does not fill the picture."""
    height, width = frame.shape[:2]
    time = share * SECONDS
    sway = np.array([np.sin(1.7 * time), np.cos(2.3 * time)]) * (0.02 * width, 0.02 * height)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 3 + 1.5 * np.sin(1.1 * time), 0.8)
    turn[:, 2] += sway
    filmed = cv2.warpAffine(frame, turn, (width, height), borderValue=(32, 30, 28))
    return cv2.convertScaleAbs(cv2.GaussianBlur(filmed, (0, 0), 0.8), alpha=0.85, beta=20).astype(np.uint8)


def _beside(frame: Picture, _: float, other: Picture) -> Picture:
    """The middle half of each, side by side."""
    halves = [_box(one, 0.25, 0, 0.75, 1) for one in (other, frame)]
    return np.concatenate([_sized(half, frame.shape[1] // 4 * 2, frame.shape[0]) for half in halves], axis=1)


def _above(frame: Picture, _: float, other: Picture) -> Picture:
    return np.concatenate([frame, _like(other, frame)], axis=0)


def _under_guest(frame: Picture, _: float, other: Picture) -> Picture:
    """Another clip covers the lower right corner, two fifths of each side."""
    shown = frame.copy()
    height, width = (frame.shape[0] * 2 // 5, frame.shape[1] * 2 // 5)
    shown[-height:, -width:] = _sized(other, width, height)
    return shown


def _ghosted(frame: Picture, _: float, other: Picture) -> Picture:
    return cv2.addWeighted(frame, 0.7, _like(other, frame), 0.3, 0).astype(np.uint8)


def _snowy(frame: Picture, share: float, _: Picture) -> Picture:
    chance = np.random.default_rng(round(share * 10_000))
    shown = frame.copy()
    height, width = frame.shape[:2]
    for x, y, size in zip(
        chance.integers(0, width, 150), chance.integers(0, height, 150), chance.integers(2, 6, 150), strict=True
    ):
        cv2.circle(shown, (int(x), int(y)), int(size), (245, 245, 245), -1)
    return shown


def _negative(frame: Picture, _: float, __: Picture) -> Picture:
    return 255 - frame


def _blurred(frame: Picture, _: float, __: Picture) -> Picture:
    return cv2.GaussianBlur(frame, (0, 0), 6).astype(np.uint8)


def _mosaic(frame: Picture, _: float, __: Picture) -> Picture:
    """Squares of a 45th of the height."""
    height, width = frame.shape[:2]
    small = _sized(frame, width // 8, height // 8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST).astype(np.uint8)


def _stuck_over(frame: Picture, _: float, __: Picture) -> Picture:
    """Six discs that cover about a third."""
    shown = frame.copy()
    height, width = frame.shape[:2]
    for across, down, colour in (
        *((0.15, 0.25, (0, 200, 255)), (0.5, 0.2, (60, 60, 230)), (0.85, 0.3, (0, 200, 255))),
        *((0.2, 0.75, (80, 220, 80)), (0.52, 0.8, (0, 200, 255)), (0.84, 0.72, (230, 90, 60))),
    ):
        cv2.circle(shown, (round(across * width), round(down * height)), round(0.17 * height), colour, -1)
    return shown


def _folded(frame: Picture, _: float, __: Picture) -> Picture:
    """The left half and its mirror image."""
    half = _box(frame, 0, 0, 0.5, 1)
    return np.concatenate([half, half[:, ::-1]], axis=1)


def _fourfold(frame: Picture, _: float, __: Picture) -> Picture:
    small = _sized(frame, frame.shape[1] // 2, frame.shape[0] // 2)
    return np.concatenate([np.concatenate([small, small], axis=1)] * 2, axis=0)


def _tilted(frame: Picture, _: float, __: Picture) -> Picture:
    """Turned by 15 degrees, as large as leaves no corner empty."""
    height, width = frame.shape[:2]
    angle = np.radians(15)
    scale = np.cos(angle) + np.sin(angle) * max(width / height, height / width)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 15, scale)
    return cv2.warpAffine(frame, turn, (width, height)).astype(np.uint8)


def _squeezed(frame: Picture, _: float, __: Picture) -> Picture:
    """Without a tenth on each side, made square."""
    return _sized(_box(frame, 0.1, 0.1, 0.9, 0.9), HEIGHT, HEIGHT)


def _mirrored_close(frame: Picture, _: float, __: Picture) -> Picture:
    """Mirrored, and a window of two fifths of each side."""
    return _like(_box(frame, 0.35, 0.25, 0.75, 0.65)[:, ::-1], frame)


def _drawn(frame: Picture, _: float, __: Picture) -> Picture:
    """As a drawing: smooth areas of few colours."""
    smooth = cv2.bilateralFilter(frame, 9, 60, 9)
    return ((smooth // 48) * 48 + 24).astype(np.uint8)


def _in_vignette(frame: Picture, _: float, __: Picture) -> Picture:
    height, width = frame.shape[:2]
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    light = np.clip(1.25 - (rows**2 + columns**2), 0.05, 1)
    return (frame * light[..., None]).astype(np.uint8)


EDITS = (
    Edit(name="as it is"),
    Edit(name="panned", change=_panned),
    Edit(name="zoomed", change=_zoomed),
    Edit(name="pulsing", change=_pulsing),
    Edit(name="shaken", change=_shaken),
    Edit(name="backwards", moments=_backwards),
    Edit(name="jumping", moments=_jumping),
    Edit(name="shuffled", moments=_shuffled),
    Edit(name="quickening", moments=_quickening),
    Edit(name="halting", moments=_halting),
    Edit(name="rarely", moments=_rarely),
    Edit(name="beside", change=_beside),
    Edit(name="above", change=_above),
    Edit(name="under guest", change=_under_guest),
    Edit(name="ghosted", change=_ghosted),
    Edit(name="snowy", change=_snowy),
    Edit(name="negative", change=_negative),
    Edit(name="blurred", change=_blurred),
    Edit(name="mosaic", change=_mosaic),
    Edit(name="stuck over", change=_stuck_over),
    Edit(name="folded", change=_folded),
    Edit(name="fourfold", change=_fourfold),
    Edit(name="tilted", change=_tilted),
    Edit(name="squeezed", change=_squeezed),
    Edit(name="mirrored close", change=_mirrored_close),
    Edit(name="drawn", change=_drawn),
    Edit(name="in vignette", change=_in_vignette),
)


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    with (options.root / "MANIFEST.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    made = fingerprints([options.root / row["file"] for row in rows], jobs=2, cache=options.cache)
    known = {str(path.relative_to(options.root)): print_ for path, print_ in made}
    index = ReferenceIndex.build(known.items(), known.__getitem__)
    clips = [(row, *_cut(row, options)) for row in _chosen(rows, options.clips, options.seed)]
    print(f"{'':16}" + "".join(f"{one:>15}" for one in (*OUTCOMES, "other clips")))
    for edit in EDITS:
        if options.only and edit.name not in options.only:
            continue
        told = [
            _told(edit, clip, clips[number - 1][2], rows, index)
            for number, clip in enumerate(clips)
        ]
        shares = [100 * sum(one[0].count(name) / len(one[0]) for one in told) / len(told) for name in OUTCOMES]
        others = sum(one[1] for one in told)
        print(f"{edit.name:16}" + "".join(f"{share:15.0f}" for share in shares) + f"{others:15}", flush=True)
        if options.explain:
            for (row, *_), (each, more) in zip(clips, told, strict=True):
                parts = ", ".join(f"{each.count(name) / len(each):.0%} {name}" for name in OUTCOMES if name in each)
                print(f"    {row['file']}: {parts}" + (f", {more} others" if more else ""), flush=True)
    return 0


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


def _cut(row: dict[str, str], options: argparse.Namespace) -> tuple[float, list[Picture]]:
    """Where the cut starts, in seconds, and its frames, RATE a second."""
    chance = random.Random(f"{options.seed}/{row['file']}")
    start = chance.uniform(0, float(row["duration_s"]) - SECONDS - 0.5)
    wanted = [start + moment for moment in _moments()]
    frames: list[Picture] = []
    with av.open(str(options.root / row["file"])) as container:
        for frame in container.decode(video=0):
            picture = None
            while len(frames) < len(wanted) and float(frame.time or 0) >= wanted[len(frames)]:
                if picture is None:
                    width = round(frame.width * HEIGHT / frame.height / 2) * 2
                    picture = _sized(frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False), width, HEIGHT)
                frames.append(picture)
            if len(frames) == len(wanted):
                break
    return start, frames


def _told(
    edit: Edit,
    clip: tuple[dict[str, str], float, list[Picture]],
    others: list[Picture],
    rows: Sequence[dict[str, str]],
    index: ReferenceIndex,
) -> tuple[list[str], int]:
    """What each frame of the edited clip is told as, and how many segments show another clip."""
    row, start, frames = clip
    moments = [moment for moment in edit.moments() if moment * RATE < len(frames)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "edited.mp4"
        write(path, _edited(edit, frames, others, moments))
        asked = fingerprint_of(path)
        assert asked is not None
        found = match(asked, index, media_sha256="", look_closer=closer_of(path)).segments
    kin = {
        one["file"]
        for one in rows
        if one["family"] == row["family"] or (one["scene"] and one["scene"] == row["scene"])
    }
    own = [one for one in found if one.reference_id == row["file"]]
    each = [
        _outcome(own, number * MICROSECONDS // RATE, round((start + moment) * MICROSECONDS))
        for number, moment in enumerate(moments)
    ]
    return each, sum(one.reference_id not in kin for one in found)


def _edited(
    edit: Edit, frames: Sequence[Picture], others: Sequence[Picture], moments: Sequence[float]
) -> Iterator[Picture]:
    for number, moment in enumerate(moments):
        frame = frames[round(moment * RATE)]
        yield edit.change(frame, number / len(moments), _like(others[number % len(others)], frame))


def _outcome(own: Sequence[MatchSegment], at_us: int, shows_us: int) -> str:
    over = [one for one in own if one.query.start_us <= at_us <= one.query.end_us]
    right = [one for one in over if abs(_shown_us(one, at_us) - shows_us) <= NEAR_US]
    if any(one.kind is MatchKind.COPY for one in right):
        return COPY
    return LESS if right else WRONG if over else MISSED


def _shown_us(one: MatchSegment, at_us: int) -> float:
    length_us = max(1, one.query.end_us - one.query.start_us)
    share = (at_us - one.query.start_us) / length_us
    return one.reference.start_us + share * (one.reference.end_us - one.reference.start_us)


def write(path: Path, pictures: Iterator[Picture]) -> None:
    first = next(pictures)
    height, width = first.shape[0] // 2 * 2, first.shape[1] // 2 * 2
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"preset": "veryfast", "crf": "26"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for picture in (first, *pictures):
            shown = np.ascontiguousarray(_sized(picture, width, height))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="bgr24")))
        container.mux(stream.encode())


if __name__ == "__main__":
    sys.exit(main())
