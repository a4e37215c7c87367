"""How the local tier sees a picture of the query: whole or in parts, as it is and in its mirror image.

In go one picture and the index, out come views: the corners of what is seen and the stored corners that are
near them. Corners of a small part are outnumbered in the whole picture; in a window around it they are not.
They are found and looked up once for all the windows. ORB knows turns, so that only mirroring needs a view.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from verify.fingerprint.bars import cut
from verify.fingerprint.local import VERIFYING_FEATURES, Corners, LocalFeatures
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class View:
    """What is seen of a picture of the query."""

    features: LocalFeatures
    near: FeatureHits  #: of each of the features
    size: tuple[float, float]  #: width and height, pixels of the picture
    matrix: Matrix  #: from the whole picture to what is seen, both in fractions


def whole(picture: GreyImage, mask: Area | None, index: ReferenceIndex) -> list[View]:
    """The picture and its mirror image; only what is True in `mask`."""
    corners = Corners.detect(picture, count=VERIFYING_FEATURES, mask=mask)
    rows = corners.spread(VERIFYING_FEATURES)
    return next(_views(corners, [(WHOLE, rows)], index))


def in_parts(picture: GreyImage, moving: Area, index: ReferenceIndex) -> Iterator[list[View]]:
    """The views of each window. Where nothing moves in one, all of it is looked at; else what moves."""
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
    return _views(corners, list(zip(windows, rows, strict=True)), index)


def _views(
    corners: Corners, parts: Sequence[tuple[Box, NDArray[np.intp]]], index: ReferenceIndex
) -> Iterator[list[View]]:
    every = np.unique(np.concatenate([rows for _, rows in parts]))
    described = [corners.describe(every, mirrored=mirrored) for mirrored in (False, True)]
    near = [index.near_features(codes, NEIGHBOURS) for codes in described]
    size = np.array(corners.picture.shape[::-1]) / corners.scale
    for box, rows in parts:
        at = np.searchsorted(every, rows)
        wide, high = (np.subtract(box[2:], box[:2]) * size).tolist()
        yield [
            View(
                features=corners.features(rows, described[mirrored][at], box=box, mirrored=mirrored),
                near=near[mirrored].of(at),
                size=(wide, high),
                matrix=turn @ box_to_unit(box),
            )
            for mirrored, turn in ((False, np.eye(3)), (True, undo(Orientation.MIRRORED)))
        ]
