"""Pieces of a compilation: shots, the bars of each, and what the frames outside a run say of it."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from tests.footage import Picture, Transform, picture_at
from verify.fingerprint import Fingerprint, fingerprint
from verify.fingerprint.record import WHOLE
from verify.matching import ReferenceIndex, hash_tier, match
from verify.matching.cascade import evidence_of_every_tier
from verify.matching.scoring import log_odds
from verify.matching.shots import LEAST_SHOT, picture_boxes, shots
from verify.model import Frame, MatchKind, MediaKind

SIZE = (480, 270)
STEP_US = 333_333
PILLARS, LETTERBOX = Transform(pillarbox=0.3), Transform(letterbox=0.3)


def clip(pictures: list[Picture]) -> Fingerprint:
    frames = [
        Frame(time_us=number * STEP_US, image=cv2.cvtColor(cv2.resize(picture, SIZE), cv2.COLOR_RGB2GRAY))
        for number, picture in enumerate(pictures)
    ]
    return fingerprint(frames, kind=MediaKind.VIDEO, duration_us=len(frames) * STEP_US)


def shot(seed: int, change: Transform | None = None) -> list[Picture]:
    return [(change or Transform())(picture_at(seed, number / 3, SIZE)) for number in range(7)]


@pytest.fixture(scope="module")
def compilation() -> Fingerprint:
    return clip(shot(1, PILLARS) + shot(2, LETTERBOX) + shot(3))


@pytest.fixture(scope="module")
def index() -> ReferenceIndex:
    known = {f"clip-{seed}": clip(shot(seed)) for seed in (1, 2, 3, 4)}
    return ReferenceIndex.build(known.items(), known.__getitem__)


def usable(query: Fingerprint) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    return np.arange(query.quality.size)


def test_cuts_between_pieces_go_before_those_of_restless_footage(compilation: Fingerprint) -> None:
    starts = [int(frames[0]) for frames in shots(compilation, usable(compilation))]
    assert {0, 7, 14} <= set(starts)
    assert np.diff(starts).min() >= LEAST_SHOT
    assert shots(compilation, usable(compilation)[:0]) == []


def test_every_shot_has_its_own_bars(compilation: Fingerprint) -> None:
    boxes = picture_boxes(compilation, shots(compilation, usable(compilation)))
    assert compilation.content_box == WHOLE
    assert np.allclose(boxes[3], (0.1875, 0, 0.8125, 1), atol=0.02)
    assert np.allclose(boxes[10], (0, 0.1875, 1, 0.8125), atol=0.02)
    assert boxes[16].tolist() == list(WHOLE)


def test_a_clip_of_one_shot_keeps_its_bars() -> None:
    query = clip(shot(1, PILLARS))
    boxes = picture_boxes(query, shots(query, usable(query)))
    assert (boxes == np.array(query.content_box)).all()
    assert query.content_box != WHOLE


def test_hashes_find_each_piece_within_its_bars(compilation: Fingerprint, index: ReferenceIndex) -> None:
    boxes = picture_boxes(compilation, shots(compilation, usable(compilation)))
    nearest = {
        index.ids[found.reference]: (found.distance, found.query_box)
        for found in reversed(hash_tier.propose(compilation, index, usable(compilation), boxes))
    }
    assert {f"clip-{seed}" for seed in (1, 2, 3)} <= nearest.keys()
    for name, box in (("clip-1", boxes[3]), ("clip-2", boxes[10]), ("clip-3", boxes[16])):
        distance, query_box = nearest[name]
        assert distance is not None
        assert distance <= 24
        assert query_box == tuple(box)


def test_each_piece_is_a_copy_and_its_bars_are_named(compilation: Fingerprint, index: ReferenceIndex) -> None:
    found = match(compilation, index, media_sha256="").segments
    assert {one.reference_id: one.kind for one in found} == dict.fromkeys(
        ("clip-1", "clip-2", "clip-3"), MatchKind.COPY
    )
    named = {one.reference_id: one.transforms for one in found}
    assert "pillarboxed" in named["clip-1"]
    assert "letterboxed" in named["clip-2"]
    assert not {"pillarboxed", "letterboxed"} & set(named["clip-3"])


def test_corners_of_another_shot_do_not_speak_for_a_run(
    compilation: Fingerprint, index: ReferenceIndex
) -> None:
    found = max(evidence_of_every_tier(compilation, index), key=log_odds)
    sure = replace(found, hypothesis=replace(found.hypothesis, inliers=300, distance=None))
    other = next(frame for frame in usable(compilation).tolist() if frame not in found.query_frames)
    elsewhere = replace(sure, hypothesis=replace(sure.hypothesis, anchors=((other, 0),)))
    assert log_odds(sure) - log_odds(elsewhere) > 3


def walked(person: bool, count: int) -> list[Picture]:
    """A room that stands still, with somebody who walks through it or empty."""
    ground = picture_at(5, 0, SIZE)
    return [
        cv2.circle(ground.copy(), (60 + 40 * number, 135), 70, (250, 250, 250), -1) if person else ground
        for number in range(count)
    ]


def test_a_still_piece_of_a_moving_compilation_is_a_copy() -> None:
    """Cuts and the other pieces move; this piece does not, and neither do these seconds of its source."""
    room = clip(walked(person=True, count=9) + walked(person=False, count=12))
    index = ReferenceIndex.build([("room", room)], lambda _: room)
    pieces = clip(walked(person=False, count=8) + shot(1) + shot(2))
    assert [one.kind for one in match(pieces, index, media_sha256="").segments] == [MatchKind.COPY]


def test_seconds_in_which_nobody_walks_are_not_called_a_copy() -> None:
    """The same room, empty here as there: somebody walks through both, but not in what agrees."""
    room = clip(walked(person=True, count=9) + walked(person=False, count=12))
    index = ReferenceIndex.build([("room", room)], lambda _: room)
    ground = picture_at(5, 0, SIZE)
    later = [cv2.circle(ground.copy(), (240, 20 + 25 * n), 70, (10, 10, 10), -1) for n in range(8)]
    found = match(clip(walked(person=False, count=8) + later), index, media_sha256="").segments
    assert found
    assert MatchKind.COPY not in {one.kind for one in found}


def test_a_cut_is_not_taken_for_motion() -> None:
    source = clip([picture_at(7, number / 3, SIZE) for number in range(14)])
    index = ReferenceIndex.build([("clip", source)], lambda _: source)
    piece = [picture_at(7, number / 3, SIZE) for number in range(3, 10)]
    query = clip(shot(1) + piece + shot(2))
    found = max(evidence_of_every_tier(query, index), key=log_odds)
    assert found.query_frames.tolist() == list(range(7, 14))
    assert found.moving_frames == 5
    assert found.motion is not None
    assert found.motion > 0.9
