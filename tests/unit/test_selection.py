"""Which of several judged runs is told: a run that bridges pieces gains more than each, and fits less."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.test_judging import INDEX, of_itself
from verify.matching.judging import Judged, judge
from verify.matching.selection import select, without_ends_of_others
from verify.matching.verification import Evidence
from verify.model import MatchKind

FRAMES = 12


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return of_itself()


def copy(evidence: Evidence, first: int, last: int, *, late: int, alike: float) -> Judged:
    """Of those frames of the query, so many frames later in the reference."""
    frames = np.arange(first, last + 1)
    run = replace(
        evidence,
        query_frames=frames,
        reference_frames=frames + late,
        correlation=np.full(len(frames), alike),
        share=np.full(len(frames), alike),
        textured=np.full(len(frames), 30.0),
        distances=np.full(len(frames), 20),
        gain=alike * len(frames),
    )
    return replace(judge(run, INDEX), kind=MatchKind.COPY)


def told(*judged: Judged) -> list[tuple[int, int]]:
    runs = (one.evidence.query_frames for one in select(judged))
    return sorted((int(frames[0]), int(frames[-1])) for frames in runs)


def test_pieces_outdo_a_run_that_fits_less_than_they_do(evidence: Evidence) -> None:
    bridge = copy(evidence, 0, FRAMES - 1, late=0, alike=0.7)
    pieces = [copy(evidence, 0, 5, late=8, alike=0.95), copy(evidence, 6, 11, late=-4, alike=0.95)]
    assert told(bridge, *pieces) == [(0, 5), (6, 11)]


@pytest.mark.parametrize(
    ("late", "alike"),
    [pytest.param(1, 0.95, id="of the same seconds"), pytest.param(8, 0.8, id="hardly better")],
)
def test_a_longer_run_stays(evidence: Evidence, late: int, alike: float) -> None:
    bridge = copy(evidence, 0, FRAMES - 1, late=0, alike=0.7)
    assert told(bridge, copy(evidence, 0, 5, late=late, alike=alike)) == [(0, FRAMES - 1)]


def test_what_is_only_possible_outdoes_nothing(evidence: Evidence) -> None:
    bridge = copy(evidence, 0, FRAMES - 1, late=0, alike=0.7)
    piece = replace(copy(evidence, 0, 5, late=8, alike=0.95), kind=MatchKind.POSSIBLE)
    assert told(bridge, piece) == [(0, FRAMES - 1)]


def test_a_short_piece_within_a_long_copy_does_not_replace_it(evidence: Evidence) -> None:
    whole = copy(evidence, 0, 4 * FRAMES, late=0, alike=0.7)
    assert told(whole, copy(evidence, 20, 25, late=8, alike=0.95)) == [(0, 4 * FRAMES), (20, 25)]


def test_a_piece_of_another_reference_outdoes_nothing(evidence: Evidence) -> None:
    bridge = copy(evidence, 0, FRAMES - 1, late=0, alike=0.7)
    pieces = [copy(evidence, 0, 5, late=8, alike=0.95), copy(evidence, 6, 11, late=-4, alike=0.95)]
    other = [
        replace(one, evidence=replace(one.evidence, hypothesis=replace(one.evidence.hypothesis, reference=1)))
        for one in pieces
    ]
    assert told(bridge, *other) == [(0, 5), (0, FRAMES - 1), (6, 11)]


def test_pieces_outdo_a_run_together(evidence: Evidence) -> None:
    """It lies between them, and fits each about as badly."""
    bridge = copy(evidence, 0, FRAMES - 1, late=0, alike=0.78)
    pieces = [copy(evidence, 0, 5, late=8, alike=0.95), copy(evidence, 6, 11, late=-4, alike=0.95)]
    assert told(bridge, *pieces) == [(0, 5), (6, 11)]
    assert told(bridge, pieces[0]) == [(0, FRAMES - 1)]
    assert told(bridge, pieces[0], pieces[0]) == [(0, FRAMES - 1)]  # under two maps it is one piece


def test_two_frames_outdo_nothing(evidence: Evidence) -> None:
    bridge = copy(evidence, 0, FRAMES - 1, late=0, alike=0.4)
    assert told(bridge, copy(evidence, 0, 1, late=8, alike=0.99)) == [(0, FRAMES - 1)]


def kept(*judged: Judged) -> list[list[int]]:
    return [list(one.evidence.query_frames) for one in without_ends_of_others(judged)]


def unlike(one: Judged) -> Judged:
    """With aligned pictures as far apart as chance has them."""
    return replace(
        one, evidence=replace(one.evidence, distances=np.full(len(one.evidence.query_frames), 128))
    )


def of_another(one: Judged) -> Judged:
    hypothesis = replace(one.evidence.hypothesis, reference=1)
    return replace(one, evidence=replace(one.evidence, hypothesis=hypothesis))


def test_an_end_that_another_copy_shows_far_more_exactly_is_not_of_a_run(evidence: Evidence) -> None:
    run = copy(evidence, 0, 9, late=0, alike=0.95)
    early = np.arange(10) < 6
    alike, apart = np.where(early, 0.95, 0.65), np.where(early, 20, 128)
    run = replace(run, evidence=replace(run.evidence, correlation=alike, distances=apart))
    after = of_another(copy(evidence, 5, 11, late=0, alike=0.97))
    assert kept(run, after) == [list(range(6)), list(range(5, 12))]
    (first, _) = without_ends_of_others([run, after])
    assert {len(first.evidence.correlation), len(first.evidence.reference_frames)} == {6}
    with_caption = replace(run, evidence=replace(run.evidence, distances=np.full(10, 60)))
    assert kept(with_caption, after)[0] == list(range(10))  # less exact, yet the same picture
    doubted = replace(after, kind=MatchKind.POSSIBLE)
    assert kept(run, doubted) == [list(range(10)), list(range(5, 12))]


def test_an_end_stays_where_the_other_copy_is_about_as_exact_or_elsewhere_in_the_picture(
    evidence: Evidence,
) -> None:
    run = unlike(copy(evidence, 0, 9, late=0, alike=0.9))
    after = of_another(copy(evidence, 5, 11, late=0, alike=0.99))
    assert kept(run, after)[0] == list(range(10))
    exact = replace(after.evidence, correlation=np.full(7, 1.0))
    corner = replace(exact, common=replace(exact.common, query_box=(0.6, 0.6, 1.0, 1.0)))
    low = replace(run, evidence=replace(run.evidence, correlation=np.full(10, 0.6)))
    assert kept(low, replace(after, evidence=corner))[0] == list(range(10))


def test_a_run_of_which_nothing_would_be_left_is_kept_whole(evidence: Evidence) -> None:
    run = unlike(copy(evidence, 0, 3, late=0, alike=0.6))
    assert kept(run, of_another(copy(evidence, 0, 9, late=0, alike=0.99)))[0] == list(range(4))


def test_a_part_gains_no_more_than_the_whole(evidence: Evidence) -> None:
    weak = copy(evidence, 0, 9, late=0, alike=0.2).evidence  # it is its motion that speaks for it
    assert weak.part(0, 3).gain == pytest.approx(0.4 * weak.gain)
    half = replace(weak, correlation=np.where(np.arange(10) < 5, 0.9, 0.1))
    assert half.part(0, 4).gain == pytest.approx(half.gain, rel=0.01)
    assert half.part(5, 9).gain == pytest.approx(0, abs=0.01)
