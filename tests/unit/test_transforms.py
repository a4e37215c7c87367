"""The words for what was done to a reference that has bars of its own, on rendered footage."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from tests.footage import Picture, Transform
from tests.unit.test_matching import clip, footage, only
from verify.matching import ReferenceIndex
from verify.model import MediaKind

BOXED = Transform(letterbox=0.15, pillarbox=0.1)


def under_a_bar(picture: Picture) -> Picture:
    covered = picture.copy()
    covered[-picture.shape[0] // 4 :] = 255
    return covered


@pytest.mark.parametrize("kind", [MediaKind.VIDEO, MediaKind.IMAGE])
@pytest.mark.parametrize(
    ("change", "names"),
    [
        (lambda picture: picture, []),
        (lambda picture: picture[:, ::-1], []),
        (lambda picture: cv2.resize(picture, None, fx=0.7, fy=0.7), []),
        (lambda picture: np.clip(picture * 1.1 + 12.0, 0, 255).astype(np.uint8), []),
        (lambda picture: cv2.imdecode(cv2.imencode(".jpg", picture, [1, 30])[1], 1), []),
        (lambda picture: picture[60:-60, 80:-70], ["cropped"]),
        (lambda picture: picture[:, 100:-100], ["cropped"]),
        (lambda picture: picture[40:-40, 48:-48], ["plain"]),
        (lambda picture: np.pad(picture, [(60, 60), (0, 0), (0, 0)]), ["letterboxed"]),
    ],
)
def test_bars_of_the_reference_are_no_change(
    change: Callable[[Picture], Picture], names: list[str], kind: MediaKind
) -> None:
    frames = footage(4, 0, 8 if kind is MediaKind.VIDEO else 0.4, BOXED)
    reference = clip(frames, kind=kind)
    assert reference.has_bars
    index = ReferenceIndex.build([("boxed", reference)], lambda _: reference)
    piece = [change(frame) for frame in frames[6:15] or frames]
    segment = only(clip(piece, kind=kind), index)
    assert [name.split()[0] for name in segment.transforms] == names, segment.transforms


def only_names(reference: list[Picture], piece: list[Picture]) -> set[str]:
    known = clip(reference)
    index = ReferenceIndex.build([("known", known)], lambda _: known)
    return {name.split()[0] for name in only(clip(piece), index).transforms}


def test_a_bar_over_the_picture_is_a_change() -> None:
    frames = footage(2, 0, 8)
    assert only_names(frames, [under_a_bar(picture) for picture in frames[9:21]]) & {"cropped", "partly"}


def test_one_black_frame_hides_no_bars() -> None:
    frames = [picture.copy() for picture in footage(2, 0, 8)]
    frames[13][:] = 0  # the middle of the piece
    piece = [picture.copy() for picture in frames[3:]]
    for picture in piece:
        picture[:40], picture[-40:] = 0, 0
    assert {"cropped", "letterboxed"} <= only_names(frames, piece)


def test_a_dark_edge_that_another_tone_makes_black_is_no_bar() -> None:
    frames = [picture.copy() for picture in footage(2, 0, 8)]
    for picture in frames:
        picture[-60:] = picture[-60:] // 8 + 40
    piece = [np.clip(picture * 1.6 - 115.0, 0, 255).astype(np.uint8) for picture in frames[3:]]
    assert clip(piece).has_bars
    assert only_names(frames, piece) == {"brightness"}


def test_a_strip_between_large_bars_of_the_reference_is_a_change() -> None:
    frames = footage(4, 0, 8, Transform(crop=(0.3, 0.0, 0.7, 1.0), pillarbox=1.2))
    piece = [picture.copy() for picture in frames[3:]]
    for picture in piece:
        picture[:32] = 0
    assert only_names(frames, frames[3:]) == set()
    assert "cropped" in only_names(frames, piece)


def test_a_crop_between_new_bars_is_both() -> None:
    frames = footage(2, 0, 8)
    piece = [np.pad(frame[20:-20, 40:-40], [(50, 50), (0, 0), (0, 0)]) for frame in frames[3:]]
    assert {"cropped", "letterboxed"} <= only_names(frames, piece)


def test_a_line_of_text_in_a_bar_is_a_change() -> None:
    frames = footage(4, 0, 8, Transform(letterbox=0.25))
    piece = [picture.copy() for picture in frames[3:]]
    for picture in piece:
        cv2.putText(
            picture, "this happened one hour ago", (40, 45), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (255,) * 3, 2
        )
    assert only_names(frames, frames[3:]) == set()
    assert only_names(frames, piece)
