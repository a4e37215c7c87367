"""The nouns, in flow order: what each stage makes and the next one takes.

Frozen records, no I/O. Instants are aware datetimes in UTC. Positions in a clip are integer
microseconds (`_us`) counted from the presentation time of its first picture. Sizes are bytes.
Pictures are NumPy arrays of 8-bit grey, shape (height, width).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

type_us = int
GreyImage = NDArray[np.uint8]

# --- the post ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PostKey:
    """One post, whatever the spelling of its address."""

    platform: str  #: "x", "bluesky", "mastodon", "telegram", "reddit", "web", "direct", "file", ...
    id: str

    def __str__(self) -> str:
        return f"{self.platform}:{self.id}"


class PostState(StrEnum):
    """What the sources said of a post (handbook `posts.md` 2.9)."""

    OK = "ok"
    OK_NO_MEDIA = "ok_no_media"
    DELETED = "deleted"
    SUSPENDED = "suspended"
    PROTECTED = "protected"
    AGE_RESTRICTED = "age_restricted"
    WITHHELD_IN_COUNTRY = "withheld_in_country"
    LOGIN_REQUIRED = "login_required"
    RATE_LIMITED = "rate_limited"
    NOT_FOUND_UNCONFIRMED = "not_found_unconfirmed"
    UNSUPPORTED_URL = "unsupported_url"
    NETWORK_ERROR = "network_error"
    BAD_RESPONSE = "bad_response"


class MediaKind(StrEnum):
    VIDEO = "video"
    GIF = "gif"
    IMAGE = "image"


class MediaRole(StrEnum):
    """Whose media it is within the post: never mixed up with the author's own."""

    OWN = "own"
    QUOTED = "quoted"
    PARENT = "parent"
    PAGE = "page"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One request made on the way to the post or its media; the acquisition log is a list of these."""

    source: str  #: "x_syndication", "download", ...
    url: str
    started_at: datetime
    ended_at: datetime
    outcome: str  #: "ok", or the code of the error
    http_status: int | None = None
    sha256: str | None = None  #: of the response body as received
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaVariant:
    url: str
    mime: str = ""
    bitrate: int | None = None  #: bits per second
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaRef:
    """A photo or video that a post points to; `url` is the variant to fetch first."""

    kind: MediaKind
    url: str
    role: MediaRole = MediaRole.OWN
    index: int = 0  #: position within its role, from 0
    variants: tuple[MediaVariant, ...] = ()  #: best first; fetched in turn until one answers
    media_id: str | None = None
    uploaded_at: datetime | None = None  #: read off the media id, offline
    duration_us: type_us | None = None
    alt_text: str = ""
    page_url: str = ""  #: the post the media belongs to, when it is not the item's own


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    handle: str
    id: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedPost:
    """A quoted or parent post, or a post embedded in a page: kept apart from the item's own."""

    role: MediaRole
    key: PostKey | None = None
    url: str = ""
    author: Author | None = None
    text: str = ""
    posted_at: datetime | None = None
    state: PostState = PostState.OK


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A post as the sources describe it."""

    key: PostKey
    url: str  #: canonical
    submitted: str  #: verbatim, as the user gave it
    state: PostState
    author: Author | None = None
    text: str = ""
    text_truncated: bool = False
    language: str = ""
    posted_at: datetime | None = None
    posted_at_basis: str = ""  #: "post id" | "reported by <source>" | "stated by the user"
    reported_at: datetime | None = None  #: as the platform reports it, when it does
    media: tuple[MediaRef, ...] = ()
    linked: tuple[LinkedPost, ...] = ()
    edited: bool = False
    edit_ids: tuple[str, ...] = ()
    community_note: str = ""
    sensitive: bool | None = None
    attempts: tuple[Attempt, ...] = ()
    notes: tuple[str, ...] = ()  #: sentences for the reader: what to try next, what is odd


# --- the media --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFile:
    """Bytes as received, on disk, named by their hash."""

    sha256: str
    size_bytes: int
    mime: str  #: by magic bytes, never by header or name
    kind: MediaKind
    source: MediaRef | None = None  #: None for a file given by the user
    original_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaMetadata:
    """What the container says; every text in it is untrusted."""

    container: str
    codec: str
    width: int  #: as displayed, after rotation
    height: int
    duration_us: type_us = 0
    frame_count: int | None = None
    frames_per_second: float | None = None
    rotation_degrees: int = 0
    pixel_format: str = ""
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One decoded picture, upright, long side at most what was asked for."""

    time_us: type_us
    image: GreyImage
    is_intra: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodeOutcome:
    """How far a file could be read."""

    metadata: MediaMetadata
    frames_read: int
    read_until_us: type_us
    complete: bool
    failures: int = 0
    note: str = ""  #: why it stopped early, for the reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """A colour picture for the report."""

    time_us: type_us
    jpeg: bytes = field(repr=False)
    width: int
    height: int


