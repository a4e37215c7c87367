"""At which second a run before a camera that stands still belongs: where what changes changes alike.

In go the pictures of both sides and a run, out comes another line for it, or none. Before such a camera every
second of the reference looks like the query, because what never changes outweighs what does; without the mean
of the run on both sides only the changes are left, and they are the same at one second alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from verify.matching.align import SPEEDS
from verify.matching.lines import OFFSET_STEP_US, Line, Run, partners_on
from verify.matching.patches import Floats

MOST_COMPARED = 48  #: frames of a run, spread over it, as work grows with their square; a guess
#: What the stance elsewhere must be, -1..1, and how much greater than where the run is, before it is moved.
#: Of 11 clips of 8 s of people who hardly move, all of them at wrong seconds (footage of no corpus), 10 had
#: 0.69 to 0.93 at the right second and 0.28 to 0.76 at the best other one; the eleventh had nowhere 0.1.
LEAST_STANCE, LEAST_MORE = 0.4, 0.1
#: By which it must be greater at another speed than at the query's own. With 0.05, and without LEAST_STANCE,
#: one clip of 64 more was laid at a wrong speed.
UNTOUCHED_SPEED_BONUS = 0.1
SPEED_STEPS = (0.0, -0.05, -0.025, 0.025, 0.05)  #: around the best of SPEEDS
PROMISING = 24  #: offsets of one speed whose stance is worked out; a guess
NOTHING = 0.02  #: grey levels, root mean square; of what changes less no stance is known
STEP_US = 2 * OFFSET_STEP_US  #: half the sampling interval

Gains = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Stances:
    """Query frames against reference frames, as far as they change."""

    ours: Floats  #: (n, p): pictures of the query where they are compared, without the brightness of each
    theirs: Floats  #: (m, p)
    query_us: NDArray[np.int64]
    reference_us: NDArray[np.int64]

    def better_line(self, run: Run) -> Line | None:
        """The line on which the run's frames change as the reference does, if its own is clearly not it."""
        rows = np.arange(run.first, run.last + 1)
        rows = rows[np.linspace(0, rows.size - 1, min(MOST_COMPARED, rows.size)).round().astype(np.intp)]
        own = self._stances(rows, run.partners[None, rows - run.first])[0]
        stance, line = self._best_line(rows, SPEEDS)
        if stance < max(LEAST_STANCE, own + LEAST_MORE):
            return None
        if line.speed != 1.0:
            _, line = self._best_line(rows, [line.speed + step for step in SPEED_STEPS])
        return line

    def _best_line(self, rows: NDArray[np.intp], speeds: Sequence[float]) -> tuple[float, Line]:
        found = []
        for speed in speeds:
            stance, offset_us = self._best_offset(rows, speed)
            bonus = UNTOUCHED_SPEED_BONUS if speed == 1.0 else 0.0
            found.append((stance + bonus, stance, Line(speed=speed, offset_us=offset_us)))
        _, stance, line = max(found, key=lambda one: one[0])
        return stance, line

    def _best_offset(self, rows: NDArray[np.intp], speed: float) -> tuple[float, float]:
        """The greatest stance at this speed and where it is, between the offsets that were tried."""
        low = float(self.reference_us[0]) - speed * float(self.query_us[rows[0]])
        high = float(self.reference_us[-1]) - speed * float(self.query_us[rows[-1]])
        offsets = np.arange(low, high + STEP_US, STEP_US)
        partners, on_line = partners_on(self.query_us[rows], self.reference_us, speed, offsets)
        inside = np.flatnonzero(on_line.all(axis=1))
        if not inside.size:
            return -1.0, 0.0
        about = self._about(rows, partners[inside])
        promising = inside[np.argsort(-about, kind="stable")[:PROMISING]]
        best = int(promising[self._stances(rows, partners[promising]).argmax()])
        beside = np.array([best - 2, best, best + 2])
        known = np.isin(beside, inside)
        stances = np.where(known, self._stances(rows, partners[beside % len(offsets)]), -1.0)
        return float(stances[1]), float(offsets[best]) + STEP_US * _peak(stances)

    def _about(self, rows: NDArray[np.intp], partners: NDArray[np.intp]) -> Gains:
        """(k,): what grows about as the stance does; the mean of the run is left in the reference."""
        apart = np.maximum(self._gram[partners, partners].sum(axis=1), 1e-6)
        result: Gains = self._together(rows, partners) / np.sqrt(apart)
        return result

    def _together(self, rows: NDArray[np.intp], partners: NDArray[np.intp]) -> Gains:
        cross = self._cross[rows]
        result: Gains = (cross - cross.mean(axis=0))[np.arange(rows.size), partners].sum(axis=1)
        return result

    def _stances(self, rows: NDArray[np.intp], partners: NDArray[np.intp]) -> Gains:
        """(k,), -1..1: of the rows with k times as many partners each, (k, rows)."""
        apart = self._gram[partners, partners].sum(axis=1)
        mean = self._gram[partners[:, :, None], partners[:, None, :]].sum(axis=(1, 2)) / rows.size
        ours = self.ours[rows]
        length = float(np.linalg.norm(ours - ours.mean(axis=0))) * np.sqrt(np.maximum(apart - mean, 0))
        least = NOTHING**2 * ours.size
        together = self._together(rows, partners)
        result: Gains = np.where(length > least, together / np.maximum(length, least), 0.0)
        return result

    @cached_property
    def _cross(self) -> Gains:
        return (self.ours @ self.theirs.T).astype(np.float64)

    @cached_property
    def _gram(self) -> Gains:
        return (self.theirs @ self.theirs.T).astype(np.float64)


def changing(pictures: Floats) -> Floats:
    """(k, p) pictures without the brightness of each and without what they have in common."""
    apart = pictures - pictures.mean(axis=1, keepdims=True)
    result: Floats = apart - apart.mean(axis=0)  # it cancels out, but only up to rounding
    return result


def _peak(stances: Gains) -> float:
    """Where the parabola through three values peaks, from the middle, half their distance being one."""
    before, at, after = stances
    if min(before, after) <= -1 or at < max(before, after):
        return 0.0
    return float((after - before) / max(2 * at - before - after, 1e-6))
