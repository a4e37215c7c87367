"""Pictures laid into others: where their rectangles are, and what their hashes find."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.footage import Picture, picture_at
from verify.fingerprint import Fingerprint, fingerprint
from verify.fingerprint.record import WHOLE, Box
from verify.matching import ReferenceIndex, inset_tier, match
from verify.matching.geometry import orientation_of
from verify.matching.hypothesis import Hypothesis
from verify.matching.inset_tier import WIDE_BITS
from verify.matching.insets import MOST_BOXES, insets
from verify.matching.judging import judge
from verify.matching.mapping import LEAST_INLIERS
from verify.matching.verification import examine
from verify.model import Frame, GreyImage, MatchKind, MatchSegment, MediaKind, Orientation

SECOND = 1_000_000
WIDE, HIGH = 480, 270


def grey(picture: Picture) -> GreyImage:
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.uint8)


def host(second: float) -> GreyImage:
    return grey(picture_at(5, second, (WIDE, HIGH)))


def soft(second: float, *, seed: int = 3) -> GreyImage:
    """Someone before a plain wall: large soft shapes and hardly a corner."""
    random = np.random.default_rng(seed)
    picture = np.full((HIGH, WIDE), 150, np.float32)
    for across, down, size, level in random.uniform(
        (0.2, 0.2, 0.1, -1), (0.8, 0.8, 0.25, 1), (7, 4)
    ).tolist():
        middle = (round(WIDE * (across + 0.05 * np.sin(second + 9 * level))), round(HIGH * down))
        cv2.circle(picture, middle, round(size * HIGH), 150 + 90 * level, -1)
    return np.clip(cv2.GaussianBlur(picture, (0, 0), 9), 0, 255).astype(np.uint8)


def laid_into(picture: GreyImage, guest: GreyImage, box: Box) -> GreyImage:
    laid = picture.copy()
    left, top, right, bottom = (
        round(edge * size) for edge, size in zip(box, (WIDE, HIGH, WIDE, HIGH), strict=True)
    )
    laid[top:bottom, left:right] = cv2.resize(
        guest, (right - left, bottom - top), interpolation=cv2.INTER_AREA
    )
    return laid


def medium(pictures: list[GreyImage]) -> Fingerprint:
    frames = [Frame(time_us=number * SECOND // 3, image=picture) for number, picture in enumerate(pictures)]
    kind = MediaKind.VIDEO if len(pictures) > 1 else MediaKind.IMAGE
    return fingerprint(frames, kind=kind, duration_us=len(frames) * SECOND // 3 * (len(frames) > 1))


def told(query: Fingerprint, reference: Fingerprint) -> list[MatchSegment]:
    index = ReferenceIndex.build([("earlier", reference)], lambda _: reference)
    return list(match(query, index, media_sha256="").segments)


def is_near(box: Box, other: Box) -> bool:
    return bool(np.abs(np.subtract(box, other)).max() <= 0.015)


CORNER: Box = (0.56, 0.05, 0.96, 0.45)


@pytest.mark.parametrize("box", [CORNER, (0.0, 0.3, 1.0, 0.7), (0.1, 0.2, 0.5, 0.9)])
def test_the_rectangle_of_a_picture_in_another_is_found(box: Box) -> None:
    pictures = [laid_into(host(second), soft(second), box) for second in (0, 2, 4, 6)]
    assert any(is_near(found, box) for found in insets(pictures)), insets(pictures)


def test_every_picture_of_a_collage_has_a_rectangle() -> None:
    quarters = [(x, y, x + 0.5, y + 0.5) for x in (0.0, 0.5) for y in (0.0, 0.5)]
    collage = host(0)
    for seed, quarter in enumerate(quarters):
        collage = laid_into(collage, grey(picture_at(seed, 1, (WIDE, HIGH))), quarter)
    found = insets([collage])
    assert all(any(is_near(box, quarter) for box in found) for quarter in quarters), found


def test_a_plain_picture_has_no_rectangle_and_any_has_few() -> None:
    assert insets([np.full((HIGH, WIDE), 90, np.uint8)]) == []
    noise = np.random.default_rng(1).integers(0, 255, (HIGH, WIDE)).astype(np.uint8)
    assert len(insets([noise])) <= MOST_BOXES


@pytest.mark.parametrize("size", [(1, 1), (1, 60), (60, 2), (3, 60), (9, 300)])
def test_a_sliver_of_a_picture_is_searched_without_harm(size: tuple[int, int]) -> None:
    sliver = np.random.default_rng(7).integers(0, 255, size).astype(np.uint8)
    barred = sliver.copy()
    barred[: size[0] // 3] = barred[size[0] - size[0] // 3 :] = 0
    for picture in (sliver, barred):
        assert insets([picture]) == []
        assert all(segment.tier != "inset" for segment in told(medium([picture]), medium([sliver])))


def test_a_soft_picture_in_a_corner_is_found_where_it_is() -> None:
    reference = medium([soft(number / 3) for number in range(30)])
    query = medium([laid_into(host(number / 3), soft(2 + number / 3), CORNER) for number in range(18)])
    (segment,) = told(query, reference)
    assert segment.geometry is not None
    assert is_near(segment.geometry.query_box, CORNER)
    assert segment.tier == "inset"


def sky(seed: int) -> GreyImage:
    """Darker upwards, as every clear sky; what clouds there are differ."""
    random = np.random.default_rng(seed)
    clouds = cv2.resize(
        random.normal(0, 1, (5, 5)).astype(np.float32), (WIDE, HIGH), interpolation=cv2.INTER_CUBIC
    )
    down = np.linspace(0, 1, HIGH, dtype=np.float32)[:, None]
    return np.clip(70 + 120 * down**1.5 + 5 * clouds, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("tier", "is_told"), [("hash", True), ("inset", False)])
def test_two_skies_are_no_reason_to_tell_a_match(tier: str, is_told: bool) -> None:
    query, reference = medium([sky(1)]), medium([sky(2)])
    index = ReferenceIndex.build([("earlier", reference)], lambda _: reference)
    proposed = Hypothesis(
        reference=0, matrix=np.eye(3), tier=tier, anchors=((0, 0),), query_box=WHOLE, distance=90
    )
    (evidence,) = examine(proposed, query, reference)
    assert np.median(evidence.distances) > WIDE_BITS
    assert judge(evidence, index).worth_telling is is_told


def test_a_line_of_bar_does_not_spoil_a_plain_picture_under_a_caption() -> None:
    """Shrunk to what is compared, a wide picture is blurred by three lines, into which its bars would run."""
    plain = np.clip(200 + 0.1 * (soft(1).astype(np.float32) - 150), 0, 255).astype(np.uint8)
    barred = plain.copy()
    barred[:69], barred[201:] = 0, 0
    query, reference = medium([barred]), medium([plain])
    proposed = Hypothesis(
        reference=0,
        matrix=np.eye(3),
        tier="hash",
        anchors=((0, 0),),
        query_box=query.content_box,
        distance=90,
    )
    (evidence,) = examine(proposed, query, reference)
    assert np.nanmin(evidence.blocks) > 0.8


def with_a_textured_guest(mirrored: bool = False) -> tuple[Fingerprint, Fingerprint]:
    guests = [grey(picture_at(3, 2 + number / 3, (WIDE, HIGH))) for number in range(12)]
    shown = [guest[:, ::-1].copy() if mirrored else guest for guest in guests]
    laid = [laid_into(soft(number / 3, seed=8), guest, CORNER) for number, guest in enumerate(shown)]
    return medium(laid), medium(guests)


def proposed(query: Fingerprint, reference: Fingerprint) -> tuple[ReferenceIndex, list[Hypothesis]]:
    index = ReferenceIndex.build([("earlier", reference)], lambda _: reference)
    boxes = np.tile(np.array(query.content_box), (query.quality.size, 1))
    return index, inset_tier.propose(query, index, [range(len(query.keyframes))], boxes)


@pytest.mark.parametrize("mirrored", [False, True])
def test_corners_in_the_rectangle_make_it_sure(mirrored: bool) -> None:
    query, reference = with_a_textured_guest(mirrored)
    index, (surest, *_) = proposed(query, reference)
    assert surest.inliers >= LEAST_INLIERS
    assert (orientation_of(surest.matrix) is Orientation.MIRRORED) is mirrored
    (evidence,) = examine(surest, query, reference)
    assert is_near(evidence.common.query_box, CORNER)
    assert judge(evidence, index).kind is MatchKind.COPY


def test_corners_that_would_move_the_rectangle_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """A map that makes up for where a moving camera looked would be at home in other seconds."""
    monkeypatch.setattr(inset_tier, "MOST_SHIFT", 0.0)
    _, hypotheses = proposed(*with_a_textured_guest())
    assert hypotheses
    assert not any(hypothesis.inliers for hypothesis in hypotheses)
