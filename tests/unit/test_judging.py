"""Which weak runs are worth telling, and how unsure they are said to be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.test_shots import clip, shot
from verify.fingerprint.record import WHOLE
from verify.matching import ReferenceIndex
from verify.matching.hypothesis import Hypothesis
from verify.matching.judging import (
    ALIKE_INSTANTS,
    ALIKE_MOTION,
    BEARING_MOTION,
    CLEAR_LEVEL,
    COPY_ODDS,
    COVERED_FRAMES,
    COVERED_ODDS,
    EDGE_ROWS,
    OTHER_INSTANTS,
    PLAIN_LEVEL,
    POSSIBLE_ODDS,
    SAME_INSTANTS,
    SAME_PICTURE_BITS,
    SAME_SCENE_FRAMES,
    STEADY_INSTANTS,
    SURE_INSTANTS,
    WIDE_SPREAD,
    Judged,
    by_instants,
    judge,
)
from verify.matching.moments import LEAST_FRAMES, Close
from verify.matching.scoring import chance_in_set, false_match_probability, in_words, log_odds, score
from verify.matching.selection import (
    LESS_EXACT,
    MORE_EXACT,
    fragments_of_a_scene,
    less_exact_stills,
    uncontradicted,
)
from verify.matching.verification import Evidence, examine
from verify.model import MatchKind

REFERENCE = clip(shot(1))
INDEX = ReferenceIndex.build([("earlier", REFERENCE)], lambda _: REFERENCE)


def of_itself() -> Evidence:
    """The reference, searched in itself."""
    proposed = Hypothesis(
        reference=0, matrix=np.eye(3), tier="local", anchors=((3, 3),), query_box=WHOLE, inliers=8
    )
    (found,) = examine(proposed, REFERENCE, REFERENCE)
    return found


@pytest.fixture(scope="module")
def weak() -> Evidence:
    """A few frames of moving footage that half of their blocks take for the reference's."""
    return long(replace(of_itself(), motion=0.0, footage_moves=True), LEAST_FRAMES - 1)


def long(evidence: Evidence, frames: int, agree: float = 0.5) -> Evidence:
    alike = np.full(frames, agree)
    return replace(evidence, share=alike, correlation=alike, textured=np.full(frames, 36.0))


def bits(evidence: Evidence, median: int) -> Evidence:
    return replace(evidence, distances=np.full(len(evidence.share), median))


@pytest.mark.parametrize("motion", [None, 0.1, BEARING_MOTION - 0.01])
def test_what_neither_picture_nor_motion_bears_out_is_not_told(weak: Evidence, motion: float | None) -> None:
    run = replace(bits(weak, SAME_PICTURE_BITS + 1), motion=motion)
    assert POSSIBLE_ODDS < log_odds(run) < COPY_ODDS
    assert not judge(run, INDEX).worth_telling


def test_motion_bears_a_weak_run_out(weak: Evidence) -> None:
    assert judge(replace(bits(weak, SAME_PICTURE_BITS + 1), motion=BEARING_MOTION), INDEX).worth_telling


def test_a_longer_run_agrees_all_along(weak: Evidence) -> None:
    run = replace(bits(long(weak, LEAST_FRAMES), SAME_PICTURE_BITS + 1), motion=0.35)
    assert log_odds(run) < COPY_ODDS
    assert judge(run, INDEX).worth_telling


def at_an_edge(evidence: Evidence) -> Evidence:
    blocks = np.zeros_like(evidence.blocks)
    blocks[-EDGE_ROWS:] = 0.9
    return replace(evidence, blocks=blocks, moment=None)


@pytest.mark.parametrize(
    ("motion", "distance", "agree", "told"),
    [
        (ALIKE_MOTION - 0.01, SAME_PICTURE_BITS + 1, 0.5, False),
        (ALIKE_MOTION, SAME_PICTURE_BITS + 1, 0.5, True),
        (ALIKE_MOTION - 0.01, SAME_PICTURE_BITS, 0.5, True),
        (ALIKE_MOTION - 0.01, SAME_PICTURE_BITS + 1, 1.0, True),
    ],
    ids=["nothing else", "it moves alike", "it looks alike", "it is sure"],
)
def test_a_weak_run_needs_more_than_an_edge(
    weak: Evidence, motion: float, distance: int, agree: float, *, told: bool
) -> None:
    run = at_an_edge(bits(long(weak, 8, agree), distance))
    moving = replace(run, motion=motion, moving_frames=SAME_SCENE_FRAMES)
    assert bool(uncontradicted([judge(moving, INDEX)])) is told


