"""Footage for tests, rendered from a seed: textured ground, a panning camera, things that move, cuts.

In: a seed, a length, a size and what to do to the picture (mirror, crop, bars, caption, speed, ...).
Out: the frames, or files in the containers and codecs that posts come in. No two scenes are alike,
each has corners for local features, and a time always gives the same picture whatever the rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from av.video.stream import VideoStream

Picture = NDArray[np.uint8]  #: (height, width, 3), RGB

SIZE = (320, 180)  #: width, height
SCENE_SECONDS = 2.5  #: a cut this often
_TIME_BASE = Fraction(1, 90_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transform:
    """What is done to each frame, in this order. Boxes are fractions of width and height."""

    crop: tuple[float, float, float, float] | None = None  #: left, top, right, bottom, 0 to 1
    mirror: bool = False
    turn: int = 0  #: degrees clockwise, in the pixels
    caption: str = ""  #: on a white bar above the picture, a quarter of its height
    letterbox: float = 0.0  #: height of each black bar, as a fraction of the picture's height
    pillarbox: float = 0.0
    scale: float = 1.0
    brightness: float = 1.0

    def __call__(self, picture: Picture) -> Picture:
        image = Image.fromarray(picture)
        if self.crop:
            left, top, right, bottom = self.crop
            width, height = image.size
            image = image.crop(
                (int(left * width), int(top * height), int(right * width), int(bottom * height))
            )
        if self.mirror:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        if self.turn:
            image = image.rotate(-self.turn, expand=True)
        image = self._framed(image)
        if self.scale != 1.0:
            image = image.resize((int(image.width * self.scale), int(image.height * self.scale)))
        if self.brightness != 1.0:
            image = image.point(lambda value: min(255, int(value * self.brightness)))
        return np.asarray(image)

    def _framed(self, image: Image.Image) -> Image.Image:
        across, down = int(image.width * self.pillarbox), int(image.height * self.letterbox)
        bar = image.height // 4 if self.caption else 0
        if not (across or down or bar):
            return image
        framed = Image.new("RGB", (image.width + 2 * across, image.height + 2 * down + bar))
        framed.paste(image, (across, down + bar))
        if bar:
            draw = ImageDraw.Draw(framed)
            draw.rectangle((0, 0, framed.width, bar), fill="white")
            draw.text((8, bar // 3), self.caption, fill="black")
        return framed


class Scene:
    """One shot. `at` is a function of time alone."""

    def __init__(self, seed: int, size: tuple[int, int]) -> None:
        random = np.random.default_rng(seed)
        self._size = size
        width, height = size
        self._ground = _texture(random, width * 2, height * 3 // 2)
        reach = np.array([width, height // 2])
        self._from = random.uniform(0.1, 0.9, 2) * reach
        self._drift = random.uniform(-0.12, 0.12, 2) * reach  # pixels a second
        self._things = [_Thing(random, size) for _ in range(5)]

    def at(self, seconds: float) -> Picture:
        width, height = self._size
        room = (self._ground.shape[1] - width, self._ground.shape[0] - height)
        left, top = (
            int(np.clip(self._from[axis] + self._drift[axis] * seconds, 0, room[axis])) for axis in (0, 1)
        )
        image = Image.fromarray(self._ground[top : top + height, left : left + width])
        for thing in self._things:
            thing.paste(image, seconds)
        return np.asarray(image)


class _Thing:
    """A textured disc or box that crosses the picture and comes back."""

    def __init__(self, random: np.random.Generator, size: tuple[int, int]) -> None:
        width, height = size
        across = int(random.uniform(0.1, 0.3) * height)
        self._patch = Image.fromarray(_texture(random, across, across))
        self._mask = Image.new("L", (across, across), 255 if random.random() < 0.5 else 0)
        ImageDraw.Draw(self._mask).ellipse((0, 0, across - 1, across - 1), fill=255)
        self._room = np.array([width - across, height - across])
        self._from = random.uniform(0, 2, 2)
        self._speed = random.uniform(-0.35, 0.35, 2)  # of the room, a second

    def paste(self, image: Image.Image, seconds: float) -> None:
        phase = (self._from + self._speed * seconds) % 2
        left, top = (np.where(phase > 1, 2 - phase, phase) * self._room).astype(int)
        image.paste(self._patch, (int(left), int(top)), self._mask)


def _texture(random: np.random.Generator, width: int, height: int) -> Picture:
    """Noise at every scale in two colours, with a few hard edges."""
    total = np.zeros((height, width), np.float32)
    for octave in range(7):
        cells = random.random((2 + 3 * 2**octave * height // width, 2 + 3 * 2**octave), np.float32)
        total += (
            np.asarray(Image.fromarray(cells).resize((width, height), Image.Resampling.BICUBIC)) / 1.3**octave
        )
    total = (total - total.min()) / (total.max() - total.min())
    dark, light = random.uniform(0, 90, 3), random.uniform(150, 255, 3)
    image = Image.fromarray((dark + total[..., None] * (light - dark)).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for _ in range(24):
        left, top = random.integers(0, width), random.integers(0, height)
        box = (
            left,
            top,
            left + random.integers(4, width // 8 + 5),
            top + random.integers(4, height // 8 + 5),
        )
        draw.rectangle(
            [int(edge) for edge in box], fill=tuple(int(part) for part in random.integers(0, 255, 3))
        )
    return np.asarray(image)


@lru_cache(maxsize=32)
def _scene(seed: int, number: int, width: int, height: int) -> Scene:
    return Scene(seed * 1_000 + number, (width, height))


def picture_at(seed: int, seconds: float, size: tuple[int, int] = SIZE) -> Picture:
    """The picture of clip `seed` at a time."""
    number = int(seconds // SCENE_SECONDS)
    return _scene(seed, number, *size).at(seconds - number * SCENE_SECONDS)


def pictures(
    seed: int,
    seconds: float,
    *,
    size: tuple[int, int] = SIZE,
    fps: float = 25,
    start: float = 0.0,
    speed: float = 1.0,
) -> Iterator[Picture]:
    """Frames of clip `seed` from `start`; `speed` 2 shows twice as much of it in the same `seconds`."""
    for index in range(max(1, round(seconds * fps))):
        yield picture_at(seed, start + speed * index / fps, size)


def render_video(
    path: Path,
    *,
    seed: int = 1,
    seconds: float = 4.0,
    size: tuple[int, int] = SIZE,
    fps: float = 25,
    start: float = 0.0,
    speed: float = 1.0,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    options: dict[str, str] | None = None,
    times: Sequence[float] | None = None,
    rotation: int = 0,
    full_range: bool = False,
    **transform: Any,
) -> Path:
    """Write a video; the container goes by the suffix of `path`.

    `times` are the frames' presentation times in seconds, for a variable rate; `rotation` is written
    as metadata, degrees clockwise; `transform` are the fields of Transform.
    """
    shown = times if times is not None else [index / fps for index in range(max(1, round(seconds * fps)))]
    change = Transform(**transform)
    frames = (change(picture_at(seed, start + speed * at, size)) for at in shown)
    write_video(
        path,
        frames,
        shown,
        codec=codec,
        pixel_format=pixel_format,
        options=options,
        fps=fps,
        full_range=full_range,
    )
    if rotation:
        rotate_metadata(path, rotation)
    return path


def write_video(
    path: Path,
    frames: Iterator[Picture],
    times: Sequence[float],
    *,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    options: dict[str, str] | None = None,
    fps: float = 25,
    full_range: bool = False,
) -> Path:
    """Encode `frames`, shown at `times` (seconds). Odd sides are cut to even ones."""
    defaults = {"preset": "veryfast", "crf": "23"} if codec == "libx264" else {}
    with av.open(str(path), "w") as container:
        rate = Fraction(fps).limit_denominator(1001)
        stream = cast(
            "VideoStream", container.add_stream(codec, rate=rate, options=defaults | (options or {}))
        )
        stream.pix_fmt = pixel_format
        variable = codec not in {"mpeg4", "mjpeg"}
        if variable:
            stream.codec_context.time_base = _TIME_BASE
        if full_range:
            stream.codec_context.color_range = 2
        for index, (picture, at) in enumerate(zip(frames, times, strict=True)):
            height, width = (side // 2 * 2 for side in picture.shape[:2])
            if index == 0:
                stream.width, stream.height = width, height
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture[:height, :width]), "rgb24")
            if full_range:
                frame = frame.reformat(format=pixel_format, dst_color_range=2)
            frame.pts = round(at / _TIME_BASE) if variable else index
            frame.time_base = _TIME_BASE if variable else 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


_MATRICES = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}


def rotate_metadata(path: Path, degrees: int) -> None:
    """Write a rotation, clockwise, into the track header of an MP4 file (ISO/IEC 14496-12, 8.3.2)."""
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 4 + 40
    a, b, c, d = _MATRICES[degrees]
    for place, value in ((0, a), (4, b), (12, c), (16, d)):
        data[matrix + place : matrix + place + 4] = (value * 65536).to_bytes(4, "big", signed=True)
    path.write_bytes(data)


def render_image(
    path: Path, *, seed: int = 1, at: float = 0.0, size: tuple[int, int] = SIZE, **transform: Any
) -> Path:
    """Write one picture; the format goes by the suffix of `path`."""
    Image.fromarray(Transform(**transform)(picture_at(seed, at, size))).save(path)
    return path


def render_animation(
    path: Path,
    *,
    seed: int = 1,
    seconds: float = 2.0,
    fps: float = 10,
    size: tuple[int, int] = SIZE,
    **transform: Any,
) -> Path:
    """Write a GIF, WebP or PNG animation, by the suffix of `path`."""
    change = Transform(**transform)
    first, *rest = [
        Image.fromarray(change(picture)) for picture in pictures(seed, seconds, size=size, fps=fps)
    ]
    first.save(path, save_all=True, append_images=rest, duration=round(1000 / fps), loop=0)
    return path
