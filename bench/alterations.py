"""The edits of `bench.edits`: in which order a clip's moments come, and what becomes of a frame.

In go frames of a clip (height, width, 3: 8 bits, blue first) and of an unrelated one of that shape, out come
the frames that an edited copy shows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from bench.clips import RATE, Picture

SECONDS = 8.0  # of a cut
HEIGHT = 360  # of a clip before it is edited, pixels

Change = Callable[[Picture, float, Picture], Picture]
"""A frame, the share of the clip before it, and a frame of an unrelated clip of the same shape."""


def moments() -> list[float]:
    return [number / RATE for number in range(round(SECONDS * RATE))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What is done to a clip: in which order its moments come, and what becomes of a frame."""

    name: str
    moments: Callable[[], list[float]] = moments  # seconds into the cut, of each frame shown
    change: Change = lambda frame, _, __: frame


def _backwards() -> list[float]:
    return moments()[::-1]


def _jumping() -> list[float]:
    """Half a second left out of every two."""
    return [moment for moment in moments() if moment % 2 < 1.5]


def _shuffled() -> list[float]:
    order = (2, 0, 3, 1)
    return [one * 2 + moment for one in order for moment in moments() if moment < 2]


def _quickening() -> list[float]:
    """From its own speed to twice that."""
    count = round(SECONDS * RATE / 1.5)
    return [SECONDS * (share + share * share / 2) / 1.5 for share in np.arange(count) / count]


def _halting() -> list[float]:
    """Stands still for a second after every three."""
    numbers = range(round(SECONDS * RATE))
    return [number / RATE for number in numbers for _ in range(RATE if number % 75 == 74 else 1)]


def _rarely() -> list[float]:
    """Five pictures a second, each shown five times."""
    return [number // 5 * 5 / RATE for number in range(round(SECONDS * RATE))]


def _box(frame: Picture, left: float, top: float, right: float, bottom: float) -> Picture:
    height, width = frame.shape[:2]
    rows = slice(round(top * height), max(round(top * height) + 2, round(bottom * height)))
    columns = slice(round(left * width), max(round(left * width) + 2, round(right * width)))
    return frame[rows, columns]


def sized(frame: Picture, width: int, height: int) -> Picture:
    return cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def like(frame: Picture, shape: Picture) -> Picture:
    return sized(frame, shape.shape[1], shape.shape[0])


def _panned(frame: Picture, share: float, _: Picture) -> Picture:
    """An upright window that moves over the picture from one side to the other."""
    wide = min(1.0, frame.shape[0] * 9 / 16 / frame.shape[1])
    left = (1 - wide) * share
    return _box(frame, left, 0, left + wide, 1)


def _zoomed(frame: Picture, share: float, _: Picture) -> Picture:
    """From the whole to the middle half."""
    cut = share / 4
    return like(_box(frame, cut, cut, 1 - cut, 1 - cut), frame)


def _pulsing(frame: Picture, share: float, _: Picture) -> Picture:
    cut = 0.03 * (1 - np.cos(share * SECONDS * np.pi))
    return like(_box(frame, cut, cut, 1 - cut, 1 - cut), frame)


def _shaken(frame: Picture, share: float, _: Picture) -> Picture:
    """As filmed by hand off a screen that does not fill the picture."""
    height, width = frame.shape[:2]
    time = share * SECONDS
    sway = np.array([np.sin(1.7 * time), np.cos(2.3 * time)]) * (0.02 * width, 0.02 * height)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 3 + 1.5 * np.sin(1.1 * time), 0.8)
    turn[:, 2] += sway
    filmed = cv2.warpAffine(frame, turn, (width, height), borderValue=(32, 30, 28))
    return cv2.convertScaleAbs(cv2.GaussianBlur(filmed, (0, 0), 0.8), alpha=0.85, beta=20).astype(np.uint8)