@pytest.mark.parametrize(("stance", "told"), [(0.0, False), (1.0, True)], ids=["another", "perhaps the same"])
def test_a_weak_run_of_moving_footage_needs_a_likely_moment(
    weak: Evidence, stance: float, *, told: bool
) -> None:
    run = replace(bits(weak, SAME_PICTURE_BITS), motion=None, moving_frames=0)
    assert run.moment
    placed = replace(run, moment=replace(run.moment, others=True, stance=stance, nearest=stance))
    assert bool(uncontradicted([judge(placed, INDEX)])) is told


def test_the_whole_picture_bears_a_weak_run_out(weak: Evidence) -> None:
    assert judge(bits(weak, SAME_PICTURE_BITS), INDEX).worth_telling


def test_weak_runs_of_footage_that_stands_still_are_told(weak: Evidence) -> None:
    still = replace(bits(weak, SAME_PICTURE_BITS + 1), motion=None, moving_frames=0, footage_moves=False)
    assert judge(still, INDEX).worth_telling


def test_a_sure_run_needs_nothing_else(weak: Evidence) -> None:
    sure = replace(bits(long(weak, LEAST_FRAMES - 1, agree=1.0), SAME_PICTURE_BITS + 1), motion=0.1)
    assert log_odds(sure) > COPY_ODDS
    assert judge(sure, INDEX).worth_telling


def seen_closely(
    evidence: Evidence, *, agreement: float, level: float = 5.0, spread: float = 0.2, steady: float = 1.0
) -> Evidence:
    assert evidence.moment
    close = Close(
        stance=agreement, motion=agreement, level=level, spread=spread, steady=steady, everywhere=True
    )
    return replace(evidence, close=close, moment=replace(evidence.moment, others=True, stance=0.0))


@pytest.fixture(scope="module")
def sure(weak: Evidence) -> Evidence:
    """A sure picture of moving footage that moves otherwise."""
    run = replace(bits(long(weak, 8, agree=1.0), 40), motion=0.0, moving_frames=8)
    assert log_odds(run) > COPY_ODDS
    assert judge(run, INDEX).kind is MatchKind.SAME_SCENE
    return run


@pytest.mark.parametrize(
    ("agreement", "level", "kind"),
    [
        (SAME_INSTANTS, 1.5, MatchKind.COPY),
        (SAME_INSTANTS - 0.01, 1.5, None),
        (ALIKE_INSTANTS - 0.01, 1.5, MatchKind.POSSIBLE),
        (OTHER_INSTANTS - 0.01, PLAIN_LEVEL, MatchKind.SAME_SCENE),
        (OTHER_INSTANTS - 0.01, 1.5, MatchKind.POSSIBLE),
        (SAME_INSTANTS, CLEAR_LEVEL - 0.1, None),
    ],
)
def test_a_closer_look_tells_the_moment_where_enough_changes(
    sure: Evidence, agreement: float, level: float, kind: MatchKind | None
) -> None:
    run = seen_closely(sure, agreement=agreement, level=level)
    assert by_instants(run, INDEX) is kind
    if kind:
        assert judge(run, INDEX).kind is kind


def test_one_great_change_that_agrees_leaves_the_moment_in_doubt(sure: Evidence) -> None:
    once = seen_closely(sure, agreement=SURE_INSTANTS - 0.01, steady=STEADY_INSTANTS - 0.01)
    assert judge(once, INDEX).kind is MatchKind.POSSIBLE
    assert once.close
    assert once.moment
    surer = replace(once.close, stance=1.0, motion=1.0)
    assert judge(replace(once, close=surer), INDEX).kind is MatchKind.COPY
    steady = replace(once.close, steady=STEADY_INSTANTS)
    assert judge(replace(once, close=steady), INDEX).kind is MatchKind.COPY
    alone = replace(once, moment=replace(once.moment, others=False))
    assert judge(alone, INDEX).kind is MatchKind.COPY


def test_a_closer_look_denies_nothing_where_the_reference_shows_no_other_moment(sure: Evidence) -> None:
    run = seen_closely(sure, agreement=0.0)
    assert run.moment
    assert by_instants(replace(run, moment=replace(run.moment, others=False)), INDEX) is None


def test_a_closer_look_denies_nothing_before_other_seconds_were_tried(sure: Evidence) -> None:
    run = seen_closely(sure, agreement=0.0)
    assert by_instants(run, INDEX) is MatchKind.SAME_SCENE
    assert run.close
    assert by_instants(replace(run, close=replace(run.close, everywhere=False)), INDEX) is None


