"""Long runs at speeds between those that are tried: one line, at its seconds all along."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.unit.test_align import STEP_US, still
from verify.matching.align import SPEEDS, runs
from verify.matching.lines import Pairs, Run
from verify.matching.slopes import SPEED_REACH, refined
from verify.matching.verification import WINDOW_FRAMES

FRAMES = WINDOW_FRAMES - 2
LOSES = {"quickly": 0.3, "slowly": 0.1}  #: correlation, from one sampled frame to the next


def found(shown: NDArray[np.float64], loses: float, noise: float = 0.02) -> list[Run]:
    """The runs of frames that show these places of a reference, noise beside it."""
    apart = np.abs(shown[:, None] - np.arange(int(shown.max()) + 8))
    chance = np.random.default_rng(3).normal(0, noise, apart.shape)
    correlation = np.clip(0.97 - loses * apart + chance, 0.1, 1.0).astype(np.float32)
    ours, theirs = (np.arange(count, dtype=np.int64) * STEP_US for count in correlation.shape)
    return runs(still(correlation), ours, theirs)


def farthest_off(run: Run, shown: NDArray[np.float64]) -> float:
    """In sampled frames of the reference."""
    rows = np.arange(run.first, run.last + 1)
    return float(np.abs(run.speed * rows + run.offset_us / STEP_US - shown[rows]).max())


@pytest.mark.parametrize("loses", LOSES.values(), ids=LOSES)
@pytest.mark.parametrize("speed", [0.6, 0.85, 0.93, 0.98, 1.02, 1.06, 1.15, 1.4, 1.65, 1.87])
def test_a_long_copy_at_any_speed_is_one_run_at_its_seconds(speed: float, loses: float) -> None:
    shown = 3 + speed * np.arange(float(FRAMES))
    (run,) = found(shown, loses)
    assert (run.first, run.last) == (0, FRAMES - 1)
    assert run.speed == pytest.approx(speed, abs=0.01)
    assert farthest_off(run, shown) <= 0.75


@pytest.mark.parametrize("speed", [24 / 25, 25 / 24])
@pytest.mark.parametrize("frames", [45, FRAMES])
def test_the_speeds_between_film_and_television_are_told(speed: float, frames: int) -> None:
    shown = 3 + speed * np.arange(float(frames))
    (run,) = found(shown, LOSES["quickly"])
    assert run.speed == pytest.approx(speed, abs=0.005)
    assert farthest_off(run, shown) <= 0.5


@pytest.mark.parametrize("phase", [0.0, 0.3, 0.5])
@pytest.mark.parametrize("loses", [0.03, *LOSES.values()])
def test_a_long_copy_at_its_own_speed_stays_that(phase: float, loses: float) -> None:
    (run,) = found(3 + phase + np.arange(float(FRAMES)), loses, noise=0.05)
    assert run.speed == 1.0


def test_every_speed_lies_within_reach_of_one_that_is_tried() -> None:
    tried = np.sort(SPEEDS)
    assert np.diff(tried).max() / 2 <= SPEED_REACH


def test_a_frozen_picture_is_no_copy_slowed_down_further_and_further() -> None:
    shown = np.full(FRAMES, 20.0)
    assert all(run.speed >= min(SPEEDS) - 0.05 for run in found(shown, LOSES["slowly"]))


@pytest.mark.parametrize("speed", [0.3, 3.0])
def test_a_run_far_from_every_speed_that_is_tried_is_left_as_it_is(speed: float) -> None:
    """A piece may lie on such a line, once it was measured."""
    frames = np.arange(FRAMES, dtype=np.int64)
    gains = np.where(np.abs(speed * frames[:, None] - np.arange(4 * FRAMES)) < 1, 0.5, -0.2)
    pairs = Pairs(gains=gains, query_us=frames * STEP_US, reference_us=np.arange(4 * FRAMES) * STEP_US)
    run = Run(
        first=0,
        last=FRAMES - 1,
        partners=np.round(speed * frames).astype(np.intp),
        speed=speed,
        offset_us=0.0,
        gain=30.0,
    )
    assert refined(run, pairs).speed == pytest.approx(speed, abs=0.02)


def test_what_moves_from_one_speed_to_another_is_no_one_line() -> None:
    shown = 3 + np.cumsum(np.where(np.arange(FRAMES) < FRAMES // 2, 1.0, 0.5))
    speeds = sorted(round(run.speed, 1) for run in found(shown, LOSES["quickly"]))
    assert speeds == [0.5, 1.0]
