"""Copies that hashes find, laid where their pictures lie: small turns, slants and crops."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.footage import picture_at
from verify.fingerprint import Fingerprint, fingerprint
from verify.fingerprint.record import WHOLE
from verify.matching import ReferenceIndex, match, screen
from verify.matching.geometry import Points, corners, inverse, transform
from verify.model import Frame, GreyImage, MatchKind, MatchSegment, MediaKind

SECOND = 1_000_000
SIZE = (480, 270)
UNIT = corners(WHOLE)


def seen_at(second: float) -> GreyImage:
    return cv2.cvtColor(picture_at(3, second, SIZE), cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)


def moved(picture: GreyImage, there: Points) -> GreyImage:
    """The picture with its corners at those places, in fractions of the frame."""
    side = np.array(SIZE, np.float32)
    pixels = cv2.getPerspectiveTransform(UNIT.astype(np.float32) * side, there.astype(np.float32) * side)
    return cv2.warpPerspective(picture, pixels, SIZE, borderValue=20).astype(np.uint8, copy=False)


def clip(pictures: list[GreyImage]) -> Fingerprint:
    kind = MediaKind.VIDEO if len(pictures) > 1 else MediaKind.IMAGE
    frames = [Frame(time_us=number * 333_333, image=picture) for number, picture in enumerate(pictures)]
    return fingerprint(
        frames, kind=kind, duration_us=333_333 * len(pictures) if kind is MediaKind.VIDEO else 0
    )


def turned(degrees: float) -> Points:
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return (UNIT - 0.5) * SIZE @ turn / SIZE + 0.5


CROPPED: Points = (UNIT - [0.03, 0.0]) / 0.97
SLANTED: Points = np.array([(0.02, 0.05), (0.98, 0.01), (0.98, 0.99), (0.02, 0.95)])


def only(query: Fingerprint, known: Fingerprint) -> MatchSegment:
    index = ReferenceIndex.build([("known", known)], lambda _: known)
    (found,) = match(query, index, media_sha256="").segments
    assert found.kind is MatchKind.COPY
    return found


def farthest_off(found: MatchSegment, there: Points) -> float:
    """Share of a side by which a corner is drawn beside its place."""
    assert found.geometry is not None
    drawn = transform(inverse(np.array(found.geometry.matrix).reshape(3, 3)), UNIT)
    return float(np.abs(drawn - there).max())


@pytest.mark.parametrize(
    ("there", "name"),
    [
        pytest.param(turned(3), "turned by 3 degrees", id="turned"),
        pytest.param(SLANTED, "perspective changed, as when a screen is filmed", id="slanted"),
        pytest.param(CROPPED, "cropped to ", id="cropped"),
    ],
)
@pytest.mark.parametrize(
    "seconds", [(1.0,), tuple(second / 3 for second in range(12))], ids=["photo", "clip"]
)
def test_the_outline_is_drawn_where_the_picture_lies(
    there: Points, name: str, seconds: tuple[float, ...]
) -> None:
    pictures = [seen_at(second) for second in seconds]
    found = only(clip([moved(picture, there) for picture in pictures]), clip(pictures))
    assert found.tier == "hash"
    assert farthest_off(found, there) <= 0.012
    assert any(told.startswith(name) for told in found.transforms), found.transforms
    assert not any("boxed" in told or "picture in picture" in told for told in found.transforms)


def test_so_it_is_where_the_screen_settles_the_case() -> None:
    there = (UNIT - [0.0075, 0.0]) / 0.985
    pictures = [seen_at(second / 3) for second in range(24)]
    known = clip(pictures)
    index = ReferenceIndex.build([("known", known)], lambda _: known)
    alone = [Frame(time_us=2 * at * SECOND, image=moved(pictures[6 * at], there)) for at in range(4)]
    query = fingerprint(alone, kind=MediaKind.VIDEO, duration_us=8 * SECOND)
    settled = screen(query, index, media_sha256="")
    assert settled is not None
    (found,) = settled.segments
    assert farthest_off(found, there) <= 0.004


def test_so_it_is_where_a_clip_shows_a_known_photo() -> None:
    there = turned(3)
    found = only(clip([moved(seen_at(1.0), there)] * 12), clip([seen_at(1.0)]))
    assert farthest_off(found, there) <= 0.012


def test_a_camera_that_turns_moves_no_map() -> None:
    """Both sides were sampled at other instants, so that each frame lies a little beside its partner."""
    scene = picture_at(2, 1.0, (1200, 800))
    grey = cv2.cvtColor(scene, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)

    def looking(second: float) -> GreyImage:
        at = round(60 * second)
        return grey[at : at + SIZE[1], at : at + SIZE[0]]

    known = clip([looking(number / 3) for number in range(18)])
    query = clip([looking(1 + 0.12 + number / 3) for number in range(12)])
    assert farthest_off(only(query, known), UNIT) <= 0.005


def test_an_untouched_picture_stays_where_it_is() -> None:
    picture = seen_at(1.0)
    found = only(clip([cv2.GaussianBlur(picture, (0, 0), 1.5).astype(np.uint8)]), clip([picture]))
    assert farthest_off(found, UNIT) == 0
    assert not found.transforms
