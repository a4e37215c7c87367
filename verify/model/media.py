"""A photo or video on disk, what its container says, and what was decoded of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from verify.model.post import MediaKind, MediaRef
from verify.model.units import GreyImage, type_us


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


class CredentialsState(StrEnum):
    """What C2PA content credentials say of themselves; no manifest is no sign of anything."""

    NONE = "none"  #: no manifest: provenance unknown
    VALID = "valid"  #: the signature fits the bytes, whoever signed
    INVALID = "invalid"  #: the manifest does not fit the bytes, or its signature is wrong
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentCredentials:
    """C2PA content credentials of a file; every text in it is untrusted."""

    state: CredentialsState
    signer: str = ""
    signed_at: str = ""  #: as the manifest states it
    generator: str = ""
    actions: tuple[str, ...] = ()  #: what the manifest says was done
    problems: tuple[str, ...] = ()
