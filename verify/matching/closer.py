"""A closer look: the query's own frames at the very instants of the reference's.

Both sides are sampled three times a second, so that two frames that are laid against one another may be a
sixth of a second apart; what moves fast differs then in a copy as it does in another take of the scene. In go
what is told of a query and a way to see a stretch of it with all its frames, out comes the same with each
run in doubt judged anew: laid where it changes most as the reference does, and by how much alike that is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from verify.fingerprint import Closeup, Fingerprint
from verify.matching.align import UNTOUCHED_SPEED, Line
from verify.matching.index import ReferenceIndex
from verify.matching.judging import SAME_OVERLAP, Judged, by_instants, in_doubt, judge, select
from verify.matching.moments import LEAST_FRAMES, Close, differences, stance
from verify.matching.patches import Floats, by_block
from verify.matching.verification import Evidence, laid_over
from verify.model import Span

MOST_LOOKS = 8  #: of a query, the surest runs first; a look decodes up to 9 s
OTHER_LINES = 3  #: of the same reference that are tried as well
APART_US = 400_000  #: between two lines in the middle of a run, so that one is not within reach of the other
FRAMES_PER_SECOND = 24  #: of a closeup; most footage has 24 to 30
MOST_US = 8_000_000  #: of a run that are looked at, its middle
REACH_US = 300_000  #: the run's line may be off by as much, either way; a sampling interval
STEP_US = 41_667  #: a frame of the closeup
SPEED_STEPS = tuple(round(0.02 * step, 2) for step in range(-5, 6))  #: around the run's speed
MOST_TURNS = 4  #: that the search goes on from a speed at either end of these; a guess
OWN_SPEED_BONUS = 0.01  #: that another speed's agreement must add; a guess
SAME_INSTANT_US = 60_000  #: between a reference frame's instant and the query's frame for it, at most
LEAST_SHARE = 0.7  #: of the reference's frames on the line that must have one
CHANGES, ALIKE = 1.0, 0.5  #: grey levels and correlation of a block that changes alike

#: The frames of the query between two times, or none where it cannot be read again.
LookCloser = Callable[[Span], Closeup]


def looked_closer(
    told: Sequence[Judged],
    judged: Sequence[Judged],
    query: Fingerprint,
    index: ReferenceIndex,
    look: LookCloser,
) -> list[Judged]:
    """What is `told`, with the runs in doubt judged anew; `judged` is all that was found."""
    looks = 0
    found = []
    for one in told:
        if in_doubt(one) and looks < MOST_LOOKS:
            looks += 1
            found.append(_judged_closely(one, judged, query, index, look))
        else:
            found.append(one)
    return select(found) if looks else found


def _judged_closely(
    one: Judged, judged: Sequence[Judged], query: Fingerprint, index: ReferenceIndex, look: LookCloser
) -> Judged:
    """By the line, of those that were found for the same frames, on which it changes most alike."""
    seen = look(stretch(one.evidence, query))
    reference = index.load(one.evidence.hypothesis.reference)
    lines = [one.evidence, *_on_other_lines(one.evidence, judged, query)]
    closely = [seen_closely(evidence, query, reference, seen) for evidence in lines]
    best = max(closely, key=_agreement)
    return judge(best, index) if by_instants(best, index) else one


def _agreement(evidence: Evidence) -> float:
    return evidence.close.agreement if evidence.close else -1.0


def _on_other_lines(run: Evidence, judged: Sequence[Judged], query: Fingerprint) -> list[Evidence]:
    """Runs of the same frames with other seconds of the same reference, the likeliest of each."""
    middle = int(query.times_us[run.query_frames[len(run.query_frames) // 2]])
    lines = [run]
    for other in sorted((one.evidence for one in judged), key=lambda evidence: -evidence.gain):
        common = np.intersect1d(other.query_frames, run.query_frames).size
        if (
            other.hypothesis.reference == run.hypothesis.reference
            and common >= SAME_OVERLAP * run.query_frames.size
            and all(abs(_at(other, middle) - _at(line, middle)) > APART_US for line in lines)
        ):
            lines.append(other)
    return lines[1 : 1 + OTHER_LINES]


def _at(run: Evidence, time_us: int) -> float:
    return run.speed * time_us + run.offset_us


def stretch(evidence: Evidence, query: Fingerprint) -> Span:
    """What of the query to look at: the middle of the run and a little more at either end."""
    start, end = (int(query.times_us[frame]) for frame in evidence.query_frames[[0, -1]])
    cut = max(0, end - start - MOST_US) // 2
    return Span(start_us=max(0, start + cut - REACH_US), end_us=end - cut + REACH_US)


def seen_closely(evidence: Evidence, query: Fingerprint, reference: Fingerprint, seen: Closeup) -> Evidence:
    """The run with how it changes at the same instants; as it was where too few of them were seen."""
    laid = laid_over(evidence.hypothesis, query, reference)
    frames = _reference_frames(evidence, reference, seen)
    if laid is None or frames.size < LEAST_FRAMES or len(seen.times_us) < LEAST_FRAMES:
        return evidence
    _, sampler = laid
    ours, theirs = sampler.closeup(seen).pictures, sampler.reference(frames).pictures
    pair = _Pair(ours=by_block(ours)[sampler.usable], theirs=by_block(theirs)[sampler.usable])
    best, times = evidence, (seen.times_us, reference.times_us[frames])
    for _ in range(MOST_TURNS):
        found = [
            replace(evidence, close=close, speed=line.speed, offset_us=line.offset_us)
            for line in _lines(best, seen)
            if (close := pair.close(*_partners(line, *times)))
        ]
        before, best = best, max([best, *found], key=lambda one: _liking(one, evidence.speed))
        if abs(best.speed - before.speed) < SPEED_STEPS[-1]:
            break
    return best


def _liking(run: Evidence, own_speed: float) -> float:
    bonus = OWN_SPEED_BONUS if run.speed == own_speed else 0.0
    return _agreement(run) + bonus


def _reference_frames(evidence: Evidence, reference: Fingerprint, seen: Closeup) -> NDArray[np.intp]:
    """Those on the run's line while the query is seen."""
    if not len(seen.times_us):
        return np.zeros(0, np.intp)
    start, end = (
        evidence.speed * (int(seen.times_us[at]) + inward) + evidence.offset_us
        for at, inward in ((0, REACH_US), (-1, -REACH_US))
    )
    return np.flatnonzero((reference.times_us >= start) & (reference.times_us <= end))


