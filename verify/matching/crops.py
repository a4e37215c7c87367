"""Which part of which known picture another picture may be, where there are no corners to tell.

In go tiny copies of the known pictures and one picture, out come the likeliest ones with the share of their
side that it would be; then, more finely, where in one of them it lies. Both slide the picture, shrunk to some
shares and mirrored as well, over the known ones and count where both grow lighter, or both darker, to the
right and downwards: their slopes. What is smooth, dark or a few dozen pixels wide has large shapes, and those
keep their slopes; a caption, a sign or another tone takes only those it covers, where it would spoil a
correlation of grey levels. A crop may have been stretched after it was cut, as a preview's is to a square; so
the picture is also tried in the shape of the known one, which most crops keep. And it may be a frame of the
other shape, across the middle of which the known picture lies, perhaps enlarged so that its sides are cut.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from verify.fingerprint.bars import Pixel, cut
from verify.fingerprint.record import WHOLE, Box
from verify.model import GreyImage

SIDE = 24  #: pixels, the long side of a tiny picture
SHARES = (0.4, 0.45, 0.5, 0.56, 0.63, 0.71, 0.8, 0.9, 1.0)  #: of the known picture's long side
LEAST_PIXELS = 24  #: of the picture so shrunk; with fewer anything is like anything
LEAST_SIDE = 3
LEAST_STEP = 0.05  #: grey levels; what shrinking leaves of a plain bar differs by less
#: How many times wider than the frame the picture across it may be, its sides cut; and how much of the strip
#: is compared, so that it may be a little narrower than thought.
ZOOMS, INNER = (1.0, 1.12, 1.25, 1.38, 1.5), 0.9
#: Shapes differ up to that ratio: 3:2 and 1:1 do, 4:3 and 16:9 do not. The strip is less than the frame, too.
OTHER_SHAPE, MOST_OF_FRAME = 0.7, 0.95
CHUNK = 512  #: tiny pictures slid over at once, at some 20 kB each in the meantime

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slide:
    """Where a picture is tried in known ones."""

    shares: tuple[float, ...]  #: of the known picture's long side, at every place
    stretched: bool  #: to the shape of the known picture, too
    across: bool  #: the middle of the picture, over the middle of a known one of the other shape


ANYWHERE = Slide(shares=SHARES, stretched=True, across=True)
#: At a fifth of the cost: of small parts there are far more places.
LARGE_PARTS = Slide(shares=SHARES[3:], stretched=False, across=False)
ACROSS = Slide(shares=(), stretched=False, across=True)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TinyPictures:
    """Keyframes of the reference set without their bars, k of them."""

    owner: NDArray[np.int32]  #: (k,): number of the reference
    frame: NDArray[np.int32]  #: (k,): sampled frame of it
    grey: NDArray[np.uint8]  #: (k, SIDE, SIDE), zeros beyond the size
    size: NDArray[np.uint8]  #: (k, 2): height and width


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Where a picture may lie in a known one."""

    share: float  #: of the known picture's long side that one of the same scale would have
    mirrored: bool
    stretched: bool = False  #: to the shape of the known picture; it has the share of both its sides then
    seen: Box = WHOLE  #: of the picture, that is compared
    #: Slopes that agree, less those that do not, over the root of their number: so many standard deviations
    #: above chance, if neighbouring slopes were independent. They are not: the best of some 6,000 tiny
    #: pictures has 5 to 9 by chance, and up to 44 at 96 pixels if both are smooth.
    certainty: float = 0.0
    box: Box = WHOLE  #: in the known picture


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Places:
    """P places of a picture in tiny pictures of one shape, h x w: one matrix product looks at all of them."""

    rows: Floats  #: (P, 2 * h * w): the picture's slopes there
    which: NDArray[np.intp]  #: (P,): the one of `parts` that is there
    parts: list[Part]


def tiny(picture: GreyImage) -> tuple[GreyImage, tuple[int, int]]:
    """The picture as it is kept, (SIDE, SIDE), and its height and width therein."""
    small = shrunk(picture, SIDE)
    kept = np.zeros((SIDE, SIDE), np.uint8)
    high, wide = small.shape
    kept[:high, :wide] = small.round().astype(np.uint8)
    return kept, (high, wide)


