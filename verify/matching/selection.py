"""Which of the judged runs of a query are told: of those that tell the same frames the one that fits best.

In go judged runs, out come those that stay; surest first. What one run says of another is asked here: a still
that another reference shows more exactly, a fragment of a longer run, a run that pieces contradict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from verify.matching.geometry import shared_area
from verify.matching.judging import (
    SAME_PICTURE_BITS,
    Judged,
    is_contradicted,
    motion_disagrees,
    motion_is_known,
)
from verify.matching.pieces import LEAST_FRAMES, MORE_GAIN, SWITCH_GAIN
from verify.matching.verification import Evidence
from verify.model import MatchKind

#: Mean correlation of the blocks by which another reference shows a still more exactly. Two stills of seven
#: sets (21 to 25, 71 and 72) were copies of two references, the second a take of the same scene in which the
#: person stood otherwise: 0.77 and 0.74, where their own had 0.999. And a frame at the end of a run: of a man
#: whose clip ends with a drawn sky, before a dusk, four frames agreed by 0.67, 128 bits and more apart, with
#: that sky, by 0.99 with the dusk.
MORE_EXACT = 0.15
LESS_EXACT = "another known picture shows this more exactly: it may be another moment, or a changed copy"
SAME_OVERLAP = 0.5  #: share of the shorter run that another may already tell
#: Sampled, by which a piece lies elsewhere than a run: either side may be half a frame out of step.
ELSEWHERE_FRAMES = 2


def uncontradicted(told: Sequence[Judged]) -> list[Judged]:
    """Without what an overlay, or flat grey, explains; until then it is a hint of where to look further."""
    return [one for one in told if not is_contradicted(one)]


def fragments_of_a_scene(judged: list[Judged]) -> list[Judged]:
    """Runs too short to show motion follow what longer runs of the same reference showed by theirs."""
    longest: dict[int, int] = {}
    for one in judged:
        if one.kind is MatchKind.SAME_SCENE and motion_disagrees(one.evidence):
            reference, frames = one.evidence.hypothesis.reference, len(one.evidence.query_frames)
            longest[reference] = max(frames, longest.get(reference, 0))
    return [
        replace(one, kind=MatchKind.SAME_SCENE, doubt="")
        if not motion_is_known(one.evidence)
        and longest.get(one.evidence.hypothesis.reference, 0) > len(one.evidence.query_frames)
        else one
        for one in judged
    ]


def select(judged: Sequence[Judged]) -> list[Judged]:
    """Of the runs that tell the same frames of the same reference the one that fits best; surest first.

    Two maps of one footage are about as sure; which frame goes with which, the better fit knows. What is no
    more than possible is left out where a copy explains the same frames and the same part of the picture.
    """
    kept: list[Judged] = []
    outdone: list[Judged] = []
    for candidate in sorted(judged, key=lambda one: (one.kind is not MatchKind.COPY, -one.evidence.gain)):
        if not _is_told(candidate, kept):
            (outdone if _is_outdone(candidate, judged) else kept).append(candidate)
    pieces = list(kept)
    for candidate in outdone:
        if not _is_replaced(candidate, pieces) and not _is_told(candidate, kept[len(pieces) :]):
            kept.append(candidate)
    return sorted(kept, key=lambda one: -one.score)


def _is_told(candidate: Judged, kept: Sequence[Judged]) -> bool:
    return any(
        _same(candidate.evidence, other.evidence)
        or (candidate.kind is MatchKind.POSSIBLE and _explains(other, candidate.evidence))
        for other in kept
    )


def _is_replaced(run: Judged, pieces: Sequence[Judged]) -> bool:
    """Whether pieces tell as much of it: a short one that was put into a long copy does not replace that."""
    own = run.evidence
    same = [one.evidence for one in pieces if one.evidence.hypothesis.reference == own.hypothesis.reference]
    told = np.isin(
        own.query_frames, np.concatenate([own.query_frames[:0], *(one.query_frames for one in same)])
    )
    explained = run.kind is MatchKind.POSSIBLE and any(_explains(one, own) for one in pieces)
    return explained or bool(told.mean() >= SAME_OVERLAP)


def _is_outdone(one: Judged, judged: Sequence[Judged]) -> bool:
    """Whether copies of its reference show its frames more exactly, at other seconds, in all.

    A long run that bridges pieces gains more than each of them. As in `pieces.py`, each change of line has
    to be worth it.
    """
    copies = [other.evidence for other in judged if other.kind is MatchKind.COPY]
    gained = [(_outdone_by(copy, one.evidence), copy) for copy in copies]
    pieces: list[Evidence] = []
    total = 0.0
    for more, copy in sorted(gained, key=lambda pair: -pair[0]):
        if more > 0 and not any(_same(copy, piece) for piece in pieces):
            pieces.append(copy)
            total += more
            if total >= SWITCH_GAIN * max(1, len(pieces) - 1):
                return True
    return False


def _outdone_by(piece: Evidence, run: Evidence) -> float:
    """How much more alike the pictures of the frames in common are, in all, where the piece lays them."""
    if piece.hypothesis.reference != run.hypothesis.reference:
        return 0.0
    _, here, there = np.intersect1d(piece.query_frames, run.query_frames, return_indices=True)
    if here.size < LEAST_FRAMES:
        return 0.0
    more = piece.correlation[here] - run.correlation[there] - MORE_GAIN
    elsewhere = np.abs(piece.reference_frames[here] - run.reference_frames[there]) >= ELSEWHERE_FRAMES
    return float(more[elsewhere].sum())


def without_ends_of_others(told: Sequence[Judged]) -> list[Judged]:
    """The runs without frames at their ends that are another picture, and that another copy shows exactly.

    A sky, say, may agree on across a cut to another one.
    """
    copies = [one.evidence for one in told if one.kind is MatchKind.COPY]
    return [replace(one, evidence=_without_ends(one.evidence, copies)) for one in told]


def _without_ends(run: Evidence, copies: Sequence[Evidence]) -> Evidence:
    own = np.ones(run.query_frames.size, np.bool_)
    for copy in copies:
        if shared_area(copy.common.query_box, run.common.query_box) >= SAME_OVERLAP:
            _, here, there = np.intersect1d(run.query_frames, copy.query_frames, return_indices=True)
            more = copy.correlation[there] - run.correlation[here] >= MORE_EXACT
            own[here[more & (run.distances[here] > SAME_PICTURE_BITS)]] = False
    kept = np.flatnonzero(own)
    if kept.size < LEAST_FRAMES:
        return run
    return run.part(int(kept[0]), int(kept[-1]))


def less_exact_stills(told: Sequence[Judged]) -> list[Judged]:
    """A still shows no motion: a reference that shows it less exactly than another one is only possible."""
    return [
        replace(one, kind=MatchKind.POSSIBLE, doubt=LESS_EXACT)
        if one.kind is MatchKind.COPY and any(_is_more_exact(other, one) for other in told)
        else one
        for one in told
    ]


def _is_more_exact(other: Judged, one: Judged) -> bool:
    here, there = one.evidence, other.evidence
    return (
        other.kind is MatchKind.COPY
        and len(here.query_frames) == 1
        and here.moment is None
        and here.hypothesis.reference != there.hypothesis.reference
        and shared_area(there.common.query_box, here.common.query_box) >= SAME_OVERLAP
        and float(there.correlation.mean() - here.correlation.mean()) >= MORE_EXACT
    )


def _explains(copy: Judged, run: Evidence) -> bool:
    if copy.kind is not MatchKind.COPY:
        return False
    common = np.intersect1d(copy.evidence.query_frames, run.query_frames).size
    inside = shared_area(copy.evidence.common.query_box, run.common.query_box)
    return common >= SAME_OVERLAP * run.query_frames.size and inside >= SAME_OVERLAP


def _same(one: Evidence, other: Evidence) -> bool:
    if one.hypothesis.reference != other.hypothesis.reference:
        return False
    common = np.intersect1d(one.query_frames, other.query_frames).size
    return bool(common >= SAME_OVERLAP * min(one.query_frames.size, other.query_frames.size))
