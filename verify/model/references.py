"""A piece of known footage, and what is known of it on what basis."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from verify.model.media import MediaFile, MediaMetadata


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
