"""A hand-built report with every part filled, for the tests of the reports."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from verify.model import (
    Attempt,
    Author,
    Claim,
    ClaimedTime,
    Comparison,
    DateBasisKind,
    DecodeOutcome,
    EquipmentMention,
    Finding,
    FindingLabel,
    FramePair,
    Geometry,
    KeyframeRecord,
    MatchKind,
    MatchResult,
    MatchSegment,
    MediaFile,
    MediaKind,
    MediaMetadata,
    MediaRef,
    MediaReport,
    MediaRole,
    Orientation,
    PlaceMention,
    Post,
    PostKey,
    PostState,
    Problem,
    Provenance,
    Reference,
    Report,
    SideBySide,
    Span,
    Verdict,
    Versions,
)

SECOND = 1_000_000
POSTED = datetime(2020, 2, 20, 13, 14, 22, tzinfo=UTC)
TEXT = (
    "Syria: heavy clashes in Al-#Nayrab now. M113 armoured carriers and M60T main battle tanks "
    "cross towards the town, 1 hour ago. \u0646\u064a\u0631\u0628"
)
MIRRORED_CROP = (-0.85, 0.0, 0.92, 0.0, 0.85, 0.08, 0.0, 0.0, 1.0)
"""From the query's fractions to the reference's: mirrored, and cropped to the middle 85 %."""


def sha(seed: int) -> str:
    return f"{seed:02x}" * 32


def segment(**changes: object) -> MatchSegment:
    made = MatchSegment(
        reference_id="ref-1",
        kind=MatchKind.COPY,
        query=Span(start_us=2 * SECOND, end_us=14 * SECOND),
        reference=Span(start_us=31 * SECOND, end_us=43 * SECOND),
        speed=1.0,
        orientation=Orientation.MIRRORED,
        transforms=("cropped",),
        pairs=tuple(
            FramePair(query_us=(2 + n) * SECOND, reference_us=(31 + n) * SECOND, distance=18 + n)
            for n in range(6)
        ),
        matched_frames=12,
        eligible_frames=12,
        distance_min=12,
        distance_median=22,
        distance_max=41,
        score=0.982,
        false_match_probability=1e-9,
        confidence="very likely a copy: 12 of 12 frames agree in order",
        geometry=Geometry(
            matrix=MIRRORED_CROP, query_box=(0, 0, 1, 1), reference_box=(0.07, 0.08, 0.92, 0.93), inliers=143
        ),
    )
    return replace(made, **changes)


def reference(**changes: object) -> Reference:
    provenance = Provenance(
        title="Turkish armour crosses at Al-Rai",
        source_url="https://news.example/2016/08/24/al-rai",
        archive_url="https://web.archive.org/web/20160825/https://news.example/2016/08/24/al-rai",
        first_seen="2016-08-24",
        first_seen_basis=DateBasisKind.PUBLICATION,
        place="Al-Rai, Syria",
        latitude=36.6306,
        longitude=37.4511,
        place_radius_km=5,
        equipment=("M60T",),
        claimed="Tanks enter Syria in the first hours of the operation",
        added_by="desk",
    )
    return Reference(
        id="ref-1",
        media=MediaFile(sha256=sha(1), size_bytes=9_812_301, mime="video/mp4", kind=MediaKind.VIDEO),
        metadata=MediaMetadata(
            container="mp4", codec="h264", width=1280, height=720, duration_us=65 * SECOND
        ),
        provenance=replace(provenance, **changes),
        added_at=datetime(2026, 11, 20, 9, 0, tzinfo=UTC),
    )


def claim(text: str = TEXT) -> Claim:
    place, tank, ago = text.find("Al-#Nayrab"), text.find("M60T"), text.find("1 hour ago")
    return Claim(
        text=text,
        source="post",
        equipment=(
            EquipmentMention(name="M60T", family="tank", text="M60T", start=tank, end=tank + 4, rule="name"),
        ),
        places=(
            PlaceMention(
                name="Nayrab",
                latitude=35.9,
                longitude=36.7,
                radius_km=3,
                text="Al-#Nayrab",
                start=place,
                end=place + 10,
                rule="gazetteer",
            ),
        ),
        times=(
            ClaimedTime(
                earliest=POSTED - timedelta(hours=2),
                latest=POSTED,
                text="1 hour ago",
                start=ago,
                end=ago + 10,
                rule="relative",
            ),
        ),
    )


def post(**changes: object) -> Post:
    made = Post(
        key=PostKey(platform="x", id="1230479831427133441"),
        url="https://x.com/desk/status/1230479831427133441",
        submitted="https://twitter.com/desk/status/1230479831427133441?s=20",
        state=PostState.OK,
        author=Author(handle="desk", id="12345", name="Desk \u202eksed"),
        text=TEXT,
        language="en",
        posted_at=POSTED,
        posted_at_basis="post id",
        reported_at=POSTED,
        attempts=(
            Attempt(
                source="x_syndication",
                url="https://cdn.syndication.example/tweet-result?id=1230479831427133441",
                started_at=datetime(2026, 11, 24, 8, 0, tzinfo=UTC),
                ended_at=datetime(2026, 11, 24, 8, 0, 1, tzinfo=UTC),
                outcome="ok",
                http_status=200,
                sha256=sha(9),
            ),
        ),
    )
    return replace(made, **changes)


def media(**changes: object) -> MediaReport:
    source = MediaRef(
        kind=MediaKind.VIDEO, url="https://video.example/ext_tw_video/1/pu/vid/avc1/640x360/a.mp4"
    )
    made = MediaReport(
        role=MediaRole.OWN,
        index=0,
        file=MediaFile(
            sha256=sha(2), size_bytes=1_204_881, mime="video/mp4", kind=MediaKind.VIDEO, source=source
        ),
        decode=DecodeOutcome(
            metadata=MediaMetadata(
                container="mp4",
                codec="h264",
                width=640,
                height=360,
                duration_us=18 * SECOND,
                frames_per_second=25.0,
                tags=(("encoder", "Lavf"),),
            ),
            frames_read=450,
            read_until_us=18 * SECOND,
            complete=True,
        ),
        keyframes=(
            KeyframeRecord(time_us=0, phash="", quality=3, dropped="flat"),
            *(KeyframeRecord(time_us=n * SECOND, phash=sha(0x40 + n), quality=90) for n in range(2, 8)),
        ),
        exchange_hashes=(("pdq", sha(7)), ("phash64", "d1c4b0a0f0e08070")),
        matches=MatchResult(
            media_sha256=sha(2),
            segments=(segment(),),
            query_duration_us=18 * SECOND,
            explained_us=12 * SECOND,
            frames_searched=17,
            frames_dropped=1,
            enough_picture=True,
            reference_count=412,
            reference_digest=sha(5),
            algorithm="hash-1",
        ),
        pictures=tuple(
            SideBySide(
                reference_id="ref-1",
                query_us=(2 + 4 * n) * SECOND,
                reference_us=(31 + 4 * n) * SECOND,
                query_jpeg_sha256=sha(0x60 + n),
                reference_jpeg_sha256=sha(0x70 + n),
            )
            for n in range(2)
        ),
    )
    return replace(made, **changes)


def finding(**changes: object) -> Finding:
    made = Finding(
        label=FindingLabel.EARLIER_COPY_FOUND,
        statement=(
            "Visual match to footage published earlier (2016-08-24). "
            "The claimed time cannot be right for the matched part."
        ),
        reasons=(
            "12 of 18 seconds are a mirrored, cropped copy of a reference published on 24 August 2016.",
            "The reference's place, Al-Rai, is 97 km from the claimed place.",
        ),
        comparisons=(
            Comparison(
                aspect="time",
                reference_id="ref-1",
                verdict=Verdict.CONFLICTS,
                claimed="2020-02-20, 1 hour before the post",
                known="2016-08-24 (publication)",
                arithmetic="2016-08-24 is 1,275 days before 2020-02-20",
                decisive=True,
            ),
        ),
        limits=("6 of 18 seconds match nothing in the reference set.",),
    )
    return replace(made, **changes)


def report(**changes: object) -> Report:
    made = Report(
        item_id="0193f2",
        submitted="https://twitter.com/desk/status/1230479831427133441?s=20",
        created_at=datetime(2026, 11, 24, 8, 0, 12, tzinfo=UTC),
        post=post(),
        claim=claim(),
        media=(media(),),
        references=(reference(),),
        finding=finding(),
        reference_count=412,
        reference_digest=sha(5),
        versions=Versions(
            tool="0.1.0",
            schema="verify.report/1",
            algorithm="hash-1",
            settings_digest=sha(6),
            libraries=(("numpy", "2.4.6"),),
        ),
    )
    return replace(made, **changes)


def not_retrievable() -> Report:
    return report(
        post=post(state=PostState.DELETED, text="", media=()),
        claim=None,
        media=(),
        references=(),
        finding=Finding(
            label=FindingLabel.NOT_RETRIEVABLE,
            statement="The platform says that the post was deleted.",
            limits=(),
        ),
        problems=(
            Problem(
                stage="post",
                code="post_deleted",
                sentence="The platform says that the post was deleted.",
                permanent=True,
            ),
        ),
    )


ATTACKS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</style><script>alert(1)</script>",
    "<svg/onload=alert(1)>",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "https://user:pw@evil.example/",
    "{{ 7*7 }}{% include 'x' %}",
    "<iframe src=https://evil.example></iframe>",
    "<meta http-equiv=refresh content=0>",
    "\u202egnp.exe \u2066x\u2069 a\u200bb \x1b[31m \x00 \r\n",
    "\ud800",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)",
)


def hostile_report(text: str) -> Report:
    """The sample with every free text replaced."""
    said = post(
        text=text,
        url=text,
        submitted=text,
        language=text,
        community_note=text,
        notes=(text,),
        posted_at_basis=text,
    )
    author = replace(said.author, handle=text, id=text, name=text)
    attempts = tuple(
        replace(attempt, source=text, url=text, outcome=text, detail=text, sha256=text)
        for attempt in said.attempts
    )
    medium = media()
    where = replace(medium.file.source, url=text, media_id=text, uploaded_at=POSTED)
    metadata = replace(medium.decode.metadata, container=text, codec=text, tags=((text, text),))
    medium = replace(
        medium,
        file=replace(medium.file, mime=text, original_name=text, source=where),
        decode=replace(medium.decode, metadata=metadata, note=text, complete=False),
        exchange_hashes=((text, text),),
        matches=replace(
            medium.matches, segments=(segment(confidence=text, transforms=(text,)),), notes=(text,)
        ),
    )
    claimed = claim()
    return report(
        submitted=text,
        item_id=text,
        note=text,
        post=replace(said, author=author, attempts=attempts),
        claim=replace(claimed, text=text + claimed.text, notes=(text,)),
        media=(medium,),
        references=(
            reference(title=text, source_url=text, archive_url=text, place=text, claimed=text, note=text),
        ),
        finding=finding(statement=text, reasons=(text,), limits=(text,)),
    )
