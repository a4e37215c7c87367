"""What became of a copy's colours: removed, changed, or as they were."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.footage import Picture, picture_at
from verify.errors import BlobMissing
from verify.matching.colours import recoloured
from verify.model import Geometry

MIRRORED = Geometry(
    matrix=(-1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0),
    query_box=(0.0, 0.0, 1.0, 1.0),
    reference_box=(0.0, 0.0, 1.0, 1.0),
)


def jpeg(picture: Picture) -> bytes:
    ok, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 60])
    assert ok
    return bytes(data)


def grey(picture: Picture) -> Picture:
    return np.repeat(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[:, :, None], 3, axis=2)


def turned(picture: Picture) -> Picture:
    hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)
    hsv[:, :, 0] = (hsv[:, :, 0].astype(int) + 60) % 180
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB).astype(np.uint8)


def toned(picture: Picture) -> Picture:
    """Brighter, flatter and a little warmer, as another player shows it."""
    return np.clip(picture * (0.82, 0.8, 0.78) + 30, 0, 255).astype(np.uint8)


def captioned(picture: Picture) -> Picture:
    shown = picture.copy()
    shown[: len(shown) // 4] = (250, 220, 0)
    return shown


@pytest.mark.parametrize(
    ("change", "name"),
    [(np.copy, ""), (toned, ""), (captioned, ""), (grey, "colours removed"), (turned, "colours changed")],
)
def test_the_change_of_colours_is_named(change: type[Picture], name: str) -> None:
    pairs = []
    for second in (1.0, 2.0):
        picture = picture_at(6, second)
        pairs.append((jpeg(change(picture)[:, ::-1].copy()), jpeg(picture)))
    assert recoloured(pairs, MIRRORED) == name


def test_what_never_had_colours_did_not_lose_them() -> None:
    picture = jpeg(grey(picture_at(6, 1)))
    assert not recoloured([(picture, picture)], MIRRORED)
    assert not recoloured([], MIRRORED)


def pale(picture: Picture) -> Picture:
    """Hardly more colour than grey has: a mean chroma of 6 or so."""
    return np.asarray(0.7 * grey(picture) + 0.3 * picture).astype(np.uint8)


def test_the_loss_of_pale_colours_is_named_only_when_hardly_any_is_left() -> None:
    before = pale(picture_at(6, 1))
    half = np.asarray((before.astype(int) + grey(before)) // 2).astype(np.uint8)
    for after, name in ((grey(before), "colours removed"), (half, "")):
        assert recoloured([(jpeg(after[:, ::-1].copy()), jpeg(before))], MIRRORED) == name


def test_colours_that_were_added_are_named() -> None:
    picture = picture_at(6, 1)
    assert recoloured([(jpeg(picture[:, ::-1].copy()), jpeg(grey(picture)))], MIRRORED) == "colours changed"


def test_a_damaged_picture_is_reported_as_missing() -> None:
    with pytest.raises(BlobMissing):
        recoloured([(b"no picture", b"no picture")], MIRRORED)
