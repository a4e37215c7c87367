"""Runs along the agreement of two clips: where they begin and end."""

from __future__ import annotations

import numpy as np
import pytest

from verify.matching.align import runs
from verify.matching.patches import Agreement

STEP_US = 333_333


def agreement(along: list[float], *, elsewhere: float = 0.1) -> Agreement:
    """As many frames on both sides, agreeing this much on the diagonal; nothing moves."""
    count = len(along)
    correlation = np.full((count, count), elsewhere, np.float32)
    np.fill_diagonal(correlation, along)
    square = np.ones((count, count), np.float32)
    return Agreement(
        blocks=correlation[None],
        compared=np.ones((1, count, count), np.bool_),
        correlation=correlation,
        share=square,
        textured=36 * square,
        motion=0 * square,
        moving=np.zeros((count, count), np.bool_),
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
