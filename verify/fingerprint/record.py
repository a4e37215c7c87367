"""The fingerprint of one medium, and its packed form.

`to_bytes` and `from_bytes` are exact inverses and deterministic: the store keeps the bytes without
looking inside. Times are microseconds from the medium's first picture.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from verify.errors import BlobMissing
from verify.fingerprint.packing import unpacked
from verify.fingerprint.perceptual import Codes
from verify.fingerprint.quality import lit
from verify.model import GreyImage, MediaKind

#: Stored fingerprints of another algorithm are made again, never compared.
ALGORITHM = "dct256-orb/4"

DECODED_THUMBNAILS = 512  #: at 14 kB each

Box = tuple[float, float, float, float]
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)  #: left, top, right, bottom, in fractions


@dataclass(frozen=True, kw_only=True)
class Fingerprint:
    """What the matching knows of a medium of n sampled frames, m of them distinct keyframes."""

    kind: MediaKind
    duration_us: int
    width: int  #: of the decoded frames, pixels
    height: int
    times_us: NDArray[np.int64]  #: (n,)
    codes: Codes  #: (n, 2, 32): of the whole frame and of the frame without bars
    quality: NDArray[np.uint8]  #: (n,) of the frame without bars, 0..100
    content_box: Box  #: the frame without bars
    thumbnails: tuple[bytes, ...]  #: n grey JPEGs, long side THUMBNAIL_SIDE
    keyframes: NDArray[np.int32]  #: (m,) positions among the n
    pictures: tuple[bytes, ...]  #: m grey JPEGs as decoded
    descriptors: Codes  #: (d, 32): local features for retrieval; a query has none
    descriptor_places: NDArray[np.uint8]  #: (d, 4): see `local.Places`
    descriptor_keyframe: NDArray[np.int32]  #: (d,) which of the m
    moving: NDArray[np.bool_]  #: (64, 64): where the picture changes; all False when it is a still

    @cached_property
    def has_bars(self) -> bool:
        return self.content_box != WHOLE

    @cached_property
    def searched(self) -> NDArray[np.bool_] | None:
        return searched_area(self.moving, self.content_box)

    @property
    def aspect(self) -> float:
        return self.width / self.height

    @cached_property
    def thumbnail(self) -> Callable[[int], GreyImage]:
        """The small picture of a sampled frame; the last few looked at stay decoded."""
        return lru_cache(maxsize=DECODED_THUMBNAILS)(lambda frame: decode_grey(self.thumbnails[frame]))

    def picture(self, keyframe: int) -> GreyImage:
        """As it is compared: lit where it is dim."""
        return lit(decode_grey(self.pictures[keyframe]))

    def to_bytes(self) -> bytes:
        head = np.array([self.duration_us, self.width, self.height], dtype=np.int64)
        out = io.BytesIO()
        np.savez(
            out,
            allow_pickle=False,
            kind=np.array(self.kind.value),
            head=head,
            times_us=self.times_us,
            codes=self.codes,
            quality=self.quality,
            content_box=np.array(self.content_box),
            keyframes=self.keyframes,
            descriptors=self.descriptors,
            descriptor_places=self.descriptor_places,
            descriptor_keyframe=self.descriptor_keyframe,
            moving=np.packbits(self.moving),
            **_packed("thumbnails", self.thumbnails),
            **_packed("pictures", self.pictures),
        )
        return out.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Fingerprint:
        """The fingerprint that `to_bytes` packed. Raises BlobMissing when the bytes are damaged."""
        try:
            return cls._from_parts(unpacked(data))
        except (ValueError, KeyError) as error:
            raise BlobMissing("a stored fingerprint cannot be read") from error

    @classmethod
    def _from_parts(cls, parts: dict[str, NDArray[np.generic]]) -> Fingerprint:
        duration_us, width, height = (int(value) for value in parts["head"])
        left, top, right, bottom = (float(value) for value in parts["content_box"])
        return cls(
            kind=MediaKind(str(parts["kind"])),
            duration_us=duration_us,
            width=width,
            height=height,
            times_us=parts["times_us"].astype(np.int64),
            codes=parts["codes"].astype(np.uint8),
            quality=parts["quality"].astype(np.uint8),
            content_box=(left, top, right, bottom),
            thumbnails=_unpacked("thumbnails", parts),
            keyframes=parts["keyframes"].astype(np.int32),
            pictures=_unpacked("pictures", parts),
            descriptors=parts["descriptors"].astype(np.uint8),
            descriptor_places=parts["descriptor_places"].astype(np.uint8),
            descriptor_keyframe=parts["descriptor_keyframe"].astype(np.int32),
            moving=np.unpackbits(parts["moving"].astype(np.uint8)).astype(np.bool_).reshape(64, 64),
        )


def searched_area(moving: NDArray[np.bool_], content: Box) -> NDArray[np.bool_] | None:
    """Where local features are looked for: what moves inside the bars, (64, 64); None: everywhere.

    Overlays stand still, and a caption's letters lie in bars.
    """
    if content == WHOLE:
        return moving if moving.any() else None
    area = np.zeros_like(moving)
    left, top, right, bottom = (round(edge * len(moving)) for edge in content)
    area[top:bottom, left:right] = True
    both = area & moving
    return both if both.any() else area


def encode_grey(image: GreyImage, jpeg_quality: int) -> bytes:
    ok, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, jpeg_quality])
    assert ok, "an 8-bit grey picture always encodes"
    return bytes(data)


def decode_grey(jpeg: bytes) -> GreyImage:
    """A picture that `encode_grey` made: our own bytes, not untrusted ones."""
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE) if jpeg else None
    if image is None:
        raise BlobMissing("a stored picture cannot be read")
    return image.astype(np.uint8, copy=False)


def _packed(name: str, items: tuple[bytes, ...]) -> dict[str, NDArray[np.generic]]:
    return {
        f"{name}_sizes": np.array([len(item) for item in items], dtype=np.int64),
        f"{name}_bytes": np.frombuffer(b"".join(items), dtype=np.uint8),
    }


def _unpacked(name: str, parts: dict[str, NDArray[np.generic]]) -> tuple[bytes, ...]:
    data = parts[f"{name}_bytes"].tobytes()
    ends = np.cumsum(parts[f"{name}_sizes"].astype(np.int64))
    starts = np.concatenate([[0], ends[:-1]]) if len(ends) else ends
    return tuple(data[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True))
