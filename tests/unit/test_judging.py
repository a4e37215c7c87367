"""Which weak runs are worth telling, and how unsure they are said to be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.test_shots import clip, shot
from verify.fingerprint.record import WHOLE
from verify.matching import ReferenceIndex
from verify.matching.hypothesis import Hypothesis
from verify.matching.judging import BEARING_MOTION, COPY_ODDS, POSSIBLE_ODDS, SAME_PICTURE_BITS, judge
from verify.matching.moments import LEAST_FRAMES
from verify.matching.scoring import chance_in_set, false_match_probability, in_words, log_odds
from verify.matching.verification import Evidence, examine

REFERENCE = clip(shot(1))
INDEX = ReferenceIndex.build([("earlier", REFERENCE)], lambda _: REFERENCE)


@pytest.fixture(scope="module")
def weak() -> Evidence:
    """A few frames of moving footage that half of their blocks take for the reference's."""
    proposed = Hypothesis(
        reference=0, matrix=np.eye(3), tier="local", anchors=((3, 3),), query_box=WHOLE, inliers=8
    )
    (found,) = examine(proposed, REFERENCE, REFERENCE)
    return long(replace(found, motion=0.0, footage_moves=True), LEAST_FRAMES - 1)


def long(evidence: Evidence, frames: int, agree: float = 0.5) -> Evidence:
    alike = np.full(frames, agree)
    return replace(evidence, share=alike, correlation=alike, textured=np.full(frames, 36.0))


def bits(evidence: Evidence, median: int) -> Evidence:
    return replace(evidence, distances=np.full(len(evidence.share), median))


@pytest.mark.parametrize("motion", [None, 0.1, BEARING_MOTION - 0.01])
def test_what_neither_picture_nor_motion_bears_out_is_not_told(weak: Evidence, motion: float | None) -> None:
    run = replace(bits(weak, SAME_PICTURE_BITS + 1), motion=motion)
    assert POSSIBLE_ODDS < log_odds(run) < COPY_ODDS
    assert not judge(run, INDEX).worth_telling


def test_motion_bears_a_weak_run_out(weak: Evidence) -> None:
    assert judge(replace(bits(weak, SAME_PICTURE_BITS + 1), motion=BEARING_MOTION), INDEX).worth_telling


def test_a_longer_run_agrees_all_along(weak: Evidence) -> None:
    run = replace(bits(long(weak, LEAST_FRAMES), SAME_PICTURE_BITS + 1), motion=0.35)
    assert log_odds(run) < COPY_ODDS
    assert judge(run, INDEX).worth_telling


def test_the_whole_picture_bears_a_weak_run_out(weak: Evidence) -> None:
    assert judge(bits(weak, SAME_PICTURE_BITS), INDEX).worth_telling


def test_weak_runs_of_footage_that_stands_still_are_told(weak: Evidence) -> None:
    still = replace(bits(weak, SAME_PICTURE_BITS + 1), motion=None, moving_frames=0, footage_moves=False)
    assert judge(still, INDEX).worth_telling


def test_a_sure_run_needs_nothing_else(weak: Evidence) -> None:
    sure = replace(bits(long(weak, LEAST_FRAMES - 1, agree=1.0), SAME_PICTURE_BITS + 1), motion=0.1)
    assert log_odds(sure) > COPY_ODDS
    assert judge(sure, INDEX).worth_telling


def test_a_weak_match_in_a_small_set_is_said_to_be_weak() -> None:
    assert chance_in_set(0.0, 100) < 0.001
    assert in_words(false_match_probability(0.0, 100)) == "low"
    assert in_words(false_match_probability(9.0, 100)) == "very high"
    assert false_match_probability(2.5, 30_000_000) == chance_in_set(2.5, 30_000_000) > 0.1
