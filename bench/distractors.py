"""Keyframes that match nothing, in any number: what an index must not confuse with the right one.

In go photos, out come descriptors, DESCRIPTORS for each keyframe. Each picture is two photos turned, sheared,
scaled and perhaps mirrored by chance and laid half over one another, so its corners look like those of real
pictures and are those of none. Many corners are taken of one large picture: that is how 500,000 keyframes
are made in minutes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from verify.fingerprint import Fingerprint
from verify.fingerprint.local import POOL, Corners
from verify.fingerprint.perceptual import Codes
from verify.fingerprint.record import WHOLE
from verify.matching.shard import Entry
from verify.model import GreyImage, MediaKind

SIDE = 1_024  # pixels of a picture, as four keyframes
CORNERS = 4_000  # taken of it
DESCRIPTORS = 100  # of a keyframe, as in the product
CODE_BYTES = 32  # of a descriptor; the four of its place follow
KEYFRAMES = 100  # of one synthetic reference
SCALES, SHEARS, STRETCHES = (1.4, 3.2), (-0.25, 0.25), (0.8, 1.25)


def distractors(folder: Path, keyframes: int, *, seed: int) -> Iterator[Entry]:
    """References of up to KEYFRAMES keyframes each, of the photos in `folder`."""
    photos = [np.asarray(Image.open(path).convert("L")) for path in sorted(folder.iterdir())]
    chance = np.random.default_rng(seed)
    waiting = np.empty((0, CODE_BYTES + 4), np.uint8)
    for number, first in enumerate(range(0, keyframes, KEYFRAMES)):
        wanted = DESCRIPTORS * min(KEYFRAMES, keyframes - first)
        while len(waiting) < wanted:
            waiting = np.concatenate([waiting, _corners(photos, chance)])
        yield Entry(
            reference_id=f"distractor-{number:06}", stamp="", fingerprint=_reference(waiting[:wanted])
        )
        waiting = waiting[wanted:]


def _corners(photos: Sequence[GreyImage], chance: np.random.Generator) -> Codes:
    """Descriptors and places, (k, 36), in no order: a keyframe's corners are from all over a picture."""
    mixed = cv2.addWeighted(_warped(photos, chance), 0.5, _warped(photos, chance), 0.5, 0)
    picture = cv2.normalize(mixed, mixed, 0, 255, cv2.NORM_MINMAX).astype(np.uint8, copy=False)
    corners = Corners.detect(picture, count=CORNERS // POOL)
    every = corners.chosen(np.arange(len(corners.at)))
    features = every.features(every.describe())
    found = np.column_stack([features.descriptors, features.places])
    return chance.permutation(found)


def _warped(photos: Sequence[GreyImage], chance: np.random.Generator) -> GreyImage:
    photo = photos[int(chance.integers(len(photos)))]
    if chance.random() < 0.5:
        photo = photo[:, ::-1]
    angle, scale = chance.uniform(0, 2 * np.pi), chance.uniform(*SCALES)
    shear, stretch = chance.uniform(*SHEARS), chance.uniform(*STRETCHES)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = scale * turn @ np.array([[stretch, shear], [0, 1 / stretch]])
    centre = np.array(photo.shape[::-1]) * chance.uniform(0.3, 0.7, 2)
    matrix = np.column_stack([linear, SIDE / 2 - linear @ centre])
    warped = cv2.warpAffine(photo, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REFLECT)
    return warped.astype(np.uint8, copy=False)


def _reference(corners: Codes) -> Fingerprint:
    """Found by its descriptors only; the one frame is too flat for its hash to be indexed."""
    keyframes = len(corners) // DESCRIPTORS
    return Fingerprint(
        kind=MediaKind.IMAGE,
        duration_us=0,
        width=SIDE // 2,
        height=SIDE // 2,
        times_us=np.zeros(1, np.int64),
        codes=np.zeros((1, 2, 32), np.uint8),
        quality=np.zeros(1, np.uint8),
        content_box=WHOLE,
        thumbnails=(b"",),
        keyframes=np.zeros(keyframes, np.int32),
        pictures=(b"",) * keyframes,
        descriptors=corners[:, :CODE_BYTES],
        descriptor_places=corners[:, CODE_BYTES:],
        descriptor_keyframe=np.repeat(np.arange(keyframes, dtype=np.int32), DESCRIPTORS),
        moving=np.zeros((64, 64), np.bool_),
    )
