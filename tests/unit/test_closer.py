"""A closer look: fast movements that two samplings miss, at the same instants and at other ones."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest

from tests.footage import Picture, picture_at
from tests.unit.test_moments import FACE, ROOM, before
from verify.fingerprint import Closeup, Fingerprint, closeup, fingerprint
from verify.fingerprint.record import WHOLE
from verify.matching import FRAMES_PER_SECOND, LookCloser, ReferenceIndex, closer, match
from verify.matching.closer import MOST_LOOKS, MOST_US, looked_closer
from verify.matching.geometry import overlap
from verify.matching.hypothesis import Hypothesis
from verify.matching.instants import SHIFTS_US, STEP_US, Instants, close_of
from verify.matching.judging import MOMENT_IN_DOUBT, Judged, in_doubt, judge
from verify.matching.lines import Line
from verify.matching.patches import Sampler
from verify.matching.verification import examine
from verify.model import Frame, MatchKind, MatchSegment, MediaKind, Span

SECOND = 1_000_000
SAMPLED = 8  # frames from one sampled frame to the next: three a second
PHASE = SAMPLED // 2  # the query is sampled halfway between the reference's frames


@cache
def restless(take: int, seconds: int, *, much: float = 1.0) -> tuple[Picture, ...]:
    """Someone who moves to and fro twice a second, FRAMES_PER_SECOND pictures a second."""
    room = cv2.GaussianBlur(picture_at(ROOM, 1.0), (0, 0), 1)
    face = picture_at(FACE, 1.0)
    steps = np.random.default_rng(take).normal(size=(seconds * FRAMES_PER_SECOND + 40, 3))
    sway = np.stack([np.convolve(column, np.hanning(11), "same") for column in steps.T], axis=1)[20:-20]
    return tuple(before(room, face, *moved) for moved in (sway * (9.0, 5.0, 3.0) * much).tolist())


def frames(pictures: tuple[Picture, ...], numbers: range) -> list[Frame]:
    return [
        Frame(
            time_us=(number - numbers[0]) * SECOND // FRAMES_PER_SECOND,
            image=cv2.cvtColor(pictures[number], cv2.COLOR_RGB2GRAY),
        )
        for number in numbers
    ]


def sampled(pictures: tuple[Picture, ...], numbers: range) -> Fingerprint:
    found = frames(pictures, range(numbers[0], numbers[-1] + 1, SAMPLED))
    return fingerprint(found, kind=MediaKind.VIDEO, duration_us=len(numbers) * SECOND // FRAMES_PER_SECOND)


def looking(pictures: tuple[Picture, ...], numbers: range, asked: list[Span] | None = None) -> LookCloser:
    every = frames(pictures, numbers)

    def look(span: Span) -> Closeup:
        if asked is not None:
            asked.append(span)
        return closeup(frame for frame in every if span.start_us <= frame.time_us <= span.end_us)

    return look


def told(query: Fingerprint, reference: Fingerprint, look: LookCloser | None = None) -> list[MatchSegment]:
    index = ReferenceIndex.build([("speech", reference)], lambda _: reference)
    return list(match(query, index, media_sha256="", look_closer=look).segments)


SECONDS = 24
REFERENCE = range(SECONDS * FRAMES_PER_SECOND)


def piece(first: int) -> range:
    return range(first * SAMPLED + PHASE, (first + 18) * SAMPLED + PHASE)


@pytest.mark.parametrize("first", [12, 30, 48])
def test_the_moment_that_was_in_doubt_is_told(first: int) -> None:
    speech, shown = restless(1, SECONDS), piece(first)
    reference, query = sampled(speech, REFERENCE), sampled(speech, shown)
    assert all(segment.kind is not MatchKind.COPY for segment in told(query, reference))
    (segment,) = told(query, reference, looking(speech, shown))
    assert segment.kind is MatchKind.COPY
    assert not segment.doubt
    assert segment.score > 0.9
    assert abs(segment.reference.start_us - shown[0] * SECOND // FRAMES_PER_SECOND) <= 2 * STEP_US


@pytest.mark.parametrize("frames", [36, 42, 48])
def test_a_short_copy_is_not_taken_for_another_moment(frames: int) -> None:
    """Too few instants are seen to look for it elsewhere in the reference."""
    speech, shown = restless(1, SECONDS), range(100, 100 + frames)
    found = told(sampled(speech, shown), sampled(speech, REFERENCE), looking(speech, shown))
    assert found
    assert all(segment.kind is not MatchKind.SAME_SCENE for segment in found)


def test_a_line_that_is_right_stays_as_it_is() -> None:
    """Also where so little changes that its neighbours are nearly as good."""
    steps = np.linspace(0, 40, 20 * FRAMES_PER_SECOND)
    pictures = tuple(np.full((90, 160, 3), 60, np.uint8) for _ in steps)
    for picture, step in zip(pictures, steps.tolist(), strict=True):
        picture[20:70, 20 + round(step) : 80 + round(step)] = 180
    reference, query = (
        sampled(pictures, range(len(pictures))),
        range(8 * FRAMES_PER_SECOND, 12 * FRAMES_PER_SECOND),
    )
    common = overlap(np.eye(3), WHOLE, WHOLE)
    assert common
    hypothesis = Hypothesis(reference=0, matrix=np.eye(3), tier="hash", anchors=((0, 0),), query_box=WHOLE)
    sampler = Sampler(sampled(pictures, query), reference, hypothesis, common)
    seen = closeup(frames(pictures, query))
    instants = Instants(
        ours=sampler.closeup(seen),
        theirs=sampler.reference(np.arange(len(reference.times_us))),
        usable=sampler.usable,
        query_us=seen.times_us,
        reference_us=reference.times_us,
        run_us=4 * SECOND,
    )
    right = Line(speed=1.0, offset_us=8.0 * SECOND)
    closest = instants.closest(right)
    assert closest
    assert closest[1] == right


@pytest.mark.parametrize(("speed", "kind"), [(0.5, MatchKind.POSSIBLE), (1.0, MatchKind.COPY)])
def test_a_slow_copy_of_which_too_little_is_seen_is_in_doubt(speed: float, kind: MatchKind) -> None:
    speech, shown = restless(1, SECONDS), range(30 * SAMPLED, 36 * SAMPLED)
    query, reference = sampled(speech, shown), sampled(speech, REFERENCE)
    index = ReferenceIndex.build([("speech", reference)], lambda _: reference)
    proposed = Hypothesis(reference=0, matrix=np.eye(3), tier="hash", anchors=((0, 30),), query_box=WHOLE)
    run = examine(proposed, query, reference)[0]
    assert run.moment
    unsure = replace(run, speed=speed, moment=replace(run.moment, others=True, stance=0.5))
    copy = replace(judge(run, index), kind=MatchKind.COPY, evidence=unsure)
    assert in_doubt(copy)
    few = closeup(frames(speech, range(shown[0], shown[0] + 3)))
    (found,) = looked_closer([copy], query, index, lambda _: few)
    assert found.kind is kind
    assert found.doubt == (MOMENT_IN_DOUBT if kind is MatchKind.POSSIBLE else "")


def still_copy(query: Fingerprint, reference: Fingerprint, *, others: bool, nearest: float) -> Judged:
    """A run of both, called a copy, of which the sampled frames hardly tell the moment."""
    index = ReferenceIndex.build([("speech", reference)], lambda _: reference)
    proposed = Hypothesis(reference=0, matrix=np.eye(3), tier="hash", anchors=((0, 30),), query_box=WHOLE)
    run = examine(proposed, query, reference)[0]
    assert run.moment
    unsure = replace(run, moment=replace(run.moment, others=others, stance=0.5, nearest=nearest))
    return replace(judge(run, index), kind=MatchKind.COPY, doubt="", evidence=unsure)


@pytest.mark.parametrize(
    ("least", "nearest", "kind"),
    [(-np.inf, 0.6, MatchKind.COPY), (np.inf, 0.6, MatchKind.POSSIBLE), (-np.inf, 0.3, MatchKind.POSSIBLE)],
    ids=["likely", "unlikely", "other moments fit better"],
)
def test_a_copy_that_a_look_does_not_bear_out_needs_a_likely_moment(
    least: float, nearest: float, kind: MatchKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hardly anything changes: less than a grey level."""
    monkeypatch.setattr(closer, "UNBORNE_MOMENT", least)
    shown = piece(30)
    other, speech = restless(2, SECONDS, much=0.03), restless(1, SECONDS, much=0.03)
    query, reference = sampled(speech, shown), sampled(speech, REFERENCE)
    index = ReferenceIndex.build([("speech", reference)], lambda _: reference)
    copy = still_copy(query, reference, others=True, nearest=nearest)
    (found,) = looked_closer([copy], query, index, looking(other, shown))
    assert found.kind is kind
    assert found.doubt == (MOMENT_IN_DOUBT if kind is MatchKind.POSSIBLE else "")


