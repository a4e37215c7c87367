"""Dim and pale pictures: how many are found, and what else is told.

    python -m bench.dim --photos FOLDER [--count 150] [--seed 1]

Crops each photo of FOLDER to three quarters a side, leaves it 14 to 40 grey levels from its 1st to its 99th
percentile, dark or pale, re-encodes it as JPEG, and searches it among the photos as they are, then among the
whole photos made as dim by other numbers. Prints what is told, of the photo itself and of others. The photos
have to be unrelated.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from bench.frames import frames_of, kind_of
from verify.fingerprint import Fingerprint, fingerprint
from verify.matching import ReferenceIndex, match
from verify.model import Frame, GreyImage, MediaKind

KEPT = (0.15, 0.9)  # of the height and of the width
LEVELS, DARKEST = (14, 40), (5, 200)
QUALITY = 75  # of the JPEG


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    paths = sorted(path for path in options.photos.iterdir() if path.is_file())[: options.count]
    photos = {path.name: frames_of(path)[1][0].image for path in paths if kind_of(path) is MediaKind.IMAGE}
    chance = random.Random(options.seed)
    sets = {
        "photos as they are": {name: _fingerprint(photo) for name, photo in photos.items()},
        "dim photos": {name: _fingerprint(_dim(photo, chance)) for name, photo in photos.items()},
    }
    queries = {name: _fingerprint(_dim(_cropped(photo), chance)) for name, photo in photos.items()}
    for title, known in sets.items():
        told = _told(queries, known)
        print(f"among {title}: " + ", ".join(f"{count} {what}" for what, count in told.most_common()))
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, required=True, help="folder of unrelated photos")
    parser.add_argument("--count", type=int, default=150, help="of them, the first by name")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(arguments)


def _told(queries: Mapping[str, Fingerprint], known: Mapping[str, Fingerprint]) -> Counter[str]:
    index = ReferenceIndex.build(known.items(), known.__getitem__)
    told: Counter[str] = Counter()
    for name, query in queries.items():
        found = {
            one.reference_id: one.kind for one in reversed(match(query, index, media_sha256="").segments)
        }
        told[found.pop(name).value if name in found else "not found"] += 1
        told.update(f"{kind.value} of another" for kind in found.values())
    return told


def _fingerprint(image: GreyImage) -> Fingerprint:
    return fingerprint([Frame(time_us=0, image=image)], kind=MediaKind.IMAGE, duration_us=0)


def _cropped(image: GreyImage) -> GreyImage:
    (top, bottom), (left, right) = ([round(side * at) for at in KEPT] for side in image.shape)
    return image[top:bottom, left:right]


def _dim(image: GreyImage, chance: random.Random) -> GreyImage:
    low, high = np.percentile(image, (1, 99)).tolist()
    shown = (image - low) * chance.uniform(*LEVELS) / max(1.0, high - low) + chance.choice(DARKEST)
    _, encoded = cv2.imencode(
        ".jpg", np.clip(shown, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    )
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)


if __name__ == "__main__":
    sys.exit(main())
