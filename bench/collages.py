"""Collages: how many of the pictures in one picture are found.

    python -m bench.collages --root CORPUS [--collages 50] [--seed 1] [--cache DIR]

Lays four unrelated pictures of CORPUS/MANIFEST.csv into the corners of one (2 x 2, each cut to its
corner, 512 pixels a side), re-encodes it as JPEG, and searches it among all pictures and clips of CORPUS.
Prints how many of the four are told as copies and as possible matches, and what else is told.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from bench.corpus import indexed, manifest
from bench.frames import frames_of
from verify.fingerprint import Fingerprint, fingerprint
from verify.matching import match
from verify.model import Frame, GreyImage, MatchKind, MatchSegment, MediaKind

CELL = 256  # pixels
QUALITY = 75  # of the JPEG


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    rows = manifest(options.root)
    index = indexed(options.root, rows, options.cache)
    told: Counter[str] = Counter()
    began = time.process_time()
    for members in _chosen(rows, options):
        asked = _collage([options.root / name for name in members])
        found = match(asked, index, media_sha256="").segments
        told.update(_outcome(member, found) for member in members)
        told["something else"] += sum(one.reference_id not in _family(rows, members) for one in found)
    told["CPU milliseconds a collage"] = round(1000 * (time.process_time() - began) / options.collages)
    print("\n".join(f"{count:6} {outcome}" for outcome, count in told.most_common()))
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, required=True, help="folder with MANIFEST.csv")
    parser.add_argument("--collages", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cache", type=Path, help="folder that keeps fingerprints between runs")
    return parser.parse_args(arguments)


def _chosen(rows: list[dict[str, str]], options: argparse.Namespace) -> Iterator[list[str]]:
    chance = random.Random(options.seed)
    photos = {row["family"]: row["file"] for row in rows if row["kind"] == "image"}
    for _ in range(options.collages):
        yield chance.sample(sorted(photos.values()), 4)


def _family(rows: list[dict[str, str]], members: list[str]) -> set[str]:
    """Files that show what a member shows."""
    families = {row["family"] for row in rows if row["file"] in members}
    return {row["file"] for row in rows if row["family"] in families}


def _outcome(member: str, found: tuple[MatchSegment, ...]) -> str:
    kinds = {one.kind for one in found if one.reference_id == member}
    if MatchKind.COPY in kinds:
        return "copy"
    return "possible match" if kinds else "not found"


def _collage(paths: list[Path]) -> Fingerprint:
    cells = [_cell(frames_of(path, most=1)[1][0].image) for path in paths]
    whole = np.vstack([np.hstack(cells[:2]), np.hstack(cells[2:])])
    packed = cv2.imencode(".jpg", whole, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
    picture = np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.uint8)
    return fingerprint([Frame(time_us=0, image=picture)], kind=MediaKind.IMAGE, duration_us=0)


def _cell(picture: GreyImage) -> GreyImage:
    """The middle of the picture, filling a cell."""
    scale = CELL / min(picture.shape)
    size = (max(CELL, round(picture.shape[1] * scale)), max(CELL, round(picture.shape[0] * scale)))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    fitted = cv2.resize(picture, size, interpolation=interpolation)
    top, left = (size[1] - CELL) // 2, (size[0] - CELL) // 2
    return fitted[top : top + CELL, left : left + CELL].astype(np.uint8, copy=False)


if __name__ == "__main__":
    sys.exit(main())