@pytest.mark.parametrize(
    ("much", "kind"), [(0.03, MatchKind.COPY), (0.5, MatchKind.POSSIBLE)], ids=["still", "moves otherwise"]
)
def test_what_is_seen_to_move_otherwise_is_in_doubt(much: float, kind: MatchKind) -> None:
    """The only moment of the view that the reference shows, and hardly moving in the sampled frames."""
    shown = piece(30)
    speech = restless(1, SECONDS, much=much)
    query, reference = sampled(speech, shown), sampled(speech, REFERENCE)
    index = ReferenceIndex.build([("speech", reference)], lambda _: reference)
    copy = still_copy(query, reference, others=False, nearest=0.6)
    assert copy.evidence.moment
    unlike = replace(copy.evidence, moment=replace(copy.evidence.moment, stance=-0.5), motion=None)
    look = looking(restless(2, SECONDS, much=much), shown)
    (found,) = looked_closer([replace(copy, evidence=unlike)], query, index, look)
    assert found.kind is kind


def test_a_look_says_whether_changes_agree_one_by_one() -> None:
    random = np.random.default_rng(5)
    ours, theirs = (random.normal(size=(4, 9, 64)).cumsum(axis=1).astype(np.float32) for _ in range(2))
    ours[:, 5:] += 50 * np.sin(np.arange(64))
    theirs[:, 5:] += 50 * np.sin(np.arange(64))
    once, same = close_of(ours, theirs), close_of(ours, ours)
    assert once.agreement > 0.9
    assert abs(once.steady) < 0.3
    assert same.steady == pytest.approx(1.0, abs=1e-5)
    assert close_of(ours, np.zeros_like(ours)).steady == 0.0


