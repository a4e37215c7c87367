"""What the decoder is asked: how much it may use, and which frames are wanted.

Plain records. `wiring` builds DecodeLimits from the settings; the pipeline builds FramePlans.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from verify.model import Span, type_us

MAX_LONG_SIDE = 4096  #: pixels of a frame or still; 16 MB of grey


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodeLimits:
    """What one decoder child may use. The figures' reasons: handbook `reliability.md` 2.3 and 2.4."""

    cpu_seconds: int = 60
    wall_seconds: float = 180.0  #: time the parent waits for the child, all requests together
    memory_bytes: int = 2 * 2**30  #: address space of the child; half of it for pictures
    sandbox: str = "auto"  #: "auto": bubblewrap where it works; "bwrap": or fail; "rlimit": never
    max_video_pixels: int = 4096 * 4096  #: per frame: 4K in any orientation, not 8K
    max_image_pixels: int = 40_000_000
    max_animation_frames: int = 3_000  #: pictures of a GIF, WebP or PNG animation
    max_animation_pixels: int = 2_000_000_000  #: all pictures of an animation together
    max_duration_us: type_us = 6 * 3600 * 1_000_000
    #: After this much (20 minutes at 720p and 30 a second, 8 at 1080p: some 40 s of CPU) a grid goes on
    #: with the pictures that stand alone. A count, not a time, so that the same file gives the same frames.
    max_dense_pixels: int = 32_000_000_000


class FrameMode(StrEnum):
    """Which pass over a video.

    INTRA reads only pictures that stand alone (I-frames): about a tenth of the cost, 1 to 3 pictures
    per shot, never the last one. GRID reads about `per_second` pictures a second and the last one.
    """

    INTRA = "intra"
    GRID = "grid"


@dataclass(frozen=True, slots=True, kw_only=True)
class FramePlan:
    """Which frames are wanted: at most one per 1/`per_second` s, long side at most `long_side` pixels.

    The first picture always comes, at time 0; every frame keeps its true time. With `span` a video is
    sought and read from the start of that to its end only, every picture of it being decoded. Raises
    ValueError for a rate outside 0 to 1000 a second, a side outside 1 to MAX_LONG_SIDE, or a span before 0.
    """

    mode: FrameMode = FrameMode.GRID
    per_second: float = 3.0
    long_side: int = 512
    span: Span | None = None  #: None: all of it

    def __post_init__(self) -> None:
        if self.span and not 0 <= self.span.start_us <= self.span.end_us:
            raise ValueError(f"no frames lie from {self.span.start_us} to {self.span.end_us} us")
        if not (0 < self.per_second <= 1_000 and 1 <= self.long_side <= MAX_LONG_SIDE):
            raise ValueError(
                f"no frames can be read at {self.per_second} a second, {self.long_side} pixels long"
            )

    @property
    def step_us(self) -> type_us:
        return max(1, round(1_000_000 / self.per_second))
