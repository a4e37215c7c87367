"""Where a run is several pieces of one reference, put together in another order, or with something left out.

Footage that changes slowly looks much the same a few seconds later. So one line may gain along several
pieces, about as much on the mean as it would of a copy laid a little wrong, although elsewhere other lines
gain far more. In goes a run, out come its pieces: which stretch lies on which line, so that all of them
together gain most.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from verify.matching.lines import (
    LEAST_GAIN,
    OFFSET_STEP_US,
    Gains,
    Line,
    Pairs,
    Run,
    best_stretches,
    running_sums,
)

#: What another line must gain more along a stretch of a run, for each frame and beyond that in all, how many
#: frames that takes, and how far off it must be there. Of 528 copies that were not put together (sets 27 and
#: 93) none is divided; of 24 clips in another order 15 are told piece by piece, 6 without (bench.edits).
MORE_GAIN, SWITCH_GAIN, LEAST_FRAMES, ELSEWHERE_US = 0.1, 0.6, 3, 450_000
LEAST_MEAN = 0.3  #: that it must gain a frame, as what hardly agrees does so elsewhere by chance; a guess
BESIDE_US = 2 * OFFSET_STEP_US  #: half the sampling interval, by which sampled frames are out of step
MOST_LINES = 8  #: of one run; a guess


def divided(run: Run, pairs: Pairs) -> list[Run]:
    """The pieces of the run and of the frames that are asked besides it; none where it is only one."""
    if run.speed < 0 or len(pairs.reference_us) == 1 or run.last - run.first + 1 < LEAST_FRAMES:
        return []
    lines = [Line(speed=run.speed, offset_us=run.offset_us)]
    pieces = [run]
    while len(lines) < MOST_LINES:
        better = {line for piece in pieces if (line := _better_line(piece, pairs))}.difference(lines)
        if not better:
            break
        lines += sorted(better, key=lambda line: line.offset_us)[: MOST_LINES - len(lines)]
        pieces = _pieces(lines, pairs)
    return pieces if len(pieces) > 1 else []


def _better_line(run: Run, pairs: Pairs) -> Line | None:
    """The line that gains clearly more than the run's own along a stretch of it, if there is one."""
    asked = pairs.between(run.first, run.last)
    own = Line(speed=run.speed, offset_us=run.offset_us)
    found = [_best_elsewhere(own, speed, asked) for speed in dict.fromkeys((1.0, run.speed))]
    more, line = max(found, key=lambda one: one[0])
    return line if more >= SWITCH_GAIN else None


def _best_elsewhere(own: Line, speed: float, asked: Pairs) -> tuple[float, Line]:
    """Of the lines of that speed the one that gains most beyond `own` along a stretch, and how much."""
    beside = own.offset_us + BESIDE_US * np.array([-1.0, 0.0, 1.0])
    gained = asked.along(own.speed, beside)[1].max(axis=0)
    offsets = asked.offsets(speed)
    along = asked.along(speed, offsets)[1]
    ahead_us = (speed - own.speed) * asked.query_us + offsets[:, None] - own.offset_us
    more = np.where(np.abs(ahead_us) >= ELSEWHERE_US, along - gained - MORE_GAIN, -1.0)
    totals, firsts, lasts = best_stretches(more)
    sums = running_sums(along)
    each, frames = np.arange(len(offsets)), lasts - firsts + 1
    mean = (sums[each, lasts + 1] - sums[each, firsts]) / frames
    totals = np.where((frames >= LEAST_FRAMES) & (mean >= LEAST_MEAN), totals, 0.0)
    best = int(totals.argmax())
    return float(totals[best]), Line(speed=speed, offset_us=float(offsets[best]))


def _pieces(lines: list[Line], pairs: Pairs) -> list[Run]:
    """Which frames lie on which of the lines, or on none, so that they gain most in all."""
    along = np.vstack([pairs.along(line.speed, np.array([line.offset_us]))[1] for line in lines])
    chosen = _chosen(np.vstack([along, np.zeros(along.shape[1])]))
    starts = np.flatnonzero(np.diff(chosen, prepend=-1))
    ends = [*(starts[1:] - 1), len(chosen) - 1]
    return [
        pairs.on(lines[chosen[first]], first=int(first), last=int(last))
        for first, last in zip(starts, ends, strict=True)
        if chosen[first] < len(lines) and along[chosen[first], first : last + 1].sum() >= LEAST_GAIN
    ]


def _chosen(along: Gains) -> NDArray[np.intp]:
    """Per column the row of the path that gains most, where to change the row costs SWITCH_GAIN (Viterbi).

    To the last row, which is of no line, and from it half of that.
    """
    rows, columns = along.shape
    cost = np.full((rows, rows), SWITCH_GAIN)
    cost[-1], cost[:, -1] = SWITCH_GAIN / 2, SWITCH_GAIN / 2
    np.fill_diagonal(cost, 0.0)
    before = np.zeros((columns, rows), np.intp)
    total = along[:, 0].copy()
    for column in range(1, columns):
        paths = total[None, :] - cost
        before[column] = paths.argmax(axis=1)
        total = paths.max(axis=1) + along[:, column]
    chosen = np.zeros(columns, np.intp)
    chosen[-1] = total.argmax()
    for column in range(columns - 1, 0, -1):
        chosen[column - 1] = before[column, chosen[column]]
    return chosen
