"""The decoder on photos and animations: orientations, transparency, colour modes, depths, times."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from tests.footage import picture_at, render_animation, render_image
from verify.errors import BrokenMedia, EmptyMedia
from verify.media.decoder import DecodeLimits, Decoder, FrameMode, FramePlan
from verify.model import MediaKind

DECODER = Decoder(DecodeLimits(sandbox="rlimit"))
PICTURE = Image.fromarray(picture_at(1, 0))


def read(path, kind=MediaKind.IMAGE, **plan):
    with DECODER.frames(path, kind, FramePlan(**plan)) as stream:
        frames = list(stream)
    return frames, stream.outcome


def difference(frame, image):
    return float(np.abs(frame.image.astype(int) - np.asarray(image.convert("L"), int)).mean())


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.avif", "a.bmp"])
@pytest.mark.parametrize("mode", list(FrameMode))
def test_a_picture_is_one_frame_at_time_zero(tmp_path, name, mode):
    (frame,), outcome = read(render_image(tmp_path / name), mode=mode)
    assert frame.time_us == 0
    assert frame.is_intra
    assert difference(frame, PICTURE) < 5
    assert outcome.complete
    assert (outcome.metadata.width, outcome.metadata.height) == PICTURE.size


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(tmp_path, orientation):
    exif = Image.Exif()
    exif[274] = orientation
    stored = {
        1: PICTURE,
        2: PICTURE.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        3: PICTURE.transpose(Image.Transpose.ROTATE_180),
        4: PICTURE.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        5: PICTURE.transpose(Image.Transpose.TRANSPOSE),
        6: PICTURE.transpose(Image.Transpose.ROTATE_90),
        7: PICTURE.transpose(Image.Transpose.TRANSVERSE),
        8: PICTURE.transpose(Image.Transpose.ROTATE_270),
    }[orientation]
    stored.save(tmp_path / "a.jpg", exif=exif)
    (frame,), outcome = read(tmp_path / "a.jpg")
    assert difference(frame, PICTURE) < 5
    assert (outcome.metadata.width, outcome.metadata.height) == PICTURE.size


def converted(mode: str) -> Image.Image:
    if mode == "I;16":
        return Image.fromarray(np.asarray(PICTURE.convert("L"), np.uint16) * 257)
    return PICTURE.quantize() if mode == "P" else PICTURE.convert(mode)


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("a.jpg", "CMYK"),
        ("a.jpg", "L"),
        ("a.png", "P"),
        ("a.png", "L"),
        ("a.png", "LA"),
        ("a.png", "RGBA"),
        ("a.png", "I;16"),
        ("a.gif", "P"),
        ("a.webp", "RGBA"),
    ],
)
def test_every_colour_mode_gives_the_same_grey(tmp_path, name, mode):
    converted(mode).save(tmp_path / name)
    (frame,), _ = read(tmp_path / name)
    assert difference(frame, PICTURE) < 8
    (still,) = DECODER.stills(tmp_path / name, MediaKind.IMAGE, [0], 160)
    assert (still.width, still.height) == (160, 90)


def test_one_bit_pictures(tmp_path):
    black_and_white = PICTURE.convert("1")
    black_and_white.save(tmp_path / "a.png")
    (frame,), _ = read(tmp_path / "a.png")
    assert difference(frame, black_and_white) == 0


def test_transparency_is_laid_on_white(tmp_path):
    clear = PICTURE.convert("RGBA")
    clear.putalpha(Image.new("L", clear.size, 0))
    clear.save(tmp_path / "a.png")
    (frame,), _ = read(tmp_path / "a.png")
    assert frame.image.min() == 255


def test_a_palette_with_a_transparent_entry_is_laid_on_white(tmp_path):
    palette = Image.new("P", (40, 40), 0)
    palette.putpalette([0, 0, 0, 200, 0, 0])
    palette.save(tmp_path / "a.png", transparency=0)
    (frame,), _ = read(tmp_path / "a.png")
    assert frame.image.min() == 255


def test_a_large_photo_is_made_small_and_looks_the_same(tmp_path):
    large = PICTURE.resize((3200, 1800), Image.Resampling.BICUBIC)
    large.save(tmp_path / "a.jpg", quality=95)
    (frame,), outcome = read(tmp_path / "a.jpg", long_side=320)
    assert frame.image.shape == (180, 320)
    assert difference(frame, PICTURE) < 6
    assert outcome.metadata.width == 3200


def test_capture_metadata_is_told_and_cleaned(tmp_path):
    exif = Image.Exif()
    exif[271] = "Maker\x1b[31m"
    exif.get_ifd(0x8769)[36867] = "2016:08:24 10:00:00"
    PICTURE.save(tmp_path / "a.jpg", exif=exif)
    tags = dict(DECODER.probe(tmp_path / "a.jpg", MediaKind.IMAGE).tags)
    assert tags["DateTimeOriginal"] == "2016:08:24 10:00:00"
    assert tags["Make"] == "Maker [31m"
    (still,) = DECODER.stills(tmp_path / "a.jpg", MediaKind.IMAGE, [0], 320)
    assert not Image.open(io.BytesIO(still.jpeg)).getexif()


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png"])
def test_an_animation_is_read_on_the_grid_with_its_own_times(tmp_path, name):
    path = render_animation(tmp_path / name, seconds=2, fps=10)
    frames, outcome = read(path, MediaKind.GIF)
    assert [frame.time_us for frame in frames] == [
        0,
        400_000,
        700_000,
        1_000_000,
        1_400_000,
        1_700_000,
        1_900_000,
    ]
    assert outcome.read_until_us == 2_000_000
    assert outcome.metadata.duration_us == 2_000_000
    assert outcome.metadata.frame_count == 20
    for frame in frames:
        assert difference(frame, Image.fromarray(picture_at(1, frame.time_us / 1e6))) < 8


def test_asked_for_as_an_image_an_animation_is_its_first_picture(tmp_path):
    frames, outcome = read(render_animation(tmp_path / "a.gif"), MediaKind.IMAGE)
    assert len(frames) == 1
    assert outcome.metadata.frame_count == 1


def test_an_animation_of_one_picture_is_a_picture(tmp_path):
    PICTURE.save(tmp_path / "a.gif")
    frames, outcome = read(tmp_path / "a.gif", MediaKind.GIF)
    assert len(frames) == 1
    assert outcome.complete


def test_gif_pictures_without_a_duration_last_a_tenth_of_a_second(tmp_path):
    first, *rest = (Image.fromarray(picture_at(1, at)) for at in (0.0, 3.0, 6.0))
    first.save(tmp_path / "a.gif", save_all=True, append_images=rest, duration=0)
    frames, outcome = read(tmp_path / "a.gif", MediaKind.GIF, per_second=25)
    assert [frame.time_us for frame in frames] == [0, 100_000, 200_000]
    assert outcome.read_until_us == 300_000


def test_stills_of_an_animation(tmp_path):
    path = render_animation(tmp_path / "a.gif", seconds=1, fps=10)
    stills = DECODER.stills(path, MediaKind.GIF, [0, 99_999, 100_000, 950_000, 9_000_000], 320)
    assert [still.time_us for still in stills] == [0, 0, 100_000, 900_000, 900_000]


def test_the_neighbours_of_a_moment_of_an_animation(tmp_path):
    path = render_animation(tmp_path / "a.gif", seconds=2, fps=10)

    def around(time_us, kind=MediaKind.GIF):
        run = DECODER.around(path, kind, time_us, reach=2, long_side=64)
        return [still.time_us for still in run]

    assert around(1_050_000) == [800_000, 900_000, 1_000_000, 1_100_000, 1_200_000]
    assert around(0) == [0, 100_000, 200_000]
    assert around(60_000_000) == [1_700_000, 1_800_000, 1_900_000]
    assert around(500_000, MediaKind.IMAGE) == [0]


def test_an_animation_cut_short_is_read_as_far_as_it_goes(tmp_path):
    path = render_animation(tmp_path / "a.webp", seconds=2, fps=10)
    gif = render_animation(tmp_path / "a.gif", seconds=2, fps=10)
    gif.write_bytes(gif.read_bytes()[: gif.stat().st_size // 2])
    frames, outcome = read(gif, MediaKind.GIF)
    assert 2 <= len(frames) < 7
    assert outcome.read_until_us < 2_000_000
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(BrokenMedia):
        read(path, MediaKind.GIF)
    with pytest.raises(BrokenMedia):
        DECODER.stills(path, MediaKind.GIF, [0], 64)


def test_a_truncated_photo_is_broken(tmp_path):
    path = render_image(tmp_path / "a.jpg")
    path.write_bytes(path.read_bytes()[:2_000])
    with pytest.raises(BrokenMedia, match="truncated"):
        read(path)


def test_an_empty_file(tmp_path):
    (tmp_path / "a.jpg").touch()
    with pytest.raises(EmptyMedia):
        read(tmp_path / "a.jpg")
