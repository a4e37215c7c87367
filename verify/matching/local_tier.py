"""The local tier: corners of the query against corners of every reference keyframe.

In go frames that no hash explains, out come hypotheses whose map was found by RANSAC. Retrieval
votes over the index of stored descriptors; the few best keyframes are looked at again with features
made from their stored picture, because retrieval needs 100 features a keyframe where verification
wants 500 (handbook `algorithms.md` 1.5).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from verify.fingerprint import Fingerprint
from verify.fingerprint.local import stored
from verify.fingerprint.record import Box
from verify.matching.hypothesis import Hypothesis
from verify.matching.index import ReferenceIndex
from verify.matching.mapping import is_promising, verified_map
from verify.matching.shots import Boxes, box_of
from verify.matching.views import View, in_parts, whole
from verify.matching.voting import Ballot, ballots

MOST_CANDIDATES = 16  #: keyframes compared with a query picture, by what is stored of them
MOST_CANDIDATES_IN_WINDOW = 8
KEYFRAMES_OF_ONE = 4  #: reference that are compared
FAR_LIKELIER = 6  #: times the votes that agree; a guess, which a collage of very unequal parts would break


def propose(query: Fingerprint, index: ReferenceIndex, keyframe: int, boxes: Boxes) -> list[Hypothesis]:
    """Hypotheses from one keyframe (a position in `query.keyframes`), most inliers first."""
    views = whole(query.picture(keyframe), query.searched, index)
    frame = int(query.keyframes[keyframe])
    found = from_views(index, frame, views, box_of(boxes, frame))
    return sorted(found, key=lambda hypothesis: -hypothesis.inliers)


def propose_from_windows(
    query: Fingerprint, index: ReferenceIndex, keyframe: int, boxes: Boxes
) -> list[Hypothesis]:
    """Hypotheses from parts of one keyframe: for insets, collages and strong crops."""
    frame = int(query.keyframes[keyframe])
    box = box_of(boxes, frame)
    found = [
        hypothesis
        for views in in_parts(query.picture(keyframe), query.moving, index)
        for hypothesis in from_views(index, frame, views, box, most_candidates=MOST_CANDIDATES_IN_WINDOW)
    ]
    return sorted(found, key=lambda hypothesis: -hypothesis.inliers)


def from_views(
    index: ReferenceIndex,
    frame: int,
    views: Sequence[View],
    box: Box,
    *,
    most_candidates: int = MOST_CANDIDATES,
) -> Iterator[Hypothesis]:
    """Hypotheses from the views of one picture, the query's sampled frame of that number, and its `box`."""
    found = [
        (ballot, number)
        for number, view in enumerate(views)
        for ballot in ballots(view.features.places, view.near)
    ]
    for ballot, number in _worth_verifying(found)[:most_candidates]:
        view, print_ = views[number], index.load(ballot.reference)
        if not is_promising(view.features, stored(print_, ballot.keyframe)):
            continue
        theirs = index.features(ballot.reference, ballot.keyframe)
        verified = verified_map(view.features, view.size, theirs, (print_.width, print_.height))
        if verified:
            matrix, inliers = verified
            yield Hypothesis(
                reference=ballot.reference,
                matrix=matrix @ view.matrix,
                tier="local",
                anchors=((frame, int(print_.keyframes[ballot.keyframe])),),
                query_box=box,
                inliers=inliers,
            )


def _worth_verifying(found: list[tuple[Ballot, int]]) -> list[tuple[Ballot, int]]:
    """The likeliest first; few of one reference, and none that a far likelier one leaves no room for."""
    ordered = sorted(found, reverse=True)
    taken: Counter[int] = Counter()
    kept = []
    for ballot, side in ordered:
        taken[ballot.reference] += 1
        likely = ballot.agreed * FAR_LIKELIER >= ordered[0][0].agreed
        if likely and taken[ballot.reference] <= KEYFRAMES_OF_ONE:
            kept.append((ballot, side))
    return kept