def _lines(evidence: Evidence, seen: Closeup) -> Iterator[Line]:
    """Lines near the run's own, turned about the middle of what is seen."""
    middle = (int(seen.times_us[0]) + int(seen.times_us[-1])) / 2
    there = evidence.speed * middle + evidence.offset_us
    speeds = (round(evidence.speed + faster, 3) for faster in SPEED_STEPS)
    for speed in sorted({speed if abs(speed - 1) >= UNTOUCHED_SPEED else 1.0 for speed in speeds}):
        for late in np.arange(-REACH_US, REACH_US + 1, STEP_US).tolist():
            yield Line(speed=speed, offset_us=there - speed * (middle + late))


def _partners(
    line: Line, query_us: NDArray[np.int64], reference_us: NDArray[np.int64]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Frames of the closeup, and the reference frames that are shown at their instants."""
    wanted = (reference_us - line.offset_us) / line.speed
    apart = np.abs(query_us[None, :] - wanted[:, None])
    nearest = apart.argmin(axis=1)
    there = np.flatnonzero(apart[np.arange(len(wanted)), nearest] <= SAME_INSTANT_US)
    return nearest[there], there


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Pair:
    """Both sides' frames, block by block, (blocks, frames, pixels)."""

    ours: Floats
    theirs: Floats

    def close(self, ours: Sequence[int] | NDArray[np.intp], theirs: NDArray[np.intp]) -> Close | None:
        """Of some frames of either side, laid against one another; None of too few."""
        if len(theirs) < max(LEAST_FRAMES, LEAST_SHARE * self.theirs.shape[1]):
            return None
        sides = self.ours[:, ours], self.theirs[:, theirs]
        here, there = (_changes(side) for side in sides)
        together, lengths = (here * there).sum(axis=(1, 2)), _squares(here) * _squares(there)
        frames = here.shape[1] * here.shape[2]
        levels = np.sqrt(np.minimum(_squares(here), _squares(there)) / frames)
        alike = together > ALIKE * np.sqrt(lengths)
        whole = float(np.sqrt(_squares(here).sum() * _squares(there).sum()))
        ours_flat, theirs_flat = (
            differences(side.transpose(1, 0, 2).reshape(len(theirs), -1)) for side in sides
        )
        return Close(
            stance=stance(ours_flat, theirs_flat),
            motion=float(together.sum()) / whole if whole else 0.0,
            level=float(np.sqrt(min(_squares(here).sum(), _squares(there).sum()) / here.size)),
            spread=float((alike & (levels >= CHANGES)).mean()),
        )


def _changes(frames: Floats) -> Floats:
    """From each frame to the next, without that of the brightness."""
    apart = np.diff(frames, axis=1)
    result: Floats = apart - apart.mean(axis=(0, 2), keepdims=True)
    return result


def _squares(changes: Floats) -> Floats:
    """Of each block, summed."""
    result: Floats = (changes**2).sum(axis=(1, 2))
    return result
