"""A closer look: the query's own frames at the very instants of the reference's.

Both sides were sampled three times a second, so that two frames that are laid against one another may be a
sixth of a second apart; what moves fast differs then in a copy as it does in another take of the scene. In go
what is told of a query and a way to see a stretch of it with up to 24 frames a second, out comes the same
with each run in doubt judged anew: laid where it changes most as the reference does, and by how much alike.
Copies of up to three seconds are laid so as well: with a few sampled frames any speed is about as good.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from verify.fingerprint import Closeup, Fingerprint
from verify.matching.index import ReferenceIndex
from verify.matching.instants import APART_US, SHIFTS_US, Instants
from verify.matching.judging import (
    CLEAR_LEVEL,
    LONE_MOMENT,
    MOMENT_IN_DOUBT,
    OTHER_INSTANTS,
    SAME_INSTANTS,
    Judged,
    by_instants,
    in_doubt,
    judge,
)
from verify.matching.lines import Line
from verify.matching.moments import LEAST_FRAMES, Close
from verify.matching.scoring import moment_odds
from verify.matching.selection import SAME_OVERLAP, select
from verify.matching.verification import Evidence, examine_on, laid_over
from verify.model import MatchKind, Span

#: Of a query, the surest runs first. A look decodes up to 9 s, from the picture before that stands alone,
#: within the limits of one decoder child.
MOST_LOOKS = 8
FRAMES_PER_SECOND = 24  #: of a closeup; most footage has 24 to 30
MOST_US = 8_000_000  #: of a run that are looked at, its middle
MOST_SEARCHED = 240  #: frames of a reference in which the moment is looked for, around the run
#: Of a copy of which the sampled frames are too few to tell its speed. Of 113 of up to 2.6 s ten were told
#: 0.25 s or more off at an end, one with a look; of 138 of 2.5 to 4.3 s four, three with it (seeds 26, 27, 91
#: and 92).
SHORT_US = 3_000_000
#: A copy whose look settled nothing, as hardly anything changes there, stays one from SAME_INSTANTS of
#: agreement, or from that log-odds of the moment or agreement if so many of its frames have no better partner
#: among the view's other moments. Of 37 copies of people who hardly move, which odds and agreement alone
#: leave one, 12 of the 23 of the right moment have that, and 1 of the 14 of others.
UNBORNE_MOMENT, UNBORNE_INSTANTS, UNBORNE_NEAREST = 2.5, 0.75, 0.4

#: The frames of the query between two times, or none where it cannot be read again.
LookCloser = Callable[[Span], Closeup]


def looked_closer(
    told: Sequence[Judged], query: Fingerprint, index: ReferenceIndex, look: LookCloser
) -> list[Judged]:
    """What is `told`, with the runs in doubt judged anew, and short copies laid at their speed."""
    found = list(told)
    doubtful = [place for place, one in enumerate(told) if in_doubt(one)]
    brief = [place for place, one in enumerate(told) if place not in doubtful and _is_brief(one, query)]
    for place in (doubtful + brief)[:MOST_LOOKS]:
        one = told[place]
        seen = look(stretch(one.evidence, query))
        if not len(seen.times_us):  # the next look would fail as well, perhaps after minutes
            break
        if place in doubtful:
            one = _judged_closely(one, query, index, seen)
        found[place] = _timed_closely(one, query, index, seen) if _is_brief(one, query) else one
    return select(_freed_fragments(found, index))


def _is_brief(one: Judged, query: Fingerprint) -> bool:
    """Whether it is a copy too short for sampled frames to show its speed."""
    run = one.evidence
    seen_us = int(np.ptp(query.times_us[run.query_frames]))
    known = one.kind is MatchKind.COPY and run.moment is not None
    return known and len(run.query_frames) >= LEAST_FRAMES and seen_us < SHORT_US


def _freed_fragments(told: Sequence[Judged], index: ReferenceIndex) -> list[Judged]:
    """Fragments that followed a longer run to another take, which that run turned out not to be."""
    copies = {
        one.evidence.hypothesis.reference for one in told if one.kind is MatchKind.COPY and one.evidence.close
    }
    return [
        judge(one.evidence, index)
        if one.kind is MatchKind.SAME_SCENE
        and not one.evidence.close
        and one.evidence.hypothesis.reference in copies
        else one
        for one in told
    ]


def note_of(told: Sequence[Judged]) -> str:
    """For the reader: of how many matches it was the closer look that told the moment; empty for none."""
    count = sum(one.evidence.close is not None for one in told)
    if not count:
        return ""
    matches = "1 match" if count == 1 else f"{count} matches"
    return (
        f"For {matches} up to {FRAMES_PER_SECOND} frames a second of {MOST_US // 1_000_000} s at most were"
        " compared with the reference at the same instants, to tell the moment, or the speed of a short one."
    )


def _judged_closely(one: Judged, query: Fingerprint, index: ReferenceIndex, seen: Closeup) -> Judged:
    reference = index.load(one.evidence.hypothesis.reference)
    closest = _closest(one.evidence, query, reference, seen)
    if closest is None:
        return _as_unseen(one)
    run = _laid_on(closest, one.evidence, query, reference)
    if run is None:
        return one
    judged = judge(run, index)
    if by_instants(run, index) and judged.worth_telling:
        return judged
    return _as_unborne(one, closest[0])


def _as_unborne(one: Judged, close: Close) -> Judged:
    """What a look leaves of a run that it does not settle.

    Where the reference shows no other moment a run that hardly moves counts as a copy; not if both sides
    are seen to change after all, and otherwise. Of five such copies the one so told had an agreement of
    0.46 and was wrong; one more was, with 0.63, but a right one had 0.64, the others 0.82 and 0.84.
    """
    moment, odds = one.evidence.moment, moment_odds(one.evidence)
    if moment is None or odds is None:
        return one
    if odds < LONE_MOMENT and close.level >= CLEAR_LEVEL and close.agreement < OTHER_INSTANTS:
        return _doubted(one)
    likely = odds >= UNBORNE_MOMENT or close.agreement >= UNBORNE_INSTANTS
    alike = close.agreement >= SAME_INSTANTS or (likely and moment.nearest >= UNBORNE_NEAREST)
    return one if alike else _as_in_doubt(one)


def _timed_closely(one: Judged, query: Fingerprint, index: ReferenceIndex, seen: Closeup) -> Judged:
    """The copy where it changes as the reference does, if it clearly does."""
    reference = index.load(one.evidence.hypothesis.reference)
    closest = _closest(one.evidence, query, reference, _without_others(one, query, seen), brief=True)
    run = _laid_on(closest, one.evidence, query, reference) if closest else None
    if run is None or by_instants(run, index) is not MatchKind.COPY:
        return one
    judged = judge(run, index)
    return judged if judged.kind is MatchKind.COPY else one


def _without_others(one: Judged, query: Fingerprint, seen: Closeup) -> Closeup:
    """Nothing beside the run, which may be another piece of a compilation, but the very ends of the query."""
    first, last = one.evidence.query_frames[[0, -1]].tolist()
    start_us = int(query.times_us[first]) if first else 0
    is_end = last == len(query.times_us) - 1
    return seen.within(start_us, int(seen.times_us[-1] if is_end else query.times_us[last]))


def _laid_on(
    closest: tuple[Close, Line], before: Evidence, query: Fingerprint, reference: Fingerprint
) -> Evidence | None:
    """The run on the line that was found; None where its frames would be others."""
    close, line = closest
    near = _is_near(line, before, query)
    run = examine_on(line, before, query, reference, same_frames=near)
    if run is None or not _share_frames(run, before):
        return None
    return replace(run, close=close, speed=line.speed, offset_us=line.offset_us)


def _as_unseen(one: Judged) -> Judged:
    """A slow run holds few of the reference's frames, and few are alike by chance: then it stays in doubt."""
    return one if one.evidence.speed == 1.0 else _as_in_doubt(one)