@pytest.mark.parametrize("take", [2, 3, 4])
def test_another_take_is_no_copy(take: int) -> None:
    shown = piece(30)
    query = sampled(restless(take, SECONDS), shown)
    found = told(query, sampled(restless(1, SECONDS), REFERENCE), looking(restless(take, SECONDS), shown))
    assert found
    assert all(segment.kind is not MatchKind.COPY for segment in found)


@pytest.mark.parametrize("speed", [0.5, 1.25])
def test_the_exact_speed_is_found(speed: float) -> None:
    speech, first = restless(1, SECONDS), 300
    numbers = [round(first + number * speed) for number in range(8 * FRAMES_PER_SECOND)]
    quicker = tuple(speech[number] for number in numbers)
    query = sampled(quicker, range(len(quicker)))
    (segment,) = told(query, sampled(speech, REFERENCE), looking(quicker, range(len(quicker))))
    assert segment.kind is MatchKind.COPY
    assert abs(segment.speed - speed) <= 0.02
    assert abs(segment.reference.start_us - first * SECOND // FRAMES_PER_SECOND) <= SECOND // 8


def test_the_result_says_that_a_closer_look_told_the_moment() -> None:
    speech, shown = restless(1, SECONDS), piece(30)
    query, reference = sampled(speech, shown), sampled(speech, REFERENCE)
    index = ReferenceIndex.build([("speech", reference)], lambda _: reference)
    (note,) = match(query, index, media_sha256="", look_closer=looking(speech, shown)).notes
    assert note.startswith("For 1 match up to 24 frames a second of 8 s at most were compared")
    assert note.endswith("to tell the moment, or the speed of a short one.")
    assert not match(query, index, media_sha256="").notes


def test_what_cannot_be_read_again_stays_in_doubt() -> None:
    query, reference = sampled(restless(1, SECONDS), piece(30)), sampled(restless(1, SECONDS), REFERENCE)
    assert told(query, reference, lambda _: closeup(())) == told(query, reference)


def test_a_sure_copy_is_not_looked_at_again() -> None:
    speech = restless(1, SECONDS)
    shown = range(30 * SAMPLED, 48 * SAMPLED)
    asked: list[Span] = []
    (segment,) = told(sampled(speech, shown), sampled(speech, REFERENCE), looking(speech, shown, asked))
    assert segment.kind is MatchKind.COPY
    assert not asked


def test_the_work_is_bounded() -> None:
    speech, shown = restless(1, SECONDS), range(PHASE, 20 * FRAMES_PER_SECOND + PHASE)
    asked: list[Span] = []
    told(sampled(speech, shown), sampled(speech, REFERENCE), looking(speech, shown, asked))
    assert 0 < len(asked) <= MOST_LOOKS
    assert all(span.duration_us <= MOST_US + 2 * SHIFTS_US[-1] for span in asked)


def test_after_a_look_that_failed_there_is_no_other() -> None:
    """A file that is slow to fail would cost its time again for every run in doubt."""
    speech, other = restless(1, SECONDS), restless(5, SECONDS)
    pictures = speech[PHASE : 12 * SAMPLED + PHASE] + other[PHASE : 12 * SAMPLED + PHASE]
    both = {"one": sampled(speech, REFERENCE), "other": sampled(other, REFERENCE)}
    index = ReferenceIndex.build(both.items(), both.__getitem__)
    query, shown = sampled(pictures, range(len(pictures))), range(len(pictures))
    asked: list[Span] = []
    match(query, index, media_sha256="", look_closer=looking(pictures, shown, asked))
    assert len(asked) > 1
    asked.clear()

    def fail(span: Span) -> Closeup:
        asked.append(span)
        return closeup(())

    match(query, index, media_sha256="", look_closer=fail)
    assert len(asked) == 1
