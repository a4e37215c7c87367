"""Perceptual hashes, bars and the packed fingerprint."""

from __future__ import annotations

import io
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.footage import Transform, picture_at
from verify.errors import BlobMissing
from verify.fingerprint import Fingerprint, exchange_hashes, fingerprint, perceptual
from verify.fingerprint.bars import BarProfile, cut
from verify.fingerprint.local import Chosen, Corners, extract, stored
from verify.fingerprint.packing import unpacked
from verify.matching.geometry import boxes_map, inverse, orientation_of, overlap, transform, undo
from verify.model import Frame, GreyImage, MediaKind, Orientation


def grey(seed: int, change: Transform | None = None) -> GreyImage:
    picture = (change or Transform())(picture_at(seed, 1.0))
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def code(image: GreyImage) -> perceptual.Codes:
    return perceptual.codes(perceptual.coefficients(perceptual.small(image)))


def turned_by(image: GreyImage, orientation: Orientation) -> GreyImage:
    """The picture whose undoing gives `image`."""
    made = {
        Orientation.UPRIGHT: image,
        Orientation.MIRRORED: image[:, ::-1],
        Orientation.UPSIDE_DOWN: np.rot90(image, 2),
        Orientation.FLIPPED: image[::-1],
        Orientation.CLOCKWISE: np.rot90(image, -1),
        Orientation.COUNTERCLOCKWISE: np.rot90(image, 1),
        Orientation.TRANSPOSED: np.rot90(image[:, ::-1], 1),
        Orientation.TRANSVERSED: np.rot90(image[:, ::-1], -1),
    }[orientation]
    return np.ascontiguousarray(made)


@pytest.mark.parametrize("orientation", Orientation)
def test_undoing_an_orientation_gives_the_picture_back(orientation: Orientation) -> None:
    image = grey(3)
    assert np.array_equal(perceptual.turn_picture(turned_by(image, orientation), orientation), image)


@pytest.mark.parametrize("orientation", Orientation)
def test_turning_coefficients_is_turning_the_picture(orientation: Orientation) -> None:
    image = perceptual.small(grey(4))
    values = perceptual.coefficients(turned_by(image, orientation))
    undone = perceptual.codes(perceptual.turned(values, orientation))
    assert perceptual.hamming(undone, code(image)) <= 2


@pytest.mark.parametrize("orientation", Orientation)
def test_the_map_of_an_orientation_is_recognised(orientation: Orientation) -> None:
    matrix = boxes_map((0.1, 0.1, 0.9, 0.8), (0.0, 0.2, 1.0, 1.0), orientation)
    assert orientation_of(matrix) is orientation
    corners = transform(matrix, np.array([(0.1, 0.1), (0.9, 0.8)]))
    assert sorted(corners[:, 0].round(6)) == [0.0, 1.0]
    assert sorted(corners[:, 1].round(6)) == [0.2, 1.0]


def test_re_encoding_moves_few_bits_and_other_pictures_many() -> None:
    image = grey(1)
    _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 25])
    decoded = np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)
    assert perceptual.hamming(code(image), code(decoded)) <= 16
    others = [int(perceptual.hamming(code(image), code(grey(seed)))) for seed in range(10, 40)]
    assert min(others) > 76


def test_quality_is_low_for_flat_and_high_for_textured_pictures() -> None:
    flat = np.full((64, 64), 90, np.uint8)
    assert perceptual.quality(flat) == 0
    assert perceptual.quality(perceptual.small(grey(2))) > 50


@pytest.mark.parametrize(
    ("change", "box"),
    [
        (Transform(letterbox=0.25), (0.0, 1 / 6, 1.0, 5 / 6)),
        (Transform(pillarbox=0.25), (1 / 6, 0.0, 5 / 6, 1.0)),
        (Transform(), (0.0, 0.0, 1.0, 1.0)),
    ],
)
def test_bars_are_found(change: Transform, box: tuple[float, ...]) -> None:
    profile = BarProfile()
    profile.add(grey(1, change))
    profile.add(grey(2, change))
    assert np.allclose(profile.content_box(), box, atol=0.02)


