"""What the matching says: which span of a query is which span of a reference, and how it was changed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from verify.model.units import type_us


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From `start_us` (included) to `end_us`; equal for a still."""

    start_us: type_us
    end_us: type_us

    @property
    def duration_us(self) -> type_us:
        return self.end_us - self.start_us


class Orientation(StrEnum):
    """How the reference was turned to give the query: the eight symmetries of a rectangle."""

    UPRIGHT = "upright"
    MIRRORED = "mirrored"
    UPSIDE_DOWN = "rotated 180"
    FLIPPED = "flipped top to bottom"
    CLOCKWISE = "rotated 90 clockwise"
    COUNTERCLOCKWISE = "rotated 90 counterclockwise"
    TRANSPOSED = "mirrored and rotated 90 counterclockwise"
    TRANSVERSED = "mirrored and rotated 90 clockwise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the query's picture lies at one moment, if it moves over the reference's."""

    query_us: type_us
    matrix: tuple[float, ...]  #: nine numbers, as of a `Geometry`


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """Where the query's picture lies in the reference's.

    `matrix` is the 3x3 homography, row by row, from query to reference coordinates, both in
    fractions of their picture's width and height (origin top left): (u, v, w) = matrix @ (x, y, 1),
    reference point (u/w, v/w). Its inverse maps the reference's frame onto the query's.
    """

    matrix: tuple[float, ...]  #: nine numbers
    query_box: tuple[float, float, float, float]  #: left, top, right, bottom of the common part, 0..1
    reference_box: tuple[float, float, float, float]
    inliers: int = 0
    #: In order of time, where the picture moves over the reference's; the rest is then of the middle.
    path: tuple[Place, ...] = ()


class MatchKind(StrEnum):
    COPY = "copy"
    SAME_SCENE = "same scene, other time"
    POSSIBLE = "possible match"
    SHARED_OVERLAY = "possible match, shared overlay"


@dataclass(frozen=True, slots=True, kw_only=True)
class FramePair:
    """One query keyframe laid against the reference frame it matches."""

    query_us: type_us
    reference_us: type_us
    distance: int  #: Hamming distance, bits of 256


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchSegment:
    """An aligned run: these seconds of the query are those seconds of the reference."""

    reference_id: str
    kind: MatchKind
    query: Span
    reference: Span
    speed: float  #: reference seconds per query second, below 0 if played backwards; 1.0 for stills
    orientation: Orientation
    transforms: tuple[str, ...] = ()  #: named further changes: "cropped", "letterboxed", ...
    tier: str = "hash"  #: which tier settled it: "screen", "hash", "inset", "local", "crop"
    pairs: tuple[FramePair, ...] = ()
    matched_frames: int = 0
    eligible_frames: int = 0
    distance_min: int | None = None
    distance_median: int | None = None
    distance_max: int | None = None
    score: float = 0.0  #: 0..1, higher is more certain; ranks segments
    false_match_probability: float | None = None  #: at the size of the set that was searched
    confidence: str = ""  #: in words
    doubt: str = ""  #: why a run as sure as a copy is only a possible match; a clause, English
    geometry: Geometry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchResult:
    """What the search of one medium gave."""

    media_sha256: str
    segments: tuple[MatchSegment, ...]
    query_duration_us: type_us
    explained_us: type_us  #: seconds of the query covered by copies
    frames_searched: int
    frames_dropped: int
    enough_picture: bool  #: False: flat, dark or too small to say anything
    reference_count: int
    reference_digest: str
    algorithm: str
    notes: tuple[str, ...] = ()
