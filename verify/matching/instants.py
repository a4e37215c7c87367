"""Two sides compared at the same instants, wherever in the reference that may be.

In go up to 24 frames a second of the query and sampled frames of the reference, out come lines on which the
stretch changes most as the reference does, and how much alike. Only the query has a frame for any instant, so
each of the reference's frames is laid against the query's nearest one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from verify.matching.align import SPEEDS
from verify.matching.lines import Line
from verify.matching.moments import LEAST_FRAMES, Close, differences, stance
from verify.matching.patches import Floats, Patches, by_block
from verify.matching.slopes import UNTOUCHED_SPEED

STEP_US = 41_667  #: a frame of the stretch
#: Of a line; nearly a sampling interval, either way.
SHIFTS_US = tuple(range(-7 * STEP_US, 8 * STEP_US, STEP_US))
SPEED_STEPS = tuple(round(0.02 * step, 2) for step in range(-5, 6))  #: around a line's speed
MOST_LINES = 3  #: elsewhere in the reference that are tried; a guess
#: Frames of the reference on such a line, as few are alike by chance, and by which agreement must be greater
#: than near the line that was found before. Without both 2 of 223 copies were laid at wrong seconds, slower.
LEAST_ELSEWHERE, MORE_ELSEWHERE = 6, 0.05
LEAST_ALONE = 0.85  #: agreement elsewhere where near that line too few frames are seen
MOST_TURNS = 4  #: that the search goes on from a speed at either end of these; a guess
SLOWEST = 0.25  #: nothing slower is tried
AHEAD = 0.02  #: of agreement that another line must add to be believed; a guess
SAME_INSTANT_US = 60_000  #: between a reference frame's instant and the query's frame for it, at most
LEAST_SHARE = 0.7  #: of the reference's frames on a line that must have one
CHANGES, ALIKE = 1.0, 0.5  #: grey levels and correlation of a block that changes alike
APART_US = 400_000  #: between two lines, so that neither is within reach of the other

Numbers = NDArray[np.intp]
Laid = tuple[Close, Line]


@dataclass(frozen=True, kw_only=True, eq=False)
class Instants:
    """n frames of the query, many a second, and m frames of the reference."""

    ours: Patches
    theirs: Patches
    usable: NDArray[np.bool_]  #: the blocks that are compared
    query_us: NDArray[np.int64]  #: (n,)
    reference_us: NDArray[np.int64]  #: (m,)
    run_us: int  #: length of the run that is looked at, perhaps more than is seen
    #: Whether the run is so short that nothing but these frames tells its speed: then all are tried about its
    #: middle, and what lies at the very ends of what is seen counts.
    brief: bool = False

    def closest(self, own: Line) -> Laid | None:
        """Near that line, or clearly more alike elsewhere; None of too few frames."""
        near = self._at_any_speed(own) if self.brief else self._near(own)
        here = self._at_best_speed(near) if near else None
        if (here and _agreement(here) >= 1 - MORE_ELSEWHERE) or self.brief or self._is_short:
            return here
        lines = [line for line in self._likely() if len(self._within(line)) >= LEAST_ELSEWHERE]
        there = max((one for line in lines if (one := self._near(line))), key=_agreement, default=None)
        there = self._at_best_speed(there) if there else None
        least = _agreement(here) + MORE_ELSEWHERE if here else LEAST_ALONE
        best = there if there and _agreement(there) >= least else here
        return (replace(best[0], everywhere=True), best[1]) if best else None

    @property
    def _is_short(self) -> bool:
        """Whether so little is seen that elsewhere only quicker footage would have frames enough."""
        seen_us = int(self.query_us[-1] - self.query_us[0]) - 2 * SHIFTS_US[-1]
        return seen_us < LEAST_ELSEWHERE * float(np.median(np.diff(self.reference_us)))

    def _at_any_speed(self, own: Line) -> Laid | None:
        others = (self._about_middle(own, speed) for speed in SPEEDS if speed != own.speed)
        return _liked(self._near(line) for line in (own, *others))

    def _near(self, line: Line) -> Laid | None:
        return self._best([line, *self._shifted(line, line.speed)], self._within(line))

    def _at_best_speed(self, at: Laid) -> Laid:
        """Near its own speed: the ends of the run do not move by more than SHIFTS_US for it."""
        frames, reach, speed = self._within(at[1]), 2 * SHIFTS_US[-1] / self.run_us, at[1].speed
        for _ in range(MOST_TURNS):
            turned = (
                line
                for line in self._turned(at[1])
                if max(SLOWEST, speed - reach) <= line.speed <= speed + reach
            )
            before, at = at, self._best([at[1], *turned], frames) or at
            if abs(at[1].speed - before[1].speed) < SPEED_STEPS[-2]:
                break
        return at

    def _likely(self) -> list[Line]:
        """Lines anywhere in the reference on which the changes are about the most alike."""
        found = sorted(
            (one for speed in SPEEDS for one in self._stances(speed)), key=lambda one: one[0], reverse=True
        )
        middle, lines = self._middle, list[Line]()
        for _, line in found:
            there = line.speed * middle + line.offset_us
            if all(abs(there - other.speed * middle - other.offset_us) > APART_US for other in lines):
                lines.append(line)
            if len(lines) == MOST_LINES:
                break
        return lines

    @property
    def _middle(self) -> float:
        return (int(self.query_us[0]) + int(self.query_us[-1])) / 2

    def _best(self, lines: Iterable[Line], theirs: Numbers) -> Laid | None:
        return _liked((close, line) if (close := self._close(line, theirs)) else None for line in lines)

    def _turned(self, line: Line) -> Iterator[Line]:
        """About the middle of what is seen, to other speeds near its own, each shifted."""
        speeds = (round(line.speed + faster, 3) for faster in SPEED_STEPS)
        for speed in sorted({speed if abs(speed - 1) >= UNTOUCHED_SPEED else 1.0 for speed in speeds}):
            yield from self._shifted(line, speed)

    def _shifted(self, line: Line, speed: float) -> Iterator[Line]:
        for late in SHIFTS_US:
            yield self._about_middle(line, speed, late)

    def _about_middle(self, line: Line, speed: float, late_us: int = 0) -> Line:
        """Through the same place at the middle of what is seen, or so much later there."""
        there = line.speed * self._middle + line.offset_us
        return Line(speed=speed, offset_us=there - speed * (self._middle + late_us))

    def _within(self, line: Line) -> Numbers:
        """The reference's frames on a line while the query is seen."""
        inward = -SAME_INSTANT_US if self.brief else SHIFTS_US[-1]
        start = line.speed * (int(self.query_us[0]) + inward) + line.offset_us
        end = line.speed * (int(self.query_us[-1]) - inward) + line.offset_us
        return np.flatnonzero((self.reference_us >= start) & (self.reference_us <= end))

    def _close(self, line: Line, theirs: Numbers) -> Close | None:
        """How alike those frames of the reference and the query's at their instants change."""
        wanted = np.asarray((self.reference_us[theirs] - line.offset_us) / line.speed, np.float64)
        ours = self._nearest(wanted)
        there = np.abs(self.query_us[ours] - wanted) <= SAME_INSTANT_US
        if there.sum() < max(LEAST_FRAMES, LEAST_SHARE * len(theirs)):
            return None
        return close_of(self._ours[:, ours[there]], self._theirs[:, theirs[there]])

    def _nearest(self, wanted: NDArray[np.float64]) -> Numbers:
        right = np.clip(np.searchsorted(self.query_us, wanted), 1, len(self.query_us) - 1)
        left_is_nearer = wanted - self.query_us[right - 1] <= self.query_us[right] - wanted
        return right - left_is_nearer

    def _stances(self, speed: float) -> Iterator[tuple[float, Line]]:
        """About the stance of every line of that speed, two for each step of a frame of the query's."""
        interval = float(np.median(np.diff(self.reference_us)))
        start, end = int(self.query_us[0]), int(self.query_us[-1])
        count = int((end - start) * speed / interval)
        if not LEAST_FRAMES <= count <= len(self.reference_us):
            return
        lengths = self._lengths(count)
        for phase in np.arange(0, interval / speed, STEP_US).tolist():
            ours = self._nearest(start + phase + np.arange(count, dtype=np.float64) * interval / speed)
            likeness = self._together(ours) / np.maximum(lengths, 1e-6)
            for first in np.argsort(-likeness)[:2].tolist():
                offset = float(self.reference_us[first]) - speed * (start + phase)
                yield float(likeness[first]), Line(speed=speed, offset_us=offset)

    def _together(self, ours: Numbers) -> NDArray[np.float64]:
        """Of some frames of the query and as many of the reference, from each of its frames on."""
        count, frames = len(ours), np.arange(len(ours))
        rows = self._cross[ours] - self._cross[ours].mean(axis=0)
        firsts = np.arange(rows.shape[1] - count + 1)
        square = self._gram[np.ix_(ours, ours)]
        length = np.sqrt(max(float(np.trace(square) - square.sum() / count), 1e-6))
        result: NDArray[np.float64] = rows[frames, firsts[:, None] + frames].sum(axis=1) / length
        return result

    def _lengths(self, count: int) -> NDArray[np.float64]:
        """How far `count` frames of the reference, from each on, are from their mean: root of squares."""
        total, diagonal = self._sums
        first = np.arange(len(diagonal) - count)
        last = first + count
        blocks = total[last, last] - total[first, last] - total[last, first] + total[first, first]
        result: NDArray[np.float64] = np.sqrt(
            np.maximum(diagonal[last] - diagonal[first] - blocks / count, 0)
        )
        return result

    @cached_property
    def _sums(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Of the products of the reference's frames: over all before two of them, and along the diagonal."""
        theirs = _flat(self._theirs).astype(np.float64)
        gram = theirs @ theirs.T
        total = np.pad(gram.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
        return total, np.pad(np.diagonal(gram).cumsum(), (1, 0))

    @cached_property
    def _ours(self) -> Floats:
        return by_block(self.ours.pictures)[self.usable]

    @cached_property
    def _theirs(self) -> Floats:
        return by_block(self.theirs.pictures)[self.usable]

    @cached_property
    def _cross(self) -> Floats:
        return _flat(self._ours) @ _flat(self._theirs).T

    @cached_property
    def _gram(self) -> Floats:
        ours = _flat(self._ours)
        return ours @ ours.T


def _liked(found: Iterable[Laid | None]) -> Laid | None:
    """The most alike; the first, and the untouched speed, have a little ahead of the others."""
    best: tuple[float, Laid] | None = None
    for place, laid in enumerate(found):
        if laid:
            liking = _agreement(laid) + AHEAD * ((place == 0) + (laid[1].speed == 1.0))
            best = (liking, laid) if best is None or liking > best[0] else best
    return best[1] if best else None


def _agreement(laid: Laid) -> float:
    return laid[0].agreement


def close_of(ours: Floats, theirs: Floats) -> Close:
    """Of as many frames of either side, (blocks, frames, pixels), laid against one another."""
    here, there = _changes(ours), _changes(theirs)
    together, *squares = (_products(*sides) for sides in ((here, there), (here, here), (there, there)))
    in_blocks = [side.sum(axis=1) for side in (together, *squares)]
    levels = np.sqrt(np.minimum(*in_blocks[1:]) / here[0].size)
    alike = in_blocks[0] > ALIKE * np.sqrt(in_blocks[1] * in_blocks[2])
    return Close(
        stance=stance(differences(_rows(ours)), differences(_rows(theirs))),
        motion=_correlation(*(side.sum(keepdims=True) for side in (together, *squares))).item(),
        level=float(np.sqrt(min(float(side.sum()) for side in squares) / here.size)),
        spread=float((alike & (levels >= CHANGES)).mean()),
        steady=float(np.median(_correlation(*(side.sum(axis=0) for side in (together, *squares))))),
    )


def _products(one: Floats, other: Floats) -> Floats:
    """(blocks, frames): summed over the pixels."""
    result: Floats = np.einsum("bfp,bfp->bf", one, other)
    return result


def _correlation(together: Floats, one: Floats, other: Floats) -> Floats:
    """0 where one side does not change."""
    length = np.sqrt(one * other)
    result: Floats = np.where(length > 0, together / np.maximum(length, 1e-6), 0)
    return result


def _rows(frames: Floats) -> Floats:
    """(blocks, frames, pixels) to (frames, all pixels)."""
    return frames.transpose(1, 0, 2).reshape(frames.shape[1], -1)


def _flat(frames: Floats) -> Floats:
    """The same without the brightness of each, nor what all have in common, which only costs precision."""
    rows = _rows(frames)
    apart = rows - rows.mean(axis=1, keepdims=True)
    result: Floats = apart - apart.mean(axis=0)
    return result


def _changes(frames: Floats) -> Floats:
    """From each frame to the next, without that of the brightness."""
    apart = np.diff(frames, axis=1)
    result: Floats = apart - apart.mean(axis=(0, 2), keepdims=True)
    return result
