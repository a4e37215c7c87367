"""Photos that are a smooth or tiny part of a known picture: where they lie, and when nobody looks."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.unit.test_insets import HIGH, WIDE, medium, soft
from verify.fingerprint import Fingerprint
from verify.fingerprint.bars import cut
from verify.fingerprint.record import Box
from verify.matching import ReferenceIndex, crop_tier, match
from verify.matching.crops import SIDE, Part, TinyPictures, likeliest, placed, shrunk, tiny
from verify.model import GreyImage, MatchKind, MatchSegment, Orientation

SHOWN: Box = (0.2, 0.15, 0.75, 0.7)
KNOWN = {f"photo-{seed}": medium([soft(1, seed=seed)]) for seed in range(12)}


def part_of(picture: GreyImage, box: Box, wide: int, *, mirrored: bool = False) -> GreyImage:
    shown = cut(picture, box)
    size = (wide, round(wide * shown.shape[0] / shown.shape[1]))
    small = cv2.resize(shown, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    return small[:, ::-1].copy() if mirrored else small


def square(picture: GreyImage) -> GreyImage:
    return cv2.resize(picture, (64, 64), interpolation=cv2.INTER_AREA).astype(np.uint8)


def told(query: Fingerprint) -> list[MatchSegment]:
    index = ReferenceIndex.build(KNOWN.items(), KNOWN.__getitem__)
    return list(match(query, index, media_sha256="").segments)


def tiny_pictures(pictures: list[GreyImage]) -> TinyPictures:
    made = [tiny(picture) for picture in pictures]
    return TinyPictures(
        owner=np.arange(len(made), dtype=np.int32),
        frame=np.zeros(len(made), np.int32),
        grey=np.stack([grey for grey, _ in made]),
        size=np.array([size for _, size in made], np.uint8),
    )


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_tiny_part_of_a_soft_picture_is_possibly_found_where_it_is(mirrored: bool) -> None:
    (segment,) = told(medium([part_of(soft(1, seed=3), SHOWN, 64, mirrored=mirrored)]))
    assert segment.reference_id == "photo-3"
    assert segment.tier == "crop"
    assert segment.kind is MatchKind.POSSIBLE
    assert segment.geometry is not None
    assert np.abs(np.subtract(segment.geometry.reference_box, SHOWN)).max() <= 0.03
    assert (segment.orientation is Orientation.MIRRORED) is mirrored


@pytest.mark.parametrize("seed", [2, 3, 9])
def test_a_part_that_was_stretched_to_a_square_is_found_too(seed: int) -> None:
    """It keeps the shape of the whole until then, as crops mostly do."""
    (segment,) = told(medium([square(part_of(soft(1, seed=seed), SHOWN, 64))]))
    assert segment.reference_id == f"photo-{seed}"
    assert segment.tier == "crop"
    assert segment.geometry is not None
    assert np.abs(np.subtract(segment.geometry.reference_box, SHOWN)).max() <= 0.03


@pytest.mark.parametrize("seed", [20, 21, 22, 23])
def test_a_stretched_part_of_another_picture_is_not_told(seed: int) -> None:
    assert told(medium([square(part_of(soft(1, seed=seed), SHOWN, 64))])) == []


@pytest.mark.parametrize("seed", [20, 21, 22, 23])
def test_a_part_of_another_soft_picture_is_not_told(seed: int) -> None:
    assert told(medium([part_of(soft(1, seed=seed), SHOWN, 64)])) == []


def test_a_large_set_is_not_gone_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crop_tier, "MOST_KEYFRAMES", len(KNOWN) - 1)
    assert told(medium([part_of(soft(1, seed=3), SHOWN, 64)])) == []


def test_a_clip_of_several_keyframes_is_not_laid_over_every_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked = []
    monkeypatch.setattr(crop_tier, "likeliest", lambda *_: looked.append(1) or [])
    shown = [part_of(soft(1, seed=seed), SHOWN, 64) for seed in (30, 31, 32, 33, 34)]
    clip = medium([picture for picture in shown for _ in range(6)])
    assert len(clip.keyframes) >= 4
    assert told(clip) == []
    assert not looked
    assert told(medium(shown[:1])) == []
    assert looked


def test_the_known_picture_it_is_a_part_of_is_the_likeliest_one() -> None:
    pictures = [soft(1, seed=seed) for seed in range(12)]
    upright = [np.ascontiguousarray(picture.T) for picture in pictures[:3]]
    known = tiny_pictures([*pictures, *upright])
    for number in (5, 13):
        shown = part_of([*pictures, *upright][number], SHOWN, 60)
        found = likeliest(shrunk(shown, 60), known, 4)
        assert found[0][0] == number
        assert [part.correlation for _, part in found] == sorted(
            (part.correlation for _, part in found), reverse=True
        )


def test_nothing_is_likely_where_all_is_flat_or_too_small() -> None:
    flat = tiny_pictures([np.full((HIGH, WIDE), 90, np.uint8)])
    soft_part = shrunk(part_of(soft(1), SHOWN, 60), 60)
    assert all(part.correlation <= 0 for _, part in likeliest(soft_part, flat, 4))
    sliver = tiny_pictures([soft(1)[:12]])
    assert sliver.size.tolist() == [[1, SIDE]]
    assert likeliest(soft_part, sliver, 4) == []


def test_a_picture_is_placed_to_a_few_pixels() -> None:
    picture = soft(1, seed=8)
    shown = shrunk(part_of(picture, SHOWN, 128), 128)
    part = placed(
        shown,
        picture,
        Part(correlation=0.5, share=0.54, mirrored=False),
        side=128,
        steps=(0.96, 0.98, 1.0, 1.02, 1.04),
    )
    assert part.correlation > 0.99
    assert np.abs(np.subtract(part.box, SHOWN)).max() <= 0.02


def test_a_picture_larger_than_the_known_one_is_nowhere() -> None:
    part = Part(correlation=0.5, share=2.0, mirrored=False)
    assert placed(shrunk(soft(1), 100), soft(1), part, side=60, steps=(1.0,)).correlation == -1
