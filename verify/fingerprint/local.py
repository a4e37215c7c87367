"""Local features: ORB corners with their binary descriptors.

In goes one grey picture (long side about 512), out come corner positions in pixels of the picture
and 32-byte descriptors, strongest first. ORB because it costs 2.6 ms a picture where SIFT costs 26
for the same recall (handbook `algorithms.md` 1.1, 2.2). Finding corners is three quarters of that, so
they are found once for a picture, its mirror image and all its parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

import cv2
import numpy as np
from numpy.typing import NDArray

from verify.fingerprint.perceptual import Codes
from verify.fingerprint.record import WHOLE, Box, Fingerprint
from verify.model import GreyImage

VERIFYING_FEATURES = 500  #: more gained nothing (handbook `algorithms.md` 6)
RETRIEVAL_FEATURES = 100  #: stored per reference keyframe: 3,200 bytes (handbook `algorithms.md` 1.5)
FAST_THRESHOLD = 10  #: grey levels; OpenCV's 20 starves dim and re-encoded footage
LEVEL_STEP = 1.2  #: each level of ORB's pyramid is smaller by this (OpenCV's default)
#: Corners are taken in turn from each of CELLS x CELLS places and three ranges of size, because a caption's
#: letters outshine everything else, and only the large ones survive shrinking. Right reference with 12
#: inliers or more on 345 true pairs (seeds 7 to 9, small): 97.1 %; the strongest of all: 94.2 %.
CELLS = 6
OCTAVES_A_RANGE = 3
POOL = 3  #: corners detected per corner kept
#: Times as many where parts are looked at, as one may have far less texture than another. Pictures of 2 x 2
#: collages called copies, of 200: 169 without, 177 with 2, 179 with 4.
UNEVEN = 4
SMALL_SIDE = 400  #: pixels; smaller pictures are enlarged to ENLARGED_SIDE, or their edges hold no corner
ENLARGED_SIDE = 512


#: (k, 4): x and y in 255ths of the picture's long side, direction in 256ths of a turn, and how much smaller
#: the corner is than that side, in eighths of an octave. Two such places fix a map between two pictures.
Places = NDArray[np.uint8]
PLACE_UNIT, TURN_UNITS, OCTAVE_UNITS = 255, 256, 8

RowNumbers = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFeatures:
    points: NDArray[np.float32]  #: (k, 2): x, y in pixels of the picture given
    descriptors: Codes  #: (k, 32)
    places: Places


def extract(picture: GreyImage, *, count: int, mask: NDArray[np.bool_] | None = None) -> LocalFeatures:
    """At most `count` features; `mask` (any size, stretched over the picture) keeps only its True parts."""
    corners = Corners.detect(picture, count=count, mask=mask)
    chosen = corners.chosen(corners.spread(count))
    return chosen.features(chosen.describe())


def stored(print_: Fingerprint, keyframe: int) -> LocalFeatures:
    """The features that a fingerprint keeps of one keyframe, with places as exact as they are kept."""
    rows = np.flatnonzero(print_.descriptor_keyframe == keyframe)
    places = print_.descriptor_places[rows]
    pixels = places[:, :2] * np.float32(max(print_.width, print_.height) / PLACE_UNIT)
    return LocalFeatures(points=pixels, descriptors=print_.descriptors[rows], places=places)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Corners:
    """The k corners of one picture, of which a few are going to be described."""

    picture: GreyImage  #: as looked at, perhaps enlarged
    scale: float  #: pixels of it per pixel of the picture given
    found: Sequence[cv2.KeyPoint]
    at: NDArray[np.float64]  #: (k, 2): x, y in pixels of `picture`
    response: NDArray[np.float64]
    level: NDArray[np.int64]  #: of the pyramid

    @classmethod
    def detect(
        cls, picture: GreyImage, *, count: int, mask: NDArray[np.bool_] | None = None, share: float = 1.0
    ) -> Corners:
        """The strongest where `mask` is True: enough for `count` in a part with `share` of both sides."""
        side = max(picture.shape) * share
        scale = max(1.0, ENLARGED_SIDE / side) if side < SMALL_SIDE else 1.0
        size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
        if scale > 1:
            picture = cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC).astype(np.uint8, copy=False)
        area = None
        if mask is not None:
            area = cv2.resize(mask.astype(np.uint8) * 255, size, interpolation=cv2.INTER_NEAREST)
        most = POOL * count if share == 1 else round(UNEVEN * POOL * count / share**2)
        found = _orb(most).detect(picture, area)
        return cls(
            picture=picture,
            scale=scale,
            found=found,
            at=np.asarray(cv2.KeyPoint.convert(found), np.float64).reshape(-1, 2),
            response=_column("response", found),
            level=_column("octave", found).astype(np.int64),
        )

    def spread(self, count: int, box: Box = WHOLE, mask: NDArray[np.bool_] | None = None) -> RowNumbers:
        """The strongest corner of every place and size range in `box`, then every second strongest, ...

        At most `count`, and only where `mask` (any size, stretched over the whole picture) is True.
        """
        high, wide = self.picture.shape
        x, y = self.at[:, 0] / wide, self.at[:, 1] / high
        across, down = (x - box[0]) / (box[2] - box[0]), (y - box[1]) / (box[3] - box[1])
        kept = (across >= 0) & (across < 1) & (down >= 0) & (down < 1)
        if mask is not None:
            kept &= mask[(y * mask.shape[0]).astype(np.intp), (x * mask.shape[1]).astype(np.intp)]
        rows = np.flatnonzero(kept)
        places = np.column_stack([across[rows], down[rows]])
        return rows[_in_turns(self.response[rows], self.level[rows], places)[:count]]

    def chosen(self, rows: RowNumbers) -> Chosen:
        """Some of the corners, with what is only asked of those."""
        found = [self.found[row] for row in rows.tolist()]
        return Chosen(
            picture=self.picture,
            scale=self.scale,
            found=found,
            at=self.at[rows],
            angle=_column("angle", found),
            size=_column("size", found),
            level=self.level[rows],
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chosen:
    """Corners of one picture that are worth describing, k of them."""

    picture: GreyImage
    scale: float
    found: Sequence[cv2.KeyPoint]
    at: NDArray[np.float64]  #: (k, 2), as in `Corners`
    angle: NDArray[np.float64]  #: degrees
    size: NDArray[np.float64]  #: pixels of `picture`
    level: NDArray[np.int64]

    def describe(self, *, mirrored: bool = False) -> Codes:
        """Their descriptors, (k, 32), in the picture or in its mirror image.

        Either way they are what detection in that picture gives, but for corners at the very same place.
        """
        codes = np.empty((len(self.at), 32), np.uint8)
        if len(codes):
            order = np.argsort(self.level, kind="stable")  # else OpenCV reorders them
            picture = self.picture[:, ::-1].copy() if mirrored else self.picture
            corners = self._mirror_images(order) if mirrored else [self.found[row] for row in order.tolist()]
            codes[order] = _orb(len(corners)).compute(picture, corners)[1]
        return codes

    def features(
        self, codes: Codes, rows: RowNumbers | None = None, *, box: Box = WHOLE, mirrored: bool = False
    ) -> LocalFeatures:
        """Those of `rows` (all of them: None), described by `codes`, as in a picture of `box` alone."""
        which = slice(None) if rows is None else rows
        size = np.array(self.picture.shape[::-1])
        shown = np.subtract(box[2:], box[:2]) * size
        start = np.array(box[:2]) * size
        points = self.at[which] - start
        if mirrored:
            points = self._mirrored(which) - (size[0] - start[0] - shown[0], start[1])
        angle = self._mirrored_angle() if mirrored else self.angle
        return LocalFeatures(
            points=(points / self.scale).astype(np.float32),
            descriptors=codes,
            places=places_of(points, angle[which], self.size[which], float(shown.max())),
        )

    def _mirror_images(self, order: RowNumbers) -> list[cv2.KeyPoint]:
        """Those corners in the mirror image, made a level at a time: all of a level have one size."""
        points = self._mirrored(slice(None)).astype(np.float32)
        corners: list[cv2.KeyPoint] = []
        for level in np.unique(self.level).tolist():
            rows = order[self.level[order] == level]
            corners += cv2.KeyPoint.convert(points[rows], size=float(self.size[rows[0]]), octave=level)
        for corner, angle in zip(corners, self._mirrored_angle()[order].tolist(), strict=True):
            corner.angle = angle
        return corners

    def _mirrored(self, which: RowNumbers | slice) -> NDArray[np.float64]:
        """Where the corners are in the mirror image, as ORB counts: in pixels of their level, enlarged."""
        step = LEVEL_STEP ** self.level[which]
        wide = (self.picture.shape[1] / step).round()
        across = (wide - 1 - (self.at[which, 0] / step).round()) * step
        return np.column_stack([across, self.at[which, 1]])

    def _mirrored_angle(self) -> NDArray[np.float64]:
        return (180 - self.angle) % 360


def _column(name: str, found: Sequence[cv2.KeyPoint]) -> NDArray[np.float64]:
    """A property of every corner: a column at a time takes a fifth of the time that rows take."""
    return np.fromiter(map(attrgetter(name), found), np.float64, len(found))


def places_of(
    points: NDArray[np.float64], angles: NDArray[np.float64], sizes: NDArray[np.float64], side: float
) -> Places:
    """Where corners are in a picture with this long side, all in pixels and degrees."""
    turn = (angles / 360 * TURN_UNITS).round() % TURN_UNITS
    octaves = np.log2(side / sizes) * OCTAVE_UNITS
    numbers = np.column_stack([points / side * PLACE_UNIT, turn, octaves])
    result: Places = np.clip(numbers, 0, 255).round().astype(np.uint8)
    return result


def _orb(count: int) -> cv2.ORB:
    return cv2.ORB.create(nfeatures=count, fastThreshold=FAST_THRESHOLD, scaleFactor=LEVEL_STEP)


def _in_turns(
    response: NDArray[np.float64], level: NDArray[np.int64], places: NDArray[np.float64]
) -> RowNumbers:
    strongest = np.argsort(-response, kind="stable")
    across, down = (places[strongest] * CELLS).astype(np.int64).T
    group = (level[strongest] // OCTAVES_A_RANGE * CELLS + down) * CELLS + across
    by_group = np.argsort(group, kind="stable")
    size = np.bincount(group)
    rank = np.empty(len(group), np.int64)
    rank[by_group] = np.arange(len(group)) - np.repeat(np.cumsum(size) - size, size)
    return strongest[np.argsort(rank, kind="stable")]
