"""Which part of which known picture another picture may be, where there are no corners to tell.

In go tiny copies of the known pictures and one picture, out come the likeliest ones with the share of their
side that it would be; then, more finely, where in one of them it lies. Both slide the picture, shrunk to some
shares and mirrored as well, over the known ones and correlate: what is smooth, dark or a few dozen pixels
wide has large shapes, and those survive. A crop may have been stretched after it was cut, as a preview's is
to a square; so the picture is also tried in the shape of the known one, which most crops keep.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from verify.fingerprint.record import Box
from verify.model import GreyImage

SIDE = 16  #: pixels, the long side of a tiny picture
SHARES = (0.4, 0.45, 0.5, 0.56, 0.63, 0.71, 0.8, 0.9)  #: of the known picture's long side; the hash knows 1
LEAST_PIXELS = 24  #: of the picture so shrunk; with fewer anything is like anything
FLAT = 2.0  #: grey levels; a place varying less is like nothing
CHUNK = 512  #: tiny pictures slid over at once, at 15 kB each in the meantime

Floats = NDArray[np.float32]


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

    correlation: float  #: -1..1
    share: float  #: of the known picture's long side that one of the same scale would have
    mirrored: bool
    stretched: bool = False  #: to the shape of the known picture; it has the share of both its sides then
    box: Box = (0.0, 0.0, 1.0, 1.0)  #: in the known picture


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Places:
    """P places of a picture in tiny pictures of one shape, h x w: one matrix product looks at all of them."""

    masks: Floats  #: (P, h * w): 1 where the picture would lie
    pictures: Floats  #: (2P, h * w): the picture there, of zero mean and unit length, then its mirror image
    shares: list[tuple[float, bool]]  #: of each place, and whether the picture is stretched


def tiny(picture: GreyImage) -> tuple[GreyImage, tuple[int, int]]:
    """The picture as it is kept, (SIDE, SIDE), and its height and width therein."""
    small = shrunk(picture, SIDE)
    kept = np.zeros((SIDE, SIDE), np.uint8)
    high, wide = small.shape
    kept[:high, :wide] = small.round().astype(np.uint8)
    return kept, (high, wide)


def likeliest(picture: Floats, known: TinyPictures, most: int) -> list[tuple[int, Part]]:
    """The `most` rows of `known` with the best place for the picture, best first."""
    found: list[tuple[int, Part]] = []
    shapes, groups = np.unique(known.size, axis=0, return_inverse=True)
    for number, (high, wide) in enumerate(shapes.tolist()):
        places = _places(picture, (high, wide))
        rows = np.flatnonzero(groups.ravel() == number)
        for start in range(0, len(rows) if places.shares else 0, CHUNK):
            chunk = rows[start : start + CHUNK]
            best, at = _best_of(known.grey[chunk, :high, :wide].astype(np.float32), places)
            for one in np.argsort(-best, kind="stable")[:most].tolist():
                mirrored, place = divmod(int(at[one]), len(places.shares))
                share, stretched = places.shares[place]
                part = Part(
                    correlation=float(best[one]), share=share, mirrored=bool(mirrored), stretched=stretched
                )
                found.append((int(chunk[one]), part))
    return sorted(found, key=lambda one: (-one[1].correlation, one[0]))[:most]


def placed(picture: Floats, known: GreyImage, part: Part, *, side: int, steps: tuple[float, ...]) -> Part:
    """Where it lies, at `part.share` times one of `steps`; the known picture is made `side` pixels long."""
    large = shrunk(known, side)
    seen = picture[:, ::-1] if part.mirrored else picture
    found = replace(part, correlation=-1.0)
    for step in steps:
        small = _sized(seen, large.shape, part.share * step, stretched=part.stretched)
        high, wide = small.shape
        if high > large.shape[0] or wide > large.shape[1]:
            continue
        _, best, _, (x, y) = cv2.minMaxLoc(cv2.matchTemplate(large, small, cv2.TM_CCOEFF_NORMED))
        if best > found.correlation:
            down, across = large.shape
            box = (x / across, y / down, (x + wide) / across, (y + high) / down)
            found = replace(found, correlation=float(best), share=part.share * step, box=box)
    return found


def _best_of(stack: Floats, places: _Places) -> tuple[Floats, NDArray[np.intp]]:
    """Of each tiny picture (n, h, w) the best correlation at any place, and that place's number."""
    flat = stack.reshape(len(stack), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    pixels = places.masks.sum(axis=1)
    mean, square = flat @ places.masks.T / pixels, flat**2 @ places.masks.T / pixels
    spread = np.sqrt(np.maximum(square - mean**2, 0))
    scale = np.where(spread < FLAT, 0, 1 / (np.maximum(spread, FLAT) * np.sqrt(pixels)))
    correlation = (flat @ places.pictures.T) * np.tile(scale, 2)
    number = correlation.argmax(axis=1)
    return correlation[np.arange(len(stack)), number], number


def _places(picture: Floats, shape: tuple[int, int]) -> _Places:
    """Every place of the picture and of its mirror image, at every share, in tiny pictures of this shape."""
    smaller: dict[tuple[int, ...], tuple[tuple[float, bool], Floats]] = {}
    for stretched in (False, True):
        for share in SHARES:
            small = _sized(picture, shape, share, stretched=stretched)
            if small.shape[0] <= shape[0] and small.shape[1] <= shape[1] and small.size >= LEAST_PIXELS:
                smaller.setdefault(small.shape, ((share, stretched), _normal(small)))
    nothing = np.zeros((0, shape[0] * shape[1]), np.float32)
    masks = [_laid(np.ones_like(small), shape) for _, small in smaller.values()]
    upright = [_laid(small, shape) for _, small in smaller.values()]
    mirrored = [_laid(small[:, ::-1], shape) for _, small in smaller.values()]
    return _Places(
        masks=np.concatenate([nothing, *masks]),
        pictures=np.concatenate([nothing, *upright, *mirrored]),
        shares=[
            share for (share, _), rows in zip(smaller.values(), masks, strict=True) for _ in range(len(rows))
        ],
    )


def _laid(small: Floats, shape: tuple[int, int]) -> Floats:
    """(places, h * w): the small picture at every place in an empty one of this shape."""
    high, wide = small.shape
    laid = np.zeros((shape[0] - high + 1, shape[1] - wide + 1, *shape), np.float32)
    down, across, row, column = laid.strides
    strides = (down + row, across + column, row, column)
    inside = np.lib.stride_tricks.as_strided(laid, (*laid.shape[:2], high, wide), strides)
    inside[:] = small
    return laid.reshape(-1, shape[0] * shape[1])


def _normal(small: Floats) -> Floats:
    centred: Floats = small - small.mean()
    return centred / np.float32(max(float(np.linalg.norm(centred)), 1e-6))


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
