"""Pictures too dim to compare as they are: their contrast is raised for it, and only for it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.footage import Transform, picture_at
from verify.fingerprint import Fingerprint, closeup, fingerprint, perceptual
from verify.fingerprint.quality import LIT_RANGE, USABLE_QUALITY, lit
from verify.fingerprint.record import decode_grey
from verify.matching import ReferenceIndex, match
from verify.model import Frame, GreyImage, MatchKind, MediaKind

DARK, PALE = 5.0, 200.0


def grey(seed: int) -> GreyImage:
    picture = Transform()(picture_at(seed, 1.0))
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def dim(image: GreyImage, levels: float, darkest: float = DARK) -> GreyImage:
    """The same with so many grey levels from its 1st to its 99th percentile, and encoded."""
    low, high = np.percentile(image, (1, 99))
    shown = np.clip((image.astype(np.float64) - low) * levels / (high - low) + darkest, 0, 255)
    _, encoded = cv2.imencode(".jpg", shown.astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 80])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)


def print_of(*images: GreyImage) -> Fingerprint:
    frames = [Frame(time_us=number * 333_333, image=image) for number, image in enumerate(images)]
    kind = MediaKind.IMAGE if len(images) == 1 else MediaKind.VIDEO
    return fingerprint(frames, kind=kind, duration_us=333_333 * (len(images) - 1))


def levels_of(image: GreyImage) -> float:
    return float(np.ptp(np.percentile(perceptual.small(image), (1, 99))))


@pytest.mark.parametrize("darkest", [DARK, PALE], ids=["dark", "pale"])
@pytest.mark.parametrize("levels", [20, 40])
def test_a_dim_photo_is_found(levels: float, darkest: float) -> None:
    reference, query = print_of(grey(2)), print_of(dim(grey(2), levels, darkest))
    index = ReferenceIndex.build([("photo", reference)], lambda _: reference)
    (found,) = match(query, index, media_sha256="").segments
    assert found.kind is MatchKind.COPY


def test_dim_photos_of_other_things_are_not() -> None:
    known = {f"photo {seed}": print_of(dim(grey(seed), 18)) for seed in range(10, 16)}
    index = ReferenceIndex.build(known.items(), known.__getitem__)
    assert not match(print_of(dim(grey(2), 18)), index, media_sha256="").segments


def test_what_holds_enough_picture_stays_as_it_is() -> None:
    image = grey(2)
    assert lit(image) is image


@pytest.mark.parametrize("levels", [0, 6], ids=["flat", "hardly anything"])
def test_what_holds_no_picture_stays_as_it_is(levels: float) -> None:
    shown = dim(grey(2), levels)
    noise = np.random.default_rng(1).normal(size=shown.shape)
    faint = (40 + noise + shown).astype(np.uint8)
    assert lit(faint) is faint
    assert print_of(faint).quality < USABLE_QUALITY


def test_a_smooth_sky_stays_as_it_is() -> None:
    sky = np.tile(np.linspace(180, 220, 288, dtype=np.uint8)[:, None], (1, 512))
    assert lit(sky) is sky


def test_the_picture_is_kept_as_it_is_and_compared_as_lit() -> None:
    image = dim(grey(2), 20)
    found = print_of(image)
    kept = decode_grey(found.pictures[0])
    assert np.abs(kept.astype(int) - image.astype(int)).mean() < 1
    for compared in (found.picture(0), found.thumbnail(0)):
        assert levels_of(compared) == pytest.approx(LIT_RANGE, abs=12)
    assert found.quality >= USABLE_QUALITY


def test_a_closer_look_sees_dim_frames_as_the_reference_has_them() -> None:
    frame = Frame(time_us=0, image=dim(grey(2), 20))
    assert np.array_equal(closeup([frame]).thumbnail(0), print_of(frame.image).thumbnail(0))
