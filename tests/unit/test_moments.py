"""A speaker before a camera that stands still: the same moment, another one, or nobody can tell."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest

from tests.footage import Picture, picture_at
from verify.fingerprint import Fingerprint, fingerprint
from verify.matching import ReferenceIndex, match
from verify.matching.judging import MOMENT_IN_DOUBT
from verify.model import Frame, MatchKind, MatchSegment, MediaKind

SECOND = 1_000_000
RATE = 3  # pictures a second
ROOM, FACE = 71, 72  # seeds of footage.picture_at: what stands still and what moves before it


@cache
def speaker(take: int, seconds: int, *, much: float = 1.0) -> tuple[Picture, ...]:
    """Someone who sways, nods and turns a little, never twice alike; each take has its own movements."""
    room = cv2.GaussianBlur(picture_at(ROOM, 1.0), (0, 0), 1)
    random = np.random.default_rng(take)
    steps = random.normal(size=(seconds * RATE + 40, 3))
    sway = np.stack([np.convolve(column, np.hanning(9), "same") for column in steps.T], axis=1)[20:-20]
    face = picture_at(FACE, 1.0)
    return tuple(before(room, face, *moved) for moved in (sway * (9.0, 4.0, 3.0) * much).tolist())


def before(room: Picture, face: Picture, across: float, down: float, turned: float) -> Picture:
    """A face before a room, moved by pixels and turned by degrees."""
    high, wide = room.shape[:2]
    face = np.asarray(cv2.resize(face, (wide // 3, high // 2)), np.uint8)
    middle = (face.shape[1] / 2, face.shape[0] / 2)
    matrix = cv2.getRotationMatrix2D(middle, turned, 1.0)
    matrix[:, 2] += (wide / 3 + across, high / 3 + down)
    shape = np.zeros(face.shape[:2], np.uint8)
    cv2.ellipse(shape, ((middle), (face.shape[1] * 0.8, face.shape[0] * 0.9), 0), 255, -1)
    inside = cv2.warpAffine(shape, matrix, (wide, high))[..., None] / 255
    moved = cv2.warpAffine(face, matrix, (wide, high))
    return np.asarray(room * (1 - inside) + moved * inside).astype(np.uint8)


def clip(pictures: tuple[Picture, ...], *, kind: MediaKind = MediaKind.VIDEO) -> Fingerprint:
    frames = [
        Frame(time_us=number * SECOND // RATE, image=cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))
        for number, picture in enumerate(pictures)
    ]
    return fingerprint(frames, kind=kind, duration_us=len(frames) * SECOND // RATE)


def told(query: Fingerprint, reference: Fingerprint) -> list[MatchSegment]:
    index = ReferenceIndex.build([("speech", reference)], lambda _: reference)
    return list(match(query, index, media_sha256="").segments)


@pytest.mark.parametrize("first", [8, 31, 70])
def test_the_moment_is_found_again(first: int) -> None:
    piece = speaker(1, 40)[first : first + 18]
    (segment,) = told(clip(tuple(picture[10:-20, 20:-40] for picture in piece)), clip(speaker(1, 40)))
    assert segment.kind is MatchKind.COPY
    assert abs(segment.reference.start_us - first * SECOND / RATE) < SECOND / 2


@pytest.mark.parametrize("take", [2, 3, 4, 5])
def test_another_take_is_no_copy(take: int) -> None:
    found = told(clip(speaker(take, 40)[30:48]), clip(speaker(1, 40)))
    assert found
    assert all(segment.kind is not MatchKind.COPY for segment in found)


def test_a_sure_picture_of_an_unsure_moment_is_told_why_it_is_no_copy() -> None:
    (segment,) = told(clip(speaker(3, 40)[30:48]), clip(speaker(1, 40)))
    assert segment.kind is MatchKind.POSSIBLE
    assert segment.confidence in {"moderate", "high"}
    assert segment.doubt == MOMENT_IN_DOUBT


def test_the_same_take_at_another_moment_is_no_copy() -> None:
    found = told(clip(speaker(1, 40)[80:98]), clip(speaker(1, 40)[:60]))
    assert found
    assert all(segment.kind is not MatchKind.COPY for segment in found)


def test_a_still_has_no_moment() -> None:
    (segment,) = told(clip(speaker(1, 40)[20:21], kind=MediaKind.IMAGE), clip(speaker(1, 40)))
    assert segment.kind is MatchKind.COPY


@pytest.mark.parametrize("first", [8, 31, 70])
def test_who_hardly_moves_is_found_at_the_right_second(first: int) -> None:
    still = speaker(1, 40, much=0.04)
    captioned = compressed(tuple(map(with_caption, still[first : first + 18])))
    (segment,) = told(clip(captioned), clip(still))
    assert abs(segment.reference.start_us - first * SECOND / RATE) < SECOND / 4


def test_a_frozen_frame_is_no_copy_of_who_hardly_moves() -> None:
    frozen = clip(speaker(1, 40)[30:31] * 8)
    found = told(clip(speaker(3, 40, much=0.1)[30:38]), frozen)
    assert found
    assert all(segment.kind is MatchKind.POSSIBLE for segment in found)


@pytest.mark.parametrize("frames", [2, 3])
def test_too_short_a_piece_does_not_tell_its_moment(frames: int) -> None:
    piece = speaker(3, 40, much=0.03)[30 : 30 + frames]
    something_else = (picture_at(90, 1.0),) * 12
    (segment,) = told(clip(piece + something_else), clip(speaker(1, 40)[30:31] * 8))
    assert segment.kind is MatchKind.POSSIBLE


def test_a_frozen_frame_that_was_compressed_stays_a_copy() -> None:
    frozen = speaker(1, 40)[30:31] * 8
    (segment,) = told(clip(compressed(frozen)), clip(frozen))
    assert segment.kind is MatchKind.COPY


def with_caption(picture: Picture) -> Picture:
    captioned = picture.copy()
    captioned[-60:, 20:-80] = 255
    return captioned


def compressed(pictures: tuple[Picture, ...]) -> tuple[Picture, ...]:
    """With noise of their own and what JPEG leaves of them."""
    random = np.random.default_rng(9)
    noisy = (np.clip(picture + random.normal(0, 6, picture.shape), 0, 255) for picture in pictures)
    return tuple(
        cv2.imdecode(cv2.imencode(".jpg", picture.astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 40])[1], 1)
        for picture in noisy
    )