def test_what_changes_alike_all_over_is_a_copy_however_weak(weak: Evidence) -> None:
    run = bits(long(weak, LEAST_FRAMES), SAME_PICTURE_BITS + 1)
    assert log_odds(run) < COPY_ODDS
    wide = seen_closely(run, agreement=ALIKE_INSTANTS, spread=WIDE_SPREAD)
    assert judge(wide, INDEX).kind is MatchKind.COPY
    assert by_instants(seen_closely(run, agreement=1.0, spread=WIDE_SPREAD - 0.1), INDEX) is None
    nothing = long(run, LEAST_FRAMES, agree=0.05)
    assert log_odds(nothing) < POSSIBLE_ODDS
    assert by_instants(seen_closely(nothing, agreement=1.0, spread=WIDE_SPREAD), INDEX) is not MatchKind.COPY


def test_a_fragment_follows_only_a_longer_run_to_another_take(sure: Evidence) -> None:
    def still(frames: int) -> Evidence:
        run = replace(sure, query_frames=np.arange(frames), motion=None, moving_frames=0)
        return replace(run, footage_moves=False, moment=None)

    scene = judge(replace(sure, query_frames=np.arange(5)), INDEX)
    shorter, longer = fragments_of_a_scene([judge(still(4), INDEX), judge(still(6), INDEX), scene])[:2]
    assert shorter.kind is MatchKind.SAME_SCENE
    assert longer.kind is not MatchKind.SAME_SCENE


def test_a_weak_match_in_a_small_set_is_said_to_be_weak() -> None:
    assert chance_in_set(0.0, 100) < 0.001
    assert in_words(false_match_probability(0.0, 100)) == "low"
    assert in_words(false_match_probability(9.0, 100)) == "very high"
    assert false_match_probability(2.5, 30_000_000) == chance_in_set(2.5, 30_000_000) > 0.1


def of_tier(evidence: Evidence, tier: str, reference: int = 0) -> Evidence:
    return replace(evidence, hypothesis=replace(evidence.hypothesis, tier=tier, reference=reference))


def test_what_moves_bears_out_a_picture_that_a_sign_covers(weak: Evidence) -> None:
    covered = of_tier(bits(long(weak, 12, 0.2), SAME_PICTURE_BITS + 10), "crop")
    covered = replace(covered, motion=BEARING_MOTION, moving_frames=COVERED_FRAMES)
    assert log_odds(covered) < POSSIBLE_ODDS
    borne_out = judge(covered, INDEX)
    assert borne_out.worth_telling
    assert borne_out.kind is MatchKind.POSSIBLE
    assert borne_out.score == pytest.approx(score(COVERED_ODDS))
    for less in (
        replace(covered, moving_frames=COVERED_FRAMES - 1),
        replace(covered, motion=BEARING_MOTION - 0.01),
        replace(covered, motion=None),
        of_tier(covered, "local"),
    ):
        assert not judge(less, INDEX).worth_telling


def test_what_slopes_led_to_is_told_up_to_the_bits_of_the_same_picture(weak: Evidence) -> None:
    part = of_tier(bits(long(weak, 1), SAME_PICTURE_BITS), "crop")
    part = replace(part, motion=None, moving_frames=0, footage_moves=False)
    assert judge(part, INDEX).worth_telling
    assert not judge(bits(part, SAME_PICTURE_BITS + 1), INDEX).worth_telling
    assert not judge(of_tier(part, "inset"), INDEX).worth_telling


@pytest.fixture
def stills(weak: Evidence) -> list[Judged]:
    """The same photo, told as a copy of two references."""
    still = replace(
        long(weak, 1, 0.99), moment=None, query_frames=np.array([0]), reference_frames=np.array([3])
    )
    less = replace(of_tier(still, "hash", 1), correlation=np.array([0.99 - MORE_EXACT]))
    return [replace(judge(one, INDEX), kind=MatchKind.COPY) for one in (still, less)]


def test_a_still_is_no_copy_of_what_shows_it_less_exactly_than_another(stills: list[Judged]) -> None:
    exact, less = less_exact_stills(stills)
    assert exact == stills[0]
    assert less.kind is MatchKind.POSSIBLE
    assert less.doubt == LESS_EXACT


def test_a_still_stays_a_copy_of_what_shows_about_as_much_or_another_part(stills: list[Judged]) -> None:
    exact, less = stills
    nearly = replace(less, evidence=replace(less.evidence, correlation=np.array([1 - MORE_EXACT])))
    assert less_exact_stills([exact, nearly])[1].kind is MatchKind.COPY
    box = replace(less.evidence.common, query_box=(0.0, 0.0, 0.4, 0.4))
    corner = replace(exact, evidence=replace(exact.evidence, common=box))
    assert less_exact_stills([corner, less])[1].kind is MatchKind.COPY
    clip = replace(less, evidence=replace(less.evidence, query_frames=np.array([0, 1])))
    assert less_exact_stills([exact, clip])[1].kind is MatchKind.COPY
