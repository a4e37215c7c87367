"""Which seconds of the query are which seconds of the reference.

In go the agreement of every query frame with every reference frame and their times, out come runs:
straight lines reference time = speed x query time + offset along which the pictures agree. Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from verify.matching.lines import (
    BACKWARDS,
    GAP_COST,
    LEAST_BACKWARDS,
    OFFSET_STEP_US,
    Gains,
    Line,
    Pairs,
    Run,
    Times,
    partners_on,
    reach,
)
from verify.matching.patches import Agreement
from verify.matching.pieces import divided

SPEEDS = (1.0, 0.5, 0.67, 0.75, 0.8, 0.9, 1.1, 1.25, 1.33, 1.5, 2.0)  #: refined afterwards
UNTOUCHED_SPEED = 0.035  #: a slope this near to 1 is measured no better
#: Mean gain that a line must add to be believed whose slope was measured beside that of an untouched speed.
#: Of 16 copies of sets 27 and 93 told another speed than the untouched that they have, 13 add 0.001 at most.
#: In runs of less than 6 s hardly a frame has another partner, so that a change of 5 % stays untold there.
SLOPE_GAIN = 0.005
SPEED_REACH = 0.12  #: from the coarse speed; half the widest step between two of them
LEAST_PEAKS = 5
LEAST_SLOPE_US = 2_500_000  #: a shorter run says nothing about the speed
BREAK_EVEN = 0.38  #: correlation above which a frame pair speaks for a run
MOTION_WEIGHT = 0.35  #: tells neighbouring offsets apart where the camera stands still
MOST_OFFSETS = 48  #: lines of one speed that are summed up
MOST_RUNS = 8  #: per reference and window


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
        run = _refined(run, forwards.pairs)
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
    best = _best_run([way.within(rows) for way in ways])
    return _refined(best if best and best.gain > piece.gain else piece, ways[0].pairs)


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


def _refined(run: Run, pairs: Pairs) -> Run:
    """The line laid through where the agreement peaks between sampled frames."""
    gains, reference_us = pairs.gains, pairs.reference_us
    rows = np.arange(run.first, run.last + 1)
    if len(reference_us) < 3 or len(rows) < 3 or run.speed < 0:
        return run
    peaks, weights = _peaks(gains, rows, run.partners, reference_us)
    if weights.sum() <= 0:
        return run
    at = pairs.query_us[rows]

    def on(speed: float) -> tuple[Run, float]:
        offset = _weighted_median(peaks - speed * at, weights)
        partners, on_line = partners_on(at, reference_us, speed, np.array([offset]))
        gain = np.where(on_line[0], gains[rows, partners[0]], GAP_COST).mean()
        return replace(run, speed=speed, offset_us=offset), float(gain)

    measured, gain = on(_speed(run.speed, at.astype(np.float64), peaks, weights))
    if run.speed == 1.0 != measured.speed:
        untouched, least = on(1.0)
        return measured if gain >= least + SLOPE_GAIN else untouched
    return measured


def _speed(coarse: float, at: Times, peaks: Times, weights: Times) -> float:
    """The slope through the peaks; 1 unless it clearly is not, `coarse` where too few are sharp."""
    if (weights > 0).sum() < LEAST_PEAKS or np.ptp(at) < LEAST_SLOPE_US:
        return coarse
    kept = weights
    slope = coarse
    for _ in range(3):  # twice more without what lies far off the line
        middle = (kept * at).sum() / kept.sum(), (kept * peaks).sum() / kept.sum()
        spread = (kept * (at - middle[0]) ** 2).sum()
        slope = float((kept * (at - middle[0]) * (peaks - middle[1])).sum() / max(spread, 1e-9))
        off = np.abs(peaks - middle[1] - slope * (at - middle[0]))
        kept = np.where(off <= max(2.0 * float(np.median(off)), OFFSET_STEP_US), weights, 0.0)
        if kept.sum() <= 0:
            return coarse
    if abs(slope - coarse) > SPEED_REACH:
        return coarse
    return 1.0 if abs(slope - 1.0) < UNTOUCHED_SPEED else round(slope, 3)


def _weighted_median(values: Times, weights: Times) -> float:
    order = np.argsort(values)
    return float(values[order][np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)])


def _peaks(
    gains: Gains, rows: NDArray[np.intp], partners: NDArray[np.intp], reference_us: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Per query frame the parabola through its partner and both neighbours: where it peaks, how sharply."""
    middle = np.clip(partners, 1, len(reference_us) - 2)
    before, at, after = gains[rows, middle - 1], gains[rows, middle], gains[rows, middle + 1]
    curvature = np.maximum(2 * at - before - after, 0)
    shift = np.where(curvature > 0, (after - before) / np.maximum(2 * curvature, 1e-9), 0)
    step = (reference_us[middle + 1] - reference_us[middle - 1]) / 2
    inside = (at >= before) & (at >= after)
    return reference_us[middle] + np.clip(shift, -0.5, 0.5) * step, np.where(inside, curvature, 0.0)