def _beside(frame: Picture, _: float, other: Picture) -> Picture:
    """The middle half of each, side by side."""
    halves = [_box(one, 0.25, 0, 0.75, 1) for one in (other, frame)]
    return np.concatenate([sized(half, frame.shape[1] // 4 * 2, frame.shape[0]) for half in halves], axis=1)


def _above(frame: Picture, _: float, other: Picture) -> Picture:
    return np.concatenate([frame, like(other, frame)], axis=0)


def _under_guest(frame: Picture, _: float, other: Picture) -> Picture:
    """Another clip covers the lower right corner, two fifths of each side."""
    shown = frame.copy()
    height, width = (frame.shape[0] * 2 // 5, frame.shape[1] * 2 // 5)
    shown[-height:, -width:] = sized(other, width, height)
    return shown


def _ghosted(frame: Picture, _: float, other: Picture) -> Picture:
    return cv2.addWeighted(frame, 0.7, like(other, frame), 0.3, 0).astype(np.uint8)


def _snowy(frame: Picture, share: float, _: Picture) -> Picture:
    chance = np.random.default_rng(round(share * 10_000))
    shown = frame.copy()
    height, width = frame.shape[:2]
    for x, y, size in chance.integers((0, 0, 2), (width, height, 6), (150, 3)).tolist():
        cv2.circle(shown, (x, y), size, (245, 245, 245), -1)
    return shown


def _negative(frame: Picture, _: float, __: Picture) -> Picture:
    return 255 - frame


def _blurred(frame: Picture, _: float, __: Picture) -> Picture:
    return cv2.GaussianBlur(frame, (0, 0), 6).astype(np.uint8)


def _mosaic(frame: Picture, _: float, __: Picture) -> Picture:
    """Squares of a 45th of the height."""
    height, width = frame.shape[:2]
    small = sized(frame, width // 8, height // 8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST).astype(np.uint8)


def _stuck_over(frame: Picture, _: float, __: Picture) -> Picture:
    """Six discs that cover about a third."""
    shown = frame.copy()
    height, width = frame.shape[:2]
    for across, down, colour in (
        *((0.15, 0.25, (0, 200, 255)), (0.5, 0.2, (60, 60, 230)), (0.85, 0.3, (0, 200, 255))),
        *((0.2, 0.75, (80, 220, 80)), (0.52, 0.8, (0, 200, 255)), (0.84, 0.72, (230, 90, 60))),
    ):
        cv2.circle(shown, (round(across * width), round(down * height)), round(0.17 * height), colour, -1)
    return shown


def _folded(frame: Picture, _: float, __: Picture) -> Picture:
    """The left half and its mirror image."""
    half = _box(frame, 0, 0, 0.5, 1)
    return np.concatenate([half, half[:, ::-1]], axis=1)


def _fourfold(frame: Picture, _: float, __: Picture) -> Picture:
    small = sized(frame, frame.shape[1] // 2, frame.shape[0] // 2)
    return np.concatenate([np.concatenate([small, small], axis=1)] * 2, axis=0)


def _tilted(frame: Picture, _: float, __: Picture) -> Picture:
    """Turned by 15 degrees, as large as leaves no corner empty."""
    height, width = frame.shape[:2]
    angle = np.radians(15)
    scale = np.cos(angle) + np.sin(angle) * max(width / height, height / width)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 15, scale)
    return cv2.warpAffine(frame, turn, (width, height)).astype(np.uint8)


def _squeezed(frame: Picture, _: float, __: Picture) -> Picture:
    """Without a tenth on each side, made square."""
    return sized(_box(frame, 0.1, 0.1, 0.9, 0.9), HEIGHT, HEIGHT)


def _mirrored_close(frame: Picture, _: float, __: Picture) -> Picture:
    """Mirrored, and a window of two fifths of each side."""
    return like(_box(frame, 0.35, 0.25, 0.75, 0.65)[:, ::-1], frame)


def _drawn(frame: Picture, _: float, __: Picture) -> Picture:
    """As a drawing: smooth areas of few colours."""
    smooth = cv2.bilateralFilter(frame, 9, 60, 9)
    return ((smooth // 48) * 48 + 24).astype(np.uint8)


def _in_vignette(frame: Picture, _: float, __: Picture) -> Picture:
    height, width = frame.shape[:2]
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    light = np.clip(1.25 - (rows**2 + columns**2), 0.05, 1)
    return np.asarray(frame * light[..., None], np.uint8)


EDITS = (
    Edit(name="as it is"),
    Edit(name="panned", change=_panned),
    Edit(name="zoomed", change=_zoomed),
    Edit(name="pulsing", change=_pulsing),
    Edit(name="shaken", change=_shaken),
    Edit(name="backwards", moments=_backwards),
    Edit(name="jumping", moments=_jumping),
    Edit(name="shuffled", moments=_shuffled),
    Edit(name="quickening", moments=_quickening),
    Edit(name="halting", moments=_halting),
    Edit(name="rarely", moments=_rarely),
    Edit(name="beside", change=_beside),
    Edit(name="above", change=_above),
    Edit(name="under guest", change=_under_guest),
    Edit(name="ghosted", change=_ghosted),
    Edit(name="snowy", change=_snowy),
    Edit(name="negative", change=_negative),
    Edit(name="blurred", change=_blurred),
    Edit(name="mosaic", change=_mosaic),
    Edit(name="stuck over", change=_stuck_over),
    Edit(name="folded", change=_folded),
    Edit(name="fourfold", change=_fourfold),
    Edit(name="tilted", change=_tilted),
    Edit(name="squeezed", change=_squeezed),
    Edit(name="mirrored close", change=_mirrored_close),
    Edit(name="drawn", change=_drawn),
    Edit(name="in vignette", change=_in_vignette),
)
