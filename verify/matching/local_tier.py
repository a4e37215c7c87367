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

import cv2
import numpy as np
from numpy.typing import NDArray

from verify.fingerprint import Fingerprint
from verify.fingerprint.bars import cut
from verify.fingerprint.local import VERIFYING_FEATURES, LocalFeatures, extract
from verify.fingerprint.perceptual import hamming
from verify.fingerprint.record import Box
from verify.matching.geometry import Matrix, box_to_unit, overlap, transform, undo
from verify.matching.hypothesis import Hypothesis
from verify.matching.index import ReferenceIndex
from verify.matching.voting import Ballot, ballots
from verify.model import GreyImage, Orientation

MOST_CANDIDATES = 12  #: keyframes verified per query picture
MOST_CANDIDATES_IN_WINDOW = 4
KEYFRAMES_OF_ONE = 4  #: reference verified per query picture
FAR_LIKELIER = 6  #: times the votes that agree; a guess, which a collage of very unequal parts would break
PAIR_BITS = 72  #: widest descriptor distance of a pair offered to RANSAC
RANSAC_ERROR = 6.0  #: pixels of the reference picture (long side 512)
LEAST_INLIERS = 7  #: fewer and any two pictures agree on some map
LEAST_SHARE = 0.02  #: of either picture that the common part must cover
GUIDED_REACH = 12.0  #: pixels from where the first map expects a corner
GUIDED_BITS = 80  #: descriptors may differ more when the place is known
GUIDED_ERROR = 4.0  #: pixels
PERSPECTIVE_GAIN = 1.15  #: pairs a map with perspective must explain for each that one without does
LEAST_FOR_PERSPECTIVE = 20  #: pairs; with fewer, eight numbers follow the noise
#: Nine half-size windows that overlap by half (handbook `algorithms.md` 6.3: ten windows, uAP 97.2 to 98.5).
WINDOWS: tuple[Box, ...] = tuple(
    (left, top, left + 0.5, top + 0.5) for top in (0.0, 0.25, 0.5) for left in (0.0, 0.25, 0.5)
)
SCALE_RANGE = (0.15, 6.0)  #: reference pixels per query pixel


def propose(query: Fingerprint, index: ReferenceIndex, keyframe: int) -> list[Hypothesis]:
    """Hypotheses from one keyframe (a position in `query.keyframes`), most inliers first."""
    frame = int(query.keyframes[keyframe])
    found = from_picture(index, frame, query.picture(keyframe), query.searched)
    return sorted(found, key=lambda hypothesis: -hypothesis.inliers)


