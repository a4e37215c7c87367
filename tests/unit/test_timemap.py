"""The line that lays reference times beside query times, and the windows that frames come in."""

from __future__ import annotations

import pytest

from tests.unit.sample_report import SECOND, segment
from verify.model import FramePair, MatchSegment, Span, Still
from verify.pipeline.windows import SLACK_US, Window
from verify.reports.timemap import reference_time_us


def span(start: float, end: float) -> Span:
    return Span(start_us=round(start * SECOND), end_us=round(end * SECOND))


def at(made: MatchSegment, seconds: float, length: float = 60) -> float:
    found = reference_time_us(made, round(seconds * SECOND), reference_duration_us=round(length * SECOND))
    return found / SECOND


@pytest.mark.parametrize("speed", [1.0, 0.5, 1.25])
def test_a_segment_is_a_line_that_goes_on_beyond_its_ends(speed: float) -> None:
    made = segment(query=span(2, 10), reference=span(20, 20 + 8 * speed), speed=speed)
    assert at(made, 2) == 20
    assert at(made, 10) == 20 + 8 * speed
    assert at(made, 0) == 20 - 2 * speed
    assert at(made, 20) == 20 + 18 * speed


def test_an_end_cut_to_the_reference_does_not_bend_the_line() -> None:
    start_cut = segment(query=span(0, 10), reference=span(0, 8), speed=1.0)
    assert at(start_cut, 5) == 3
    assert at(start_cut, 0) == -2
    end_cut = segment(query=span(0, 10), reference=span(55, 60), speed=1.0)
    assert at(end_cut, 5) == 60


def test_a_segment_played_backwards_is_a_line_back() -> None:
    made = segment(query=span(2, 10), reference=span(20, 28), speed=-1.0)
    assert (at(made, 2), at(made, 10), at(made, 0)) == (28, 20, 30)
    start_cut = segment(query=span(0, 10), reference=span(0, 8), speed=-1.0)
    assert (at(start_cut, 0), at(start_cut, 8), at(start_cut, 10)) == (8, 0, -2)
    end_cut = segment(query=span(0, 10), reference=span(55, 60), speed=-1.0)
    assert (at(end_cut, 10), at(end_cut, 5)) == (55, 60)


def test_with_both_ends_cut_the_pairs_decide() -> None:
    pairs = tuple(
        FramePair(query_us=n * SECOND, reference_us=(n - 3) * SECOND + 40_000, distance=9)
        for n in range(3, 8)
    )
    made = segment(query=span(0, 12), reference=span(0, 6), speed=1.0, pairs=pairs)
    assert at(made, 5, length=6) == 2.04


def test_a_photo_has_one_moment() -> None:
    assert at(segment(query=span(0, 5), reference=span(0, 0)), 3, length=0) == 0
    assert at(segment(query=span(0, 0), reference=span(7, 7)), 0) == 7


def window(*times_us: int, at_start: bool = False, at_end: bool = False) -> Window:
    frames = tuple(Still(time_us=time_us, jpeg=b"12345", width=1, height=1) for time_us in times_us)
    return Window(frames=frames, at_start=at_start, at_end=at_end)


def test_a_window_answers_only_where_it_knows_both_neighbours() -> None:
    made = window(100_000, 140_000, 200_000, 230_000)
    assert [made.place(time_us) for time_us in (90_000, 100_000, 140_000, 199_998, 205_000, 230_000)] == [
        None,
        None,
        1,
        2,  # within the slack of rounding
        2,
        None,
    ]
    assert made.place(199_999 - SLACK_US) == 1
    assert made.size_bytes == 20


def test_a_window_at_an_end_of_the_file_answers_for_all_beyond() -> None:
    first = window(0, 40_000, at_start=True)
    assert first.place(0) == 0
    assert first.place(40_000) is None
    last = window(0, 40_000, at_start=True, at_end=True)
    assert last.place(10**12) == 1
    assert (last.step(0).previous_us, last.step(0).next_us) == (None, 40_000)
    assert (last.step(1).previous_us, last.step(1).next_us) == (0, None)


def test_one_picture_is_a_window_of_its_own() -> None:
    photo = window(0, at_start=True, at_end=True)
    assert photo.place(5) == 0
    assert (photo.step(0).previous_us, photo.step(0).next_us) == (None, None)
