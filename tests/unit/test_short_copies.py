"""Copies of up to three seconds: a closer look tells their speed, and so where they begin and end."""

from __future__ import annotations

from functools import cache

import pytest

from tests.footage import Picture, picture_at
from tests.unit.test_closer import SAMPLED, SECOND, looking, sampled, told
from verify.matching import FRAMES_PER_SECOND
from verify.model import MatchKind, MatchSegment, Span

LENGTH = 6 * FRAMES_PER_SECOND


@cache
def moving(seed: int) -> tuple[Picture, ...]:
    return tuple(picture_at(seed, number / FRAMES_PER_SECOND) for number in range(LENGTH))


def shown(seed: int, first: int, speed: float, seconds: float) -> tuple[Picture, ...]:
    """A piece from that frame on at that speed."""
    count = round(seconds * FRAMES_PER_SECOND)
    return tuple(moving(seed)[first + round(number * speed)] for number in range(count))


def found(seed: int, first: int, speed: float, seconds: float = 1.6) -> tuple[MatchSegment, list[Span]]:
    asked: list[Span] = []
    pictures = shown(seed, first, speed, seconds)
    numbers = range(len(pictures))
    reference = sampled(moving(seed), range(LENGTH))
    (segment,) = told(sampled(pictures, numbers), reference, looking(pictures, numbers, asked))
    return segment, asked


@pytest.mark.parametrize("speed", [0.8, 1.0, 1.25, 1.5])
@pytest.mark.parametrize(("seed", "first"), [(2, 20), (3, 30), (1, 40)])
def test_the_speed_of_a_short_copy_is_found(seed: int, first: int, speed: float) -> None:
    segment, _ = found(seed, first, speed)
    assert segment.kind is MatchKind.COPY
    begin_us = first * SECOND / FRAMES_PER_SECOND
    query = segment.query
    for told_us, shown_us in (
        (segment.reference.start_us, query.start_us),
        (segment.reference.end_us, query.end_us),
    ):
        assert told_us == pytest.approx(begin_us + speed * shown_us, abs=50_000)


@pytest.mark.parametrize("speed", [0.8, 1.0, 1.25])
def test_the_pieces_beside_it_do_not_count(speed: float) -> None:
    """A look reaches a little beyond the run, across the cuts."""
    before, after = shown(7, 30, 1.0, 1.4), shown(8, 50, 1.0, 1.4)
    pictures = (*before, *shown(2, 20, speed, 2.0), *after)
    numbers, reference = range(len(pictures)), sampled(moving(2), range(LENGTH))
    (segment,) = told(sampled(pictures, numbers), reference, looking(pictures, numbers))
    shown_us = segment.query.start_us - len(before) * SECOND // FRAMES_PER_SECOND
    begin_us = 20 * SECOND / FRAMES_PER_SECOND + speed * shown_us
    assert segment.reference.start_us == pytest.approx(begin_us, abs=60_000)
    assert segment.reference.duration_us == pytest.approx(speed * segment.query.duration_us, abs=100_000)


def test_a_longer_copy_is_not_looked_at_for_its_speed() -> None:
    segment, asked = found(2, 20, 1.0, seconds=3.5)
    assert segment.kind is MatchKind.COPY
    assert not asked


def test_a_short_copy_that_cannot_be_read_again_stays() -> None:
    pictures = shown(2, 20, 1.0, 1.6)
    reference = sampled(moving(2), range(LENGTH))
    query = sampled(pictures, range(len(pictures)))
    assert [one.kind for one in told(query, reference, looking((), range(0)))] == [MatchKind.COPY]
    assert len(query.times_us) == -(-len(pictures) // SAMPLED)
