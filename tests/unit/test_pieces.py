"""Pieces of one reference in another order, or with something left out: each lies on its own line."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.unit.test_align import STEP_US, still
from tests.unit.test_backwards import footage
from tests.unit.test_following import STEP_US as TEST_STEP_US
from tests.unit.test_following import told
from verify.matching.align import runs
from verify.matching.lines import Pairs, Run
from verify.matching.pieces import LEAST_FRAMES, LEAST_MEAN, MOST_LINES, divided
from verify.model import MatchKind
from verify.reports.timemap import reference_time_us

SLOWLY = 0.05  #: correlation that footage loses from one sampled frame to the next
FRAMES, LENGTH = 18, 40  #: of a query and of its reference


def found(shown: NDArray[np.float64], *, loses: float = SLOWLY, noise: float = 0.0) -> list[Run]:
    """The runs of a query that shows these places of a reference of LENGTH frames, in order of time."""
    apart = np.abs(shown[:, None] - np.arange(LENGTH))
    chance = np.random.default_rng(1).normal(0, noise, apart.shape) if noise else 0.0
    correlation = np.clip(0.97 - loses * apart + chance, 0.3, 1.0).astype(np.float32)
    ours, theirs = (np.arange(count, dtype=np.int64) * STEP_US for count in correlation.shape)
    return sorted(runs(still(correlation), ours, theirs), key=lambda run: run.first)


def places(*starts: int) -> NDArray[np.float64]:
    """Pieces of two seconds each."""
    return np.concatenate([start + np.arange(6.0) for start in starts])


def lie(found: list[Run]) -> list[tuple[int, int, int]]:
    """First and last frame of the query, and how many frames later it is in the reference."""
    return [(one.first, one.last, round(one.offset_us / STEP_US)) for one in found]


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_pieces_in_another_order_are_each_told(noise: float) -> None:
    shown = places(20, 2, 14, 8)
    told = lie(found(shown, noise=noise))
    assert [first for first, _, _ in told] == [0, 6, 12, 18]
    assert [late for _, _, late in told] == [20, -4, 2, -10]


@pytest.mark.parametrize("loses", [0.02, SLOWLY])
def test_long_pieces_keep_to_their_own_frames(loses: float) -> None:
    """Each is measured finer, for which it may grow within its own frames alone."""
    shown = np.concatenate([start + np.arange(18.0) for start in (20, 0)])
    told = found(shown, loses=loses, noise=0.01)
    assert lie(told) == [(0, 17, 20), (18, 35, -18)]


def test_something_left_out_divides_a_run() -> None:
    assert lie(found(places(0, 6, 24, 30), loses=0.08)) == [(0, 11, 0), (12, 23, 12)]


@pytest.mark.parametrize("phase", [0.0, 0.3, 0.5])
@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_what_was_not_put_together_is_not_divided(phase: float, noise: float) -> None:
    assert len(found(np.linspace(5, 4 + FRAMES, FRAMES) + phase, noise=noise)) == 1


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.25])
def test_another_speed_is_no_row_of_pieces(speed: float) -> None:
    (run,) = found(np.linspace(5, 5 + (FRAMES - 1) * speed, FRAMES), loses=0.1)
    assert run.speed == pytest.approx(speed, abs=0.03)


def test_a_frame_or_two_of_another_second_are_no_piece() -> None:
    shown = np.arange(float(FRAMES)) + 5
    shown[8 : 8 + LEAST_FRAMES - 1] += 12
    assert lie(found(shown)) == [(0, FRAMES - 1, 5)]


@pytest.mark.parametrize("seed", [1, 2, 5])
def test_a_clip_put_together_anew_is_told_piece_by_piece(seed: int) -> None:
    known = footage(seed)
    starts = (24, 3, 17, 10)
    segments = told([known[start + number] for start in starts for number in range(7)], known)
    assert {(one.kind, one.speed) for one in segments} == {(MatchKind.COPY, 1.0)}
    for number, start in enumerate(starts):
        at_us = (7 * number + 3) * TEST_STEP_US
        (over,) = [one for one in segments if one.query.start_us <= at_us <= one.query.end_us]
        shown_us = reference_time_us(over, at_us, reference_duration_us=len(known) * TEST_STEP_US)
        assert abs(shown_us - (start + 3) * TEST_STEP_US) <= TEST_STEP_US // 2


def pairs_of(gains: NDArray[np.float64]) -> Pairs:
    ours, theirs = (np.arange(count, dtype=np.int64) * STEP_US for count in gains.shape)
    return Pairs(gains=gains, query_us=ours, reference_us=theirs)


def bridge(pairs: Pairs, late: int = 0, speed: float = 1.0) -> Run:
    frames = len(pairs.query_us)
    return Run(
        first=0,
        last=frames - 1,
        partners=np.arange(frames) + late,
        speed=speed,
        offset_us=float(late * STEP_US),
        gain=1.0,
    )


def on_lines(*pieces: tuple[int, float], along: float, length: int = LENGTH) -> Pairs:
    """Gains of pieces of six frames, each so many frames later; the line that bridges them has `along`."""
    count = 6 * len(pieces)
    gains = np.full((count, length), -0.2)
    frames = np.arange(count)
    gains[frames, frames] = along
    for number, (late, gain) in enumerate(pieces):
        of = frames[6 * number : 6 * number + 6]
        gains[of, of + late] = gain
    return pairs_of(gains)


def test_a_piece_that_hardly_agrees_itself_divides_no_run() -> None:
    """It gains more than SWITCH_GAIN beyond the run: what is clear by its length alone is not believed."""
    pairs = on_lines((0, 0.05), (12, LEAST_MEAN - 0.05), along=-0.2)
    assert divided(bridge(pairs), pairs) == []
    pairs = on_lines((0, 0.05), (12, LEAST_MEAN + 0.05), along=-0.2)
    assert lie(divided(bridge(pairs), pairs))[-1] == (6, 11, 12)


def test_no_more_lines_than_so_many_are_tried() -> None:
    lates = [0, *(3 * number for number in range(4, 16))]
    pairs = on_lines(*((late, 0.6) for late in lates), along=0.05, length=130)
    pieces = divided(bridge(pairs), pairs)
    assert len({piece.offset_us for piece in pieces}) == MOST_LINES


@pytest.mark.parametrize(
    ("frames", "speed"), [pytest.param(40, -1.0, id="backwards"), pytest.param(1, 1.0, id="a photo")]
)
def test_what_has_no_order_is_not_divided(frames: int, speed: float) -> None:
    pairs = on_lines((0, 0.6), (12, 0.6), along=0.0)
    shown = Pairs(
        gains=pairs.gains[:, :frames], query_us=pairs.query_us, reference_us=pairs.reference_us[:frames]
    )
    assert divided(bridge(shown, speed=speed), shown) == []


def test_frames_of_no_line_are_left_out() -> None:
    """Two seconds of something else between two pieces: going to no line and back costs no more than once."""
    pairs = on_lines((0, 0.6), (0, -0.24), (12, 0.6), along=-0.24)
    assert lie(divided(bridge(pairs), pairs)) == [(0, 5, 0), (12, 17, 12)]


def test_a_piece_at_the_speed_of_the_run_is_found() -> None:
    shown = np.concatenate([np.arange(9) * 2.0, 4 + np.arange(9) * 2.0])
    told = sorted(found(shown, loses=0.3), key=lambda run: run.first)
    assert [round(run.speed, 1) for run in told] == [2.0, 2.0]
    assert round((told[1].offset_us - told[0].offset_us) / STEP_US) == 4 - 18


def test_ends_that_agree_less_are_not_of_a_piece() -> None:
    pairs = on_lines((0, 0.6), (12, 0.6), along=0.0)
    gains = pairs.gains.copy()
    gains[11, 23] = 0.1
    loose = pairs_of(gains)
    assert lie(divided(bridge(loose), loose)) == [(0, 5, 0), (6, 10, 12)]


def test_what_a_run_gains_is_that_of_the_frames_it_keeps() -> None:
    """A bridge is cut down to its better piece; it must not be chosen for what was cut off."""
    gains = np.full((24, LENGTH), -0.2)
    frames = np.arange(24)
    gains[frames, frames] = np.where(frames < 12, 0.6, 0.15)
    pairs = pairs_of(gains)
    run = pairs.best_run(1.0, np.array([0.0]))
    assert run is not None
    assert (run.first, run.last) == (0, 11)
    assert run.gain == pytest.approx(12 * 0.6)
