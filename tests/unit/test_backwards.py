"""Copies that are played backwards."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.footage import picture_at
from tests.unit.test_following import STEP_US, take, told
from verify.model import GreyImage, MatchKind

SIZE = (480, 270)
FIRST, FRAMES, KNOWN_FRAMES = 8, 21, 40


def footage(seed: int) -> list[GreyImage]:
    seen = (picture_at(seed, number / 6, SIZE) for number in range(KNOWN_FRAMES))
    return [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False) for picture in seen]


def cropped(picture: GreyImage) -> GreyImage:
    return cv2.resize(picture[27:216, 48:384], (336, 189)).astype(np.uint8)


@pytest.mark.parametrize("seed", [1, 4])
def test_footage_played_backwards_is_told_so_at_its_seconds(seed: int) -> None:
    known = footage(seed)
    (found,) = told([cropped(picture) for picture in known[FIRST : FIRST + FRAMES][::-1]], known)
    assert found.kind is MatchKind.COPY
    assert found.speed == -1.0
    assert found.query.duration_us >= 0.9 * FRAMES * STEP_US
    assert abs(found.reference.start_us - FIRST * STEP_US) <= 2 * STEP_US
    assert abs(found.reference.end_us - (FIRST + FRAMES) * STEP_US) <= 2 * STEP_US
    first, last = found.pairs[0], found.pairs[-1]
    assert first.reference_us > last.reference_us


def test_a_room_in_which_things_move_is_told_backwards_by_those() -> None:
    known = take(6, KNOWN_FRAMES)
    (found,) = told(known[FIRST : FIRST + FRAMES][::-1], known)
    assert (found.kind, found.speed) == (MatchKind.COPY, -1.0)
    assert abs(found.reference.start_us - FIRST * STEP_US) <= 2 * STEP_US


@pytest.mark.parametrize("seed", [1, 4])
def test_what_runs_forwards_is_not_told_backwards(seed: int) -> None:
    known = footage(seed)
    (found,) = told([cropped(picture) for picture in known[FIRST : FIRST + FRAMES]], known)
    assert found.speed == 1.0


def test_what_goes_to_and_fro_runs_forwards() -> None:
    there = footage(1)[:14]
    known = [*there, *there[::-1], *there, *there[::-1]]
    found = told([cropped(picture) for picture in known[3:27]], known)
    assert {one.speed for one in found if one.kind is MatchKind.COPY} == {1.0}


def test_another_take_backwards_is_no_copy() -> None:
    found = told(take(5, FRAMES)[::-1], take(6, KNOWN_FRAMES))
    assert all(one.kind is not MatchKind.COPY for one in found)
