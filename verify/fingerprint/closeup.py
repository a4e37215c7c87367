"""A stretch of a video seen closely: thumbnails of many frames a second, nothing else.

In go frames as decoded, out comes a `Closeup`. Its thumbnails are as large as those of a fingerprint, so that
the two can be compared, and kept packed, as a stretch may have hundreds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from verify.fingerprint.build import THUMBNAIL_JPEG_QUALITY, shrunk
from verify.fingerprint.quality import lit
from verify.fingerprint.record import DECODED_THUMBNAILS, decode_grey, encode_grey
from verify.model import Frame, GreyImage


@dataclass(frozen=True, kw_only=True, eq=False)
class Closeup:
    """Frames of one stretch, in order of time."""

    times_us: NDArray[np.int64]  #: (n,)
    thumbnails: tuple[bytes, ...]  #: n grey JPEGs, long side THUMBNAIL_SIDE

    @property
    def thumbnail(self) -> Callable[[int], GreyImage]:
        """The thumbnail of a frame, by its number."""
        return lru_cache(maxsize=DECODED_THUMBNAILS)(lambda frame: decode_grey(self.thumbnails[frame]))

    def within(self, start_us: int, end_us: int) -> Closeup:
        """The frames from `start_us` to `end_us`, both included."""
        first, after = np.searchsorted(self.times_us, [start_us, end_us + 1]).tolist()
        return Closeup(times_us=self.times_us[first:after], thumbnails=self.thumbnails[first:after])


def closeup(frames: Iterable[Frame]) -> Closeup:
    """The closeup of some frames of one medium, which may be none."""
    pictures = ((frame.time_us, shrunk(lit(frame.image))) for frame in frames)
    seen = [(time_us, encode_grey(picture, THUMBNAIL_JPEG_QUALITY)) for time_us, picture in pictures]
    return Closeup(
        times_us=np.array([time_us for time_us, _ in seen], np.int64),
        thumbnails=tuple(thumbnail for _, thumbnail in seen),
    )
