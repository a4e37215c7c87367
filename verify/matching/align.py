"""Which seconds of the query are which seconds of the reference.

In go the agreement of every query frame with every reference frame and their times, out come runs:
straight lines reference time = speed x query time + offset along which the pictures agree. Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from verify.matching.patches import Agreement

SPEEDS = (1.0, 0.5, 0.67, 0.75, 0.8, 0.9, 1.1, 1.25, 1.33, 1.5, 2.0)  #: refined afterwards
#: Played backwards: the mean gain that must add, and the least frames of such a run, as what hardly moves, or
#: to and fro, is as like itself that way. Guesses.
BACKWARDS, BACKWARDS_BONUS, LEAST_BACKWARDS = -1.0, 0.1, 8
UNTOUCHED_SPEED_BONUS = 0.04  #: mean gain another speed must add before it is believed
UNTOUCHED_SPEED = 0.035  #: a slope this near to 1 is measured no better
#: Mean gain that a line must add to be believed whose slope was measured beside that of an untouched speed.
#: Of 16 copies of sets 27 and 93 told another speed than the untouched that they have, 13 add 0.001 at most.
#: In runs of less than 6 s hardly a frame has another partner, so that a change of 5 % stays untold there.
SLOPE_GAIN = 0.005
SPEED_REACH = 0.12  #: from the coarse speed; half the widest step between two of them
LEAST_PEAKS = 5
LEAST_SLOPE_US = 2_500_000  #: a shorter run says nothing about the speed
OFFSET_STEP_US = 83_333  #: a quarter of the sampling interval
BREAK_EVEN = 0.38  #: correlation above which a frame pair speaks for a run
MOTION_WEIGHT = 0.35  #: tells neighbouring offsets apart where the camera stands still
#: Of the gain that the better frame pairs of a run have; ends that gain less are cut off. With 0.2 as much
#: was found, and the query's seconds agreed 0.3 points less (mean of seeds 7 to 9, small).
LOOSE_SHARE = 0.3
LEAST_GAIN = 0.02  #: summed over a run; the score decides, this only leaves out what is hopeless
MOST_OFFSETS = 48  #: lines of one speed that are summed up
MOST_RUNS = 8  #: per reference and window
GAP_COST = -0.25  #: one disagreeing frame weighs no more than this, so one bad frame does not split a run

Gains = NDArray[np.float64]
Times = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Query frames `first`..`last` (included) and the line they lie on."""

    first: int
    last: int
    partners: NDArray[np.intp]  #: the reference frame nearest to the line, one per query frame of the run
    speed: float  #: reference seconds per query second
    offset_us: float  #: reference time at query time zero
    gain: float  #: summed agreement of its frame pairs, motion included, beyond what chance gives


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Reference time = speed x query time + offset."""

    speed: float
    offset_us: float


def runs(
    agreement: Agreement,
    query_us: NDArray[np.int64],
    reference_us: NDArray[np.int64],
    better_line: Callable[[Run], Line | None] = lambda _: None,
) -> list[Run]:
    """Disjoint runs in the query, best first; each is laid on its `better_line`, if one is known."""
    forwards, *backwards = _ways(agreement)
    found: list[Run] = []
    open_rows = np.ones(len(query_us), dtype=np.bool_)
    while len(found) < MOST_RUNS:
        left = [way.within(open_rows) for way in (forwards, *backwards)]
        run = _best_run(left, query_us, reference_us)
        if run is None:
            break
        run = _refined(run, forwards.gains, query_us, reference_us)
        line = better_line(run)
        if line:
            at = np.array([line.offset_us])
            run = _best_at_speed(left[0].gains, query_us, reference_us, line.speed, at) or run
        found.append(run)
        open_rows[run.first : run.last + 1] = False
    return found


def run_on(
    line: Line, agreement: Agreement, query_us: NDArray[np.int64], reference_us: NDArray[np.int64]
) -> Run | None:
    """The stretch of that line along which the pictures agree, if they do anywhere."""
    offsets = np.array([line.offset_us])
    return _best_at_speed(_gains(agreement, line.speed), query_us, reference_us, line.speed, offsets)


def _gains(agreement: Agreement, speed: float = 1.0) -> Gains:
    """What moves does so the other way where a side is played backwards."""
    level = agreement.correlation.astype(np.float64) - BREAK_EVEN
    motion = np.where(agreement.moving, agreement.motion, 0.0) * np.sign(speed) * MOTION_WEIGHT
    motion = np.where(level > 0, motion, np.minimum(motion, 0))  # two cuts move alike
    return np.where(agreement.textured > 0, level + motion, -BREAK_EVEN)


@dataclass(frozen=True, slots=True)
class _Way:
    """Forwards or backwards: what each frame pair speaks for a run so, and the speeds to try."""

    gains: Gains
    speeds: tuple[float, ...]

    def within(self, open_rows: NDArray[np.bool_]) -> _Way:
        return replace(self, gains=np.where(open_rows[:, None], self.gains, -1.0))


def _ways(agreement: Agreement) -> list[_Way]:
    frames = min(agreement.correlation.shape)
    ways = [_Way(_gains(agreement), SPEEDS if frames > 2 else (1.0,))]
    if frames >= LEAST_BACKWARDS and agreement.moving.any():
        ways.append(_Way(_gains(agreement, BACKWARDS), (BACKWARDS,)))
    return ways


def _best_run(ways: list[_Way], query_us: NDArray[np.int64], reference_us: NDArray[np.int64]) -> Run | None:
    best: Run | None = None
    for gains, speed in ((way.gains, speed) for way in ways for speed in way.speeds):
        offsets, bounds = _promising(gains, query_us, reference_us, speed)
        if best and bounds[0] <= best.gain:
            continue
        candidate = _best_at_speed(gains, query_us, reference_us, speed, offsets)
        if candidate and (best is None or candidate.gain > best.gain):
            best = candidate
    return best


def _best_at_speed(
    gains: Gains, query_us: NDArray[np.int64], reference_us: NDArray[np.int64], speed: float, offsets: Times
) -> Run | None:
    partners, on_line = partners_on(query_us, reference_us, speed, offsets)
    along = np.where(on_line, gains[np.arange(len(query_us)), partners], -1.0)
    along = np.maximum(along, np.where(along > -1.0, GAP_COST, -1.0))
    if speed != 1.0:
        along = along - (BACKWARDS_BONUS if speed < 0 else UNTOUCHED_SPEED_BONUS)
    totals, firsts, lasts = _best_stretches(along)
    row = int(np.argmax(totals))
    if totals[row] < LEAST_GAIN:
        return None
    first, last = _tightened(along[row], int(firsts[row]), int(lasts[row]))
    if speed < 0 and last - first + 1 < LEAST_BACKWARDS:
        return None
    return Run(
        first=first,
        last=last,
        partners=partners[row, first : last + 1],
        speed=speed,
        offset_us=float(offsets[row]),
        gain=float(totals[row]),
    )


def _promising(
    gains: Gains, query_us: NDArray[np.int64], reference_us: NDArray[np.int64], speed: float
) -> tuple[Times, Gains]:
    """Offsets whose lines may gain most and at most how much, best first.

    No line gains more than all that agrees within its reach.
    """
    ends = speed * query_us[[0, -1]]
    low, high = float(reference_us[0] - ends.max()), float(reference_us[-1] - ends.min())
    count = int((high - low) // OFFSET_STEP_US) + 2
    offsets = low + np.arange(count, dtype=np.float64) * OFFSET_STEP_US
    rows, columns = np.nonzero(gains > 0)
    if len(reference_us) == 1:
        return offsets, np.full(count, gains[rows, columns].sum(), np.float64)
    where = ((reference_us[columns] - speed * query_us[rows] - low) / OFFSET_STEP_US).round().astype(np.int64)
    at: Gains = np.bincount(where, gains[rows, columns], minlength=count)[:count].astype(np.float64)
    reach = int(_reach(reference_us) // OFFSET_STEP_US) + 1
    sums = np.cumsum(np.pad(at, (reach + 1, reach)))
    bounds: Gains = sums[2 * reach + 1 :] - sums[: -2 * reach - 1]
    best = np.argsort(-bounds, kind="stable")[:MOST_OFFSETS]
    return offsets[best], bounds[best]


def _reach(reference_us: NDArray[np.int64]) -> float:
    """How far off a line a frame may be to lie on it, microseconds."""
    return max(float(np.median(np.diff(reference_us))) * 0.75, 2.0 * OFFSET_STEP_US)


def partners_on(
    query_us: NDArray[np.int64], reference_us: NDArray[np.int64], speed: float, offsets: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """The nearest reference frame for each (offset, query frame), and whether the line is inside there.

    A still has no time: every query frame may show it.
    """
    if len(reference_us) == 1:
        shape = (len(offsets), len(query_us))
        return np.zeros(shape, np.intp), np.ones(shape, np.bool_)
    wanted = speed * query_us[None, :] + offsets[:, None]
    right = np.clip(np.searchsorted(reference_us, wanted), 1, max(len(reference_us) - 1, 1))
    right = np.minimum(right, len(reference_us) - 1)
    left = np.maximum(right - 1, 0)
    partners = np.where(wanted - reference_us[left] <= reference_us[right] - wanted, left, right)
    return partners, np.abs(wanted - reference_us[partners]) <= _reach(reference_us)


def _best_stretches(along: Gains) -> tuple[Gains, NDArray[np.intp], NDArray[np.intp]]:
    """Per row the stretch of the greatest sum, its first and its last column."""
    sums = np.pad(np.cumsum(along, axis=1), ((0, 0), (1, 0)))
    over_least = sums[:, 1:] - np.minimum.accumulate(sums, axis=1)[:, :-1]
    last = over_least.argmax(axis=1)
    before = np.where(np.arange(sums.shape[1]) <= last[:, None], sums, np.inf)
    return over_least.max(axis=1), before.argmin(axis=1), last


def _tightened(along: Gains, first: int, last: int) -> tuple[int, int]:
    """Without ends that agree far less than the rest, as the next clip of a compilation by chance may."""
    within = along[first : last + 1]
    kept = within - LOOSE_SHARE * max(float(np.percentile(within, 75)), 0.0)
    _, begin, end = _best_stretches(kept[None, :])
    return first + int(begin[0]), first + int(end[0])


def _refined(run: Run, gains: Gains, query_us: NDArray[np.int64], reference_us: NDArray[np.int64]) -> Run:
    """The line laid through where the agreement peaks between sampled frames."""
    rows = np.arange(run.first, run.last + 1)
    if len(reference_us) < 3 or len(rows) < 3 or run.speed < 0:
        return run
    peaks, weights = _peaks(gains, rows, run.partners, reference_us)
    if weights.sum() <= 0:
        return run
    at = query_us[rows]

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
