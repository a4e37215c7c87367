"""The second at which a run belongs, where hardly anything changes."""

from __future__ import annotations

import numpy as np
import pytest

from verify.matching.lines import Run
from verify.matching.patches import Floats
from verify.matching.stances import Stances, changing

SECOND = 1_000_000
RATE = 3
ROOM = np.random.default_rng(1).uniform(0, 255, 400).astype(np.float32)


def swaying(seconds: float) -> Floats:
    """A room in which a hundredth of the contrast changes, smoothly and never twice alike."""
    random = np.random.default_rng(2)
    moods = random.normal(size=(60, 400)).astype(np.float32)
    steps = np.linspace(0, 59, round(seconds * RATE) + 1)
    return np.stack([ROOM + _between(moods, step) for step in steps])


def _between(moods: Floats, step: float) -> Floats:
    low = min(int(step), 58)
    result: Floats = (moods[low] * (low + 1 - step) + moods[low + 1] * (step - low)).astype(np.float32)
    return result


def stances(query: Floats, reference: Floats) -> Stances:
    return Stances(
        ours=changing(query),
        theirs=changing(reference),
        query_us=np.arange(len(query)) * SECOND // RATE,
        reference_us=np.arange(len(reference)) * SECOND // RATE,
    )


def laid_at(frames: int, first: int) -> Run:
    return Run(
        first=0,
        last=frames - 1,
        partners=np.arange(first, first + frames),
        speed=1.0,
        offset_us=first * SECOND / RATE,
        gain=1.0,
    )


@pytest.mark.parametrize("true", [0, 20, 47, 66])
def test_a_run_is_moved_to_where_it_changes_alike(true: int) -> None:
    reference = swaying(30)
    line = stances(reference[true : true + 24], reference).better_line(laid_at(24, 33))
    assert line is not None
    assert line.speed == 1.0
    assert abs(line.offset_us - true * SECOND / RATE) < SECOND / 8


@pytest.mark.parametrize("true", [0, 1, 4, 6])
def test_a_reference_that_is_hardly_longer_is_enough(true: int) -> None:
    reference = swaying(30)[:30]
    line = stances(reference[true : true + 24], reference).better_line(laid_at(24, 6 if true < 3 else 0))
    assert line is not None
    assert abs(line.offset_us - true * SECOND / RATE) < SECOND / 8


def test_another_tone_and_brightness_that_flickers_change_nothing() -> None:
    reference = swaying(30)
    flicker = np.random.default_rng(3).uniform(-20, 20, (24, 1)).astype(np.float32)
    line = stances(reference[20:44] * np.float32(0.6) + flicker, reference).better_line(laid_at(24, 33))
    assert line is not None
    assert abs(line.offset_us - 20 * SECOND / RATE) < SECOND / 8


def test_between_two_frames_counts() -> None:
    fine = swaying(60)  # twice as many frames, so every second one is of 30 s
    line = stances(fine[41:89:2], fine[::2]).better_line(laid_at(24, 45))
    assert line is not None
    assert abs(line.offset_us - 20.5 * SECOND / RATE) < SECOND / 12


@pytest.mark.parametrize("speed", [0.8, 1.25])
def test_the_speed_is_found_with_it(speed: float) -> None:
    fine = swaying(240)  # eight frames for each of 30 s
    query = fine[np.round(160 + np.arange(40) * 8 * speed).astype(np.intp)]
    line = stances(query, fine[::8]).better_line(laid_at(40, 45))
    assert line is not None
    assert line.speed == pytest.approx(speed, abs=0.03)
    assert abs(line.offset_us - 20 * SECOND / RATE) < SECOND / 3


def test_where_it_belongs_already_it_stays() -> None:
    reference = swaying(30)
    assert stances(reference[20:44], reference).better_line(laid_at(24, 20)) is None


def test_what_changes_otherwise_stays() -> None:
    noise = np.random.default_rng(4).normal(size=(24, 400)).astype(np.float32)
    assert stances(ROOM + noise, swaying(30)).better_line(laid_at(24, 33)) is None


def test_a_still_has_nothing_to_go_by() -> None:
    still = np.tile(ROOM, (24, 1))
    assert stances(still, swaying(30)).better_line(laid_at(24, 33)) is None
    assert stances(swaying(7), np.tile(ROOM, (90, 1))).better_line(laid_at(22, 33)) is None


def test_a_query_longer_than_the_reference_is_no_error() -> None:
    reference = swaying(30)
    assert stances(reference, reference[:10]).better_line(laid_at(10, 0)) is None
    assert stances(reference[:10], reference[:10]).better_line(laid_at(10, 0)) is None
