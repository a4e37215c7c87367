"""Which part of the query's picture is which part of the reference's.

A map is a 3x3 homography from query to reference coordinates, both in fractions of their picture
(origin top left). Pure arithmetic: no pictures are looked at here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from verify.fingerprint.perceptual import UNDO
from verify.fingerprint.record import WHOLE, Box
from verify.model import Geometry, Orientation, Place

Matrix = NDArray[np.float64]  #: (3, 3)
Points = NDArray[np.float64]  #: (k, 2): x, y


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """The common part of two pictures, as boxes around it, and how much of each picture it is."""

    query_box: Box
    reference_box: Box
    query_share: float  #: area of the common part over the query's picture
    reference_share: float


def box_to_unit(box: Box) -> Matrix:
    left, top, right, bottom = box
    wide, high = right - left, bottom - top
    return np.array([[1 / wide, 0, -left / wide], [0, 1 / high, -top / high], [0, 0, 1]])


def undo(orientation: Orientation) -> Matrix:
    """The map of the unit square that undoes an orientation."""
    turn = UNDO[orientation]
    matrix = np.eye(3)
    if turn.transpose:
        matrix = matrix[[1, 0, 2]]
    if turn.flip_columns:
        matrix = np.array([[-1.0, 0, 1], [0, 1, 0], [0, 0, 1]]) @ matrix
    if turn.flip_rows:
        matrix = np.array([[1.0, 0, 0], [0, -1, 1], [0, 0, 1]]) @ matrix
    return matrix


def boxes_map(query_box: Box, reference_box: Box, orientation: Orientation) -> Matrix:
    """The map that lays one box over the other, turned upright."""
    matrix: Matrix = np.linalg.inv(box_to_unit(reference_box)) @ undo(orientation) @ box_to_unit(query_box)
    return matrix


def transform(matrix: Matrix, points: Points) -> Points:
    homogeneous = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    result: Points = homogeneous[:, :2] / homogeneous[:, 2:]
    return result


def inverse(matrix: Matrix) -> Matrix:
    return np.linalg.inv(matrix).astype(np.float64, copy=False)


def overlap(matrix: Matrix, query: Box = WHOLE, reference: Box = WHOLE) -> Overlap | None:
    """The common part of two boxes under a map; None when there is none or it is no map of a plane."""
    if not is_proper(matrix):
        return None
    in_reference = _common(transform(matrix, corners(query)), corners(reference))
    in_query = _common(transform(inverse(matrix), corners(reference)), corners(query))
    if in_reference is None or in_query is None:
        return None
    return Overlap(
        query_box=_bounds(in_query),
        reference_box=_bounds(in_reference),
        query_share=float(cv2.contourArea(in_query.astype(np.float32))),
        reference_share=float(cv2.contourArea(in_reference.astype(np.float32))),
    )


def shared_area(one: Box, other: Box) -> float:
    """The share of the box `other` that lies in `one`."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    whole = (other[2] - other[0]) * (other[3] - other[1])
    return max(wide, 0.0) * max(high, 0.0) / max(whole, 1e-9)


def is_proper(matrix: Matrix) -> bool:
    """Whether the whole query picture maps in front of the camera, without a fold or a collapse."""
    if not np.isfinite(matrix).all() or abs(np.linalg.det(matrix)) < 1e-9:
        return False
    depth = np.column_stack([corners(WHOLE), np.ones(4)]) @ matrix[2]
    return bool((depth > 0.2).all() or (depth < -0.2).all()) and bool(
        cv2.isContourConvex(transform(matrix, corners(WHOLE)).astype(np.float32))
    )


def corners(box: Box) -> Points:
    """(4, 2): clockwise from the top left."""
    left, top, right, bottom = box
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])


def _common(quad: Points, other: Points) -> Points | None:
    area, polygon = cv2.intersectConvexConvex(quad.astype(np.float32), other.astype(np.float32))
    return polygon.reshape(-1, 2).astype(np.float64) if area > 0 and polygon is not None else None


def _bounds(polygon: Points) -> Box:
    low, high = np.clip(polygon.min(axis=0), 0, 1), np.clip(polygon.max(axis=0), 0, 1)
    return (float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def orientation_of(matrix: Matrix) -> Orientation:
    """The nearest of the eight orientations to a map's linear part."""
    centre = np.array([[0.5, 0.5], [0.6, 0.5], [0.5, 0.6]])
    origin, right, down = transform(matrix, centre)
    linear = np.column_stack([right - origin, down - origin])
    linear /= max(np.linalg.norm(linear), 1e-12)
    return max(UNDO, key=lambda orientation: float((undo(orientation)[:2, :2] * linear).sum()))


def to_record(matrix: Matrix, inliers: int, path: Sequence[tuple[int, Matrix]] = ()) -> Geometry:
    """The map as the report keeps it; `path` is query times in microseconds, each with its map."""
    common = overlap(matrix)
    return Geometry(
        matrix=_numbers(matrix),
        query_box=common.query_box if common else WHOLE,
        reference_box=common.reference_box if common else WHOLE,
        inliers=inliers,
        path=tuple(Place(query_us=time_us, matrix=_numbers(at)) for time_us, at in path),
    )


def _numbers(matrix: Matrix) -> tuple[float, ...]:
    return tuple(float(round(value, 6)) for value in (matrix / matrix[2, 2]).ravel())
