"""Unrelated pictures in any number, to fill the reference set with what must not match.

In goes a folder of photos, out come (name, fingerprint) pairs: each photo as it is, then turned,
mirrored and cropped by a generator seeded with its name, so that every run makes the same ones.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from verify.fingerprint import Fingerprint, fingerprint
from verify.fingerprint.perceptual import turn_picture
from verify.model import Frame, GreyImage, MediaKind, Orientation

SIDE = 512  # pixels, as decoded frames
CROPS = (0.45, 0.8)  # share of each side kept


def foreign_fingerprints(folder: Path, keyframes: int, *, jobs: int) -> Iterator[tuple[str, Fingerprint]]:
    """`keyframes` unrelated references of one picture each."""
    photos = sorted(path for path in folder.iterdir() if path.is_file())
    wanted = [(photos[number % len(photos)], number // len(photos)) for number in range(keyframes)]
    with ProcessPoolExecutor(jobs) as pool:
        for (photo, variant), packed in zip(wanted, pool.map(_made, wanted, chunksize=32), strict=True):
            yield f"foreign/{photo.stem}/{variant}", Fingerprint.from_bytes(packed)


def _made(wanted: tuple[Path, int]) -> bytes:
    photo, variant = wanted
    with Image.open(photo) as opened:
        picture = np.asarray(opened.convert("L"))
    frame = Frame(time_us=0, image=_varied(picture, variant, random.Random(f"{photo.name}/{variant}")))
    return fingerprint([frame], kind=MediaKind.IMAGE, duration_us=0).to_bytes()


def _varied(picture: GreyImage, variant: int, chance: random.Random) -> GreyImage:
    if variant:
        picture = turn_picture(picture, list(Orientation)[variant % 8])
    if variant >= 2:
        height, width = picture.shape
        kept = chance.uniform(*CROPS)
        top, left = int(chance.uniform(0, 1 - kept) * height), int(chance.uniform(0, 1 - kept) * width)
        picture = picture[top : top + int(kept * height), left : left + int(kept * width)]
    scale = SIDE / max(picture.shape)
    size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(picture, size, interpolation=interpolation).astype(np.uint8, copy=False)
