"""Compilations: how many pieces of eight sources in one clip are found, and how exactly.

    python -m bench.compilations --root CORPUS [--compilations 8] [--seed 1] [--cache DIR] [--explain]

Cuts a piece of 2.2 to 4 s from each of eight unrelated clips of CORPUS/MANIFEST.csv; mirrors, crops, tones,
covers and quickens or slows each by chance, and joins them into one re-encoded clip, every other one with
bars about each piece where the others are stretched. Searches it among all files of CORPUS. Prints, for
each compilation, what its pieces are told as, and what else is told; `--explain` adds a line for each piece
that is not told as a copy at the right seconds.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from bench.clips import RATE, Picture, pictures_at, write
from bench.corpus import indexed, kin, manifest, unrelated_clips
from bench.media import closer_of, fingerprint_of
from verify.matching import ReferenceIndex, match
from verify.model import MatchKind, MatchSegment

SOURCES = 8
SHAPE = (640, 360)  # width and height of a compilation, pixels
SECONDS = (2.2, 4.0)  # of a piece
KEPT = (0.6, 0.85)  # share of each side that a crop keeps
SPEEDS = (0.8, 0.9, 1.1, 1.25)
TONES = ((0.75, 30), (1.25, -20), (0.6, 10))  # factor and grey values added
COVERED = 0.2  # share of the height, under a caption
CAPTION, CAPTION_COLOUR = "BREAKING: seen an hour ago", (40, 30, 160)
BARS = (0, 128, 255)  # grey values
CHANCE = 0.4  # of each change
NEAR_US = 500_000
MICROSECONDS = 1_000_000
COPY = str(MatchKind.COPY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Part of a clip, and how a compilation shows it."""

    name: str
    start_seconds: float
    seconds: float  # of the compilation
    speed: float = 1.0
    mirrored: bool = False
    box: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)  # left, top, right, bottom, in shares
    tone: tuple[float, int] = (1.0, 0)
    covered: bool = False
    bars: int | None = None  # None: stretched


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    rows = manifest(options.root)
    index = indexed(options.root, rows, options.cache)
    for number in range(options.compilations):
        chance = random.Random(f"{options.seed}/{number}")
        pieces = [
            piece_of(row["file"], float(row["duration_s"]), chance, barred=number % 2 > 0)
            for row in unrelated_clips(rows, SECONDS[1] * max(SPEEDS), SOURCES, chance)
        ]
        found = _searched(pieces, options.root, index)
        told = outcomes(pieces, found)
        counts = Counter(told)
        counts["something else"] = _others(pieces, found, rows)
        print(f"{number}: " + ", ".join(f"{counts[one]} {one}" for one in sorted(counts)), flush=True)
        if options.explain:
            for piece, outcome in zip(pieces, told, strict=True):
                if outcome != COPY:
                    print(f"    {outcome}: {piece}")
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, required=True, help="folder with MANIFEST.csv")
    parser.add_argument("--compilations", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cache", type=Path, help="folder that keeps fingerprints between runs")
    parser.add_argument("--explain", action="store_true", help="say which pieces are missed")
    return parser.parse_args(arguments)


def piece_of(name: str, length_seconds: float, chance: random.Random, *, barred: bool) -> Piece:
    """A piece of a clip of that length, changed by chance."""
    seconds = chance.uniform(*SECONDS)
    speed = chance.choice(SPEEDS) if chance.random() < CHANCE else 1.0
    start = chance.uniform(0, length_seconds - seconds * speed)
    return Piece(
        name=name,
        start_seconds=start,
        seconds=seconds,
        speed=speed,
        mirrored=chance.random() < CHANCE,
        box=_crop(chance) if chance.random() < CHANCE else (0.0, 0.0, 1.0, 1.0),
        tone=chance.choice(TONES) if chance.random() < CHANCE else (1.0, 0),
        covered=chance.random() < CHANCE,
        bars=chance.choice(BARS) if barred else None,
    )


def _crop(chance: random.Random) -> tuple[float, float, float, float]:
    wide, high = chance.uniform(*KEPT), chance.uniform(*KEPT)
    left, top = chance.uniform(0, 1 - wide), chance.uniform(0, 1 - high)
    return left, top, left + wide, top + high


def _searched(pieces: Sequence[Piece], root: Path, index: ReferenceIndex) -> tuple[MatchSegment, ...]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "compilation.mp4"
        write(path, (picture for piece in pieces for picture in shown(piece, root / piece.name)))
        asked = fingerprint_of(path)
        assert asked is not None
        return match(asked, index, media_sha256="", look_closer=closer_of(path)).segments


def shown(piece: Piece, path: Path) -> Iterator[Picture]:
    """The frames of a piece, RATE a second."""
    wanted = [piece.start_seconds + number * piece.speed / RATE for number in range(_frames(piece))]
    for picture in pictures_at(path, wanted):
        yield _changed(picture, piece)


def _frames(piece: Piece) -> int:
    return round(piece.seconds * RATE)


def _changed(picture: Picture, piece: Piece) -> Picture:
    height, width = picture.shape[:2]
    left, top, right, bottom = piece.box
    rows, columns = (
        slice(round(top * height), round(bottom * height)),
        slice(round(left * width), round(right * width)),
    )
    kept = picture[rows, columns][:, :: -1 if piece.mirrored else 1]
    factor, added = piece.tone
    shown = _fitted(
        cv2.convertScaleAbs(kept, alpha=factor, beta=added).astype(np.uint8, copy=False), piece.bars
    )
    if piece.covered:
        shown[round((1 - COVERED) * SHAPE[1]) :] = CAPTION_COLOUR
        cv2.putText(shown, CAPTION, (24, SHAPE[1] - 26), cv2.FONT_HERSHEY_SIMPLEX, 1.1, (255, 255, 255), 3)
    return shown


def _fitted(picture: Picture, bars: int | None) -> Picture:
    """In the shape of the compilation: stretched, or whole between bars."""
    height, width = picture.shape[:2]
    scale = min(SHAPE[0] / width, SHAPE[1] / height)
    size = SHAPE if bars is None else (round(width * scale), round(height * scale))
    resized = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    whole = np.full((SHAPE[1], SHAPE[0], 3), bars or 0, np.uint8)
    top, left = (SHAPE[1] - size[1]) // 2, (SHAPE[0] - size[0]) // 2
    whole[top : top + size[1], left : left + size[0]] = resized
    return whole


def outcomes(pieces: Sequence[Piece], found: tuple[MatchSegment, ...]) -> list[str]:
    """What each piece is told as."""
    told, start_us = [], 0
    for piece in pieces:
        end_us = start_us + _frames(piece) * MICROSECONDS // RATE
        within = [one for one in found if one.reference_id == piece.name and _middle(one, start_us, end_us)]
        right = [one for one in within if _at_right_seconds(one, piece, start_us)]
        kinds = {str(one.kind) for one in right} or {f"{one.kind} at wrong seconds" for one in within}
        told.append(COPY if COPY in kinds else min(kinds, default="missed"))
        start_us = end_us
    return told


def _middle(one: MatchSegment, start_us: int, end_us: int) -> bool:
    return start_us <= (one.query.start_us + one.query.end_us) // 2 < end_us


def _at_right_seconds(one: MatchSegment, piece: Piece, start_us: int) -> bool:
    into = Fraction((one.query.start_us + one.query.end_us) // 2 - start_us, MICROSECONDS)
    expected = piece.start_seconds + float(into) * piece.speed
    return abs((one.reference.start_us + one.reference.end_us) / 2 - expected * MICROSECONDS) <= NEAR_US


def _others(pieces: Sequence[Piece], found: tuple[MatchSegment, ...], rows: Sequence[dict[str, str]]) -> int:
    """Segments with a reference that shows what no piece does."""
    related = kin(rows, {piece.name for piece in pieces})
    return sum(one.reference_id not in related for one in found)


if __name__ == "__main__":
    sys.exit(main())
