"""Runs that go on where another ends are told as one; what does not go on stays apart."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest

from tests.footage import picture_at
from tests.unit.test_following import STEP_US, printed, told
from tests.unit.test_judging import INDEX, of_itself
from verify.fingerprint import Fingerprint
from verify.fingerprint.record import WHOLE
from verify.matching.geometry import boxes_map
from verify.matching.joining import joined
from verify.matching.judging import Judged, judge
from verify.matching.verification import WINDOW_FRAMES, Evidence
from verify.model import GreyImage, MatchKind, Orientation

FRAMES = WINDOW_FRAMES + 30
FIRST = 4


@cache
def footage() -> tuple[GreyImage, ...]:
    seen = (picture_at(5, number / 6, (320, 180)) for number in range(FRAMES + 2 * FIRST))
    return tuple(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False) for picture in seen)


def test_a_copy_longer_than_a_window_is_one_segment() -> None:
    known = footage()
    (found,) = told([picture[18:162, 32:288] for picture in known[FIRST : FIRST + FRAMES]], known)
    assert (found.kind, found.speed) == (MatchKind.COPY, 1.0)
    assert (found.query.start_us, found.query.end_us) == (0, FRAMES * STEP_US)
    assert abs(found.reference.start_us - FIRST * STEP_US) <= STEP_US // 2
    assert abs(found.reference.end_us - (FIRST + FRAMES) * STEP_US) <= STEP_US // 2
    assert found.matched_frames == found.eligible_frames == len(found.pairs) == FRAMES


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return of_itself()


@cache
def query() -> Fingerprint:
    return printed([picture[::2, ::2] for picture in footage()[:40]])


def part(evidence: Evidence, first: int, last: int, *, late: float = 0.0, speed: float = 1.0) -> Evidence:
    """Of those frames of the query, so many frames later in the reference."""
    count = last - first + 1
    step_us = int(query().times_us[1])
    frames = np.arange(first, last + 1)
    return replace(
        evidence,
        query_frames=frames,
        reference_frames=np.round(frames * speed + late).astype(np.intp),
        speed=speed,
        offset_us=late * step_us,
        gain=float(count),
        correlation=np.full(count, 0.9),
        share=np.full(count, 0.9),
        textured=np.full(count, 20.0),
        distances=np.full(count, 10),
    )


def copy(evidence: Evidence, kind: MatchKind = MatchKind.COPY, score: float = 0.9) -> Judged:
    return replace(judge(evidence, INDEX), kind=kind, score=score, doubt="")


def ends(*judged: Judged) -> list[tuple[int, int]]:
    """Of the runs that are told, surest first."""
    return [
        (int(one.evidence.query_frames[0]), int(one.evidence.query_frames[-1]))
        for one in joined(judged, query())
    ]


def test_runs_on_one_line_are_joined_and_the_surest_lends_its_score(evidence: Evidence) -> None:
    parts = [part(evidence, 20, 29, late=4), part(evidence, 0, 9, late=4), part(evidence, 10, 19, late=4)]
    (whole,) = joined(
        [copy(one, score=score) for one, score in zip(parts, (0.7, 0.95, 0.8), strict=True)], query()
    )
    assert whole.score == 0.95
    assert list(whole.evidence.query_frames) == list(range(30))
    assert list(whole.evidence.reference_frames) == list(range(4, 34))
    assert (whole.evidence.speed, whole.evidence.gain) == (1.0, 30.0)
    assert len(whole.evidence.correlation) == len(whole.evidence.distances) == 30


def test_lines_measured_a_little_differently_become_one_between_them(evidence: Evidence) -> None:
    before, after = part(evidence, 0, 19, speed=0.961), part(evidence, 20, 39, speed=0.957, late=0.1)
    (whole,) = joined([copy(before), copy(after)], query())
    assert whole.evidence.speed == pytest.approx(0.96, abs=0.003)


@pytest.mark.parametrize(
    "after",
    [
        pytest.param({"first": 20, "last": 29, "late": 5}, id="another line"),
        pytest.param({"first": 20, "last": 39, "late": 10, "speed": 0.5}, id="another speed from there on"),
        pytest.param({"first": 23, "last": 32, "late": 4}, id="a gap between"),
        pytest.param({"first": 16, "last": 30, "late": 4}, id="some frames twice"),
    ],
)
def test_what_does_not_go_on_stays_apart(evidence: Evidence, after: dict[str, int | float]) -> None:
    first, last = int(after["first"]), int(after["last"])
    later = part(evidence, first, last, late=after["late"], speed=after.get("speed", 1.0))
    assert len(ends(copy(part(evidence, 0, 19, late=4)), copy(later))) == 2


def test_runs_under_other_maps_stay_apart(evidence: Evidence) -> None:
    before, after = part(evidence, 0, 19), part(evidence, 20, 39)
    mirrored = replace(after.hypothesis, matrix=boxes_map(WHOLE, WHOLE, Orientation.MIRRORED))
    aside = replace(after.hypothesis, matrix=boxes_map((0.1, 0, 1, 1), WHOLE, Orientation.UPRIGHT))
    elsewhere = replace(after.hypothesis, reference=1)
    for hypothesis in (mirrored, aside, elsewhere):
        assert len(ends(copy(before), copy(replace(after, hypothesis=hypothesis)))) == 2


def test_what_is_in_doubt_is_no_part_of_a_copy_but_for_a_frame_or_two(evidence: Evidence) -> None:
    before = copy(part(evidence, 0, 19))
    assert len(ends(before, copy(part(evidence, 20, 39), MatchKind.POSSIBLE, 0.99))) == 2
    fragment = copy(part(evidence, 20, 22), MatchKind.POSSIBLE, 0.99)
    (whole,) = joined([before, fragment], query())
    assert (whole.kind, whole.score, len(whole.evidence.query_frames)) == (MatchKind.COPY, 0.9, 23)


def test_runs_that_show_a_photo_have_no_line_to_agree_on(evidence: Evidence) -> None:
    before, after = (
        replace(part(evidence, first, last, late=late), reference_frames=np.zeros(10, np.intp))
        for first, last, late in ((0, 9, 0), (10, 19, -8))
    )
    assert ends(copy(before), copy(after)) == [(0, 19)]


def test_runs_of_two_frozen_pictures_stay_apart(evidence: Evidence) -> None:
    before, after = (
        replace(part(evidence, first, first + 1, late=late), reference_frames=np.full(2, at))
        for first, late, at in ((0, 5, 5), (2, 12, 14))
    )
    assert len(ends(copy(before), copy(after))) == 2
