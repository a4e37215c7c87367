"""Copies whose picture moves over the footage: a window that pans, zooms or bounces."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import pytest

from tests.footage import picture_at
from verify.fingerprint import Fingerprint, fingerprint
from verify.fingerprint.record import Box
from verify.matching import ReferenceIndex, match
from verify.matching.geometry import transform
from verify.model import Frame, GreyImage, MatchKind, MatchSegment, MediaKind
from verify.reports import outline

STEP_US = 333_333
FIRST, FRAMES, KNOWN_FRAMES = 6, 24, 40
SIZE = (480, 270)
NEAR = 0.03  #: of a side of the reference

Window = Callable[[float], Box]
"""What of the picture is shown after a share of the clip: left, top, right, bottom in fractions."""


def panned(share: float) -> Box:
    return (0.6 * share, 0.0, 0.6 * share + 0.4, 1.0)


def zoomed(share: float) -> Box:
    cut = 0.25 * share
    return (cut, cut, 1 - cut, 1 - cut)


def bouncing(share: float) -> Box:
    left, top = 0.2 + 0.2 * np.sin(6 * share), 0.2 + 0.2 * np.cos(5 * share)
    return (left, top, left + 0.6, top + 0.6)


def footage(seed: int, frames: int) -> list[GreyImage]:
    """Slowly moving, three pictures a second."""
    seen = (picture_at(seed, number / 12, SIZE) for number in range(frames))
    return [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False) for picture in seen]


def through(window: Window, pictures: Sequence[GreyImage]) -> list[GreyImage]:
    left, top, right, bottom = window(0)
    wide = round(270 * (right - left) * SIZE[0] / ((bottom - top) * SIZE[1]))
    shown = []
    for number, picture in enumerate(pictures):
        left, top, right, bottom = window(number / (len(pictures) - 1))
        size = (round((right - left) * SIZE[0]), round((bottom - top) * SIZE[1]))
        middle = ((left + right) / 2 * SIZE[0] - 0.5, (top + bottom) / 2 * SIZE[1] - 0.5)
        part = cv2.getRectSubPix(picture, size, middle)
        shown.append(cv2.resize(part, (wide, 270), interpolation=cv2.INTER_LINEAR).astype(np.uint8))
    return shown


def printed(pictures: Sequence[GreyImage]) -> Fingerprint:
    kind = MediaKind.VIDEO if len(pictures) > 1 else MediaKind.IMAGE
    frames = [Frame(time_us=number * STEP_US, image=picture) for number, picture in enumerate(pictures)]
    length_us = STEP_US * len(pictures) if kind is MediaKind.VIDEO else 0
    return fingerprint(frames, kind=kind, duration_us=length_us)


def told(query: Sequence[GreyImage], known: Sequence[GreyImage]) -> tuple[MatchSegment, ...]:
    print_ = printed(known)
    index = ReferenceIndex.build([("known", print_)], lambda _: print_)
    return match(printed(query), index, media_sha256="").segments


def farthest_off(found: MatchSegment, window: Window) -> float:
    """Of the query's corners in the reference, over all frames told, from where they are; of a side."""
    off = []
    for number in range(FRAMES):
        at_us = number * STEP_US
        matrix = outline.to_reference(outline.at(found, at_us))
        assert matrix is not None
        if found.query.start_us <= at_us <= found.query.end_us:
            left, top, right, bottom = window(number / (FRAMES - 1))
            lies = transform(matrix, np.array([(0, 0), (1, 1)]))
            off.append(np.abs(lies - [(left, top), (right, bottom)]).max())
    return float(max(off))


@pytest.mark.parametrize("window", [panned, zoomed, bouncing])
@pytest.mark.parametrize("seed", [1, 4])
def test_a_moving_window_is_one_copy_and_drawn_where_it_is(window: Window, seed: int) -> None:
    known = footage(seed, KNOWN_FRAMES)
    (found,) = told(through(window, known[FIRST : FIRST + FRAMES]), known)
    assert found.kind is MatchKind.COPY
    assert found.query.duration_us >= 0.9 * FRAMES * STEP_US
    assert found.speed == 1.0
    assert abs(found.reference.start_us - found.query.start_us - FIRST * STEP_US) <= 200_000
    assert farthest_off(found, window) <= NEAR
    assert any(change.startswith("seen through a moving window") for change in found.transforms)


def test_the_movement_is_named_by_both_ends() -> None:
    known = footage(1, KNOWN_FRAMES)
    (found,) = told(through(panned, known[FIRST : FIRST + FRAMES]), known)
    (movement,) = (change for change in found.transforms if "moving window" in change)
    assert movement.startswith("seen through a moving window, first the left ")
    assert ", last the right " in movement


def test_a_photo_that_is_panned_over_is_one_copy() -> None:
    photo = footage(4, 1)
    (found,) = told(through(panned, photo * FRAMES), photo)
    assert found.kind is MatchKind.COPY
    assert found.query.duration_us >= 0.9 * FRAMES * STEP_US
    assert farthest_off(found, panned) <= NEAR


def test_what_does_not_move_has_no_path() -> None:
    known = footage(1, KNOWN_FRAMES)
    (found,) = told(through(lambda _: (0.2, 0.1, 0.8, 0.7), known[FIRST : FIRST + FRAMES]), known)
    assert found.geometry is not None
    assert not found.geometry.path


def test_other_footage_is_not_followed() -> None:
    assert told(through(panned, footage(2, FRAMES)), footage(1, KNOWN_FRAMES)) == ()


def take(seed: int, frames: int) -> list[GreyImage]:
    """A room that stays, with two things that move about by chance, as in no other take of it."""
    room = footage(9, 1)[0] // 2 + 60
    chance = np.random.default_rng(seed)
    places = np.cumsum(chance.normal(0, 14, (frames, 2, 2)), axis=0) + chance.uniform(80, 190, (2, 2))
    shown = []
    for number in range(frames):
        picture = room.copy()
        for x, y in np.mod(places[number], [SIZE[0], SIZE[1]]).round().astype(int).tolist():
            cv2.circle(picture, (x, y), 34, 250, -1)
            cv2.circle(picture, (x - 8, y - 8), 12, 20, -1)
        shown.append(picture)
    return shown


def test_another_take_of_a_scene_is_no_copy_under_a_moving_window() -> None:
    found = told(through(panned, take(5, FRAMES)), take(6, KNOWN_FRAMES))
    assert all(one.kind is not MatchKind.COPY for one in found)
    known = take(6, KNOWN_FRAMES)
    (own,) = told(through(panned, known[FIRST : FIRST + FRAMES]), known)
    assert own.kind is MatchKind.COPY


def test_a_moment_between_two_frames_lies_between_their_maps() -> None:
    known = footage(1, KNOWN_FRAMES)
    (found,) = told(through(zoomed, known[FIRST : FIRST + FRAMES]), known)
    assert found.geometry is not None
    first, second = found.geometry.path[3:5]
    halfway = outline.at(found, (first.query_us + second.query_us) // 2)
    assert halfway.geometry is not None
    assert np.allclose(halfway.geometry.matrix, np.add(first.matrix, second.matrix) / 2, atol=1e-6)