# --- matching ---------------------------------------------------------------------------------


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
    speed: float  #: reference seconds per query second; 1.0 for stills
    orientation: Orientation
    transforms: tuple[str, ...] = ()  #: named further changes: "cropped", "letterboxed", ...
    tier: str = "hash"  #: which tier settled it: "screen", "hash", "local"
    pairs: tuple[FramePair, ...] = ()
    matched_frames: int = 0
    eligible_frames: int = 0
    distance_min: int | None = None
    distance_median: int | None = None
    distance_max: int | None = None
    score: float = 0.0  #: 0..1, higher is more certain; ranks segments
    false_match_probability: float | None = None  #: at the size of the set that was searched
    confidence: str = ""  #: in words
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


# --- the reference set ------------------------------------------------------------------------


class DateBasisKind(StrEnum):
    """What a reference's first-seen date rests on. Testimony alone never decides."""

    PUBLICATION = "publication"
    CAPTURE_METADATA = "capture-metadata"
    ARCHIVE = "archive"
    TESTIMONY = "testimony"


STRONG_BASES = frozenset({DateBasisKind.PUBLICATION, DateBasisKind.ARCHIVE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What is known about a reference, and on what basis."""

    title: str
    source_url: str = ""
    archive_url: str = ""
    first_seen: str = (
        ""  #: ISO 8601 date or instant, as precise as known: "2016", "2016-08", "2016-08-24", ...
    )
    first_seen_basis: DateBasisKind | None = None
    place: str = ""
    latitude: float | None = None  #: degrees
    longitude: float | None = None
    place_radius_km: float | None = None
    equipment: tuple[str, ...] = ()
    claimed: str = ""  #: what its publisher said it shows
    note: str = ""
    added_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A piece of known footage."""

    id: str
    media: MediaFile
    metadata: MediaMetadata
    provenance: Provenance
    added_at: datetime


# --- claim and finding ------------------------------------------------------------------------


class Polarity(StrEnum):
    ASSERTED = "asserted"
    NEGATED = "negated"
    QUOTED = "quoted"
    QUESTIONED = "questioned"


@dataclass(frozen=True, slots=True, kw_only=True)
class EquipmentMention:
    name: str  #: canonical
    family: str
    text: str  #: as written
    start: int  #: character offsets into the claim's text
    end: int
    rule: str
    polarity: Polarity = Polarity.ASSERTED
    confidence: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceMention:
    name: str
    latitude: float
    longitude: float
    radius_km: float
    text: str
    start: int
    end: int
    rule: str
    polarity: Polarity = Polarity.ASSERTED
    confidence: float = 1.0
    alternatives: tuple[str, ...] = ()  #: other places of that name, when nothing tells them apart


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedTime:
    """When the post says it happened: an interval that includes its tolerance."""

    earliest: datetime
    latest: datetime
    text: str
    start: int
    end: int
    rule: str
    polarity: Polarity = Polarity.ASSERTED
    confidence: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    text: str
    source: str  #: "post" | "user"
    equipment: tuple[EquipmentMention, ...] = ()
    places: tuple[PlaceMention, ...] = ()
    times: tuple[ClaimedTime, ...] = ()
    notes: tuple[str, ...] = ()


class Verdict(StrEnum):
    """How one fact of the claim stands to one fact of a reference."""

    CONSISTENT = "consistent"
    CONFLICTS = "conflicts"
    CANNOT_COMPARE = "cannot compare"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    aspect: str  #: "time" | "place" | "equipment" | "hosted media date"
    reference_id: str  #: empty for facts of the post itself
    verdict: Verdict
    claimed: str
    known: str
    arithmetic: str  #: the sum, shown: "2016-08-24 is 1,275 days before 2020-02-20"
    decisive: bool = False


class FindingLabel(StrEnum):
    """The machine's findings, in the words of handbook `reports.md` 4.5."""

    EARLIER_COPY_FOUND = "earlier_copy_found"
    MATCH_FOUND_DATE_UNDETERMINED = "match_found_date_undetermined"
    MATCH_CONSISTENT_WITH_CLAIM = "match_consistent_with_claim"
    PARTIAL_MATCH = "partial_match"
    POSSIBLE_MATCH_NEEDS_REVIEW = "possible_match_needs_review"
    NO_MATCH_IN_REFERENCE_SET = "no_match_in_reference_set"
    INSUFFICIENT_MEDIA = "insufficient_media"
    NOT_RETRIEVABLE = "not_retrievable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    label: FindingLabel
    statement: str
    reasons: tuple[str, ...] = ()  #: by weight, heaviest first
    comparisons: tuple[Comparison, ...] = ()
    limits: tuple[str, ...] = ()  #: what this does not prove


# --- the report -------------------------------------------------------------------------------


class ItemState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"  #: has a report with a finding
    FAILED = "failed"  #: has a report that says why there is none
    CANCELLED = "cancelled"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a part of an item could not be examined."""

    stage: str
    code: str  #: the error class's code
    sentence: str
    permanent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyframeRecord:
    """One frame that was hashed, or dropped and why."""

    time_us: type_us
    phash: str  #: 64 hex digits; empty when dropped
    quality: int  #: 0..100
    dropped: str = ""  #: "flat", "near-duplicate", ... or empty


@dataclass(frozen=True, slots=True, kw_only=True)
class SideBySide:
    """Two pictures of one frame pair, as JPEG files named by sha256 in the blob store."""

    reference_id: str
    query_us: type_us
    reference_us: type_us
    query_jpeg_sha256: str
    reference_jpeg_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaReport:
    """What was found about one photo or video of the item."""

    role: MediaRole
    index: int
    file: MediaFile | None = None
    decode: DecodeOutcome | None = None
    keyframes: tuple[KeyframeRecord, ...] = ()
    exchange_hashes: tuple[
        tuple[str, str], ...
    ] = ()  #: ("pdq", hex), ("phash64", hex), ... of the first good frame
    matches: MatchResult | None = None
    pictures: tuple[SideBySide, ...] = ()
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    tool: str
    schema: str
    algorithm: str
    settings_digest: str
    libraries: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything above, for one item, so that a third party can re-check it."""

    item_id: str
    submitted: str
    created_at: datetime
    post: Post
    claim: Claim | None
    media: tuple[MediaReport, ...]
    references: tuple[Reference, ...]  #: those that matched
    finding: Finding
    problems: tuple[Problem, ...] = ()
    note: str = ""  #: the user's own
    reference_count: int = 0
    reference_digest: str = ""
    versions: Versions


# --- human judgement --------------------------------------------------------------------------


class JudgementKind(StrEnum):
    """What a person said about a report."""

    CONFIRM = "confirm"  #: this match is one
    REJECT = "reject"  #: this match is none; feeds the list for recalibration
    RATING = "rating"
    NOTE = "note"


class Rating(StrEnum):
    """A person's rating of the media, in MediaReview's words (handbook `reports.md` 4.1)."""

    MISSING_CONTEXT = "DecontextualizedContent"
    EDITED_OR_CROPPED = "EditedOrCroppedContent"
    ORIGINAL = "OriginalMediaContent"
    SATIRE_OR_PARODY = "SatireOrParodyContent"
    STAGED = "StagedContent"
    TRANSFORMED = "TransformedContent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One statement of a named person; a later one stands beside it and never replaces it."""

    id: str
    item_id: str
    run: int  #: of the report it is about
    kind: JudgementKind
    by: str
    at: datetime
    media_sha256: str = ""  #: of the query, for a confirmed or rejected match
    reference_id: str = ""
    query: Span | None = None
    rating: Rating | None = None
    note: str = ""
