"""Runs along the agreement of two clips: where they begin and end."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from verify.matching.align import runs
from verify.matching.patches import Agreement

STEP_US = 333_333


def agreement(along: list[float], *, elsewhere: float = 0.1) -> Agreement:
    """As many frames on both sides, agreeing this much on the diagonal; nothing moves."""
    correlation = np.full((len(along), len(along)), elsewhere, np.float32)
    np.fill_diagonal(correlation, along)
    return still(correlation)


def still(correlation: NDArray[np.float32]) -> Agreement:
    shape = correlation.shape
    ones = np.ones(shape, np.float32)
    return Agreement(
        blocks=correlation[None],
        compared=np.ones((1, *shape), np.bool_),
        correlation=correlation,
        share=ones,
        textured=36 * ones,
        motion=0 * ones,
        moving=np.zeros(shape, np.bool_),
    )


def ends(along: list[float]) -> list[tuple[int, int]]:
    times = np.arange(len(along), dtype=np.int64) * STEP_US
    return [(run.first, run.last) for run in runs(agreement(along), times, times)]


@pytest.mark.parametrize("tail", [0.40, 0.45])
def test_an_end_that_hardly_agrees_is_cut_off(tail: float) -> None:
    assert ends([0.95] * 8 + [tail] * 6)[0] == (0, 7)
    assert ends([tail] * 6 + [0.95] * 8)[0] == (6, 13)


def test_a_run_that_agrees_evenly_is_kept_whole() -> None:
    assert ends([0.5, 0.6, 0.45, 0.55, 0.5, 0.6, 0.5, 0.45]) == [(0, 7)]


def test_one_bad_frame_splits_no_run() -> None:
    assert ends([0.9] * 5 + [0.05] + [0.9] * 5) == [(0, 10)]


def peaking(at: NDArray[np.float64]) -> Agreement:
    """Each query frame agrees most with the reference's picture between two frames, `at` these places."""
    apart = np.abs(at[:, None] - np.arange(len(at)))
    return still(np.maximum(0.95 - 0.4 * apart, 0.0).astype(np.float32))


def speed_of(at: NDArray[np.float64]) -> float:
    times = np.arange(len(at), dtype=np.int64) * STEP_US
    return runs(peaking(at), times, times)[0].speed


def test_a_speed_that_no_frame_agrees_better_at_is_not_told() -> None:
    """The peaks drift by four fifths of a frame, as in a short clip: every frame has the same partner."""
    assert speed_of(np.linspace(0.4, 8.6, 10)) == 1.0
    assert speed_of(np.linspace(-0.4, 9.4, 10)) == 1.0


@pytest.mark.parametrize("speed", [0.94, 1.06])
def test_a_speed_little_beside_the_untouched_is_told_of_a_long_run(speed: float) -> None:
    assert abs(speed_of(speed * np.arange(40.0)) - speed) <= 0.01
