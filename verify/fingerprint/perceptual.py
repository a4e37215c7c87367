"""The 256-bit perceptual hash: signs of low DCT frequencies, after PDQ.

In go grey pictures, out come 32-byte codes and a quality figure. The construction follows the PDQ
paper (Facebook, "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm", 2019):
64x64 picture, DCT frequencies 1..16 in both directions, each bit says whether the coefficient is
above the median. The bit order is the natural one, so codes are not exchangeable with PDQ lists
(`exchange.py` makes those). The eight orientations cost nothing: turning a picture only negates or
transposes coefficients.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from verify.model import GreyImage, Orientation

SIDE = 64  #: pixels; PDQ's working picture
FREQUENCIES = 16
CODE_BYTES = FREQUENCIES * FREQUENCIES // 8

Codes = NDArray[np.uint8]  #: (..., 32)
Coefficients = NDArray[np.float32]  #: (..., 16, 16), row frequency first


class Turn(NamedTuple):
    """How to undo an orientation: transpose first, then flip rows, then columns."""

    transpose: bool
    flip_rows: bool
    flip_columns: bool


#: Undoing each orientation on the query gives the picture as the reference has it.
UNDO: dict[Orientation, Turn] = {
    Orientation.UPRIGHT: Turn(transpose=False, flip_rows=False, flip_columns=False),
    Orientation.MIRRORED: Turn(transpose=False, flip_rows=False, flip_columns=True),
    Orientation.UPSIDE_DOWN: Turn(transpose=False, flip_rows=True, flip_columns=True),
    Orientation.FLIPPED: Turn(transpose=False, flip_rows=True, flip_columns=False),
    Orientation.CLOCKWISE: Turn(transpose=True, flip_rows=True, flip_columns=False),
    Orientation.COUNTERCLOCKWISE: Turn(transpose=True, flip_rows=False, flip_columns=True),
    Orientation.TRANSPOSED: Turn(transpose=True, flip_rows=False, flip_columns=False),
    Orientation.TRANSVERSED: Turn(transpose=True, flip_rows=True, flip_columns=True),
}


def _basis() -> NDArray[np.float32]:
    frequency = np.arange(1, FREQUENCIES + 1)[:, None]
    position = 2 * np.arange(SIDE)[None, :] + 1
    wave: NDArray[np.float64] = np.sqrt(2 / SIDE) * np.cos(np.pi / (2 * SIDE) * frequency * position)
    return wave.astype(np.float32)


_BASIS = _basis()
_ALTERNATE = np.where(np.arange(1, FREQUENCIES + 1) % 2, -1, 1).astype(np.float32)


def small(image: GreyImage) -> GreyImage:
    """The 64x64 picture that is hashed, by area averaging."""
    interpolation = cv2.INTER_AREA if min(image.shape[:2]) >= SIDE else cv2.INTER_LINEAR
    return cv2.resize(image, (SIDE, SIDE), interpolation=interpolation).astype(np.uint8, copy=False)


def coefficients(pictures: GreyImage) -> Coefficients:
    """DCT coefficients of one or many 64x64 pictures, shape (..., 64, 64)."""
    result: Coefficients = _BASIS @ pictures.astype(np.float32) @ _BASIS.T
    return result


def turned(values: Coefficients, orientation: Orientation) -> Coefficients:
    """The coefficients of the picture with `orientation` undone."""
    turn = UNDO[orientation]
    if turn.transpose:
        values = values.swapaxes(-1, -2)
    if turn.flip_rows:
        values = values * _ALTERNATE[:, None]
    if turn.flip_columns:
        values = values * _ALTERNATE
    return values


def codes(values: Coefficients) -> Codes:
    """The 256-bit codes of coefficients, shape (..., 32)."""
    flat = values.reshape(*values.shape[:-2], -1)
    above = flat > np.median(flat, axis=-1, keepdims=True)
    return np.packbits(above, axis=-1)


def quality(pictures: GreyImage) -> NDArray[np.uint8]:
    """How much picture there is to hash, 0 (flat) to 100, of 64x64 pictures: PDQ's gradient sum."""
    wide = pictures.astype(np.int16)
    down = np.abs(np.diff(wide, axis=-2)).astype(np.int32) * 100 // 255
    across = np.abs(np.diff(wide, axis=-1)).astype(np.int32) * 100 // 255
    total = down.sum(axis=(-1, -2)) + across.sum(axis=(-1, -2))
    figure: NDArray[np.int64] = np.minimum(total // 90, 100)
    return figure.astype(np.uint8)


def hamming(one: Codes, other: Codes) -> NDArray[np.int64]:
    """Hamming distances in bits between codes of broadcastable shapes (..., 32)."""
    distance: NDArray[np.int64] = np.bitwise_count(one ^ other).sum(axis=-1, dtype=np.int64)
    return distance


def turn_picture(image: GreyImage, orientation: Orientation) -> GreyImage:
    """The picture with `orientation` undone."""
    turn = UNDO[orientation]
    if turn.transpose:
        image = image.T
    return np.ascontiguousarray(image[:: -1 if turn.flip_rows else 1, :: -1 if turn.flip_columns else 1])
