"""The map between two pictures that their corners agree on.

In go the corners of both, out come a map and how many pairs of corners fit it, or nothing. Mutually nearest
descriptors are offered to RANSAC, first against the few corners that are stored of a keyframe, then against
all that its picture has; a map found that way tells where every other corner should lie, and the pairs that
are found with that knowledge say whether perspective is needed.
"""

from __future__ import annotations

import cv2
import faiss
import numpy as np
from numpy.typing import NDArray

from verify.fingerprint.local import LocalFeatures
from verify.fingerprint.perceptual import Codes
from verify.matching.geometry import Matrix, overlap, transform

PAIR_BITS = 72  #: widest descriptor distance of a pair offered to RANSAC
RANSAC_ERROR = 6.0  #: pixels of the reference picture (long side 512)
LEAST_INLIERS = 7  #: fewer and any two pictures agree on some map
#: Of the 100 stored corners. Of 2,256 candidates that led to the right reference (seeds 8 and 23, with 5,000
#: foreign keyframes) 96 % had as many, of 10,993 others 9 %; before votes had to agree as exactly as now.
LEAST_OF_STORED = 6
#: RANSAC's: of maps in some 40 pairs 2,000 and 500 find the same, 200 find 0.5 % fewer of the right ones.
STORED_TRIALS, TRIALS = 300, 2000
LEAST_SHARE = 0.02  #: of either picture that the common part must cover
GUIDED_REACH = 12.0  #: pixels from where the first map expects a corner
GUIDED_BITS = 80  #: descriptors may differ more when the place is known
GUIDED_ERROR = 4.0  #: pixels
#: Pixels by which the maps of pictures that are laid on one another already are told apart, with perspective
#: and without.
CLOSE_ERROR = 1.5
PERSPECTIVE_GAIN = 1.15  #: pairs a map with perspective must explain for each that one without does
LEAST_FOR_PERSPECTIVE = 20  #: pairs; with fewer, eight numbers follow the noise
SCALE_RANGE = (0.15, 6.0)  #: reference pixels per query pixel

Distances = NDArray[np.int32]  #: (ours, theirs): Hamming distances, bits
Size = tuple[float, float]  #: width and height, pixels


def verified_map(
    features: LocalFeatures,
    size: Size,
    theirs: LocalFeatures,
    theirs_size: Size,
    *,
    error: float = GUIDED_ERROR,
) -> tuple[Matrix, int] | None:
    """The map from our picture to theirs, in fractions of both, and how many pairs of corners fit it.

    Sizes are widths and heights in pixels, as is the `error` within which a map with perspective has to
    explain more pairs than one without. None when fewer than LEAST_INLIERS fit any one map, or when it
    shrinks, enlarges or overlaps beyond reason.
    """
    bits = _distances(features.descriptors, theirs.descriptors)
    found = _linear(features, theirs, bits, TRIALS)
    if found is None or found[1] < LEAST_INLIERS:
        return None
    linear, inliers = found
    pixels = _refined(linear, features, theirs, bits, error)
    matrix = _in_fractions(pixels, size, theirs_size)
    common = overlap(matrix)
    if common is None or min(common.query_share, common.reference_share) < LEAST_SHARE:
        return None
    return matrix, inliers


def stored_map(
    features: LocalFeatures, size: Size, stored: LocalFeatures, stored_size: Size
) -> Matrix | None:
    """The rough map, in fractions, to what is stored of a keyframe; None when too few corners agree on it."""
    found = _linear(features, stored, _distances(features.descriptors, stored.descriptors), STORED_TRIALS)
    if found is None or found[1] < LEAST_OF_STORED:
        return None
    return _in_fractions(found[0], size, stored_size)


