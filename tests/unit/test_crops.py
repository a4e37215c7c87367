"""Photos that are a smooth or tiny part of a known picture: where they lie, and when nobody looks."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from tests.footage import picture_at
from tests.unit.test_insets import HIGH, WIDE, grey, medium, soft
from verify.fingerprint import Fingerprint
from verify.fingerprint.bars import cut
from verify.fingerprint.record import WHOLE, Box
from verify.matching import ReferenceIndex, crop_tier, match
from verify.matching.crops import (
    ACROSS,
    ANYWHERE,
    LARGE_PARTS,
    SIDE,
    Part,
    Slide,
    TinyPictures,
    _places,
    likeliest,
    placed,
    shrunk,
    slopes,
    tiny,
)
from verify.matching.geometry import orientation_of, transform
from verify.matching.hypothesis import Hypothesis
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
    assert np.abs(np.subtract(segment.geometry.reference_box, SHOWN)).max() <= 0.045


@pytest.mark.parametrize("seed", [20, 21, 22, 23])
def test_a_stretched_part_of_another_picture_is_not_told(seed: int) -> None:
    assert told(medium([square(part_of(soft(1, seed=seed), SHOWN, 64))])) == []


@pytest.mark.parametrize("seed", [20, 21, 22, 23])
def test_a_part_of_another_soft_picture_is_not_told(seed: int) -> None:
    assert told(medium([part_of(soft(1, seed=seed), SHOWN, 64)])) == []


def test_a_large_set_is_not_gone_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crop_tier, "MOST_KEYFRAMES", len(KNOWN) - 1)
    assert told(medium([part_of(soft(1, seed=3), SHOWN, 64)])) == []


def test_a_tiny_part_of_a_soft_clip_is_found() -> None:
    known = {f"clip-{seed}": medium([soft(t / 2, seed=seed) for t in range(12)]) for seed in range(4)}
    shown = [part_of(soft(t / 2, seed=2), (0.15, 0.1, 0.85, 0.8), 64) for t in range(2, 10)]
    query = medium(shown)
    assert len(query.keyframes) >= 4
    index = ReferenceIndex.build(known.items(), known.__getitem__)
    (segment,) = match(query, index, media_sha256="").segments
    assert segment.reference_id == "clip-2"
    assert segment.tier == "crop"


def test_of_a_clip_only_few_looks_are_slid(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[Slide] = []
    monkeypatch.setattr(crop_tier, "likeliest", lambda *_, slide, of_one: looked.append(slide) or [])
    shown = [part_of(soft(1, seed=seed), SHOWN, 64) for seed in (30, 31, 32, 33, 34)]
    clip = medium([picture for picture in shown for _ in range(6)])
    assert len(clip.keyframes) >= 4
    assert told(clip) == []
    assert looked[0] == LARGE_PARTS
    assert {*looked[1:]} == {ACROSS}
    assert len(looked) <= 3
    looked.clear()
    assert told(medium(shown[:1])) == []
    assert {*looked} == {ANYWHERE}


def test_a_part_is_found_under_a_caption_that_spoils_its_grey_levels() -> None:
    shown = part_of(soft(1, seed=3), SHOWN, 128)
    shown[-24:] = 255
    shown[-16:-8, 20:-20:3] = 0
    known = tiny_pictures([soft(1, seed=seed) for seed in range(12)])
    (row, part), *_ = likeliest(shrunk(shown, 128), known, 4, of_one=4, slide=ANYWHERE)
    assert row == 3
    part = placed(shrunk(shown, 128), soft(1, seed=3), part, side=64, steps=(0.94, 1.0, 1.06))
    assert np.abs(np.subtract(part.box, SHOWN)).max() <= 0.06


def test_a_reference_of_many_alike_keyframes_leaves_room_for_others() -> None:
    known = tiny_pictures([soft(1, seed=3)] * 40 + [soft(1, seed=seed) for seed in range(4, 8)])
    known = replace(known, owner=np.array([0] * 40 + [1, 2, 3, 4], np.int32))
    found = likeliest(shrunk(part_of(soft(1, seed=3), SHOWN, 60), 60), known, 6, of_one=2, slide=ANYWHERE)
    assert [row for row, _ in found[:2]] == [0, 1]
    assert sorted(int(known.owner[row]) for row, _ in found[2:]) == [1, 2, 3, 4]


@pytest.mark.parametrize("size", [(13, 24), (14, 24), (18, 24), (10, 24)])
def test_strips_lie_about_the_middle_of_the_known_picture(size: tuple[int, int]) -> None:
    """On both sides of it where it is between two pixels."""
    picture = np.random.default_rng(4).uniform(0, 255, (128, 72)).astype(np.float32)
    places = _places(picture, size, ACROSS)
    assert {part.seen != WHOLE for part in places.parts} == {True}
    for number in range(len(places.parts)):
        laid = np.abs(places.rows[places.which == number]).reshape(-1, 2, *size).sum(axis=(0, 1))
        for axis, length in enumerate(size):
            where = np.flatnonzero(laid.sum(axis=1 - axis))
            middle = (where[0] + where[-1]) / 2 + 0.5  # the last row and column have no slopes of their own
            assert abs(middle - (length - 1) / 2) <= 0.5


@pytest.mark.parametrize(("shape", "tried"), [((96, 128), False), ((128, 128), True), ((64, 128), False)])
def test_strips_are_tried_only_across_another_shape(shape: tuple[int, int], tried: bool) -> None:
    """4:3, square and 2:1, and a known picture of 16:9."""
    picture = np.random.default_rng(4).uniform(0, 255, shape).astype(np.float32)
    assert bool(_places(picture, (14, 24), ACROSS).parts) is tried


def test_a_plain_bar_has_no_slopes() -> None:
    bar = np.full((90, 160), 255, np.uint8)
    assert not slopes(shrunk(bar, 23)).any()
    assert not slopes(shrunk(bar, 37.5)).any()


def test_the_last_pixel_is_cut_where_a_box_begins_at_the_edge() -> None:
    assert cut(np.zeros((3, 2), np.uint8), (0.9, 0.9, 1.0, 1.0)).shape == (1, 1)


def test_slopes_say_where_it_grows_lighter() -> None:
    picture = np.array([[1, 3, 3], [0, 3, 2]], np.float32)
    assert slopes(picture).tolist() == [[[1, 0, 0], [1, -1, 0]], [[-1, 0, -1], [0, 0, 0]]]


def upright_frame(picture: GreyImage, zoom: float) -> GreyImage:
    """Dark, across the middle of an upright frame, its sides cut, under a sign almost half as wide."""
    frame = np.full((480, 270), 20, np.uint8)
    wide = round(270 * zoom)
    large = cv2.resize(picture, (wide, round(wide * HIGH / WIDE)), interpolation=cv2.INTER_AREA)
    left, top = (wide - 270) // 2, (480 - large.shape[0]) // 2
    frame[top : top + large.shape[0]] = large[:, left : left + 270] // 2
    cv2.circle(frame, (135, 240), 56, 255, -1)
    return frame


def clip(seed: int, seconds: tuple[float, float], zoom: float | None = None) -> Fingerprint:
    pictures = [
        grey(picture_at(seed, second / 3, (WIDE, HIGH)))
        for second in range(round(3 * seconds[0]), round(3 * seconds[1]))
    ]
    return medium([picture if zoom is None else upright_frame(picture, zoom) for picture in pictures])


CLIPS = {f"clip-{seed}": clip(seed, (0, 8)) for seed in range(4)}


def across(query: Fingerprint) -> list[Hypothesis]:
    index = ReferenceIndex.build(CLIPS.items(), CLIPS.__getitem__)
    boxes = np.tile(np.array(WHOLE), (len(query.times_us), 1))
    return list(crop_tier.propose(query, index, [0, len(query.keyframes) // 2], boxes, ACROSS))


@pytest.mark.parametrize("zoom", [1.0, 1.25, 1.5])
def test_a_clip_across_an_upright_frame_is_laid_over_its_source_under_a_sign(zoom: float) -> None:
    found = across(clip(2, (2, 7), zoom))
    assert {one.reference for one in found} == {2}
    high = zoom * 270 * HIGH / WIDE / 480
    strip = np.array([(0.0, 0.5 - high / 2), (1.0, 0.5 + high / 2)])
    off = [transform(one.matrix, strip) - [(0.5 - 0.5 / zoom, 0), (0.5 + 0.5 / zoom, 1)] for one in found]
    assert np.abs(off).max(axis=(1, 2)).min() <= 0.04


def test_a_mirrored_strip_is_laid_over_its_source() -> None:
    pictures = [grey(picture_at(2, 2 + second / 3, (WIDE, HIGH))) for second in range(15)]
    found = across(medium([upright_frame(picture[:, ::-1], 1.25) for picture in pictures]))
    assert {one.reference for one in found} == {2}
    assert all(orientation_of(one.matrix) is Orientation.MIRRORED for one in found)


def test_an_upright_picture_across_a_wide_frame_is_laid_over_its_source() -> None:
    upright = [grey(picture_at(2, second / 3, (HIGH, WIDE))) for second in range(15)]
    wide = np.full((HIGH, WIDE), 20, np.uint8)
    shown = [wide.copy() for _ in upright]
    for frame, picture in zip(shown, upright, strict=True):
        frame[:, 164:316] = cv2.resize(picture, (152, HIGH), interpolation=cv2.INTER_AREA)
    known = {"upright": medium(upright), **CLIPS}
    index = ReferenceIndex.build(known.items(), known.__getitem__)
    query = medium(shown)
    boxes = np.tile(np.array(WHOLE), (len(query.times_us), 1))
    found = list(crop_tier.propose(query, index, [0], boxes, ACROSS))
    assert {index.ids[one.reference] for one in found} == {"upright"}
    off = transform(found[0].matrix, np.array([(164 / WIDE, 0.0), (316 / WIDE, 1.0)])) - [(0, 0), (1, 1)]
    assert np.abs(off).max() <= 0.04


def test_slopes_and_hash_each_keep_others_out(monkeypatch: pytest.MonkeyPatch) -> None:
    other = clip(9, (2, 7), 1.25)
    with monkeypatch.context() as certain:
        certain.setattr(crop_tier, "MOST_BITS", 256)
        assert across(other) == []
    monkeypatch.setattr(crop_tier, "LEAST_CERTAIN", 0.0)
    assert across(other) == []
    monkeypatch.setattr(crop_tier, "MOST_BITS", 256)
    assert across(other)


def test_another_clip_across_an_upright_frame_is_laid_over_none() -> None:
    assert across(clip(9, (2, 7), 1.25)) == []


def test_a_clip_of_the_known_shape_is_not_tried() -> None:
    assert across(clip(2, (2, 7))) == []


def test_the_known_picture_it_is_a_part_of_is_the_likeliest_one() -> None:
    pictures = [soft(1, seed=seed) for seed in range(12)]
    upright = [np.ascontiguousarray(picture.T) for picture in pictures[:3]]
    known = tiny_pictures([*pictures, *upright])
    for number in (5, 13):
        shown = part_of([*pictures, *upright][number], SHOWN, 60)
        found = likeliest(shrunk(shown, 60), known, 4, of_one=4, slide=ANYWHERE)
        assert found[0][0] == number
        assert [part.certainty for _, part in found] == sorted(
            (part.certainty for _, part in found), reverse=True
        )


def test_nothing_is_likely_where_all_is_flat_or_too_small() -> None:
    flat = tiny_pictures([np.full((HIGH, WIDE), 90, np.uint8)])
    soft_part = shrunk(part_of(soft(1), SHOWN, 60), 60)
    assert all(part.certainty <= 0 for _, part in likeliest(soft_part, flat, 4, of_one=4, slide=ANYWHERE))
    sliver = tiny_pictures([soft(1)[:12]])
    assert sliver.size.tolist() == [[1, SIDE]]
    assert likeliest(soft_part, sliver, 4, of_one=4, slide=ANYWHERE) == []


def test_a_picture_is_placed_to_a_few_pixels() -> None:
    picture = soft(1, seed=8)
    shown = shrunk(part_of(picture, SHOWN, 128), 128)
    part = placed(
        shown,
        picture,
        Part(share=0.54, mirrored=False),
        side=128,
        steps=(0.96, 0.98, 1.0, 1.02, 1.04),
    )
    assert part.certainty > 40
    assert np.abs(np.subtract(part.box, SHOWN)).max() <= 0.02


def test_a_picture_larger_than_the_known_one_is_nowhere() -> None:
    part = Part(share=2.0, mirrored=False)
    assert placed(shrunk(soft(1), 100), soft(1), part, side=60, steps=(1.0,)).certainty == -np.inf
