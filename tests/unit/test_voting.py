"""Votes of corners for reference keyframes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from verify.fingerprint.local import OCTAVE_UNITS, PLACE_UNIT, TURN_UNITS, Places
from verify.matching.index import FeatureHits
from verify.matching.voting import LEAST_AGREED, MOST_VOTES, VOTE_BITS, Ballot, ballots

_Maps = tuple[float, float, tuple[float, float]]  # octaves, whole turns, shift in long sides


def _corners(count: int, seed: int = 0) -> Places:
    random = np.random.default_rng(seed)
    columns = (
        random.uniform(0.3, 0.7, (count, 2)) * PLACE_UNIT,
        random.uniform(0, TURN_UNITS, (count, 1)),
        random.uniform(2, 4, (count, 1)) * OCTAVE_UNITS,
    )
    return np.concatenate(columns, axis=1).astype(np.uint8)


def _mapped(ours: Places, octaves: float, turns: float, shift: tuple[float, float]) -> Places:
    """Where a turn, scale and shift about the middle puts corners, how turned and how large."""
    here = ours.astype(np.float64)
    middle = (here[:, 0] + 1j * here[:, 1]) / PLACE_UNIT - (0.5 + 0.5j)
    there = middle * 2**octaves * np.exp(2j * np.pi * turns) + 0.5 + 0.5j + complex(*shift)
    columns = (
        there.real * PLACE_UNIT,
        there.imag * PLACE_UNIT,
        (here[:, 2] + turns * TURN_UNITS) % TURN_UNITS,
        here[:, 3] - octaves * OCTAVE_UNITS,
    )
    places: Places = np.clip(np.column_stack(columns).round(), 0, 255).astype(np.uint8)
    return places


def _hits(places: Places, *, keyframe: NDArray[np.int32] | None = None, bits: int = 20) -> FeatureHits:
    """One neighbour of each corner, at `places` of keyframe 3 of reference 7."""
    count = len(places)
    keyframes = np.full(count, 3, np.int32) if keyframe is None else keyframe
    return FeatureHits(
        distance=np.full((count, 1), bits, np.int32),
        reference=np.full((count, 1), 7, np.int32),
        keyframe=keyframes[:, None],
        place=places[:, None],
    )


@pytest.mark.parametrize(
    "mapped",
    [(0.0, 0.0, (0.0, 0.0)), (-1.0, 0.0, (0.2, -0.1)), (0.5, 0.25, (0.0, 0.1)), (-0.5, -0.07, (0.1, 0.0))],
    ids=["the same", "half as large, moved", "turned", "a little askew"],
)
def test_corners_that_one_map_explains_agree(mapped: _Maps) -> None:
    ours = _corners(8)
    (ballot,) = ballots(ours, _hits(_mapped(ours, *mapped)))
    assert ballot == Ballot(agreed=8, votes=8, reference=7, keyframe=3)


def test_corners_that_lie_anywhere_do_not_agree() -> None:
    found = [ballots(_corners(8, seed), _hits(_corners(8, seed + 1000))) for seed in range(40)]
    assert sum(bool(one) for one in found) <= 2


def test_a_map_is_borne_out_by_sizes_and_turns_too() -> None:
    """The corners lie where a map puts them, but are as large and as turned as any."""
    ours = _corners(8)
    theirs = _mapped(ours, -0.5, 0.1, (0.0, 0.0))
    theirs[:, 2:] = _corners(8, seed=5)[:, 2:]
    assert ballots(ours, _hits(theirs)) == []


def test_votes_of_other_footage_do_not_hide_the_few_that_agree() -> None:
    ours = _corners(20)
    theirs = _corners(20, seed=1)
    theirs[5:10] = _mapped(ours[5:10], -1.0, 0.0, (0.1, 0.1))
    (ballot,) = ballots(ours, _hits(theirs))
    assert ballot.agreed >= 5
    assert ballot.votes == 20


def test_each_keyframe_is_counted_by_itself() -> None:
    ours = _corners(12)
    keyframe = np.repeat(np.array([1, 2], np.int32), [LEAST_AGREED - 1, 12 - LEAST_AGREED + 1])
    (ballot,) = ballots(ours, _hits(_mapped(ours, 0.0, 0.0, (0.0, 0.0)), keyframe=keyframe))
    assert (ballot.keyframe, ballot.votes) == (2, 12 - LEAST_AGREED + 1)


def test_far_descriptors_cast_no_vote() -> None:
    ours = _corners(8)
    assert ballots(ours, _hits(ours, bits=VOTE_BITS))
    assert ballots(ours, _hits(ours, bits=VOTE_BITS + 1)) == []


def test_the_nearest_of_many_votes_are_compared() -> None:
    ours = _corners(3 * MOST_VOTES)
    hits = _hits(_corners(3 * MOST_VOTES, seed=2))
    hits.distance[-MOST_VOTES:] = 5
    hits.place[-MOST_VOTES:, 0] = ours[-MOST_VOTES:]
    (ballot,) = ballots(ours, hits)
    assert (ballot.agreed, ballot.votes) == (MOST_VOTES, 3 * MOST_VOTES)


def test_a_corner_votes_once_for_a_keyframe() -> None:
    ours = _corners(2)
    once = _hits(ours)
    twice = FeatureHits(
        distance=np.repeat(once.distance, 2, axis=1),
        reference=np.repeat(once.reference, 2, axis=1),
        keyframe=np.repeat(once.keyframe, 2, axis=1),
        place=np.repeat(once.place, 2, axis=1),
    )
    assert ballots(ours, twice) == []


def test_nothing_near_gives_no_ballot() -> None:
    assert ballots(_corners(0), _hits(_corners(0))) == []
