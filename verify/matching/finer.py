"""A finer map: where a run's own pictures say that they lie.

A map comes from corners, and those may be few, or lie on one thing that moves; or it is a guess. In go a
run and both fingerprints, out comes its hypothesis with the affine correction under which frame pairs of the
run are most alike: Gauss-Newton steps on grey levels, of several pairs at once and from coarse to fine (Lucas
and Kanade 1981, in the inverse compositional form of Baker and Matthews, IJCV 2004). Every place is first
freed of its surroundings' mean and contrast, and blocks count by how well they agree so far, so that a
caption or a sign does not pull.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from verify.fingerprint import Fingerprint
from verify.matching.geometry import Matrix, inverse, is_proper
from verify.matching.hypothesis import Hypothesis
from verify.matching.patches import BLOCK, BLOCKS, SIDE, Floats, Sampler, by_block
from verify.matching.scoring import suggestion
from verify.matching.verification import Evidence, laid_over

MOST_PAIRS = 5  #: of a run, spread over it
#: Patch pixels, coarse to fine, and how far the surroundings reach beyond. Of 60 maps of drawn footage, 40 of
#: it with a fifth or more under a caption, whose corners were off by 3 to 10 % of the side, 58 came home to
#: 2 %; with SURROUNDINGS 4 they were 54, with the mean and contrast of the whole picture 22.
BLURS, SURROUNDINGS = (4.0, 2.0, 0.0), 2.0
LEAST_CONTRAST = 2.0  #: grey levels; what differs from its surroundings by less stays faint
STEPS = 8  #: at each blur
SMALL_STEP = 0.03  #: patch pixels; a step that moves the picture by less ends a level
OUTLIER = 0.7  #: standard deviations; what differs by more counts less (Huber)
LEAST_WEIGHT = 0.02  #: of a block that does not agree; others have the square of their correlation besides
DAMPING = 0.01  #: of the normal equations' diagonal, for what has hardly any texture
#: Patch pixels that a corner may move, and what the picture may shrink to, of 1; beyond it has lost its way.
MOST_MOVED, LEAST_SIZE = SIDE / 2, 0.4

_TO_MIDDLE = np.array([[1.0, 0, -SIDE / 2], [0, 1, -SIDE / 2], [0, 0, 1]])
_FROM_MIDDLE = inverse(_TO_MIDDLE)
_CORNERS = np.array([[0.0, SIDE, SIDE, 0], [0, 0, SIDE, SIDE], [1, 1, 1, 1]])


def finer(run: Evidence, query: Fingerprint, reference: Fingerprint) -> Hypothesis | None:
    """The run's hypothesis with the map nearby that its pictures agree on most; None where there is none.

    It keeps what suggested the run's map only as far as the run itself may (`scoring.suggestion`).
    """
    laid = laid_over(run.hypothesis, query, reference)
    if laid is None:
        return None
    _, sampler = laid
    rows = np.linspace(0, len(run.query_frames) - 1, min(MOST_PAIRS, len(run.query_frames)))
    chosen = np.unique(rows.round().astype(np.intp))
    ours, theirs = run.query_frames[chosen], run.reference_frames[chosen]
    correction = correction_of(sampler, ours, theirs)
    if correction is None:
        return None
    pairs = tuple(zip(ours.tolist(), theirs.tolist(), strict=True))
    inliers, distance = suggestion(run)
    matrix = sampler.moved_map(correction)
    return replace(run.hypothesis, matrix=matrix, anchors=pairs, inliers=inliers, distance=distance)


def correction_of(sampler: Sampler, ours: NDArray[np.intp], theirs: NDArray[np.intp]) -> Matrix | None:
    """Where the patch pixels of the reference lie in the query's as they are laid now, by these frame pairs.

    None where the pictures lead nowhere.
    """
    known = sampler.reference(theirs).pictures
    inside = sampler.inside
    correction: Matrix = np.eye(3)
    for blur in BLURS:
        level = _Level(known, inside, blur)
        for _ in range(STEPS):
            step = level.step(sampler.moved_query(ours, correction))
            correction = correction @ inverse(step)
            if not _is_sane(correction) or not is_proper(sampler.moved_map(correction)):
                return None
            if np.abs((step - np.eye(3)) @ _CORNERS).max() < SMALL_STEP:
                break
    return correction


def _is_sane(correction: Matrix) -> bool:
    if not np.isfinite(correction).all() or np.abs((correction - np.eye(3)) @ _CORNERS).max() > MOST_MOVED:
        return False
    return bool(np.linalg.svd(correction[:2, :2], compute_uv=False)[-1] >= LEAST_SIZE)


class _Level:
    """The reference's pictures at one blur, and how they change with each of the six numbers of a map."""

    def __init__(self, known: Floats, inside: NDArray[np.bool_], blur: float) -> None:
        self._inside, self._blur = inside, blur
        self._known = _freed(known, blur)
        down, across = np.gradient(self._known, axis=1), np.gradient(self._known, axis=2)
        y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32) - np.float32(SIDE / 2)
        planes = (across * x, across * y, across, down * x, down * y, down)
        self._slopes = np.stack([plane[:, inside].ravel() for plane in planes])  # (6, pixels)

    def step(self, pictures: Floats) -> Matrix:
        """The small map of patch pixels by which the pictures lie away from the known ones."""
        seen = _freed(pictures, self._blur)
        apart = (seen - self._known)[:, self._inside].ravel()
        agreeing = _agreeing(seen, self._known)[:, self._inside].ravel()
        weighted = self._slopes * (agreeing * OUTLIER / np.maximum(np.abs(apart), OUTLIER))
        normal = weighted @ self._slopes.T
        damped = normal + np.diag(DAMPING * np.diag(normal) + 1e-6)
        a, b, right, c, d, down = np.linalg.solve(damped, weighted @ apart).tolist()
        small = np.array([[1 + a, b, right], [c, 1 + d, down], [0, 0, 1]])
        step: Matrix = _FROM_MIDDLE @ small @ _TO_MIDDLE
        return step


def _freed(pictures: Floats, blur: float) -> Floats:
    """Blurred, each place in standard deviations above the mean of its surroundings."""
    return np.stack([_freed_one(picture, blur) for picture in pictures])


def _freed_one(picture: Floats, blur: float) -> Floats:
    blurred = cv2.GaussianBlur(picture, (0, 0), blur) if blur else picture
    reach = blur + SURROUNDINGS
    above = blurred - cv2.GaussianBlur(blurred, (0, 0), reach)
    contrast = np.sqrt(cv2.GaussianBlur(above * above, (0, 0), reach))
    return (above / np.maximum(contrast, LEAST_CONTRAST)).astype(np.float32, copy=False)


def _agreeing(seen: Floats, known: Floats) -> Floats:
    """(k, SIDE, SIDE): how much each pixel counts, by how well its block agrees."""
    ours, theirs = by_block(seen), by_block(known)
    ours -= ours.mean(axis=2, keepdims=True)
    theirs -= theirs.mean(axis=2, keepdims=True)
    length = np.linalg.norm(ours, axis=2) * np.linalg.norm(theirs, axis=2)
    correlation = np.maximum((ours * theirs).sum(axis=2) / np.maximum(length, 1e-3), 0)
    placed = (correlation**2 + LEAST_WEIGHT).T.reshape(-1, BLOCKS, BLOCKS)
    weights: Floats = placed.repeat(BLOCK, axis=1).repeat(BLOCK, axis=2).astype(np.float32)
    return weights
