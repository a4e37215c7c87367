"""The local tier: corners of the query against corners of every reference keyframe.

In go frames that no hash explains, out come hypotheses whose map was found by RANSAC. Retrieval
votes over the index of stored descriptors; the few best keyframes are looked at again with features
made from their stored picture, because retrieval needs 100 features a keyframe where verification
wants 500 (handbook `algorithms.md` 1.5).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from verify.fingerprint import Fingerprint
from verify.fingerprint.bars import cut
from verify.fingerprint.local import VERIFYING_FEATURES, extract
from verify.fingerprint.record import Box
from verify.matching.geometry import box_to_unit, undo
from verify.matching.hypothesis import Hypothesis
from verify.matching.index import ReferenceIndex
from verify.matching.mapping import verified_map
from verify.matching.voting import LEAST_AGREED, LEAST_OF_A_STILL, Ballot, ballots
from verify.model import GreyImage, Orientation

MOST_CANDIDATES = 12  #: keyframes verified per query picture
MOST_CANDIDATES_IN_WINDOW = 4
KEYFRAMES_OF_ONE = 4  #: reference verified per query picture
FAR_LIKELIER = 6  #: times the votes that agree; a guess, which a collage of very unequal parts would break
#: Nine half-size windows that overlap by half (handbook `algorithms.md` 6.3: ten windows, uAP 97.2 to 98.5).
WINDOWS: tuple[Box, ...] = tuple(
    (left, top, left + 0.5, top + 0.5) for top in (0.0, 0.25, 0.5) for left in (0.0, 0.25, 0.5)
)
#: Footage in a frame of the other shape, over its own enlarged and blurred copy, lies across the middle.
ACROSS: Box = (0.0, 0.25, 1.0, 0.75)
UPRIGHT: Box = (0.25, 0.0, 0.75, 1.0)


def propose(query: Fingerprint, index: ReferenceIndex, keyframe: int) -> list[Hypothesis]:
    """Hypotheses from one keyframe (a position in `query.keyframes`), most inliers first."""
    frame = int(query.keyframes[keyframe])
    least = LEAST_OF_A_STILL if len(query.keyframes) == 1 else LEAST_AGREED
    found = from_picture(index, frame, query.picture(keyframe), query.searched, least_agreed=least)
    return sorted(found, key=lambda hypothesis: -hypothesis.inliers)


def propose_from_windows(query: Fingerprint, index: ReferenceIndex, keyframe: int) -> list[Hypothesis]:
    """Hypotheses from parts of one keyframe, enlarged: for insets, collages and strong crops.

    Corners of a small part are outnumbered in the whole picture; in a window around it they are not.
    """
    middle = ACROSS if query.height > query.width else UPRIGHT
    found = [
        replace(hypothesis, matrix=hypothesis.matrix @ box_to_unit(window))
        for window in (*WINDOWS, middle)
        for hypothesis in from_picture(
            index,
            int(query.keyframes[keyframe]),
            cut(query.picture(keyframe), window),
            _part(query.moving, window),
            most_candidates=MOST_CANDIDATES_IN_WINDOW,
        )
    ]
    return sorted(found, key=lambda hypothesis: -hypothesis.inliers)


def _part(area: NDArray[np.bool_], window: Box) -> NDArray[np.bool_] | None:
    part = cut(area.astype(np.uint8), window).astype(np.bool_)
    return part if part.any() else None


def from_picture(
    index: ReferenceIndex,
    frame: int,
    picture: GreyImage,
    mask: NDArray[np.bool_] | None,
    *,
    most_candidates: int = MOST_CANDIDATES,
    least_agreed: int = LEAST_AGREED,
) -> Iterator[Hypothesis]:
    """Hypotheses from one query picture, seen as it is and mirrored (ORB knows turns, not mirrors)."""
    views = [
        (picture, mask, np.eye(3)),
        (picture[:, ::-1].copy(), None if mask is None else mask[:, ::-1], undo(Orientation.MIRRORED)),
    ]
    features = [extract(view, count=VERIFYING_FEATURES, mask=area) for view, area, _ in views]
    found = [
        (ballot, side)
        for side in (0, 1)
        for ballot in ballots(features[side], index, least_agreed=least_agreed)
    ]
    size = (picture.shape[1], picture.shape[0])
    for ballot, side in _worth_verifying(found)[:most_candidates]:
        print_ = index.load(ballot.reference)
        verified = verified_map(
            features[side],
            size,
            index.features(ballot.reference, ballot.keyframe),
            (print_.width, print_.height),
        )
        if verified:
            matrix, inliers = verified
            yield Hypothesis(
                reference=ballot.reference,
                matrix=matrix @ views[side][2],
                tier="local",
                anchors=((frame, int(print_.keyframes[ballot.keyframe])),),
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
