"""The local tier: corners of the query against corners of every reference keyframe.

In go frames that no hash explains, out come hypotheses whose map was found by RANSAC. Retrieval
votes over the index of stored descriptors; of the best keyframes those whose stored corners agree on a
map under which the two pictures look alike are looked at again with features made from their stored
picture, because retrieval needs 100 features a keyframe where verification wants 500 (handbook
`algorithms.md` 1.5).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from verify.fingerprint import Fingerprint
from verify.fingerprint.local import stored
from verify.fingerprint.record import Box
from verify.matching.hypothesis import Hypothesis
from verify.matching.index import ReferenceIndex
from verify.matching.mapping import stored_map, verified_map
from verify.matching.shots import Boxes, box_of
from verify.matching.verification import agrees_where_proposed
from verify.matching.views import View, in_parts, whole
from verify.matching.voting import Ballot, ballots

MOST_CANDIDATES = 16  #: keyframes compared with a query picture, by what is stored of them
MOST_CANDIDATES_IN_WINDOW = 8
KEYFRAMES_OF_ONE = 4  #: reference that are compared
#: Correlation of the two pictures under the map that the stored corners agree on, before the keyframe's
#: picture is looked at again. Of 2,176 candidates with such a map that lead to one that holds 98.5 % have
#: more (and no right reference was lost), of 763 others 28 % (seed 7, with 5,000 foreign keyframes).
LEAST_AT_STORED = 0.25
FAR_LIKELIER = 6  #: times the votes that agree; a guess, which a collage of very unequal parts would break


def propose(
    query: Fingerprint, index: ReferenceIndex, keyframes: Sequence[int], boxes: Boxes
) -> Iterator[list[Hypothesis]]:
    """Hypotheses from each of `keyframes` (positions in `query.keyframes`), most inliers first."""
    pictures = (query.picture(keyframe) for keyframe in keyframes)
    seen = whole(pictures, query.searched, index)
    for frame, views in zip(query.keyframes[list(keyframes)].tolist(), seen, strict=True):
        yield _surest_first(from_views(query, index, frame, views, box_of(boxes, frame)))


def propose_from_windows(
    query: Fingerprint, index: ReferenceIndex, keyframes: Sequence[int], boxes: Boxes
) -> Iterator[list[Hypothesis]]:
    """The same from parts of each of `keyframes`: for insets, collages and strong crops."""
    pictures = (query.picture(keyframe) for keyframe in keyframes)
    seen = in_parts(pictures, query.moving, index)
    for frame, windows in zip(query.keyframes[list(keyframes)].tolist(), seen, strict=True):
        box = box_of(boxes, frame)
        yield _surest_first(
            hypothesis
            for views in windows
            for hypothesis in from_views(
                query, index, frame, views, box, most_candidates=MOST_CANDIDATES_IN_WINDOW
            )
        )


def _surest_first(found: Iterable[Hypothesis]) -> list[Hypothesis]:
    return sorted(found, key=lambda hypothesis: -hypothesis.inliers)


def from_views(
    query: Fingerprint,
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
        suggested = _from_stored(index, frame, views[number], ballot, box)
        if suggested and agrees_where_proposed(
            suggested, query, index.load(ballot.reference), LEAST_AT_STORED
        ):
            verified = _verified(suggested, index, views[number], ballot)
            if verified:
                yield verified


def _from_stored(
    index: ReferenceIndex, frame: int, view: View, ballot: Ballot, box: Box
) -> Hypothesis | None:
    """What the corners that are stored of a candidate suggest."""
    print_ = index.load(ballot.reference)
    size = (print_.width, print_.height)
    matrix = stored_map(view.features, view.size, stored(print_, ballot.keyframe), size)
    if matrix is None:
        return None
    return Hypothesis(
        reference=ballot.reference,
        matrix=matrix @ view.matrix,
        tier="local",
        anchors=((frame, int(print_.keyframes[ballot.keyframe])),),
        query_box=box,
    )


def _verified(suggested: Hypothesis, index: ReferenceIndex, view: View, ballot: Ballot) -> Hypothesis | None:
    """The same with the map that all corners of the candidate's picture agree on."""
    print_ = index.load(ballot.reference)
    theirs = index.features(ballot.reference, ballot.keyframe)
    verified = verified_map(view.features, view.size, theirs, (print_.width, print_.height))
    if verified is None:
        return None
    return replace(suggested, matrix=verified[0] @ view.matrix, inliers=verified[1])


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
