"""Frames in, fingerprint out, one frame at a time so that memory stays flat.

Every sampled frame is hashed and kept as a thumbnail; a frame that differs from the last kept one
by more than DISTINCT_BITS is also kept as a keyframe picture with local features.
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from verify.fingerprint import perceptual
from verify.fingerprint.bars import BarProfile, cut
from verify.fingerprint.local import RETRIEVAL_FEATURES, Places, extract
from verify.fingerprint.quality import lit
from verify.fingerprint.record import WHOLE, Box, Fingerprint, decode_grey, encode_grey, searched_area
from verify.model import Frame, GreyImage, MediaKind

THUMBNAIL_SIDE = 160  #: pixels; aligned comparison needs about 50 across a third of the frame
THUMBNAIL_JPEG_QUALITY = 80
PICTURE_JPEG_QUALITY = 80  #: about 30 kB at 512 pixels (handbook `algorithms.md` 1.5)
#: Of a dim picture, which is kept as it is and lit again whenever it is compared; no larger than others.
DIM_JPEG_QUALITY = 95
DISTINCT_BITS = 24  #: nearer frames give the same features (handbook `algorithms.md` 5.1)
#: Of a medium, about 40 MB of pictures; beyond 11 minutes they lie farther apart for it.
MOST_KEYFRAMES = 2_000
BLOCK_FRAMES = 512  #: hashed at once; all of three hours would take gigabytes
MOVING_DEVIATION = 6.0  #: grey levels over time (handbook `algorithms.md` 1.4)
LEAST_MOVING = 0.2  #: share of the frame; less and the whole frame is used


def fingerprint(
    frames: Iterable[Frame], *, kind: MediaKind, duration_us: int, for_index: bool = True
) -> Fingerprint:
    """The fingerprint of the frames of one medium, in order of time. At least one frame is needed.

    Not `for_index`, it can be a query, not a reference: it has no local features. They are two thirds of
    the work, and a search makes those of the few pictures it looks at anew.
    """
    builder = _Builder(apart_us=duration_us // MOST_KEYFRAMES)
    for frame in frames:
        builder.add(frame)
    return builder.finish(kind, duration_us, for_index=for_index)


class _Builder:
    def __init__(self, *, apart_us: int) -> None:
        self.apart_us = apart_us  # at least, between keyframes
        self.times: list[int] = []
        self.hashes = _Hashes()
        self.thumbnails: list[bytes] = []
        self.keyframes: list[int] = []
        self.pictures: list[bytes] = []
        self.bars = BarProfile()
        self.motion = _MotionMap()
        self.last_kept: perceptual.Codes | None = None
        self.size = (0, 0)

    def add(self, frame: Frame) -> None:
        self.times.append(frame.time_us)
        picture = perceptual.small(frame.image)
        seen = lit(frame.image, picture)
        is_dim = seen is not frame.image
        if is_dim:
            picture = perceptual.small(seen)
        thumbnail = shrunk(seen)
        self.bars.add(thumbnail)
        self.motion.add(picture)
        self.hashes.add(picture)
        self.thumbnails.append(encode_grey(thumbnail, THUMBNAIL_JPEG_QUALITY))
        self.size = (frame.image.shape[1], frame.image.shape[0])
        self._keep_if_distinct(frame.image, picture, is_dim=is_dim)

    def _keep_if_distinct(self, image: GreyImage, picture: GreyImage, *, is_dim: bool) -> None:
        if self.keyframes and self.times[-1] - self.times[self.keyframes[-1]] < self.apart_us:
            return
        code = perceptual.codes(perceptual.coefficients(picture))
        if self.last_kept is None or perceptual.hamming(code, self.last_kept) > DISTINCT_BITS:
            self.last_kept = code
            self.keyframes.append(len(self.times) - 1)
            self.pictures.append(encode_grey(image, DIM_JPEG_QUALITY if is_dim else PICTURE_JPEG_QUALITY))

    def finish(self, kind: MediaKind, duration_us: int, *, for_index: bool) -> Fingerprint:
        box = self.bars.content_box()
        whole, whole_quality = self.hashes.all()
        trimmed, quality = (whole, whole_quality) if box == WHOLE else self._trimmed(box)
        moving = self.motion.moving()
        pictures = self.pictures if for_index else []
        descriptors, places, owner = _descriptors(pictures, searched_area(moving, box))
        return Fingerprint(
            kind=kind,
            duration_us=duration_us,
            width=self.size[0],
            height=self.size[1],
            times_us=np.array(self.times, dtype=np.int64),
            codes=np.stack([whole, trimmed], axis=1),
            quality=quality,
            content_box=box,
            thumbnails=tuple(self.thumbnails),
            keyframes=np.array(self.keyframes, dtype=np.int32),
            pictures=tuple(self.pictures),
            descriptors=descriptors,
            descriptor_places=places,
            descriptor_keyframe=owner,
            moving=moving,
        )

    def _trimmed(self, box: Box) -> tuple[perceptual.Codes, NDArray[np.uint8]]:
        hashes = _Hashes()
        for jpeg in self.thumbnails:
            hashes.add(perceptual.small(cut(decode_grey(jpeg), box)))
        return hashes.all()


class _Hashes:
    """Codes and quality of picture after picture; BLOCK_FRAMES of them in memory at most."""

    def __init__(self) -> None:
        self._waiting: list[GreyImage] = []
        self._codes: list[perceptual.Codes] = []
        self._quality: list[NDArray[np.uint8]] = []

    def add(self, picture: GreyImage) -> None:
        self._waiting.append(picture)
        if len(self._waiting) == BLOCK_FRAMES:
            self._hash()

    def all(self) -> tuple[perceptual.Codes, NDArray[np.uint8]]:
        if self._waiting:
            self._hash()
        return np.concatenate(self._codes), np.concatenate(self._quality)

    def _hash(self) -> None:
        pictures = np.stack(self._waiting)
        self._waiting.clear()
        self._codes.append(perceptual.codes(perceptual.coefficients(pictures)))
        self._quality.append(perceptual.quality(pictures))


def _descriptors(
    pictures: Iterable[bytes], area: NDArray[np.bool_] | None
) -> tuple[perceptual.Codes, Places, NDArray[np.int32]]:
    """What retrieval searches, where each is in its picture, and which keyframe it belongs to."""
    found = [extract(lit(decode_grey(jpeg)), count=RETRIEVAL_FEATURES, mask=area) for jpeg in pictures]
    owner = np.repeat(np.arange(len(found), dtype=np.int32), [len(part.descriptors) for part in found])
    return (
        np.concatenate([np.empty((0, 32), np.uint8), *(part.descriptors for part in found)]),
        np.concatenate([np.empty((0, 4), np.uint8), *(part.places for part in found)]),
        owner,
    )


class _MotionMap:
    """Per pixel of the 64x64 pictures, how much it varies over the clip."""

    def __init__(self) -> None:
        self.count = 0
        self.total = np.zeros((perceptual.SIDE, perceptual.SIDE))
        self.squares = np.zeros((perceptual.SIDE, perceptual.SIDE))

    def add(self, picture: GreyImage) -> None:
        self.count += 1
        self.total += picture
        self.squares += picture.astype(np.float64) ** 2

    def moving(self) -> NDArray[np.bool_]:
        """Where the clip moves, opened and dilated; all False when too little of it does."""
        mean = self.total / self.count
        deviation = np.sqrt(np.maximum(self.squares / self.count - mean**2, 0))
        raw = (deviation > MOVING_DEVIATION).astype(np.uint8)
        kernel = np.ones((3, 3), np.uint8)
        area = cv2.dilate(cv2.morphologyEx(raw, cv2.MORPH_OPEN, kernel), kernel, iterations=2).astype(
            np.bool_
        )
        return area if area.mean() >= LEAST_MOVING else np.zeros_like(area)


def shrunk(image: GreyImage) -> GreyImage:
    """A thumbnail, long side THUMBNAIL_SIDE at most."""
    height, width = image.shape[:2]
    scale = THUMBNAIL_SIDE / max(height, width)
    if scale >= 1:
        return image
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
