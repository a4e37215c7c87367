"""Aligned comparison: the common part of two pictures, laid over one another block by block.

In go thumbnails and a map, out come correlations between every query frame and every reference
frame. The common part is resampled to a grid of blocks; each block is compared on its own after its
mean and contrast are removed, so a caption, a sticker or another tone spoils only the blocks it
covers. The same is done with the differences between neighbouring frames: footage of the same scene
at another time agrees in the blocks but not in the motion (handbook `algorithms.md` 1.4, 6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from verify.fingerprint import Closeup, Fingerprint
from verify.fingerprint.record import Box
from verify.matching.geometry import Matrix, Overlap, inverse, transform
from verify.matching.hypothesis import Hypothesis
from verify.matching.shots import is_cut
from verify.model import GreyImage

BLOCK = 8  #: patch pixels
BLOCKS = 6  #: blocks each way
SIDE = BLOCK * BLOCKS
TEXTURE = 4.0  #: grey levels; a block varying less in both pictures says nothing
#: Correlation of a block that shows the same: median .7 to .98 over copies, .08 to .35 under a shared
#: overlay (handbook `algorithms.md` 1.4).
AGREES = 0.5
MOTION = 3.0  #: grey levels between neighbouring sampled frames; less is noise

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patches:
    """Frames of one side, resampled to the common part."""

    pictures: Floats  #: (k, SIDE, SIDE)
    blocks: Floats  #: (b, k, 64): every usable block of every frame, zero mean and unit length
    texture: Floats  #: (b, k): standard deviation before that, grey levels
    motion: Floats  #: (k, p): difference to the neighbours, unit length; zeros where nothing moves
    motion_level: Floats  #: (k,): root mean square of that difference, grey levels


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Every query frame against every reference frame, arrays (..., query frames, reference frames)."""

    blocks: Floats  #: (b, ...): correlation of each usable block, -1..1
    compared: NDArray[np.bool_]  #: (b, ...): whether the block has texture on either side
    correlation: Floats  #: mean over the textured blocks, 0..1
    share: Floats  #: of textured blocks that agree, 0..1
    textured: Floats  #: number of textured blocks
    motion: Floats  #: correlation of the differences, -1..1; 0 where either side is still
    moving: NDArray[np.bool_]  #: both sides move


def compare(query: Patches, reference: Patches) -> Agreement:
    """Compare patches made with the same map."""
    blocks = np.matmul(query.blocks, reference.blocks.transpose(0, 2, 1))
    textured = (query.texture[:, :, None] > TEXTURE) | (reference.texture[:, None, :] > TEXTURE)
    count = textured.sum(axis=0, dtype=np.float32)
    divisor = np.maximum(count, 1)
    kept = np.where(textured, np.maximum(blocks, 0), 0)
    return Agreement(
        blocks=blocks,
        compared=textured,
        correlation=kept.sum(axis=0) / divisor,
        share=(kept > AGREES).sum(axis=0, dtype=np.float32) / divisor,
        textured=count,
        motion=query.motion @ reference.motion.T,
        moving=(query.motion_level[:, None] > MOTION) & (reference.motion_level[None, :] > MOTION),
    )


class _Side:
    """One side's thumbnails without their bars, which spread into the picture where it is made smaller."""

    def __init__(self, seen: Fingerprint | Closeup, box: Box) -> None:
        self.box = box
        self._thumbnail = seen.thumbnail
        high, wide = self._thumbnail(0).shape
        self._scale = np.array([[wide, 0, -0.5], [0, high, -0.5], [0, 0, 1.0]])
        left, top, right, bottom = inside_bars(seen, box)
        self._rows = slice(round(top * high), round(bottom * high))
        self._columns = slice(round(left * wide), round(right * wide))

    def picture(self, frame: int) -> GreyImage:
        return self._thumbnail(frame)[self._rows, self._columns]

    def to_pixels(self, matrix: Matrix) -> Matrix:
        """From what a map starts from to the pixels of `picture`, the map being to fractions of the frame."""
        moved = np.array([[1.0, 0, -self._columns.start], [0, 1, -self._rows.start], [0, 0, 1]])
        result: Matrix = moved @ self._scale @ matrix
        return result

    def enlargement(self, box: Box) -> float:
        """How many patch pixels one thumbnail pixel becomes, at most."""
        wide, high = (box[2] - box[0]) * self._scale[0, 0], (box[3] - box[1]) * self._scale[1, 1]
        return float(SIDE / max(1.0, min(wide, high)))