def _as_in_doubt(one: Judged) -> Judged:
    """A copy that a look did not bear out, if the reference shows other moments."""
    shows_others = one.evidence.moment is not None and one.evidence.moment.others
    return _doubted(one) if shows_others else one


def _doubted(one: Judged) -> Judged:
    copy = one.kind is MatchKind.COPY
    return replace(one, kind=MatchKind.POSSIBLE, doubt=MOMENT_IN_DOUBT) if copy else one


def _share_frames(run: Evidence, before: Evidence) -> bool:
    """Whether it is still those frames that are told of."""
    common = np.intersect1d(run.query_frames, before.query_frames).size
    return bool(common >= SAME_OVERLAP * before.query_frames.size)


def _is_near(line: Line, run: Evidence, query: Fingerprint) -> bool:
    """Whether each frame of the run has hardly another partner on that line."""
    ends = query.times_us[run.query_frames[[0, -1]]]
    moved = (line.speed - run.speed) * ends + line.offset_us - run.offset_us
    return bool(np.abs(moved).max() <= APART_US)


def stretch(evidence: Evidence, query: Fingerprint) -> Span:
    """What of the query to look at: the middle of the run and a little more at either end."""
    start, end = (int(query.times_us[frame]) for frame in evidence.query_frames[[0, -1]])
    cut = max(0, end - start - MOST_US) // 2
    return Span(start_us=max(0, start + cut - SHIFTS_US[-1]), end_us=end - cut + SHIFTS_US[-1])


def _closest(
    run: Evidence, query: Fingerprint, reference: Fingerprint, seen: Closeup, *, brief: bool = False
) -> tuple[Close, Line] | None:
    """How the run changes on its own line or another one, whichever is more alike; None of too few frames."""
    laid = laid_over(run.hypothesis, query, reference)
    frames = _around(run, query, reference)
    if laid is None or min(len(frames), len(seen.times_us)) < LEAST_FRAMES:
        return None
    _, sampler = laid
    instants = Instants(
        ours=sampler.closeup(seen),
        theirs=sampler.reference(frames),
        usable=sampler.usable,
        query_us=seen.times_us,
        reference_us=reference.times_us[frames],
        run_us=int(np.ptp(query.times_us[run.query_frames])),
        brief=brief,
    )
    return instants.closest(Line(speed=run.speed, offset_us=run.offset_us))


def _around(run: Evidence, query: Fingerprint, reference: Fingerprint) -> NDArray[np.intp]:
    """Frames of the reference about the run."""
    ends = [int(query.times_us[frame]) for frame in run.query_frames[[0, -1]]]
    middle = int(np.searchsorted(reference.times_us, run.speed * sum(ends) / 2 + run.offset_us))
    first = max(0, min(middle - MOST_SEARCHED // 2, len(reference.times_us) - MOST_SEARCHED))
    return np.arange(first, min(first + MOST_SEARCHED, len(reference.times_us)))
