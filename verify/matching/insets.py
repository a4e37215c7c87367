"""Rectangles in the frame that may hold a picture of their own: insets, collages, a post around a photo.

In go pictures of one shot, out come boxes, likeliest first. Where one picture was laid into another, its
sides are straight lines that stay where they are; the edges of what is filmed come and go, or are crooked.
A box here is a guess: it only says of which part of the frame a hash is worth making (inset_tier.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import cv2
import numpy as np
from numpy.typing import NDArray

from verify.fingerprint.record import Box
from verify.model import GreyImage

EDGE_LEVEL = 8  #: grey levels across two pixels
#: Share of a line's pixels that are edges; along a column of texture about a third are.
DENSE = 0.55
LENGTHS = (0.15, 0.3, 0.6)  #: of the frame's side, of straight lines
LEAST_STRAIGHT = 0.03  #: of the frame's side, by which a line has more edges than DENSE of its length
MOST_LINES = 12  #: each way
LINE_WIDTH = 3  #: pixels beside a line that belong to it
ALIKE = 0.95  #: of the best of a line's columns
LEAST_PIXELS = 32  #: of a picture's shorter side; less has no room for another picture
LEAST_SIDE = 0.15  #: of the frame's side
LEAST_COVERED = 0.65  #: share of edges along each side that is not the frame's own
MOST_BOXES = 8
SAME_BOX = 0.85  #: of what two boxes cover together, that both do

Shares = NDArray[np.float32]
Floats = NDArray[np.float64]
Numbers = NDArray[np.intp]


def insets(pictures: Sequence[GreyImage]) -> list[Box]:
    """At most MOST_BOXES boxes, fractions of the frame; `pictures` are of one size and at least one."""
    if min(pictures[0].shape) < LEAST_PIXELS:
        return []
    upright = _upright_edges(pictures)
    level = _upright_edges([picture.T for picture in pictures])
    high, wide = upright.shape
    columns, rows = _pairs(_lines(upright), wide), _pairs(_lines(level), high)
    column, row = (numbers.ravel() for numbers in np.indices((len(columns), len(rows))))
    covered = np.concatenate(
        [_covered(upright, columns, rows)[column, row], _covered(level, rows, columns)[row, column]], axis=1
    )
    boxes = np.column_stack([columns[column], rows[row]])[:, [0, 2, 1, 3]] / [wide, high, wide, high]
    found = _ranked(boxes, covered)
    return [(left, top, right, bottom) for left, top, right, bottom in _different(found).tolist()]


def _upright_edges(pictures: Sequence[GreyImage]) -> Shares:
    """(h, w): share of the pictures in which an edge between left and right is here or a pixel beside."""
    total = np.zeros(pictures[0].shape, np.float32)
    beside = np.ones((1, 3), np.uint8)
    for picture in pictures:
        step = np.pad(cv2.absdiff(picture[:, 2:], picture[:, :-2]), ((0, 0), (1, 1)))
        ridge = (step >= EDGE_LEVEL) & (step == cv2.dilate(step, beside))
        total += cv2.dilate(ridge.astype(np.uint8), beside)
    return total / np.float32(len(pictures))


def _lines(edges: Shares) -> list[int]:
    """The columns with the best straight edges, ascending."""
    high, wide = edges.shape
    summed = _summed(edges)
    straight = np.zeros(wide, np.float32)
    for length in (max(1, round(share * high)) for share in LENGTHS):
        dense = (summed[length:] - summed[:-length]).max(axis=0) - DENSE * length
        straight = np.maximum(straight, dense)
    found: list[int] = []
    while len(found) < MOST_LINES and straight.max() > LEAST_STRAIGHT * high:
        column = int(straight.argmax())
        beside = straight[column : column + LINE_WIDTH + 1]  # of equals the first was taken
        found.append(column + int((beside >= ALIKE * beside[0]).sum()) // 2)
        straight[max(0, column - LINE_WIDTH) : column + 2 * LINE_WIDTH + 1] = 0
    return sorted(found)


def _pairs(lines: Sequence[int], size: int) -> Numbers:
    """(k, 2): start and end, pixels; the frame's own sides among them."""
    pairs = combinations((0, *lines, size), 2)
    return np.array([pair for pair in pairs if pair[1] - pair[0] >= LEAST_SIDE * size], np.intp)


def _covered(edges: Shares, columns: Numbers, rows: Numbers) -> Shares:
    """(columns, rows, 2): share of edges along both columns between two rows; NaN where the frame ends."""
    summed = _summed(edges)[rows]
    along = (summed[:, 1] - summed[:, 0]) / (rows[:, 1] - rows[:, 0])[:, None].astype(np.float32)
    inner = (columns > 0) & (columns < edges.shape[1])
    covered = along[:, np.where(inner, columns, 0)].transpose(1, 0, 2)
    return np.where(inner[:, None, :], covered, np.float32(np.nan))


def _summed(edges: Shares) -> Shares:
    """(h + 1, w): of the rows above each."""
    return np.pad(np.cumsum(edges, axis=0, dtype=np.float32), ((1, 0), (0, 0)))


def _ranked(boxes: Floats, covered: Shares) -> Floats:
    """The boxes whose sides are covered, surest first: many sides well covered, and a large picture."""
    sides = np.isfinite(covered).sum(axis=1)
    kept = (sides > 0) & (np.where(np.isfinite(covered), covered, 1).min(axis=1) >= LEAST_COVERED)
    boxes, sides = boxes[kept], sides[kept]
    total = np.nansum(covered[kept], axis=1)
    rank = total / np.sqrt(sides) * _area(boxes) ** 0.25
    return boxes[np.argsort(-rank, kind="stable")]


def _different(boxes: Floats) -> Floats:
    """The first MOST_BOXES that are not nearly the same as one before."""
    kept: list[int] = []
    for number, box in enumerate(boxes):
        common = _area(
            np.concatenate(
                [np.maximum(boxes[kept, :2], box[:2]), np.minimum(boxes[kept, 2:], box[2:])], axis=1
            )
        )
        both = common / (_area(boxes[kept]) + _area(box) - common)
        if not (both > SAME_BOX).any():
            kept.append(number)
        if len(kept) == MOST_BOXES:
            break
    return boxes[kept]


def _area(boxes: Floats) -> Floats:
    size: Floats = np.maximum(boxes[..., 2:] - boxes[..., :2], 0).prod(axis=-1)
    return size
