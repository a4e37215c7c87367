"""What a post is, as the sources describe it: who, when, what it says and what media it points to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from verify.model.units import type_us


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
    NOT_READ = "not_read"


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
