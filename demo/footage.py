"""Rendered footage: dusty roads with a column of vehicles, every scene drawn from its own seed.

In: seeds and a duration. Out: frames, and MP4 files whose metadata and corner mark say that they are
demonstration data. Nothing here shows a real event, and nothing of it is read from elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING

import av
import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

Picture = NDArray[np.uint8]  #: (height, width, 3), RGB
Noise = NDArray[np.float32]  #: (height, width), between 0 and 1
Colour = NDArray[np.float32]  #: red, green, blue

WIDTH, HEIGHT = 640, 360
FRAMES_PER_SECOND = 25
DUST = (188, 170, 140)
MARK = "demonstration data"


def fractal_noise(
    random: np.random.Generator, height: int, width: int, *, octaves: int = 6
) -> NDArray[np.float32]:
    """Smooth noise between 0 and 1, shape (height, width), with detail at every scale."""
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        cells = (max(2, height * 2**octave // 256), max(2, width * 2**octave // 256))
        layer = random.random(cells, np.float32)
        grown = cv2.resize(layer, (width, height), interpolation=cv2.INTER_CUBIC)
        total += np.asarray(grown, np.float32) / np.float32(1.6**octave)
    low, high = float(total.min()), float(total.max())
    return ((total - low) / (high - low)).astype(np.float32)


def tint(noise: Noise, dark: Colour, light: Colour) -> Picture:
    return (dark + noise[..., None] * (light - dark)).clip(0, 255).astype(np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    left: float  #: at the scene's start, pixels
    base: int  #: where its tracks touch the ground, pixels from the top
    size: float  #: 1.0 is 90 pixels long
    speed: float  #: pixels per second
    colour: tuple[int, int, int]
    turret: bool


class Scene:
    """One camera position: sky, hills and ground as wide textures that the camera pans over."""

    def __init__(self, seed: int) -> None:
        random = np.random.default_rng(seed)
        wide = WIDTH * 2
        self.horizon = int(random.integers(HEIGHT // 4, HEIGHT // 2))
        self.pan = float(random.uniform(-28, 28))
        earth = (random.uniform(0.7, 1.3) * np.array((140, 118, 84)) + random.uniform(-14, 14, 3)).astype(
            np.float32
        )
        air = (random.uniform(0.7, 1.1) * np.array((150, 172, 200)) + random.uniform(-12, 12, 3)).astype(
            np.float32
        )
        self.sky = tint(fractal_noise(random, HEIGHT, wide), air * 0.7, np.minimum(air * 1.25, 255))
        self.ground = tint(fractal_noise(random, HEIGHT, wide, octaves=8), earth * 0.35, earth * 1.3)
        self._grow_hills(random, earth * 0.6)
        self._grow_shrubs(random, earth)
        self.vehicles = tuple(self._vehicle(random, place) for place in range(int(random.integers(3, 6))))

    def _grow_hills(self, random: np.random.Generator, colour: Colour) -> None:
        width = self.sky.shape[1]
        ridge = fractal_noise(random, 2, width, octaves=9)[0] * HEIGHT / 4
        texture = tint(fractal_noise(random, HEIGHT, width, octaves=7), colour * 0.5, colour * 1.4)
        rows = np.arange(HEIGHT)[:, None]
        hills = (rows > self.horizon - ridge[None, :]) & (rows <= self.horizon)
        self.sky[hills] = texture[hills]

    def _grow_shrubs(self, random: np.random.Generator, earth: Colour) -> None:
        for _ in range(160):
            y = int(random.integers(self.horizon, HEIGHT))
            reach = 1 + (y - self.horizon) // 14
            centre = (int(random.integers(0, self.ground.shape[1])), y)
            shade = tuple(float(part) for part in earth * random.uniform(0.15, 0.7) * (0.7, 1.0, 0.6))
            cv2.ellipse(self.ground, centre, (reach * 2, reach), 0, 0, 360, shade, -1, cv2.LINE_AA)

    def _vehicle(self, random: np.random.Generator, place: int) -> Vehicle:
        shade = random.uniform(0.6, 1.1)
        return Vehicle(
            left=float(place * random.uniform(120, 170) - 60),
            base=int(random.integers(self.horizon + 50, HEIGHT - 30)),
            size=float(random.uniform(0.7, 1.4)),
            speed=float(random.uniform(18, 55)),
            colour=(int(92 * shade), int(96 * shade), int(62 * shade)),
            turret=bool(random.random() < 0.6),
        )

    def frame(self, seconds: float) -> Picture:
        """The picture at `seconds` after the scene's start."""
        shift = WIDTH / 2 + self.pan * seconds
        picture = self._view(self.ground, shift)
        picture[: self.horizon] = self._view(self.sky, WIDTH / 2 + self.pan * seconds * 0.4)[: self.horizon]
        for vehicle in sorted(self.vehicles, key=lambda vehicle: vehicle.base):
            draw_vehicle(picture, vehicle, seconds)
        return picture

    @staticmethod
    def _view(texture: Picture, shift: float) -> Picture:
        move = np.array([[1, 0, -shift], [0, 1, 0]], np.float32)
        return np.asarray(cv2.warpAffine(texture, move, (WIDTH, HEIGHT)), np.uint8)


