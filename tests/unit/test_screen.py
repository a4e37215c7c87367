"""Which I-frame of a video shows that its I-frames will not settle it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.footage import Picture, Transform, picture_at
from verify.fingerprint import Fingerprint, fingerprint
from verify.matching import Prospect, ReferenceIndex
from verify.model import Frame, MediaKind

SECOND = 1_000_000
SIZE = (480, 270)


def frame(picture: Picture, second: float) -> Frame:
    return Frame(time_us=round(second * SECOND), image=cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))


def fingerprint_of_one(picture: Picture) -> Fingerprint:
    return fingerprint([frame(picture, 0)], kind=MediaKind.IMAGE, duration_us=0)


@pytest.fixture(scope="module")
def index() -> ReferenceIndex:
    frames = [frame(picture_at(2, at / 3, SIZE), at / 3) for at in range(24)]
    known = fingerprint(frames, kind=MediaKind.VIDEO, duration_us=8 * SECOND)
    return ReferenceIndex.build([("clip", known)], {"clip": known}.__getitem__)


@pytest.mark.parametrize(
    "change",
    [Transform(), Transform(mirror=True), Transform(turn=90), Transform(letterbox=0.2)],
    ids=["unchanged", "mirrored", "turned", "letterboxed"],
)
def test_a_plain_copy_keeps_its_promise_to_the_end(index: ReferenceIndex, change: Transform) -> None:
    promises = Prospect(index)
    assert all(promises(frame(change(picture_at(2, at, SIZE)), at)) for at in (0, 2, 4, 6))


def test_a_picture_that_no_reference_is_near_to_ends_it(index: ReferenceIndex) -> None:
    promises = Prospect(index)
    assert promises(frame(picture_at(2, 0, SIZE), 0))
    assert not promises(frame(picture_at(120, 2, SIZE), 2))


def test_a_long_gap_ends_it(index: ReferenceIndex) -> None:
    promises = Prospect(index)
    assert promises(frame(picture_at(2, 0, SIZE), 0))
    assert promises(frame(picture_at(2, 5, SIZE), 5))
    assert not promises(frame(picture_at(2, 0, SIZE), 10.1))


def test_a_picture_with_too_little_in_it_ends_it(
    index: ReferenceIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although something is near: flat pictures are near to one another, and take no part in the search."""
    near = index.near_codes(fingerprint_of_one(picture_at(2, 0, SIZE)).codes[:, 0], 0)
    assert near.distance.size
    monkeypatch.setattr(ReferenceIndex, "near_codes", lambda *_: near)
    assert Prospect(index)(frame(picture_at(120, 2, SIZE), 0))
    assert not Prospect(index)(frame(np.full((270, 480, 3), 90, np.uint8), 0))


def test_without_references_nothing_is_promised() -> None:
    index = ReferenceIndex.build([], {}.__getitem__)
    assert not Prospect(index)(frame(picture_at(2, 0, SIZE), 0))