def laid_on(picture: GreyImage, matrix: Matrix, size: tuple[int, int]) -> GreyImage:
    """A picture of the query, moved to where a reference's of that size lies, its edges drawn out."""
    (high, wide), (width, height) = picture.shape, size
    pixels = np.diag([width, height, 1]) @ matrix @ np.diag([1 / wide, 1 / high, 1])
    laid = cv2.warpPerspective(picture, pixels, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return laid.astype(np.uint8, copy=False)


def inside_bars(side: Fingerprint | Closeup, box: Box) -> Box:
    """The box without the thumbnail's line beside each bar, most of which may be bar, if that leaves any."""
    high, wide = side.thumbnail(0).shape
    left, top, right, bottom = box
    inside = (
        left + (left > 0) / wide,
        top + (top > 0) / high,
        right - (right < 1) / wide,
        bottom - (bottom < 1) / high,
    )
    leaves_any = (inside[2] - inside[0]) * wide >= 1 and (inside[3] - inside[1]) * high >= 1
    return inside if leaves_any else box


class Sampler:
    """Cuts the common part out of both sides' thumbnails under one map."""

    def __init__(
        self, query: Fingerprint, reference: Fingerprint, hypothesis: Hypothesis, common: Overlap
    ) -> None:
        self._prints = query, reference
        self._query = _Side(query, hypothesis.query_box)
        self._reference = _Side(reference, reference.content_box)
        grid = _grid(common.reference_box)
        in_query = transform(inverse(hypothesis.matrix), grid)
        left, top, right, bottom = hypothesis.query_box
        inside = ((in_query > (left, top)) & (in_query < (right, bottom))).all(axis=1).reshape(SIDE, SIDE)
        usable: NDArray[np.bool_] = by_block(inside[None].astype(np.float32)).min(axis=2)[:, 0] > 0
        self._usable = usable
        self._to_reference = _grid_matrix(common.reference_box)
        self._reference_map = self._reference.to_pixels(self._to_reference)
        self._to_query = inverse(hypothesis.matrix) @ self._to_reference
        self._query_map = self._query.to_pixels(self._to_query)
        self._sigma = 0.5 * max(
            1.0, self._query.enlargement(common.query_box), self._reference.enlargement(common.reference_box)
        )

    @property
    def footage_moves(self) -> bool:
        """Whether both media move."""
        return all(print_.moving.any() for print_ in self._prints)

    @property
    def usable(self) -> NDArray[np.bool_]:
        """(BLOCKS²,): blocks that lie wholly inside the query's picture, without its bars."""
        return self._usable

    @property
    def inside(self) -> NDArray[np.bool_]:
        """(SIDE, SIDE): the pixels of those blocks."""
        blocks = self._usable.reshape(BLOCKS, BLOCKS)
        return blocks.repeat(BLOCK, axis=0).repeat(BLOCK, axis=1)

    def times_us(
        self, query: NDArray[np.intp], reference: NDArray[np.intp]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """When frames of either side are."""
        ours, theirs = self._prints
        return ours.times_us[query], theirs.times_us[reference]

    def query_cuts(self, frames: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Whether another shot of the query begins between each of `frames` and the next."""
        return is_cut(self._prints[0], frames)

    def query(self, frames: NDArray[np.intp]) -> Patches:
        return self._patches(self._query, frames, self._query_map)

    def closeup(self, seen: Closeup) -> Patches:
        """Every frame of a closeup of the query."""
        side = _Side(seen, self._query.box)
        frames = np.arange(len(seen.times_us))
        return self._patches(side, frames, side.to_pixels(self._to_query))

    def reference(self, frames: NDArray[np.intp]) -> Patches:
        return self._patches(self._reference, frames, self._reference_map)

    def query_along(self, frames: NDArray[np.intp], maps: Sequence[Matrix]) -> Patches:
        """The query's frames where each lies under a map of its own, cut to this common part."""
        matrices = [self._query.to_pixels(inverse(matrix) @ self._to_reference) for matrix in maps]
        pictures = [self._query.picture(frame) for frame in frames.tolist()]
        return self._as_patches(np.stack([self._cut(*cut) for cut in zip(pictures, matrices, strict=True)]))

    def moved_query(self, frames: NDArray[np.intp], correction: Matrix) -> Floats:
        """(k, SIDE, SIDE): the query where each patch pixel is taken from where `correction` moves it."""
        matrix = self._query_map @ correction
        return np.stack([self._cut(self._query.picture(int(frame)), matrix) for frame in frames])

    def moved_map(self, correction: Matrix) -> Matrix:
        """The map, query to reference, under which the query looks as `moved_query` shows it."""
        matrix: Matrix = self._to_reference @ inverse(self._to_query @ correction)
        return matrix

    def _patches(self, side: _Side, frames: NDArray[np.intp], matrix: Matrix) -> Patches:
        return self._as_patches(np.stack([self._cut(side.picture(int(frame)), matrix) for frame in frames]))

    def _as_patches(self, stack: Floats) -> Patches:
        blocks = by_block(stack)[self._usable]
        blocks -= blocks.mean(axis=2, keepdims=True)
        length = np.linalg.norm(blocks, axis=2)
        motion, level = _motion(stack, self._usable)
        return Patches(
            pictures=stack,
            blocks=blocks / np.maximum(length, 1e-6)[:, :, None],
            texture=length / BLOCK,
            motion=motion,
            motion_level=level,
        )

    def _cut(self, inside: GreyImage, matrix: Matrix) -> Floats:
        step = max(np.hypot(matrix[0, 0], matrix[1, 0]), np.hypot(matrix[0, 1], matrix[1, 1])) / max(
            abs(matrix[2, 2]), 1e-9
        )
        picture = inside.astype(np.float32)
        if step > 1.2:
            picture = cv2.GaussianBlur(picture, (0, 0), 0.5 * step).astype(np.float32, copy=False)
        patch = cv2.warpPerspective(
            picture,
            matrix,
            (SIDE, SIDE),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return cv2.GaussianBlur(patch, (0, 0), self._sigma).astype(np.float32, copy=False)


def _motion(stack: Floats, usable: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Central differences in time (one-sided at the ends), per frame as a unit vector, and their level."""
    later = np.minimum(np.arange(len(stack)) + 1, len(stack) - 1)
    earlier = np.maximum(np.arange(len(stack)) - 1, 0)
    difference = by_block(stack[later] - stack[earlier])[usable]
    difference -= difference.mean(axis=(0, 2), keepdims=True)
    flat = difference.transpose(1, 0, 2).reshape(len(stack), -1)
    length = np.linalg.norm(flat, axis=1)
    level = length / np.sqrt(max(flat.shape[1], 1))
    return flat / np.maximum(length, 1e-6)[:, None], level.astype(np.float32)


def by_block(stack: Floats) -> Floats:
    """(k, SIDE, SIDE) to (BLOCKS², k, BLOCK²)."""
    split = stack.reshape(len(stack), BLOCKS, BLOCK, BLOCKS, BLOCK)
    return split.transpose(1, 3, 0, 2, 4).reshape(BLOCKS * BLOCKS, len(stack), BLOCK * BLOCK).copy()


def _grid(box: Box) -> NDArray[np.float64]:
    along = (np.arange(SIDE) + 0.5) / SIDE
    x, y = np.meshgrid(box[0] + along * (box[2] - box[0]), box[1] + along * (box[3] - box[1]))
    return np.column_stack([x.ravel(), y.ravel()])


def _grid_matrix(box: Box) -> Matrix:
    """From patch pixels to fractions of the picture."""
    wide, high = (box[2] - box[0]) / SIDE, (box[3] - box[1]) / SIDE
    return np.array([[wide, 0, box[0] + wide / 2], [0, high, box[1] + high / 2], [0, 0, 1]])
