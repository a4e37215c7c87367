"""A run's line, measured finer than the grid of speeds and offsets that it was found on.

In go a run and the frame pairs, out comes the run on a line turned and moved to where most agrees, as far as
it goes there. Four per cent, as between 24 and 25 pictures a second, are more than a second in a window of
40: on the nearest speed of the grid a long copy would be a row of pieces, half a second off at their ends.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from verify.matching.lines import (
    GAP_COST,
    OFFSET_STEP_US,
    UNTOUCHED_SPEED_BONUS,
    Gains,
    Pairs,
    Run,
    Times,
    partners_on,
)

#: A slope this near to 1 is measured no better, nor one that parts the ends of a run by less than that time;
#: the time is a guess.
UNTOUCHED_SPEED, UNTOUCHED_DRIFT_US = 0.035, 300_000
#: Mean gain that a line must add to be believed whose slope was measured beside that of an untouched speed.
#: Of 16 copies of sets 27 and 93 told another speed than the untouched that they have, 13 add 0.001 at most.
#: In runs of less than 6 s hardly a frame has another partner, so that a change of 5 % stays untold there.
SLOPE_GAIN = 0.005
SPEED_REACH = 0.125  #: from the coarse speed; half the widest step between two of them
#: What a line is turned by, either way: to half the widest step between two speeds, then finer, to where the
#: ends of WINDOW_FRAMES frames lie within half a frame.
TURNS = tuple(step * np.arange(-reach, reach + 1) for step, reach in ((0.025, 5), (0.008, 2), (0.003, 2)))
#: A tenth beyond the speeds that are tried, a guess: what stands still is as like a line that hardly goes on.
SLOWEST, FASTEST = 0.45, 2.2
SHIFTS_US = OFFSET_STEP_US * np.arange(-3.0, 4.0)  #: what it is moved by, meanwhile; a guess
#: Of a run, 10 s, for which another speed must add UNTOUCHED_SPEED_BONUS each: a window that moves over slow
#: footage for 8 s gains 0.03 a frame by a speed that it does not have; a longer run has more to tell it by.
BONUS_FRAMES = 30
LEAST_TURNED_US = 5_000_000  #: of a run; in a shorter one few frames have another partner then. A guess
LEAST_PEAKS = 5
LEAST_SLOPE_US = 2_500_000  #: a shorter run says nothing about the speed


def refined(run: Run, pairs: Pairs) -> Run:
    """The run on the line that gains most beside its own, laid through where the agreement peaks."""
    if len(pairs.reference_us) < 3 or run.last - run.first < 2 or run.speed < 0:
        return run
    return _through_peaks(_turned(run, pairs), pairs, was_untouched=run.speed == 1.0)


def _turned(run: Run, pairs: Pairs) -> Run:
    """On the line beside its own that gains most, along which the run may be longer."""
    for turns in TURNS:
        if pairs.query_us[run.last] - pairs.query_us[run.first] < LEAST_TURNED_US:
            break
        middle_us = float(pairs.query_us[run.first] + pairs.query_us[run.last]) / 2
        there_us = run.speed * middle_us + run.offset_us
        turned = run.speed + turns
        turned = turned[(turned != 1.0) & (turned >= SLOWEST) & (turned <= FASTEST)]
        if not turned.size:
            break
        speeds, shifts_us = (side.ravel() for side in np.meshgrid(turned, SHIFTS_US))
        beside = pairs.best_run(speeds, there_us + shifts_us - speeds * middle_us)
        if beside and beside.gain + _spared(beside) > run.gain + _spared(run):
            run = beside
    return run


def _spared(run: Run) -> float:
    """What UNTOUCHED_SPEED_BONUS takes from it beyond BONUS_FRAMES."""
    beyond = max(run.last - run.first + 1 - BONUS_FRAMES, 0)
    return 0.0 if run.speed == 1.0 else UNTOUCHED_SPEED_BONUS * beyond


def _through_peaks(run: Run, pairs: Pairs, *, was_untouched: bool) -> Run:
    """The line laid through where the agreement peaks between sampled frames."""
    gains, reference_us = pairs.gains, pairs.reference_us
    rows = np.arange(run.first, run.last + 1)
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
    if was_untouched and measured.speed != 1.0:
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
    nearest = min(UNTOUCHED_SPEED, UNTOUCHED_DRIFT_US / float(np.ptp(at)))
    return 1.0 if abs(slope - 1.0) < nearest else round(slope, 3)


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
