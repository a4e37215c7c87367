"""Which keyframes of a query have their corners looked up."""

from __future__ import annotations

import pytest

from tests.unit.test_shots import clip, shot, usable
from verify.fingerprint import Fingerprint
from verify.matching.looks import LEAST_LOOKED_AT, MORE_LOOKS, MOST_LOOKED_AT, Looks
from verify.matching.shots import shots


@pytest.fixture(scope="module")
def to_and_fro() -> Fingerprint:
    """Two shots by turns, as of two people who talk, and a third at the end."""
    return clip(shot(1) + shot(2) + shot(1) + shot(2) + shot(1) + shot(2) + shot(3))


def looks_of(query: Fingerprint) -> Looks:
    return Looks(query, shots(query, usable(query)))


def pieces(query: Fingerprint, keyframes: list[int]) -> list[int]:
    """The numbers of the pieces, of seven frames each, that the keyframes are of."""
    return list(dict.fromkeys((query.keyframes[keyframes] // 7).tolist()))


def test_shots_that_look_like_one_before_are_passed_over(to_and_fro: Fingerprint) -> None:
    assert pieces(to_and_fro, looks_of(to_and_fro).following(usable(to_and_fro))) == [0, 1, 6]


def test_what_looks_different_is_looked_at_next_up_to_a_few(to_and_fro: Fingerprint) -> None:
    looks = looks_of(to_and_fro)
    seen = list(looks.following(usable(to_and_fro)))
    while more := looks.following(usable(to_and_fro)):
        assert len(more) == 1
        seen += more
    assert len(seen) == len(set(seen)) == LEAST_LOOKED_AT


def test_only_shots_with_frames_left_are_looked_at(to_and_fro: Fingerprint) -> None:
    left = usable(to_and_fro)[42:]
    assert pieces(to_and_fro, looks_of(to_and_fro).following(left)) == [6]


def test_a_shot_that_is_mostly_explained_is_not_looked_at(to_and_fro: Fingerprint) -> None:
    left = usable(to_and_fro)[[0, 1, *range(7, 14)]]
    assert pieces(to_and_fro, looks_of(to_and_fro).following(left)) == [1]


def test_work_on_many_different_shots_is_bounded() -> None:
    query = clip([picture for seed in range(MOST_LOOKED_AT + 6) for picture in shot(seed)])
    found = looks_of(query).following(usable(query))
    assert len(found) == MOST_LOOKED_AT


def test_more_looks_are_taken_once_something_is_known() -> None:
    query = clip([picture for seed in range(MOST_LOOKED_AT + 1) for picture in shot(seed)])
    looks, left = looks_of(query), usable(query)
    seen = looks.following(left)
    assert looks.following(left) == []
    looks.allow_more()
    more: list[int] = []
    while found := looks.following(left):
        more += found
    assert len(more) == MORE_LOOKS
    assert not set(more) & set(seen)