def draw_vehicle(picture: Picture, vehicle: Vehicle, seconds: float) -> None:
    """Draws a tracked vehicle in profile, with its dust, into `picture`."""
    left, base, size = vehicle.left + vehicle.speed * seconds, vehicle.base, vehicle.size
    base += int(2 * np.sin(seconds * 7 + vehicle.left))
    dark = tuple(part // 2 for part in vehicle.colour)

    def at(x: float, y: float) -> tuple[int, int]:
        return int(left + x * size), int(base - y * size)

    for puff in range(6):
        cv2.circle(
            picture,
            at(-8 - 11 * puff, 4 + 2 * puff),
            int((5 + 2 * puff) * size),
            (188, 170, 140),
            -1,
            cv2.LINE_AA,
        )
    hull = np.array([at(0, 10), at(8, 26), at(78, 26), at(92, 14), at(86, 4), at(6, 4)], np.int32)
    cv2.fillPoly(picture, [hull], vehicle.colour, cv2.LINE_AA)
    cv2.line(picture, at(8, 26), at(78, 26), dark, 2, cv2.LINE_AA)
    for wheel in range(6):
        cv2.circle(picture, at(12 + 14 * wheel, 6), int(6 * size), dark, -1, cv2.LINE_AA)
    if vehicle.turret:
        cv2.rectangle(picture, at(30, 40), at(60, 26), vehicle.colour, -1)
        cv2.line(picture, at(60, 34), at(108, 37), dark, max(2, int(3 * size)), cv2.LINE_AA)


def marked(picture: Picture) -> Picture:
    """The picture with its small mark in the corner."""
    cv2.putText(
        picture, MARK, (8, HEIGHT - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.35, (245, 245, 245), 1, cv2.LINE_AA
    )
    return picture


def clip(seeds: Iterable[int], *, seconds_each: float = 5.0) -> Iterator[Picture]:
    """The frames of a clip that cuts from scene to scene."""
    for seed in seeds:
        scene = Scene(seed)
        for number in range(round(seconds_each * FRAMES_PER_SECOND)):
            yield marked(scene.frame(number / FRAMES_PER_SECOND))


def reposted(frames: Iterable[Picture], *, start: float, end: float, crop: float) -> Iterator[Picture]:
    """What a re-poster makes of it: seconds `start` to `end`, `crop` cut off each side, mirrored, smaller."""
    first, last = round(start * FRAMES_PER_SECOND), round(end * FRAMES_PER_SECOND)
    x, y = round(WIDTH * crop), round(HEIGHT * crop)
    for frame in islice(frames, first, last):
        kept = np.ascontiguousarray(frame[y : HEIGHT - y, WIDTH - x - 1 : x : -1])
        yield np.asarray(cv2.resize(kept, (480, 270), interpolation=cv2.INTER_AREA), np.uint8)


def write_video(path: Path, frames: Iterable[Picture], *, quality: int) -> None:
    """Writes H.264 in MP4; `quality` is x264's CRF, 18 (fine) to 35 (coarse)."""
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        container.metadata["title"] = container.metadata["comment"] = f"{MARK}, rendered by code"
        stream = None
        for frame in frames:
            if stream is None:
                stream = container.add_stream("libx264", rate=Fraction(FRAMES_PER_SECOND))
                stream.options = {"crf": str(quality), "preset": "veryfast"}
                stream.height, stream.width, stream.pix_fmt = frame.shape[0], frame.shape[1], "yuv420p"
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        if stream is not None:
            container.mux(stream.encode())
