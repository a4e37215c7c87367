"""Everything on one item, so that a third party can re-check it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from verify.model.claims import Claim, Finding
from verify.model.matches import MatchResult
from verify.model.media import ContentCredentials, DecodeOutcome, MediaFile
from verify.model.post import MediaRole, Post
from verify.model.references import Reference
from verify.model.units import type_us


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
    jpeg_sha256: str = ""  #: its picture in the blob store, kept for some


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
    credentials: ContentCredentials | None = None  #: None: not read


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
