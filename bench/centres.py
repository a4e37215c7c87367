"""Makes the centres of the lists that the index sorts local features into (verify/matching/lists.py).

    python -m bench.centres --foreign FOREIGN --out verify/matching/data/centres.npy

Corners of the photos at several sizes, none of which is in the corpus that the benchmarks ask for, are
divided by k-majority (Grana et al. 2013: k-means under the Hamming distance, the centre of a group is what
most of its bits are). Other centres are another layout of the index: count up LAYOUT in
verify/matching/shard.py.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2
import faiss
import numpy as np
from PIL import Image

from verify.fingerprint.local import FAST_THRESHOLD
from verify.fingerprint.perceptual import Codes

CENTRES = 4_096
DESCRIPTORS = 400_000
CORNERS = 400  # of a photo
SIZES = (0.6, 1.3)  # of the photo
ROUNDS = 5  # the mean distance to the centre fell from 57.7 to 53.7, 52.7, 52.2 and 51.9 bits
SEED = 7


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--foreign", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    chance = np.random.default_rng(SEED)
    descriptors = _descriptors(options.foreign, chance)
    centres = descriptors[chance.choice(len(descriptors), CENTRES, replace=False)]
    for _ in range(ROUNDS):
        centres = _moved(centres, descriptors, chance)
    np.save(options.out, centres)
    return 0


def _descriptors(folder: Path, chance: np.random.Generator) -> Codes:
    photos = [np.asarray(Image.open(path).convert("L")) for path in sorted(folder.iterdir())]
    orb = cv2.ORB.create(nfeatures=CORNERS, fastThreshold=FAST_THRESHOLD)
    parts: list[Codes] = []
    while sum(map(len, parts)) < DESCRIPTORS:
        photo = photos[int(chance.integers(len(photos)))]
        scale = chance.uniform(*SIZES)
        interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        _, found = orb.detectAndCompute(
            cv2.resize(photo, None, fx=scale, fy=scale, interpolation=interpolation), None
        )
        parts.append(found.astype(np.uint8, copy=False))
    return np.concatenate(parts)[:DESCRIPTORS]


def _moved(centres: Codes, descriptors: Codes, chance: np.random.Generator) -> Codes:
    """Each centre to the majority of the descriptors nearest to it; one without any starts anew."""
    index = faiss.IndexBinaryFlat(256)
    index.add(centres)
    distances, nearest = index.search(descriptors, 1)
    print(f"{distances.mean():.1f} bits to the centre", flush=True)
    counts = np.bincount(nearest[:, 0], minlength=len(centres))
    filled, empty = np.flatnonzero(counts), np.flatnonzero(counts == 0)
    bits = np.unpackbits(descriptors[np.argsort(nearest[:, 0], kind="stable")], axis=1)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])[filled]
    twice = 2 * np.add.reduceat(bits, starts, axis=0, dtype=np.int32)
    half = counts[filled, None]
    drawn = chance.integers(0, 2, twice.shape)
    moved = centres.copy()
    moved[filled] = np.packbits(np.where(twice == half, drawn, twice > half).astype(np.uint8), axis=1)
    moved[empty] = descriptors[chance.choice(len(descriptors), len(empty), replace=False)]
    return moved


if __name__ == "__main__":
    sys.exit(main())
