"""Runs of a slow camera, laid at the wrong seconds and moved to where their pictures agree."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.footage import Picture, picture_at
from tests.unit.test_finer import SHOWN, SIZE, clip, part
from verify.fingerprint import Fingerprint
from verify.fingerprint.record import WHOLE
from verify.matching.hypothesis import Hypothesis
from verify.matching.nearby import better_nearby
from verify.matching.verification import Evidence, examine

FIRST, FRAMES, REFERENCE_FRAMES = 10, 12, 30


def slow(seed: int) -> list[Picture]:
    """What drifts by hardly a hundredth of the picture from one sampled frame to the next."""
    return [picture_at(seed, number / 24, SIZE) for number in range(REFERENCE_FRAMES)]


def run_of(query: Fingerprint, reference: Fingerprint) -> Evidence:
    right = Hypothesis(
        reference=0, matrix=SHOWN, tier="local", anchors=((6, FIRST + 6),), query_box=WHOLE, inliers=7
    )
    return examine(right, query, reference)[0]


@pytest.mark.parametrize("ahead", [-6, -3, 2, 6])
@pytest.mark.parametrize("seed", [1, 4])
def test_a_run_at_the_wrong_seconds_is_moved_to_its_own(ahead: int, seed: int) -> None:
    known = slow(seed)
    reference = clip(known)
    query = clip([part(picture) for picture in known[FIRST : FIRST + FRAMES]])
    right = run_of(query, reference)
    wrong = replace(right, reference_frames=right.reference_frames + ahead)
    found = better_nearby(wrong, query, reference)
    assert found is not None
    assert {theirs - ours for ours, theirs in found.anchors} == {FIRST}


def test_a_run_at_its_own_seconds_stays() -> None:
    known = slow(3)
    reference = clip(known)
    query = clip([part(picture) for picture in known[FIRST : FIRST + FRAMES]])
    assert better_nearby(run_of(query, reference), query, reference) is None


def test_a_run_at_the_end_of_the_reference_is_not_moved_beyond_it() -> None:
    known = slow(3)
    reference = clip(known[: FIRST + FRAMES])
    query = clip([part(picture) for picture in known[FIRST : FIRST + FRAMES]])
    right = run_of(query, reference)
    earlier = replace(right, reference_frames=right.reference_frames - 2)
    found = better_nearby(earlier, query, reference)
    assert found is not None
    assert max(theirs for _, theirs in found.anchors) == FIRST + FRAMES - 1


def test_what_stands_still_is_nowhere_better() -> None:
    still = [picture_at(3, 0, SIZE)] * REFERENCE_FRAMES
    query = clip([part(picture) for picture in still[:FRAMES]])
    reference = clip(still)
    right = run_of(query, reference)
    assert better_nearby(right, query, reference) is None
