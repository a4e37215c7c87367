"""A segment's geometry in, the shapes that lay one picture over the other out.

Coordinates are fractions of a picture's width and height, origin top left, x right, y down; a map is a
3x3 homography of such points. Maps that are not finite, cannot be inverted or send a corner to
infinity give nothing.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from verify.model import MatchSegment, Orientation

Map = NDArray[np.float64]  # shape (3, 3)
Point = tuple[float, float]

_FRAME: tuple[Point, ...] = ((0, 0), (1, 0), (1, 1), (0, 1))
_TURNS: dict[Orientation, tuple[int, int, int, int, int, int]] = {
    Orientation.UPRIGHT: (1, 0, 0, 0, 1, 0),
    Orientation.MIRRORED: (-1, 0, 1, 0, 1, 0),
    Orientation.UPSIDE_DOWN: (-1, 0, 1, 0, -1, 1),
    Orientation.FLIPPED: (1, 0, 0, 0, -1, 1),
    Orientation.CLOCKWISE: (0, -1, 1, 1, 0, 0),
    Orientation.COUNTERCLOCKWISE: (0, 1, 0, -1, 0, 1),
    Orientation.TRANSPOSED: (0, 1, 0, 1, 0, 0),
    Orientation.TRANSVERSED: (0, -1, 1, -1, 0, 1),
}
QUARTER_TURNS = frozenset(
    {Orientation.CLOCKWISE, Orientation.COUNTERCLOCKWISE, Orientation.TRANSPOSED, Orientation.TRANSVERSED}
)


def turn(orientation: Orientation) -> Map:
    """From the reference's fractions to those of the reference as turned in the query."""
    return np.array([*_TURNS[orientation], 0, 0, 1], dtype=np.float64).reshape(3, 3)


def at(segment: MatchSegment, query_us: int) -> MatchSegment:
    """The segment as its picture lies at a time of the query, which only matters where that moves."""
    geometry = segment.geometry
    places = [place for place in geometry.path if len(place.matrix) == 9] if geometry else []
    if geometry is None or not places:
        return segment
    times = [place.query_us for place in places]
    numbers = np.array([place.matrix for place in places], dtype=np.float64)
    matrix = tuple(float(np.interp(query_us, times, number)) for number in numbers.T)
    return replace(segment, geometry=replace(geometry, matrix=matrix, path=()))


def to_reference(segment: MatchSegment) -> Map | None:
    """The measured map from query to reference, None without a usable one."""
    if segment.geometry is None or len(segment.geometry.matrix) != 9:
        return None
    matrix = np.array(segment.geometry.matrix, dtype=np.float64).reshape(3, 3)
    usable = np.isfinite(matrix).all() and abs(np.linalg.det(matrix)) > 1e-9
    return matrix if usable else None


def to_query(segment: MatchSegment) -> Map:
    """The map from reference to query: measured where there is geometry, else the bare turn."""
    measured = to_reference(segment)
    return turn(segment.orientation) if measured is None else np.linalg.inv(measured).astype(np.float64)


def frame_on_query(segment: MatchSegment) -> tuple[Point, ...]:
    """The part of the query's picture that the reference's frame covers; empty without geometry."""
    return () if to_reference(segment) is None else _clipped(_through(to_query(segment), _FRAME))


def frame_on_reference(segment: MatchSegment) -> tuple[Point, ...]:
    """The part of the reference's picture that the query's frame covers; empty without geometry."""
    matrix = to_reference(segment)
    return () if matrix is None else _clipped(_through(matrix, _FRAME))


def css_transform(matrix: Map, aspect: float) -> str:
    """The map's affine part as a CSS transform of a box with this width/height, origin top left.

    The affine part is the least-squares fit over the frame's corners: exact but for perspective.
    """
    corners = _through(matrix, _FRAME) or _FRAME
    from_points = np.hstack([np.array(_FRAME, dtype=np.float64), np.ones((4, 1))])
    fitted = np.linalg.lstsq(from_points, np.array(corners, dtype=np.float64), rcond=None)[0]
    (a, d), (b, e), (c, f) = fitted.tolist()
    linear = ", ".join(f"{value:.6f}" for value in (a, d / aspect, b * aspect, e))
    return f"translate({100 * c:.4f}%, {100 * f:.4f}%) matrix({linear}, 0, 0)"


def _through(matrix: Map, points: tuple[Point, ...]) -> tuple[Point, ...]:
    mapped = np.hstack([np.array(points, dtype=np.float64), np.ones((len(points), 1))]) @ matrix.T
    if (mapped[:, 2] * np.sign(mapped[0, 2]) < 1e-6).any():
        return ()
    return tuple((x, y) for x, y in (mapped[:, :2] / mapped[:, 2:]).tolist())


def _clipped(points: tuple[Point, ...]) -> tuple[Point, ...]:
    """Sutherland and Hodgman's clip to the unit square."""
    for axis, bound, keep in ((0, 0.0, 1), (0, 1.0, -1), (1, 0.0, 1), (1, 1.0, -1)):
        points = _clipped_at(points, axis, bound, keep)
    return points


def _clipped_at(points: tuple[Point, ...], axis: int, bound: float, keep: int) -> tuple[Point, ...]:
    kept: list[Point] = []
    for start, end in zip(points, points[1:] + points[:1], strict=True):
        here, there = keep * (start[axis] - bound), keep * (end[axis] - bound)
        if here >= 0:
            kept.append(start)
        if here * there < 0:
            part = here / (here - there)
            kept.append((start[0] + part * (end[0] - start[0]), start[1] + part * (end[1] - start[1])))
    return tuple(kept)
