"""The cascade: cheapest tier first, and stop as soon as the query is explained.

    screen      the video's I-frames alone (screen.py; a tenth of the decoding)  -- settled: done
    hash tier   every sampled frame's hash, eight orientations, with and without bars
    insets      hashes of the rectangles in what is left: a corner picture, a collage, a post (inset_tier.py)
    local tier  corners of the frames that nothing explains yet, shot by shot (looks.py)
    windows     corners of parts of what is left even then, and of pictures that copies show only a part of
    following   copies and pieces of them whose picture moves over the footage (following.py, moving.py)
    crops       photos, and a few frames of a clip, laid over every known picture (crop_tier.py)
    nearby      copies, moved to the seconds about them where they agree better (nearby.py)
    truer       copies, laid anew by the corners of one frame pair where that is clearly better (truer.py)
    closer      of short copies, and of what may be another take, up to 24 frames a second (closer.py)

Every tier down to the crops only proposes a reference and a map between the pictures. `verification` lays
the two over one another (`moving`, where following has a map for each frame), sees which seconds agree
(align.py; slopes.py, at which speed; pieces.py, where they are those of several pieces) and gathers the
evidence; `judging` makes of it a copy, a possible match or another take of the scene; `gaps` leaves out what
is something else; `selection` keeps the run that fits best; `joining` makes one of those that go on. In go a
query's fingerprint and the reference index, out comes a `MatchResult`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from verify.fingerprint import ALGORITHM, Fingerprint
from verify.fingerprint.quality import USABLE_QUALITY
from verify.matching import crop_tier, hash_tier, inset_tier, local_tier
from verify.matching.closer import LookCloser, looked_closer, note_of
from verify.matching.crops import ACROSS, ANYWHERE, LARGE_PARTS
from verify.matching.following import followed
from verify.matching.gaps import without_gaps
from verify.matching.hypothesis import Hypothesis
from verify.matching.index import ReferenceIndex
from verify.matching.joining import joined
from verify.matching.judging import Judged, judge
from verify.matching.looks import Looks
from verify.matching.nearby import at_better_seconds
from verify.matching.segments import segment
from verify.matching.selection import (
    fragments_of_a_scene,
    less_exact_stills,
    select,
    uncontradicted,
    without_ends_of_others,
)
from verify.matching.shots import Boxes, picture_boxes, shots
from verify.matching.truer import under_truer_maps
from verify.matching.verification import Evidence, examine
from verify.model import MatchKind, MatchResult, MatchSegment

EXAMINED = 4  #: hypotheses of one keyframe laid over the query, by corners
EXAMINED_IN_PARTS, EXAMINED_OF_ONE = 6, 2  #: references, and hypotheses of each, by corners of its parts
AREA_CELLS = 16  #: each way, in which a picture's explained part is counted
#: Of a frame's picture that copies show; where they show less, its parts are looked at. More than three
#: of the four pictures of a collage.
EXPLAINED_SHARE = 0.8


def match(
    query: Fingerprint,
    index: ReferenceIndex,
    *,
    media_sha256: str,
    look_closer: LookCloser | None = None,
) -> MatchResult:
    """What of `query` is in `index`; without `look_closer` more moments of a scene stay in doubt."""
    usable = np.flatnonzero(query.quality >= USABLE_QUALITY)
    parts = shots(query, usable)
    boxes = picture_boxes(query, parts)
    judged = _judge(hash_tier.propose(query, index, usable, boxes), query, index)
    looks = Looks(query, parts)
    in_shots = looks.of_open_shots(_partly_unexplained(judged, boxes, usable))
    judged += _judge(inset_tier.propose(query, index, in_shots, boxes), query, index)
    suggested: list[Hypothesis] = []
    judged += _looked_at(looks, _unexplained(judged, usable), query, index, boxes, suggested=suggested)
    if judged:  # what is known of one shot, or half known of this one, makes more looks worth their time
        looks.allow_more()
        judged += _looked_at(looks, _unexplained(judged, usable), query, index, boxes, suggested=suggested)
    in_parts = looks.in_parts(_partly_unexplained(judged, boxes, usable))
    judged += _judge(_of_parts(query, index, in_parts, boxes), query, index)
    left = _unexplained(judged, usable)
    judged += followed(judged, suggested, query, index, left=left, usable=usable)
    if not judged:
        judged += _judge(_of_crops(query, index, looks, boxes, usable), query, index)
    told = at_better_seconds(select(fragments_of_a_scene(judged)), query, index)
    told = less_exact_stills(under_truer_maps(select(told), query, index))
    if look_closer:
        told = looked_closer(told, query, index, look_closer)
    told = without_ends_of_others(without_gaps(uncontradicted(told)))  # some were laid anew, over their gaps
    found = result(told, query, index, media_sha256=media_sha256)
    return replace(found, notes=(*found.notes, note)) if (note := note_of(told)) else found


def result(
    judged: Iterable[Judged], query: Fingerprint, index: ReferenceIndex, *, media_sha256: str
) -> MatchResult:
    """The record of what was judged."""
    usable = int((query.quality >= USABLE_QUALITY).sum())
    segments = tuple(segment(one, query, index) for one in joined(judged, query))
    return MatchResult(
        media_sha256=media_sha256,
        segments=segments,
        query_duration_us=query.duration_us,
        explained_us=_covered_us(segments),
        frames_searched=usable,
        frames_dropped=query.quality.size - usable,
        enough_picture=usable > 0,
        reference_count=index.count,
        reference_digest=index.digest,
        algorithm=ALGORITHM,
    )


def _looked_at(
    looks: Looks,
    left: NDArray[np.intp],
    query: Fingerprint,
    index: ReferenceIndex,
    boxes: Boxes,
    *,
    suggested: list[Hypothesis],
) -> list[Judged]:
    """What the corners of the next keyframes say, until no frame is `left` unexplained or no look.

    All that they suggest is added to `suggested`.
    """
    found: list[Judged] = []
    while left.size and (keyframes := looks.following(left)):
        hypotheses = list(_of_keyframes(query, index, keyframes, boxes))
        suggested += hypotheses
        found += _judge(hypotheses, query, index)
        left = _unexplained(found, left)
    return found


def _of_keyframes(
    query: Fingerprint, index: ReferenceIndex, keyframes: Sequence[int], boxes: Boxes
) -> Iterator[Hypothesis]:
    for found in local_tier.propose(query, index, keyframes, boxes):
        yield from found[:EXAMINED]


def _of_parts(
    query: Fingerprint, index: ReferenceIndex, keyframes: Sequence[int], boxes: Boxes
) -> Iterator[Hypothesis]:
    """The surest hypotheses; few of one reference, because a collage has others beside it."""
    for found in local_tier.propose_from_windows(query, index, keyframes, boxes):
        taken: Counter[int] = Counter()
        for hypothesis in found:
            taken[hypothesis.reference] += 1
            if taken[hypothesis.reference] <= EXAMINED_OF_ONE and len(taken) <= EXAMINED_IN_PARTS:
                yield hypothesis


def _of_crops(
    query: Fingerprint, index: ReferenceIndex, looks: Looks, boxes: Boxes, usable: NDArray[np.intp]
) -> Iterator[Hypothesis]:
    """Photos may lie anywhere; of a clip one look is tried as a large part, two across other frames."""
    few = looks.of_few_keyframes()
    if few:
        yield from crop_tier.propose(query, index, few, boxes, ANYWHERE)
        return
    longest = next(iter(looks.of_open_shots(usable)), [])
    middle = longest[len(longest) // 2 :][:1]
    yield from crop_tier.propose(query, index, middle, boxes, LARGE_PARTS)
    yield from crop_tier.propose(query, index, longest[::2], boxes, ACROSS)  # two looks find as much as four


def evidence_of_every_tier(query: Fingerprint, index: ReferenceIndex) -> Iterator[Evidence]:
    """Every aligned run that any tier proposes, without stopping early: what `bench.calibrate` fits on."""
    usable = np.flatnonzero(query.quality >= USABLE_QUALITY)
    parts = shots(query, usable)
    boxes = picture_boxes(query, parts)
    proposed = hash_tier.propose(query, index, usable, boxes)
    looks = Looks(query, parts)
    proposed += inset_tier.propose(query, index, looks.of_open_shots(usable), boxes)
    while keyframes := looks.following(usable):
        proposed += _of_keyframes(query, index, keyframes, boxes)
    proposed += _of_parts(query, index, looks.in_parts(usable), boxes)
    proposed += _of_crops(query, index, looks, boxes, usable)
    for hypothesis in proposed:
        yield from examine(hypothesis, query, index.load(hypothesis.reference))


def _judge(hypotheses: Iterable[Hypothesis], query: Fingerprint, index: ReferenceIndex) -> list[Judged]:
    judged = [
        judge(evidence, index)
        for hypothesis in hypotheses
        for evidence in examine(hypothesis, query, index.load(hypothesis.reference))
    ]
    return without_gaps(one for one in judged if one.worth_telling)


def _unexplained(judged: list[Judged], usable: NDArray[np.intp]) -> NDArray[np.intp]:
    copies = [one.evidence.query_frames for one in judged if one.kind is MatchKind.COPY]
    return np.setdiff1d(usable, np.concatenate(copies)) if copies else usable


def _partly_unexplained(judged: list[Judged], boxes: Boxes, usable: NDArray[np.intp]) -> NDArray[np.intp]:
    """The frames of which copies show only a part: an inset, one picture of a collage, or none."""
    shown = np.zeros((len(boxes), AREA_CELLS, AREA_CELLS), np.bool_)
    middles = (np.arange(AREA_CELLS) + 0.5) / AREA_CELLS
    across, down = (
        boxes[:, start, None] + middles * (boxes[:, end] - boxes[:, start])[:, None]
        for start, end in ((0, 2), (1, 3))
    )
    for one in judged:
        if one.kind is MatchKind.COPY:
            frames = one.evidence.query_frames
            left, top, right, bottom = one.evidence.common.query_box
            columns = (across[frames] >= left) & (across[frames] <= right)
            rows = (down[frames] >= top) & (down[frames] <= bottom)
            shown[frames] |= rows[:, :, None] & columns[:, None, :]
    left_open: NDArray[np.bool_] = shown[usable].mean(axis=(1, 2)) < EXPLAINED_SHARE
    return usable[left_open]


def _covered_us(segments: Iterable[MatchSegment]) -> int:
    """Microseconds of the query that copies cover, counted once."""
    covered, end = 0, 0
    for span in sorted(
        (one.query for one in segments if one.kind is MatchKind.COPY), key=lambda span: span.start_us
    ):
        covered += max(0, span.end_us - max(span.start_us, end))
        end = max(end, span.end_us)
    return covered
