"""Maps that are off, made finer by the pictures of their run."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from tests.footage import Picture, picture_at
from tests.unit.test_shots import SIZE, STEP_US
from verify.fingerprint import Fingerprint, fingerprint
from verify.fingerprint.record import WHOLE
from verify.matching.finer import finer
from verify.matching.geometry import Matrix, corners, inverse, transform
from verify.matching.hypothesis import Hypothesis
from verify.matching.mapping import LEAST_INLIERS
from verify.matching.verification import Evidence, examine
from verify.model import Frame, MediaKind

SHOWN = np.array(
    [[0.7, 0, 0.2], [0, 0.7, 0.1], [0, 0, 1]]
)  # what lays the query over its part of the reference
FRAMES = 12


def clip(pictures: list[Picture]) -> Fingerprint:
    frames = [
        Frame(time_us=number * STEP_US, image=cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))
        for number, picture in enumerate(pictures)
    ]
    return fingerprint(frames, kind=MediaKind.VIDEO, duration_us=len(frames) * STEP_US)


def footage(seed: int) -> list[Picture]:
    return [picture_at(seed, number / 3, SIZE) for number in range(FRAMES)]


def part(picture: Picture, *, covered: float = 0.0) -> Picture:
    high, wide = picture.shape[:2]
    shown = picture[round(0.1 * high) : round(0.8 * high), round(0.2 * wide) : round(0.9 * wide)]
    resized = cv2.resize(shown, SIZE, interpolation=cv2.INTER_AREA)
    resized[round((1 - covered) * SIZE[1]) :] = (200, 30, 30)
    return resized.astype(np.uint8)


def off(by: float) -> Matrix:
    """The right map, with the corners so far from where they belong, fractions of the reference."""
    return np.array([[1 + by, 0, -by / 2], [0, 1 - by, by], [0, 0, 1]]) @ SHOWN


def laid(matrix: Matrix, query: Fingerprint, reference: Fingerprint, true: Matrix = SHOWN) -> Evidence:
    """The run of all frames that lie where they belong, said to have been found by another map."""
    right = Hypothesis(reference=0, matrix=true, tier="local", anchors=((6, 6),), query_box=WHOLE, inliers=7)
    run = examine(right, query, reference)[0]
    return replace(run, hypothesis=replace(right, matrix=matrix))


def error(matrix: Matrix, right: Matrix = SHOWN) -> float:
    here, there = (transform(one, corners(WHOLE)) for one in (matrix, right))
    return float(np.abs(here - there).max())


@pytest.mark.parametrize("by", [0.03, -0.05, 0.08])
@pytest.mark.parametrize("covered", [0.0, 0.2])
def test_a_map_that_is_off_is_brought_home(by: float, covered: float) -> None:
    reference = clip(footage(3))
    query = clip([part(picture, covered=covered) for picture in footage(3)])
    before = laid(off(by), query, reference)
    assert error(before.hypothesis.matrix) > 0.02
    found = finer(before, query, reference)
    assert found is not None
    assert error(found.matrix) < 0.01
    assert {ours - theirs for ours, theirs in found.anchors} == {0}
    better = examine(found, query, reference)[0]
    assert better.gain > examine(before.hypothesis, query, reference)[0].gain


def test_a_map_with_perspective_that_is_off_is_brought_home() -> None:
    filmed = np.array([[0.8, 0.05, 0.1], [0.02, 0.75, 0.1], [0.1, 0.06, 1.0]])
    pixels = np.diag([*SIZE, 1.0])
    warp = pixels @ filmed @ inverse(pixels)
    shown = [
        cv2.warpPerspective(picture, warp, SIZE, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        for picture in footage(3)
    ]
    reference, query = clip(footage(3)), clip([picture.astype(np.uint8) for picture in shown])
    before = laid(np.array([[1, 0, 0.03], [0, 1, -0.02], [0, 0, 1]]) @ filmed, query, reference, filmed)
    found = finer(before, query, reference)
    assert found is not None
    assert error(before.hypothesis.matrix, filmed) > 0.025
    assert error(found.matrix, filmed) < 0.008


def test_what_suggested_the_map_counts_no_more_than_it_did() -> None:
    """A run that holds no frame of which corners agreed is no surer once its frames are laid anew."""
    reference, query = clip(footage(3)), clip([part(picture) for picture in footage(3)])
    before = laid(SHOWN, query, reference)
    elsewhere = replace(before, hypothesis=replace(before.hypothesis, anchors=((99, 6),), inliers=200))
    found = finer(elsewhere, query, reference)
    assert found is not None
    assert found.inliers == LEAST_INLIERS


def test_a_right_map_stays_where_it_is() -> None:
    reference, query = clip(footage(3)), clip([part(picture) for picture in footage(3)])
    found = finer(laid(SHOWN, query, reference), query, reference)
    assert found is not None
    assert error(found.matrix) < 0.005


def test_a_map_that_leaves_hardly_anything_in_common_is_given_up() -> None:
    reference, query = clip(footage(3)), clip([part(picture) for picture in footage(3)])
    beside = np.array([[0.7, 0, 0.97], [0, 0.7, 0.1], [0, 0, 1]])
    assert finer(laid(beside, query, reference), query, reference) is None


def test_a_map_between_flat_pictures_stays_about_where_it_is() -> None:
    reference, query = clip(footage(3)), clip([part(picture) for picture in footage(3)])
    grey = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
    run = laid(SHOWN, query, reference)
    found = finer(run, clip([grey] * FRAMES), reference)
    assert found is not None
    assert error(found.matrix) < 0.3