def _linear(
    ours: LocalFeatures, theirs: LocalFeatures, bits: Distances, trials: int
) -> tuple[Matrix, int] | None:
    """The turn, scale and shift, in pixels, that most pairs of corners agree on, and how many they are."""
    ours_at, theirs_at = _pairs(ours, theirs, bits)
    if len(ours_at) < LEAST_OF_STORED:
        return None
    linear, flags = cv2.estimateAffinePartial2D(
        ours_at,
        theirs_at,
        method=cv2.RANSAC,
        ransacReprojThreshold=RANSAC_ERROR,
        maxIters=trials,
        confidence=0.995,
    )
    if linear is None:
        return None
    scale = float(np.hypot(linear[0, 0], linear[1, 0]))
    if not SCALE_RANGE[0] <= scale <= SCALE_RANGE[1]:
        return None
    return np.vstack([linear, [0, 0, 1]]), int(flags.sum())


def _refined(
    linear: Matrix, ours: LocalFeatures, theirs: LocalFeatures, bits: Distances, error: float
) -> Matrix:
    """The map with perspective, from every pair of corners that the first map brings together.

    How many there are says little: guided by a map, corners find partners by chance.
    """
    expected = transform(linear, ours.points.astype(np.float64)).astype(np.float32)
    across, down = (expected[:, None, axis] - theirs.points[None, :, axis] for axis in (0, 1))
    within = np.where(across**2 + down**2 <= GUIDED_REACH**2, bits, GUIDED_BITS + 1)
    best = within.argmin(axis=1)
    rows = np.flatnonzero(within[np.arange(len(best)), best] <= GUIDED_BITS)
    if len(rows) < LEAST_FOR_PERSPECTIVE:
        return linear
    return _simplest(linear, ours.points[rows], theirs.points[best[rows]], error)


def _simplest(linear: Matrix, ours: NDArray[np.float32], theirs: NDArray[np.float32], error: float) -> Matrix:
    """The plainest of three maps: a freer one explains more pairs, one with perspective clearly more."""
    affine, fitting = cv2.estimateAffine2D(
        ours, theirs, method=cv2.RANSAC, ransacReprojThreshold=GUIDED_ERROR, maxIters=500
    )
    kept, explained = linear, _explained(linear, ours, theirs, GUIDED_ERROR)
    if affine is not None and int(fitting.sum()) > explained:  # type: ignore[redundant-expr]  # None: degenerate
        kept = np.vstack([affine, [0, 0, 1]])
    explained = _explained(kept, ours, theirs, error)
    if len(ours) <= PERSPECTIVE_GAIN * explained:
        return kept
    plane, _ = cv2.findHomography(ours, theirs, cv2.RANSAC, GUIDED_ERROR, maxIters=500)
    if plane is not None:
        slanted = plane.astype(np.float64, copy=False)
        if _explained(slanted, ours, theirs, error) > PERSPECTIVE_GAIN * explained:
            return slanted
    return kept


def _explained(matrix: Matrix, ours: NDArray[np.float32], theirs: NDArray[np.float32], error: float) -> int:
    gap = np.linalg.norm(transform(matrix, ours.astype(np.float64)) - theirs, axis=1)
    return int((gap <= error).sum())


def _pairs(
    ours: LocalFeatures, theirs: LocalFeatures, bits: Distances
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The places of mutually nearest descriptors that are near enough."""
    if not bits.size:
        return ours.points[:0], theirs.points[:0]
    nearest = bits.argmin(axis=1)
    row = np.flatnonzero(bits.argmin(axis=0)[nearest] == np.arange(len(bits)))
    row = row[bits[row, nearest[row]] <= PAIR_BITS]
    return ours.points[row], theirs.points[nearest[row]]


def _in_fractions(matrix: Matrix, ours: Size, theirs: Size) -> Matrix:
    result: Matrix = np.diag([1 / theirs[0], 1 / theirs[1], 1]) @ matrix @ np.diag([ours[0], ours[1], 1.0])
    return result


def _distances(ours: Codes, theirs: Codes) -> Distances:
    """Of every pair; an eighth of the time that OpenCV's matcher with cross-check takes for 500 and 500."""
    bits = np.empty((len(ours), len(theirs)), np.int32)
    if bits.size:
        pointers = (faiss.swig_ptr(np.ascontiguousarray(side)) for side in (ours, theirs))
        pairs = (*bits.shape, ours.shape[1], faiss.swig_ptr(bits))
        faiss.hammings(*pointers, *pairs)  # type: ignore[attr-defined]  # exported by SWIG
    return bits
