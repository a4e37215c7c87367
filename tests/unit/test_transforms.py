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
        (lambda picture: picture[40:-40, 48:-48], ["bars"]),
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


def test_a_bar_over_the_picture_is_a_change() -> None:
    reference = clip(footage(2, 0, 8))
    index = ReferenceIndex.build([("bare", reference)], lambda _: reference)
    piece = [under_a_bar(picture) for picture in footage(2, 3, 4)]
    names = only(clip(piece), index).transforms
    assert any("cropped" in name or "covered" in name for name in names), names
