"""Which seconds of the query are which seconds of the reference.

In go the agreement of every query frame with every reference frame and their times, out come runs:
straight lines reference time = speed x query time + offset along which the pictures agree. The best line of
the grid first (SPEEDS, OFFSET_STEP_US), measured finer (slopes.py), divided where it bridges pieces
(pieces.py); then the best of what is left. Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from verify.matching.lines import (
    BACKWARDS,
    LEAST_BACKWARDS,
    OFFSET_STEP_US,
    Gains,
    Line,
    Pairs,
    Run,
    Times,
    reach,
)
from verify.matching.patches import Agreement
from verify.matching.pieces import divided
from verify.matching.slopes import refined

SPEEDS = (1.0, 0.5, 0.67, 0.75, 0.8, 0.9, 1.1, 1.25, 1.33, 1.5, 1.75, 2.0)  #: refined afterwards
BREAK_EVEN = 0.38  #: correlation above which a frame pair speaks for a run
MOTION_WEIGHT = 0.35  #: tells neighbouring offsets apart where the camera stands still
MOST_OFFSETS = 48  #: lines of one speed that are summed up
MOST_RUNS = 8  #: per reference and window, and the other pieces of the last; a guess


def runs(
    agreement: Agreement,
    query_us: NDArray[np.int64],
    reference_us: NDArray[np.int64],
    better_line: Callable[[Run], Line | None] = lambda _: None,
    may_divide: Callable[[Run], bool] = lambda _: True,
) -> list[Run]:
    """Disjoint runs in the query, laid on their `better_line`, if one is known; divided where they may."""
    forwards, *backwards = _ways(agreement, query_us, reference_us)
    found: list[Run] = []
    open_rows = np.ones(len(query_us), dtype=np.bool_)
    while len(found) < MOST_RUNS:
        left = [way.within(open_rows) for way in (forwards, *backwards)]
        run = _best_run(left)
        if run is None:
            break
        run = refined(run, left[0].pairs)
        line = better_line(run)
        if line:
            run = left[0].pairs.best_run(line.speed, np.array([line.offset_us])) or run
        divisions = divided(run, left[0].pairs) if may_divide(run) else []
        pieces = [_laid_anew(piece, left) for piece in divisions] or [run]
        found += pieces
        for piece in pieces:
            open_rows[piece.first : piece.last + 1] = False
    return found


def _laid_anew(piece: Run, ways: list[_Way]) -> Run:
    """A piece on the line that suits it best, which need not be the one that led to it."""
    rows = np.zeros(len(ways[0].pairs.query_us), np.bool_)
    rows[piece.first : piece.last + 1] = True
    asked = [way.within(rows) for way in ways]
    best = _best_run(asked)
    return refined(best if best and best.gain > piece.gain else piece, asked[0].pairs)


def run_on(
    line: Line, agreement: Agreement, query_us: NDArray[np.int64], reference_us: NDArray[np.int64]
) -> Run | None:
    """The stretch of that line along which the pictures agree, if they do anywhere."""
    gains = _gains(agreement, line.speed)
    pairs = Pairs(gains=gains, query_us=query_us, reference_us=reference_us)
    return pairs.best_run(line.speed, np.array([line.offset_us]))


def _gains(agreement: Agreement, speed: float = 1.0) -> Gains:
    """What moves does so the other way where a side is played backwards."""
    level = agreement.correlation.astype(np.float64) - BREAK_EVEN
    motion = np.where(agreement.moving, agreement.motion, 0.0) * np.sign(speed) * MOTION_WEIGHT
    motion = np.where(level > 0, motion, np.minimum(motion, 0))  # two cuts move alike
    return np.where(agreement.textured > 0, level + motion, -BREAK_EVEN)


@dataclass(frozen=True, slots=True)
class _Way:
    """Forwards or backwards: what each frame pair speaks for a run so, and the speeds to try."""

    pairs: Pairs
    speeds: tuple[float, ...]

    def within(self, open_rows: NDArray[np.bool_]) -> _Way:
        return replace(self, pairs=self.pairs.within(open_rows))


def _ways(agreement: Agreement, query_us: NDArray[np.int64], reference_us: NDArray[np.int64]) -> list[_Way]:
    frames = min(agreement.correlation.shape)
    pairs = Pairs(gains=_gains(agreement), query_us=query_us, reference_us=reference_us)
    ways = [_Way(pairs, SPEEDS if frames > 2 else (1.0,))]
    if frames >= LEAST_BACKWARDS and agreement.moving.any():
        ways.append(_Way(replace(pairs, gains=_gains(agreement, BACKWARDS)), (BACKWARDS,)))
    return ways


def _best_run(ways: list[_Way]) -> Run | None:
    best: Run | None = None
    for pairs, speed in ((way.pairs, speed) for way in ways for speed in way.speeds):
        offsets, bounds = _promising(pairs, speed)
        if best and bounds[0] <= best.gain:
            continue
        candidate = pairs.best_run(speed, offsets)
        if candidate and (best is None or candidate.gain > best.gain):
            best = candidate
    return best


def _promising(pairs: Pairs, speed: float) -> tuple[Times, Gains]:
    """Offsets whose lines may gain most and at most how much, best first.

    No line gains more than all that agrees within its reach.
    """
    gains, reference_us = pairs.gains, pairs.reference_us
    offsets = pairs.offsets(speed)
    rows, columns = np.nonzero(gains > 0)
    if len(reference_us) == 1:
        return offsets, np.full(len(offsets), gains[rows, columns].sum(), np.float64)
    ahead = reference_us[columns] - speed * pairs.query_us[rows] - offsets[0]
    where = (ahead / OFFSET_STEP_US).round().astype(np.int64)
    count = len(offsets)
    at: Gains = np.bincount(where, gains[rows, columns], minlength=count)[:count].astype(np.float64)
    beside = int(reach(reference_us) // OFFSET_STEP_US) + 1
    sums = np.cumsum(np.pad(at, (beside + 1, beside)))
    bounds: Gains = sums[2 * beside + 1 :] - sums[: -2 * beside - 1]
    best = np.argsort(-bounds, kind="stable")[:MOST_OFFSETS]
    return offsets[best], bounds[best]