def slopes(pictures: Floats) -> Floats:
    """(..., h, w) to (..., 2, h, w): 1 where it grows lighter to the right, and downwards, -1 where darker.

    0 where it does neither, in the last column of the first and in the last row of the second.
    """
    found = np.zeros((*pictures.shape[:-2], 2, *pictures.shape[-2:]), np.float32)
    found[..., 0, :, :-1] = _signs(np.diff(pictures, axis=-1))
    found[..., 1, :-1, :] = _signs(np.diff(pictures, axis=-2))
    return found


def _signs(steps: Floats) -> Floats:
    return np.where(np.abs(steps) < LEAST_STEP, np.float32(0), np.sign(steps))


def likeliest(
    picture: Floats, known: TinyPictures, most: int, *, of_one: int, slide: Slide
) -> list[tuple[int, Part]]:
    """The `most` rows of `known` with the best place for the picture, best first; `of_one` of a reference."""
    certainty = np.full(len(known.owner), -np.inf)
    number = np.zeros(len(known.owner), np.intp)
    parts: list[Part] = []
    shapes, groups = np.unique(known.size, axis=0, return_inverse=True)
    for group, (high, wide) in enumerate(shapes.tolist()):
        places = _places(picture, (high, wide), slide)
        rows = np.flatnonzero(groups.ravel() == group)
        for start in range(0, len(rows) if places.parts else 0, CHUNK):
            chunk = rows[start : start + CHUNK]
            certainty[chunk], at = _best_of(known.grey[chunk, :high, :wide].astype(np.float32), places)
            number[chunk] = len(parts) + places.which[at]
        parts += places.parts
    return [
        (row, replace(parts[number[row]], certainty=float(certainty[row])))
        for row in _best_rows(certainty, known.owner, most, of_one)
    ]


def _best_rows(certainty: NDArray[np.float64], owner: NDArray[np.int32], most: int, of_one: int) -> list[int]:
    """Rows of which anything is certain, most certain first; few of each owner."""
    taken: Counter[int] = Counter()
    kept: list[int] = []
    for row in np.argsort(-certainty, kind="stable").tolist():
        if len(kept) == most or not np.isfinite(certainty[row]):
            break
        if taken[int(owner[row])] < of_one:
            taken[int(owner[row])] += 1
            kept.append(row)
    return kept


def placed(picture: Floats, known: GreyImage, part: Part, *, side: int, steps: tuple[float, ...]) -> Part:
    """Where it lies, at `part.share` times one of `steps`; the known picture is made `side` pixels long."""
    large = slopes(shrunk(known, side).round())
    seen = turned(cut(picture, part.seen), part)
    found = replace(part, certainty=-np.inf)
    for step in steps:
        small = slopes(_sized(seen, large.shape[1:], part.share * step, stretched=part.stretched))
        high, wide = small.shape[1:]
        if high > large.shape[1] or wide > large.shape[2]:
            continue
        together = [cv2.matchTemplate(*planes, cv2.TM_CCORR) for planes in zip(large, small, strict=True)]
        _, best, _, (x, y) = cv2.minMaxLoc(together[0] + together[1])
        certainty = float(best / np.sqrt(max(1.0, float(np.abs(small).sum()))))
        if certainty > found.certainty:
            down, across = large.shape[1:]
            found = replace(
                found,
                certainty=certainty,
                share=part.share * step,
                box=(x / across, y / down, (x + wide) / across, (y + high) / down),
            )
    return found


def _best_of(stack: Floats, places: _Places) -> tuple[Floats, NDArray[np.intp]]:
    """Of each tiny picture (n, h, w) the greatest certainty at any place, and that place's number."""
    agreeing = slopes(stack).reshape(len(stack), -1) @ places.rows.T  # whole numbers, so exact in any order
    certainty = agreeing / np.sqrt(np.maximum(np.abs(places.rows).sum(axis=1), 1))
    number = certainty.argmax(axis=1)
    return certainty[np.arange(len(stack)), number], number