def propose_from_windows(query: Fingerprint, index: ReferenceIndex, keyframe: int) -> list[Hypothesis]:
    """Hypotheses from parts of one keyframe, enlarged: for insets, collages and strong crops.

    Corners of a small part are outnumbered in the whole picture; in a window around it they are not.
    """
    found = [
        replace(hypothesis, matrix=hypothesis.matrix @ box_to_unit(window))
        for window in WINDOWS
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
) -> Iterator[Hypothesis]:
    """Hypotheses from one query picture, seen as it is and mirrored (ORB knows turns, not mirrors)."""
    views = [
        (picture, mask, np.eye(3)),
        (picture[:, ::-1].copy(), None if mask is None else mask[:, ::-1], undo(Orientation.MIRRORED)),
    ]
    features = [extract(view, count=VERIFYING_FEATURES, mask=area) for view, area, _ in views]
    found = [(ballot, side) for side in (0, 1) for ballot in ballots(features[side], index)]
    size = (picture.shape[1], picture.shape[0])
    for ballot, side in _worth_verifying(found)[:most_candidates]:
        print_ = index.load(ballot.reference)
        verified = _verified(
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


def _verified(
    features: LocalFeatures, size: tuple[int, int], theirs: LocalFeatures, theirs_size: tuple[int, int]
) -> tuple[Matrix, int] | None:
    ours_at, theirs_at = _pairs(features, theirs)
    if len(ours_at) < LEAST_INLIERS:
        return None
    linear, flags = cv2.estimateAffinePartial2D(
        ours_at,
        theirs_at,
        method=cv2.RANSAC,
        ransacReprojThreshold=RANSAC_ERROR,
        maxIters=2000,
        confidence=0.995,
    )
    if linear is None or int(flags.sum()) < LEAST_INLIERS:  # type: ignore[redundant-expr]  # None: no map fits
        return None
    scale = float(np.hypot(linear[0, 0], linear[1, 0]))
    if not SCALE_RANGE[0] <= scale <= SCALE_RANGE[1]:
        return None
    pixels = _refined(np.vstack([linear, [0, 0, 1]]), features, theirs)
    matrix = _in_fractions(pixels, size, theirs_size)
    common = overlap(matrix)
    if common is None or min(common.query_share, common.reference_share) < LEAST_SHARE:
        return None
    return matrix, int(flags.sum())


def _refined(linear: Matrix, ours: LocalFeatures, theirs: LocalFeatures) -> Matrix:
    """The map with perspective, from every pair of corners that the first map brings together.

    How many there are says little: guided by a map, corners find partners by chance.
    """
    expected = transform(linear, ours.points.astype(np.float64)).astype(np.float32)
    across, down = (expected[:, None, axis] - theirs.points[None, :, axis] for axis in (0, 1))
    row, column = np.nonzero(across**2 + down**2 <= GUIDED_REACH**2)
    bits = np.full(across.shape, GUIDED_BITS + 1)
    bits[row, column] = hamming(ours.descriptors[row], theirs.descriptors[column])
    best = bits.argmin(axis=1)
    rows = np.flatnonzero(bits[np.arange(len(best)), best] <= GUIDED_BITS)
    if len(rows) < LEAST_FOR_PERSPECTIVE:
        return linear
    return _simplest(linear, ours.points[rows], theirs.points[best[rows]])


def _simplest(linear: Matrix, ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> Matrix:
    """The plainest of three maps: a freer one explains more pairs, one with perspective clearly more."""
    affine, fitting = cv2.estimateAffine2D(
        ours, theirs, method=cv2.RANSAC, ransacReprojThreshold=GUIDED_ERROR, maxIters=500
    )
    plane, seen = cv2.findHomography(ours, theirs, cv2.RANSAC, GUIDED_ERROR, maxIters=500)
    kept, explained = linear, _explained(linear, ours, theirs)
    if affine is not None and int(fitting.sum()) > explained:  # type: ignore[redundant-expr]  # None: degenerate
        kept, explained = np.vstack([affine, [0, 0, 1]]), int(fitting.sum())
    if plane is not None and int(seen.sum()) > PERSPECTIVE_GAIN * explained:  # type: ignore[redundant-expr]
        kept = plane.astype(np.float64, copy=False)
    return kept


def _explained(matrix: Matrix, ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> int:
    gap = np.linalg.norm(transform(matrix, ours.astype(np.float64)) - theirs, axis=1)
    return int((gap <= GUIDED_ERROR).sum())


def _pairs(ours: LocalFeatures, theirs: LocalFeatures) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mutually nearest descriptors that are near enough."""
    if not len(ours.descriptors) or not len(theirs.descriptors):
        return np.empty((0, 2), np.float32), np.empty((0, 2), np.float32)
    matcher = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True)
    pairs = [
        pair for pair in matcher.match(ours.descriptors, theirs.descriptors) if pair.distance <= PAIR_BITS
    ]
    return ours.points[[pair.queryIdx for pair in pairs]], theirs.points[[pair.trainIdx for pair in pairs]]


def _in_fractions(matrix: Matrix, ours: tuple[int, int], theirs: tuple[int, int]) -> Matrix:
    result: Matrix = np.diag([1 / theirs[0], 1 / theirs[1], 1]) @ matrix @ np.diag([ours[0], ours[1], 1.0])
    return result
