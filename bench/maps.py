"""How exactly a report says where the reference lies in the query: photos moved under known maps.

    python -m bench.maps --photos FOLDER [--count 60] [--seed 1]

Each photo of FOLDER is cropped, put between bars, turned and slanted as a filmed screen is, re-encoded as
JPEG, and laid against itself. Prints for each change how many are copies, how far off their outline is drawn,
as the share of a side that its farthest corner is off by (median, ninth of ten, largest; of a corner outside
the query the query's own in the reference), and what the copies are told to be changed by.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np

from bench.frames import frames_of, kind_of
from bench.naming import names_of
from verify.fingerprint import Fingerprint, fingerprint
from verify.fingerprint.record import WHOLE
from verify.matching import ReferenceIndex, match
from verify.matching.geometry import Matrix, Points, corners, inverse, transform
from verify.model import Frame, GreyImage, MatchKind, MatchSegment, MediaKind

QUALITY = 70  # of the JPEG
UNIT = corners(WHOLE)

Places = Callable[[random.Random, float], Points]  #: of the reference's corners in the query, by its aspect


def cropped(share: float) -> Places:
    def places(chance: random.Random, _aspect: float) -> Points:
        start = np.array([chance.uniform(0, 1 - share), chance.uniform(0, 1 - share)])
        moved: Points = (UNIT - start) / share
        return moved

    return places


def between_bars(chance: random.Random, _aspect: float) -> Points:
    bar = chance.uniform(0.05, 0.15)
    return UNIT * [1, 1 - 2 * bar] + [0, bar]


def turned(degrees: float) -> Places:
    def places(chance: random.Random, aspect: float) -> Points:
        angle = np.radians(degrees) * chance.choice([-1, 1])
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        moved: Points = (UNIT - 0.5) * [aspect, 1] @ turn / [aspect, 1] + 0.5
        return moved

    return places


def slanted(most: float) -> Places:
    def places(chance: random.Random, _aspect: float) -> Points:
        inward = np.array([[chance.uniform(0.3, 1) * most for _ in range(2)] for _ in range(4)])
        return np.where(UNIT == 0, inward, 1 - inward)

    return places


CHANGES: Mapping[str, Places] = {
    "re-encoded": lambda _chance, _aspect: UNIT,
    "cropped to 93 % each way": cropped(0.93),
    "cropped to 70 % each way": cropped(0.7),
    "between bars": between_bars,
    "turned by 4 degrees": turned(4),
    "turned by 8 degrees": turned(8),
    "slanted by up to 3 %": slanted(0.03),
    "slanted by up to 8 %": slanted(0.08),
    "slanted by up to 14 %": slanted(0.14),
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, required=True, help="folder of photos")
    parser.add_argument("--count", type=int, default=60, help="of them, the first by name")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    paths = sorted(path for path in options.photos.iterdir() if path.is_file())[: options.count]
    photos = [frames_of(path)[1][0].image for path in paths if kind_of(path) is MediaKind.IMAGE]
    known = [_fingerprint(photo) for photo in photos]
    for title, places in CHANGES.items():
        chance = random.Random(options.seed)
        errors, names = [], Counter[str]()
        for photo, print_ in zip(photos, known, strict=True):
            there = places(chance, photo.shape[1] / photo.shape[0])
            copy = _copy(_moved(photo, there), print_)
            if copy:
                errors.append(_error(copy, there))
                names.update(names_of(copy))
        print(_line(title, len(photos), errors, names), flush=True)
    return 0


def _line(title: str, count: int, errors: list[float], names: Counter[str]) -> str:
    median, ninth, largest = np.percentile(errors, (50, 90, 100)) if errors else (np.nan,) * 3
    told = ", ".join(f"{name} {number}" for name, number in names.most_common())
    return f"{title:26} {len(errors):3} of {count}  {median:6.1%} {ninth:6.1%} {largest:6.1%}  {told}"


def _moved(photo: GreyImage, there: Points) -> GreyImage:
    high, wide = photo.shape
    side = np.array([wide, high], np.float32)
    pixels = cv2.getPerspectiveTransform(UNIT.astype(np.float32) * side, there.astype(np.float32) * side)
    moved = cv2.warpPerspective(photo, pixels, (wide, high), flags=cv2.INTER_AREA, borderValue=20)
    _, encoded = cv2.imencode(".jpg", moved, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)


def _copy(query: GreyImage, known: Fingerprint) -> MatchSegment | None:
    index = ReferenceIndex.build([("photo", known)], lambda _: known)
    found = match(_fingerprint(query), index, media_sha256="").segments
    return next((one for one in found if one.kind is MatchKind.COPY and one.geometry), None)


def _error(copy: MatchSegment, there: Points) -> float:
    assert copy.geometry is not None
    told: Matrix = np.array(copy.geometry.matrix).reshape(3, 3)
    inside = ((there >= 0) & (there <= 1)).all(axis=1)
    if inside.any():
        return float(np.abs(transform(inverse(told), UNIT) - there)[inside].max())
    true = cv2.getPerspectiveTransform(there.astype(np.float32), UNIT.astype(np.float32))
    return float(np.abs(transform(told, UNIT) - transform(true.astype(np.float64), UNIT)).max())


def _fingerprint(image: GreyImage) -> Fingerprint:
    return fingerprint([Frame(time_us=0, image=image)], kind=MediaKind.IMAGE, duration_us=0)


if __name__ == "__main__":
    sys.exit(main())
