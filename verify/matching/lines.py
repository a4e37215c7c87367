"""Straight lines, reference time = speed x query time + offset, and what the frame pairs along one gain.

In go what each pair of a query frame and a reference frame gains and the times of both, out come stretches of
lines. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

#: Played backwards: the mean gain that must add, and the least frames of such a run, as what hardly moves, or
#: to and fro, is as like itself that way. Guesses.
BACKWARDS, BACKWARDS_BONUS, LEAST_BACKWARDS = -1.0, 0.1, 8
UNTOUCHED_SPEED_BONUS = 0.04  #: mean gain another speed must add before it is believed
OFFSET_STEP_US = 83_333  #: a quarter of the sampling interval
#: Of the gain that the better frame pairs of a run have; ends that gain less are cut off. With 0.2 as much
#: was found, and the query's seconds agreed 0.3 points less (mean of seeds 7 to 9, small).
LOOSE_SHARE = 0.3
LEAST_GAIN = 0.02  #: summed over a run; the score decides, this only leaves out what is hopeless
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
    gain: (
        float  #: summed agreement of its frame pairs, motion included, beyond what chance gives, ends cut off
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Reference time = speed x query time + offset."""

    speed: float
    offset_us: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Query frames against reference frames, n x m."""

    gains: Gains  #: (n, m): what each pair speaks for a run; -1 for frames that are not asked
    query_us: NDArray[np.int64]  #: (n,)
    reference_us: NDArray[np.int64]  #: (m,)

    def within(self, open_rows: NDArray[np.bool_]) -> Pairs:
        return replace(self, gains=np.where(open_rows[:, None], self.gains, -1.0))

    def between(self, first: int, last: int) -> Pairs:
        """Of those query frames alone, `last` included."""
        rows = slice(first, last + 1)
        return replace(self, gains=self.gains[rows], query_us=self.query_us[rows])

    def along(self, speeds: float | Times, offsets: Times) -> tuple[NDArray[np.intp], Gains]:
        """The partner of each frame on each line, and what it gains there, both (lines, n).

        `speeds` is one, or one for each of `offsets`.
        """
        partners, on_line = partners_on(self.query_us, self.reference_us, speeds, offsets)
        along = np.where(on_line, self.gains[np.arange(len(self.query_us)), partners], -1.0)
        along = np.maximum(along, np.where(along > -1.0, GAP_COST, -1.0))
        each = np.reshape(speeds, (-1, 1))
        return partners, along - np.select(
            [each == 1.0, each < 0], [0.0, BACKWARDS_BONUS], UNTOUCHED_SPEED_BONUS
        )

    def best_run(self, speeds: float | Times, offsets: Times) -> Run | None:
        """The stretch of one of these lines that gains most; None where none gains anything."""
        partners, along = self.along(speeds, offsets)
        totals, firsts, lasts = best_stretches(along)
        row = int(np.argmax(totals))
        if totals[row] < LEAST_GAIN:
            return None
        line = Line(speed=float(np.broadcast_to(speeds, offsets.shape)[row]), offset_us=float(offsets[row]))
        run = _run(line, partners[row], along[row], int(firsts[row]), int(lasts[row]))
        return None if line.speed < 0 and run.last - run.first + 1 < LEAST_BACKWARDS else run

    def on(self, line: Line, *, first: int, last: int) -> Run:
        """Those frames on that line, without ends that agree far less than the rest."""
        partners, along = self.along(line.speed, np.array([line.offset_us]))
        return _run(line, partners[0], along[0], first, last)

    def offsets(self, speed: float) -> Times:
        """Of all lines of that speed that meet both, a step apart."""
        ends = speed * self.query_us[[0, -1]]
        low, high = float(self.reference_us[0] - ends.max()), float(self.reference_us[-1] - ends.min())
        count = int((high - low) // OFFSET_STEP_US) + 2
        return low + np.arange(count, dtype=np.float64) * OFFSET_STEP_US


def _run(line: Line, partners: NDArray[np.intp], along: Gains, first: int, last: int) -> Run:
    first, last = tightened(along, first, last)
    return Run(
        first=first,
        last=last,
        partners=partners[first : last + 1],
        speed=line.speed,
        offset_us=line.offset_us,
        gain=float(along[first : last + 1].sum()),
    )


def partners_on(
    query_us: NDArray[np.int64], reference_us: NDArray[np.int64], speeds: float | Times, offsets: Times
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """The nearest reference frame for each (offset, query frame), and whether the line is inside there.

    A still has no time: every query frame may show it.
    """
    if len(reference_us) == 1:
        shape = (len(offsets), len(query_us))
        return np.zeros(shape, np.intp), np.ones(shape, np.bool_)
    wanted = np.reshape(speeds, (-1, 1)) * query_us + offsets[:, None]
    right = np.clip(np.searchsorted(reference_us, wanted), 1, max(len(reference_us) - 1, 1))
    right = np.minimum(right, len(reference_us) - 1)
    left = np.maximum(right - 1, 0)
    partners = np.where(wanted - reference_us[left] <= reference_us[right] - wanted, left, right)
    return partners, np.abs(wanted - reference_us[partners]) <= reach(reference_us)


def best_stretches(along: Gains) -> tuple[Gains, NDArray[np.intp], NDArray[np.intp]]:
    """Per row the stretch of the greatest sum, its first and its last column."""
    sums = running_sums(along)
    over_least = sums[:, 1:] - np.minimum.accumulate(sums, axis=1)[:, :-1]
    last = over_least.argmax(axis=1)
    before = np.where(np.arange(sums.shape[1]) <= last[:, None], sums, np.inf)
    return over_least.max(axis=1), before.argmin(axis=1), last


def running_sums(along: Gains) -> Gains:
    """Per row the sums up to each column, and 0 before the first: one column more."""
    return np.pad(np.cumsum(along, axis=1), ((0, 0), (1, 0)))


def tightened(along: Gains, first: int, last: int) -> tuple[int, int]:
    """Without ends that agree far less than the rest, as the next clip of a compilation by chance may."""
    within = along[first : last + 1]
    kept = within - LOOSE_SHARE * max(float(np.percentile(within, 75)), 0.0)
    _, begin, end = best_stretches(kept[None, :])
    return first + int(begin[0]), first + int(end[0])


def reach(reference_us: NDArray[np.int64]) -> float:
    """How far off a line a frame may be to lie on it, microseconds."""
    return max(float(np.median(np.diff(reference_us))) * 0.75, 2.0 * OFFSET_STEP_US)