def _places(picture: Floats, shape: tuple[int, int], slide: Slide) -> _Places:
    """Every place of the picture and of its mirror image in tiny pictures of this shape."""
    parts, rows = list[Part](), [np.zeros((0, 2 * shape[0] * shape[1]), np.float32)]
    for part, small in (*_across(picture, shape, slide), *_slid(picture, shape, slide)):
        for mirrored in (False, True):
            one = replace(part, mirrored=mirrored)
            laid = _laid(slopes(turned(small, one)), shape)
            parts.append(one)
            rows.append((laid if part.seen == WHOLE else _middle(laid)).reshape(-1, 2 * shape[0] * shape[1]))
    counts = [len(laid) for laid in rows[1:]]
    return _Places(rows=np.concatenate(rows), which=np.repeat(np.arange(len(parts)), counts), parts=parts)


def _slid(picture: Floats, shape: tuple[int, int], slide: Slide) -> Iterator[tuple[Part, Floats]]:
    tried = set()
    for stretched in (False, True) if slide.stretched else (False,):
        for share in slide.shares:
            small = _sized(picture, shape, share, stretched=stretched)
            if small.shape not in tried and _fits(small, shape):
                tried.add(small.shape)
                yield Part(share=share, mirrored=False, stretched=stretched), small


def _across(picture: Floats, shape: tuple[int, int], slide: Slide) -> Iterator[tuple[Part, Floats]]:
    """Strips across the middle of a picture of the other shape, to be laid over the known one's middle."""
    high, wide = shape
    narrower = picture.shape[1] / picture.shape[0] / (wide / high)
    ratio = min(narrower, 1 / narrower)
    for zoom in ZOOMS if slide.across and ratio <= OTHER_SHAPE else ():
        strip = ratio * zoom
        if strip > MOST_OF_FRAME:
            return
        first, last = 0.5 - strip * INNER / 2, 0.5 + strip * INNER / 2
        if narrower < 1:
            seen, longest = (0.0, first, 1.0, last), max(wide / zoom, high * INNER)
        else:
            seen, longest = (first, 0.0, last, 1.0), max(wide * INNER, high / zoom)
        part = Part(share=longest / max(shape), mirrored=False, seen=seen)
        small = _sized(cut(picture, seen), shape, part.share, stretched=False)
        if _fits(small, shape):
            yield part, small


def _fits(small: Floats, shape: tuple[int, int]) -> bool:
    fits = small.shape[0] <= shape[0] and small.shape[1] <= shape[1]
    return fits and small.size >= LEAST_PIXELS and min(small.shape) >= LEAST_SIDE


def _laid(small: Floats, shape: tuple[int, int]) -> Floats:
    """(down, across, 2, h, w): the small picture's slopes at every place in an empty one of this shape."""
    _, high, wide = small.shape
    laid = np.zeros((shape[0] - high + 1, shape[1] - wide + 1, 2, *shape), np.float32)
    down, across, plane, row, column = laid.strides
    strides = (down + row, across + column, plane, row, column)
    inside = np.lib.stride_tricks.as_strided(laid, (*laid.shape[:3], high, wide), strides)
    inside[:] = small
    return laid


def _middle(laid: Floats) -> Floats:
    """The place in the middle; two each way where it is between two."""
    down, across = laid.shape[:2]
    return laid[(down - 1) // 2 : down // 2 + 1, (across - 1) // 2 : across // 2 + 1]


def turned(picture: NDArray[Pixel], part: Part) -> NDArray[Pixel]:
    """The picture as it lies in the known one."""
    return picture[:, ::-1] if part.mirrored else picture


def _sized(picture: Floats, shape: tuple[int, ...], share: float, *, stretched: bool) -> Floats:
    """The picture as large as a part with this share of a picture of `shape` would be."""
    if not stretched:
        return shrunk(picture, max(shape) * share)
    return resized(picture, (shape[0] * share, shape[1] * share))


def shrunk(picture: GreyImage | Floats, side: float) -> Floats:
    """The picture with this long side, pixels; perhaps it is enlarged."""
    scale = side / max(picture.shape)
    return resized(picture, (picture.shape[0] * scale, picture.shape[1] * scale))


def resized(picture: GreyImage | Floats, shape: tuple[float, float]) -> Floats:
    """The picture with about this height and width."""
    how = cv2.INTER_AREA if shape[0] * shape[1] < picture.size else cv2.INTER_CUBIC
    size = (max(1, round(shape[1])), max(1, round(shape[0])))
    return cv2.resize(picture.astype(np.float32), size, interpolation=how).astype(np.float32, copy=False)
