from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from verify.media.decoder import DecodeLimits, Decoder
from verify.model import MediaKind


def photo(path: Path, position: dict[int, object]) -> Path:
    exif = Image.Exif()
    exif[271], exif[272] = "Apple", "iPhone 6"
    exif.get_ifd(0x8825).update(position)
    Image.effect_noise((320, 240), 60).convert("RGB").save(path, exif=exif)
    return path


def tags(path: Path) -> dict[str, str]:
    return dict(Decoder(DecodeLimits()).probe(path, MediaKind.IMAGE).tags)


@pytest.mark.parametrize(
    ("north", "east", "words"), [("N", "E", "+35.8697+036.7183/"), ("S", "W", "-35.8697-036.7183/")]
)
def test_a_photos_position_is_read_as_phones_write_it(
    tmp_path: Path, north: str, east: str, words: str
) -> None:
    position: dict[int, object] = {1: north, 2: (35.0, 52.0, 11.0), 3: east, 4: (36.0, 43.0, 6.0)}
    found = tags(photo(tmp_path / "photo.jpg", position))
    assert found["GPSPosition"] == words
    assert found["Model"] == "iPhone 6"


@pytest.mark.parametrize("position", [{}, {1: "N", 2: (35.0,), 3: "E", 4: (36.0, 43.0, 6.0)}])
def test_a_photo_without_a_whole_position_has_none(tmp_path: Path, position: dict[int, object]) -> None:
    assert "GPSPosition" not in tags(photo(tmp_path / "photo.jpg", position))