@pytest.mark.parametrize("paper", [255, 0])
def test_a_bar_with_a_caption_is_a_bar(paper: int) -> None:
    image = grey(1)
    height = image.shape[0]
    bar = np.full((height // 4, image.shape[1]), paper, np.uint8)
    size = image.shape[1] / 700
    cv2.putText(bar, "LOOK AT THIS, NOW", (30, bar.shape[0] * 3 // 5), 0, size, 255 - paper, 3)
    profile = BarProfile()
    profile.add(np.concatenate([bar, image]))
    assert np.allclose(profile.content_box(), (0.0, 0.2, 1.0, 1.0), atol=0.02)


def test_what_stands_before_a_plain_sky_is_no_caption() -> None:
    image = cv2.resize(grey(1), (160, 90)).astype(np.uint8, copy=False)
    image[:50] = 200
    image[30:50, 70:90] = 60  # a tower, down to the ground
    profile = BarProfile()
    profile.add(image)
    assert np.allclose(profile.content_box(), (0.0, 1 / 3, 1.0, 1.0), atol=0.02)


def test_a_plain_picture_has_no_bars() -> None:
    profile = BarProfile()
    profile.add(np.full((90, 160), 7, np.uint8))
    assert profile.content_box() == (0.0, 0.0, 1.0, 1.0)


def test_corners_are_spread_over_the_picture() -> None:
    image = grey(6)
    loud = image.copy()
    cv2.putText(loud, "LOUD CAPTION " * 3, (2, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 255, 1)
    points = extract(loud, count=100).points
    assert (points[:, 1] > image.shape[0] / 2).mean() > 0.3


def test_small_pictures_have_corners_too() -> None:
    tiny = cv2.resize(grey(6), (72, 48), interpolation=cv2.INTER_AREA).astype(np.uint8)
    found = extract(tiny, count=100)
    assert len(found.points) > 20
    assert found.points.max(axis=0)[0] <= 72


def every(corners: Corners) -> Chosen:
    return corners.chosen(np.arange(len(corners.at)))


def test_a_mirror_image_is_described_without_looking_for_its_corners() -> None:
    # Drawn pictures have equally strong corners side by side, of which scanning order picks one.
    noise = np.random.default_rng(6).integers(0, 256, (288, 512)).astype(np.uint8)
    blurred = cv2.GaussianBlur(noise, (0, 0), 2)
    image = cv2.normalize(blurred, blurred, 0, 255, cv2.NORM_MINMAX).astype(np.uint8, copy=False)
    corners, others = (Corners.detect(side, count=200) for side in (image, image[:, ::-1].copy()))
    ours, theirs = (every(side) for side in (corners, others))
    mirrored = ours.features(ours.describe(mirrored=True), mirrored=True)
    looked_for = theirs.features(theirs.describe())
    gaps = np.linalg.norm(mirrored.points[:, None] - looked_for.points, axis=2)
    nearest = gaps.argmin(axis=0)
    assert (gaps.min(axis=0) < 1).mean() > 0.97
    bits = np.unpackbits(mirrored.descriptors[nearest] ^ looked_for.descriptors, axis=1).sum(axis=1)
    assert (bits == 0).mean() > 0.9
    assert np.abs(mirrored.places[nearest].astype(int) - looked_for.places).mean() < 1


def test_corners_of_a_part_are_those_of_the_part_enlarged() -> None:
    image, box = grey(6), (0.25, 0.5, 0.75, 1.0)
    corners = Corners.detect(image, count=200, share=0.5)
    chosen = corners.chosen(corners.spread(200, box))
    part = chosen.features(chosen.describe(), box=box)
    alone = extract(cut(image, box).copy(), count=200)
    gaps = np.linalg.norm(part.points[:, None] - alone.points, axis=2).min(axis=0)
    assert (gaps < 1).mean() > 0.6
    assert part.points.min() >= 0
    assert (part.points <= (image.shape[1] / 2, image.shape[0] / 2)).all()


def test_what_is_masked_holds_no_corner_of_a_part() -> None:
    image, mask = grey(6), np.zeros((64, 64), np.bool_)
    mask[:, 32:] = True
    corners = Corners.detect(image, count=200, share=0.5)
    chosen = corners.chosen(corners.spread(200, (0.25, 0.0, 0.75, 0.5), mask))
    points = chosen.features(chosen.describe(), box=(0.25, 0.0, 0.75, 0.5)).points
    assert len(points) > 20
    assert points[:, 0].min() >= image.shape[1] / 4 - 1


def test_stored_features_are_those_of_the_keyframe() -> None:
    print_ = fingerprint(
        [Frame(time_us=at, image=grey(at)) for at in (0, 5)], kind=MediaKind.VIDEO, duration_us=10
    )
    made = extract(print_.picture(1), count=100, mask=print_.searched)
    kept = stored(print_, 1)
    assert np.array_equal(kept.descriptors, made.descriptors)
    assert np.abs(kept.points - made.points).max() <= max(print_.width, print_.height) / 255


def test_keyframes_of_a_long_clip_lie_apart() -> None:
    pictures = [grey(seed) for seed in range(12)]
    frames = [Frame(time_us=1_000_000 * at, image=pictures[at % 12]) for at in range(48)]
    short = fingerprint(frames, kind=MediaKind.VIDEO, duration_us=48_000_000)
    assert len(short.keyframes) == 48
    long = fingerprint(frames, kind=MediaKind.VIDEO, duration_us=3 * 3_600_000_000)
    assert np.diff(long.times_us[long.keyframes]).min() >= 3 * 3_600_000_000 // 2_000
    assert len(long.times_us) == 48


def test_a_fingerprint_survives_packing() -> None:
    frames = [Frame(time_us=at * 333_333, image=grey(at)) for at in range(5)]
    made = fingerprint(frames, kind=MediaKind.VIDEO, duration_us=1_700_000)
    packed = made.to_bytes()
    again = Fingerprint.from_bytes(packed)
    assert again.to_bytes() == packed
    assert again.pictures == made.pictures
    assert np.array_equal(again.codes, made.codes)


def test_a_query_has_all_but_the_corners_of_a_reference() -> None:
    frames = [Frame(time_us=at * 333_333, image=grey(at)) for at in range(5)]
    reference = fingerprint(frames, kind=MediaKind.VIDEO, duration_us=1_700_000)
    query = fingerprint(frames, kind=MediaKind.VIDEO, duration_us=1_700_000, for_index=False)
    assert len(reference.descriptors) > 0
    again = Fingerprint.from_bytes(query.to_bytes())
    assert (again.descriptors.shape, again.descriptor_places.shape) == ((0, 32), (0, 4))
    assert again.descriptor_keyframe.size == 0
    with_corners = replace(
        again,
        descriptors=reference.descriptors,
        descriptor_places=reference.descriptor_places,
        descriptor_keyframe=reference.descriptor_keyframe,
    )
    assert with_corners.to_bytes() == reference.to_bytes()


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 4000))
def test_damaged_bytes_are_reported_as_missing(noise: bytes, place: int) -> None:
    frames = [Frame(time_us=0, image=np.arange(64 * 64, dtype=np.uint32).reshape(64, 64).astype(np.uint8))]
    packed = fingerprint(frames, kind=MediaKind.IMAGE, duration_us=0).to_bytes()
    with pytest.raises(BlobMissing):
        Fingerprint.from_bytes(packed[:place] if place < len(packed) else noise)


def test_arrays_are_read_as_numpy_reads_them() -> None:
    packed = fingerprint([Frame(time_us=0, image=grey(1))], kind=MediaKind.IMAGE, duration_us=0).to_bytes()
    ours = unpacked(packed)
    with np.load(io.BytesIO(packed), allow_pickle=False) as theirs:
        assert set(ours) == set(theirs.files)
        for name, array in theirs.items():
            assert np.array_equal(ours[name], array)
            assert (ours[name].dtype, ours[name].shape) == (array.dtype, array.shape)


def test_one_changed_byte_is_noticed() -> None:
    packed = bytearray(
        fingerprint([Frame(time_us=0, image=grey(1))], kind=MediaKind.IMAGE, duration_us=0).to_bytes()
    )
    packed[len(packed) // 2] ^= 1
    with pytest.raises(BlobMissing):
        Fingerprint.from_bytes(bytes(packed))


def test_an_archive_of_other_arrays_is_refused() -> None:
    out = io.BytesIO()
    np.savez(out, head=np.asfortranarray(np.zeros((2, 3))))
    with pytest.raises(ValueError, match="another form"):
        unpacked(out.getvalue())


def test_exchange_hashes_have_the_lengths_other_tools_expect() -> None:
    lengths = {name: len(digits) * 4 for name, digits in exchange_hashes(grey(1))}
    assert lengths == {"pdq": 256, "phash64": 64, "phash256": 256}


def test_the_overlap_of_a_crop_is_the_crop() -> None:
    matrix = boxes_map((0, 0, 1, 1), (0.25, 0.0, 0.75, 0.5), Orientation.MIRRORED)
    common = overlap(matrix)
    assert common is not None
    assert np.allclose(common.reference_box, (0.25, 0, 0.75, 0.5))
    assert common.reference_share == pytest.approx(0.25)
    assert np.allclose(inverse(matrix) @ matrix, np.eye(3))


def test_a_folded_map_has_no_overlap() -> None:
    folded = np.array([[1.0, 0, 0], [0, 1, 0], [3.0, 0, -1]])
    assert overlap(folded) is None
    assert overlap(np.zeros((3, 3))) is None
    assert undo(Orientation.UPRIGHT).tolist() == np.eye(3).tolist()
