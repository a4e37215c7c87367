"""What a run shows of something else for a while is a gap between matches."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest

from tests.unit.test_backwards import cropped, footage
from tests.unit.test_following import STEP_US, told
from verify.matching.gaps import LEAST_GAP
from verify.model import GreyImage, MatchKind, Orientation

FIRST, GAP, LAST = 10, 6, 14  #: frames of the three parts
END = FIRST + GAP + LAST
HALF = 0.51  #: of a frame: a match ends halfway to the next


@cache
def known() -> tuple[GreyImage, ...]:
    return tuple(footage(2))


def spans(query: Sequence[GreyImage]) -> list[tuple[float, float]]:
    """Of upright copies, in frames; all are at their own second."""
    found = [one for one in told(query, known()) if one.orientation is Orientation.UPRIGHT]
    for one in found:
        assert one.kind is MatchKind.COPY
        assert one.reference.start_us == pytest.approx(one.query.start_us, abs=0.2 * STEP_US)
        assert one.reference.end_us == pytest.approx(one.query.end_us, abs=0.2 * STEP_US)
    return sorted((one.query.start_us / STEP_US, one.query.end_us / STEP_US) for one in found)


def with_between(between: Sequence[GreyImage]) -> list[GreyImage]:
    return [*known()[:FIRST], *between, *known()[FIRST + len(between) : END]]


@pytest.mark.parametrize("is_cropped", [False, True])
def test_a_cutaway_is_no_part_of_a_match(is_cropped: bool) -> None:
    query = with_between(footage(7)[20 : 20 + GAP])
    before, after = spans([cropped(picture) for picture in query] if is_cropped else query)
    assert before == pytest.approx((0, FIRST), abs=HALF)
    assert after == pytest.approx((FIRST + GAP, END), abs=HALF)


def test_a_frame_or_two_of_something_else_split_no_match() -> None:
    (whole,) = spans(with_between(footage(7)[20 : 20 + LEAST_GAP - 1]))
    assert whole == pytest.approx((0, END), abs=0.01)


def test_a_part_that_was_turned_over_is_told_so() -> None:
    mirrored = [picture[:, ::-1].copy() for picture in known()[FIRST : FIRST + GAP]]
    query = with_between(mirrored)
    (between,) = [one for one in told(query, known()) if one.orientation is Orientation.MIRRORED]
    assert between.query.start_us == pytest.approx(FIRST * STEP_US, abs=HALF * STEP_US)
    assert between.reference.start_us == pytest.approx(between.query.start_us, abs=0.2 * STEP_US)
    assert len(spans(query)) == 2


def test_a_photo_may_be_shown_for_longer_than_a_window() -> None:
    (found,) = told([cropped(known()[3])] * 150, known()[3:4])
    assert (found.query.start_us, found.query.end_us) == (0, 150 * STEP_US)


def test_a_black_second_on_both_sides_is_no_gap() -> None:
    black = np.zeros_like(known()[0])
    fading = [*known()[:FIRST], *([black] * GAP), *known()[FIRST + GAP :]]
    (whole,) = told(fading[:END], fading)
    assert (whole.query.start_us, whole.query.end_us) == (0, END * STEP_US)
