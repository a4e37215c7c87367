"""How the local tier sees a picture of the query: whole or in parts, as it is and in its mirror image.

In go one picture and the index, out come views: the corners of what is seen and the stored corners that are
near them. Corners of a small part are outnumbered in the whole picture; in a window around it they are not.
They are found and looked up once for all the windows. ORB knows turns, so that only mirroring needs a view.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from verify.fingerprint.bars import cut
from verify.fingerprint.local import VERIFYING_FEATURES, Chosen, Corners, LocalFeatures
from verify.fingerprint.perceptual import Codes
from verify.fingerprint.record import WHOLE, Box
from verify.matching.geometry import Matrix, box_to_unit, undo
from verify.matching.index import FeatureHits, ReferenceIndex
from verify.model import GreyImage, Orientation

#: Nearest descriptors of the index, each of which may vote. Of 433 true pairs (seed 21, full, one keyframe
#: each) the right reference was among the first 12 ballots in 98.6 %; by the number of votes alone, with 300
#: corners and 3 neighbours, in 97.7 %.
NEIGHBOURS = 6
#: Nine half-size windows that overlap by half (handbook `algorithms.md` 6.3: ten windows, uAP 97.2 to 98.5).
WINDOWS: tuple[Box, ...] = tuple(
    (left, top, left + 0.5, top + 0.5) for top in (0.0, 0.25, 0.5) for left in (0.0, 0.25, 0.5)
)
#: Footage in a frame of the other shape, over its own enlarged and blurred copy, lies across the middle.
ACROSS: Box = (0.0, 0.25, 1.0, 0.75)
UPRIGHT: Box = (0.25, 0.0, 0.75, 1.0)

Area = NDArray[np.bool_]  #: of any size, stretched over the picture

_Part = tuple[Box, NDArray[np.intp]]  #: of a picture, and the numbers of the corners in it

_NO_CODES = np.empty((0, 32), np.uint8)
_TURNS = (np.eye(3), undo(Orientation.MIRRORED))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class View:
    """What is seen of a picture of the query."""

    features: LocalFeatures
    near: FeatureHits  #: of each of the features
    size: tuple[float, float]  #: width and height, pixels of the picture
    matrix: Matrix  #: from the whole picture to what is seen, both in fractions


def whole(pictures: Iterable[GreyImage], mask: Area | None, index: ReferenceIndex) -> Iterator[list[View]]:
    """The views of each picture: itself and its mirror image; only what is True in `mask`."""
    found = [Corners.detect(picture, count=VERIFYING_FEATURES, mask=mask) for picture in pictures]
    seen = [(corners, [(WHOLE, corners.spread(VERIFYING_FEATURES))]) for corners in found]
    return (views for (views,) in _views(seen, index))


def in_parts(
    pictures: Iterable[GreyImage], moving: Area, index: ReferenceIndex
) -> Iterator[list[list[View]]]:
    """The views of each picture's windows. Where nothing moves in one, all of it is seen; else what moves."""
    return _views([_windowed(picture, moving) for picture in pictures], index)


def _windowed(picture: GreyImage, moving: Area) -> tuple[Corners, list[_Part]]:
    high, wide = picture.shape
    windows = (*WINDOWS, ACROSS if high > wide else UPRIGHT)
    masks = [moving if cut(moving, window).any() else None for window in windows]
    seen = moving.copy()
    for window, mask in zip(windows, masks, strict=True):
        if mask is None:
            cut(seen, window)[:] = True
    corners = Corners.detect(picture, count=VERIFYING_FEATURES, mask=seen, share=0.5)
    rows = [
        corners.spread(VERIFYING_FEATURES, window, mask) for window, mask in zip(windows, masks, strict=True)
    ]
    return corners, list(zip(windows, rows, strict=True))


def _views(
    seen: Sequence[tuple[Corners, Sequence[_Part]]], index: ReferenceIndex
) -> Iterator[list[list[View]]]:
    """Looked up all at once: neighbouring lists of the index are read once for several corners."""
    described: list[tuple[Chosen, list[_Part]]] = []
    codes = [_NO_CODES]
    for corners, parts in seen:
        every = np.unique(np.concatenate([rows for _, rows in parts]))
        chosen = corners.chosen(every)
        described.append((chosen, [(box, np.searchsorted(every, rows)) for box, rows in parts]))
        codes += [chosen.describe(mirrored=mirrored) for mirrored in (False, True)]
    near = index.near_features(np.concatenate(codes), NEIGHBOURS)
    ends = np.cumsum([len(side) for side in codes])
    for number, (chosen, parts) in enumerate(described):
        sides = [
            (codes[side], near.of(np.arange(ends[side - 1], ends[side])))
            for side in (2 * number + 1, 2 * number + 2)
        ]
        yield [_both_ways(chosen, part, sides) for part in parts]


def _both_ways(chosen: Chosen, part: _Part, sides: Sequence[tuple[Codes, FeatureHits]]) -> list[View]:
    box, at = part
    size = np.array(chosen.picture.shape[::-1]) / chosen.scale
    wide, high = (np.subtract(box[2:], box[:2]) * size).tolist()
    views = []
    for (codes, near), mirrored, turn in zip(sides, (False, True), _TURNS, strict=True):
        views.append(
            View(
                features=chosen.features(codes[at], at, box=box, mirrored=mirrored),
                near=near.of(at),
                size=(wide, high),
                matrix=turn @ box_to_unit(box),
            )
        )
    return views
