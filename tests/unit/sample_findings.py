"""Posts, claims, references and matches for the tests of findings, and the finding they lead to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from verify.findings import decide
from verify.model import (
    Claim,
    ClaimedTime,
    DateBasisKind,
    EquipmentMention,
    Finding,
    MatchKind,
    MatchResult,
    MatchSegment,
    MediaFile,
    MediaKind,
    MediaMetadata,
    MediaReport,
    MediaRole,
    Orientation,
    PlaceMention,
    Polarity,
    Post,
    PostKey,
    PostState,
    Provenance,
    Reference,
    Span,
)

POSTED = datetime(2020, 2, 20, 8, 10, tzinfo=UTC)
FORBIDDEN = ("fake", " true", "verified", "debunked")


def post(**changes: Any) -> Post:
    fields: dict[str, Any] = {
        "key": PostKey(platform="x", id="1"),
        "url": "https://x.com/i/status/1",
        "submitted": "https://x.com/i/status/1",
        "state": PostState.OK,
        "posted_at": POSTED,
    }
    return Post(**{**fields, **changes})


def claimed(
    earliest: datetime, latest: datetime, text: str = "1 hour ago", polarity: Polarity = Polarity.ASSERTED
) -> ClaimedTime:
    return ClaimedTime(
        earliest=earliest, latest=latest, text=text, start=0, end=len(text), rule="test", polarity=polarity
    )


def place(name: str, lat: float, lon: float, radius_km: float) -> PlaceMention:
    return PlaceMention(
        name=name, latitude=lat, longitude=lon, radius_km=radius_km, text=name, start=0, end=1, rule="test"
    )


HOUR_AGO = Claim(
    text="... 1 hour ago",
    source="post",
    times=(claimed(POSTED - timedelta(hours=2), POSTED),),
    places=(place("Al-Nayrab", 35.8697, 36.7183, 3.0),),
    equipment=(
        EquipmentMention(name="M60T", family="M60", text="M60T", start=0, end=4, rule="alias"),
        EquipmentMention(name="M113", family="M113", text="M113", start=0, end=4, rule="alias"),
    ),
)
AL_RAI = {"place": "Al-Rai, Syria", "latitude": 36.6172, "longitude": 37.4458}


def reference(
    key: str = "ref1", first_seen: str = "2016-08-24", basis: Any = DateBasisKind.PUBLICATION, **more: Any
) -> Reference:
    return Reference(
        id=key,
        media=MediaFile(sha256="b" * 64, size_bytes=1, mime="video/mp4", kind=MediaKind.VIDEO),
        metadata=MediaMetadata(container="mp4", codec="h264", width=10, height=10),
        provenance=Provenance(title=f"Title {key}", first_seen=first_seen, first_seen_basis=basis, **more),
        added_at=datetime(2020, 3, 1, tzinfo=UTC),
    )


def segment(key: str = "ref1", start: float = 0.0, end: float = 6.2, **changes: Any) -> MatchSegment:
    fields: dict[str, Any] = {
        "reference_id": key,
        "kind": MatchKind.COPY,
        "query": Span(start_us=int(start * 1e6), end_us=int(end * 1e6)),
        "reference": Span(start_us=int((start + 14) * 1e6), end_us=int((end + 14) * 1e6)),
        "speed": 1.0,
        "orientation": Orientation.MIRRORED,
    }
    return MatchSegment(**{**fields, **changes})


def video(
    *segments: MatchSegment, seconds: float = 6.2, enough: bool = True, index: int = 0, **changes: Any
) -> MediaReport:
    result = MatchResult(
        media_sha256="a" * 64,
        segments=segments,
        query_duration_us=int(seconds * 1e6),
        explained_us=0,
        frames_searched=7,
        frames_dropped=0,
        enough_picture=enough,
        reference_count=12,
        reference_digest="abc123",
        algorithm="phash256/1",
    )
    file = MediaFile(
        sha256="a" * 64, size_bytes=1, mime="video/mp4", kind=changes.pop("kind", MediaKind.VIDEO)
    )
    return MediaReport(**{"role": MediaRole.OWN, "index": index, "file": file, "matches": result, **changes})


def find(*references: Reference, media: Any, claim: Claim | None = None, of: Post | None = None) -> Finding:
    finding = decide(
        of or post(),
        claim,
        media,
        {item.id: item for item in references},
        reference_count=12,
        reference_digest="abc123",
    )
    words = " ".join([finding.statement, *finding.reasons, *finding.limits]).casefold()
    assert not [word for word in FORBIDDEN if word in words]
    assert finding.limits
    return finding
