"""Numbers, times and labels in, the words of the report out (handbook `reports.md` 4.5).

Pure formatting, the same on every machine: UTC, points for decimals, commas for thousands.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from verify.model import (
    FindingLabel,
    MatchSegment,
    MediaKind,
    MediaReport,
    MediaRole,
    Orientation,
    PostState,
    Rating,
    Span,
)

FINDINGS = {
    FindingLabel.EARLIER_COPY_FOUND: "Earlier copy found",
    FindingLabel.MATCH_FOUND_DATE_UNDETERMINED: "Match found, date undetermined",
    FindingLabel.MATCH_CONSISTENT_WITH_CLAIM: "Match consistent with the claim",
    FindingLabel.PARTIAL_MATCH: "Partial match",
    FindingLabel.POSSIBLE_MATCH_NEEDS_REVIEW: "Possible match, needs review",
    FindingLabel.NO_MATCH_IN_REFERENCE_SET: "No match in the reference set",
    FindingLabel.INSUFFICIENT_MEDIA: "Not enough picture to compare",
    FindingLabel.NOT_RETRIEVABLE: "Not retrievable",
}

STATES = {
    PostState.OK: "The post was read.",
    PostState.OK_NO_MEDIA: "The post was read and carries no photo or video.",
    PostState.DELETED: "The platform says that the post was deleted.",
    PostState.SUSPENDED: "The platform says that the account is suspended.",
    PostState.PROTECTED: "The account's posts are visible to its followers only.",
    PostState.AGE_RESTRICTED: "The platform shows the post to signed-in adults only.",
    PostState.WITHHELD_IN_COUNTRY: "The platform withholds the post in some countries.",
    PostState.LOGIN_REQUIRED: "The platform shows the post to signed-in users only.",
    PostState.RATE_LIMITED: "The platform asked for fewer requests.",
    PostState.NOT_FOUND_UNCONFIRMED: "No source knows the post. That does not say it was deleted.",
    PostState.UNSUPPORTED_URL: "No source could resolve the address to media.",
    PostState.NETWORK_ERROR: "The source could not be reached.",
    PostState.BAD_RESPONSE: "The source's answer could not be read.",
    PostState.NOT_READ: "The work ended before the post was read.",
}

RATINGS = {
    Rating.MISSING_CONTEXT: "Missing context: unaltered media, presented in an inaccurate way",
    Rating.EDITED_OR_CROPPED: "Edited or cropped",
    Rating.ORIGINAL: "Original media",
    Rating.SATIRE_OR_PARODY: "Satire or parody",
    Rating.STAGED: "Staged",
    Rating.TRANSFORMED: "Transformed",
}
"""A person's ratings in MediaReview's categories; the machine never sets one (handbook `reports.md` 4.1)."""

_ROLES = {
    MediaRole.OWN: "",
    MediaRole.QUOTED: "quoted post, ",
    MediaRole.PARENT: "parent post, ",
    MediaRole.PAGE: "page, ",
}
_KINDS = {MediaKind.VIDEO: "Video", MediaKind.GIF: "Animation", MediaKind.IMAGE: "Photo"}
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def clock(time_us: int) -> str:
    """A position in a clip, rounded to hundredths: 0:07.42, 1:02:03.00."""
    return _position(time_us, decimals=2)


def moment(time_us: int) -> str:
    """A frame's own time, rounded to thousandths, which tell frames apart at any usual rate: 0:07.417."""
    return _position(time_us, decimals=3)


def _position(time_us: int, *, decimals: int) -> str:
    unit_us = 10 ** (6 - decimals)
    seconds, fraction = divmod((max(time_us, 0) + unit_us // 2) // unit_us, 10**decimals)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    rest = f"{seconds:02d}.{fraction:0{decimals}d}"
    return f"{hours}:{minutes:02d}:{rest}" if hours else f"{minutes}:{rest}"


def stretch(span: Span) -> str:
    """A span of a clip: 0:02.00-0:11.50, or one time for a still."""
    if span.end_us == span.start_us:
        return clock(span.start_us)
    return f"{clock(span.start_us)}\u2013{clock(span.end_us)}"


def seconds(length_us: int) -> str:
    return f"{length_us / 1e6:,.2f} s"


def instant(moment: datetime | None) -> str:
    """An instant to the second: 20 February 2020, 14:03:22 UTC."""
    if moment is None:
        return "not known"
    at = moment.astimezone(UTC)
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}, {at:%H:%M:%S} UTC"


def stamp(moment: datetime) -> str:
    """An instant for tables: 2020-02-20 14:03:22Z."""
    return moment.astimezone(UTC).isoformat(sep=" ", timespec="seconds").removesuffix("+00:00") + "Z"


def size(count: int) -> str:
    """A size in bytes, and in a unit that fits."""
    if count < 1_000:
        return f"{count} bytes"
    unit, name = (1_000_000, "MB") if count >= 1_000_000 else (1_000, "kB")
    return f"{count / unit:,.1f} {name} ({count:,} bytes)"


def percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "-"


#: The estimate rests on 7.3 million pairs of a query and a keyframe (`verify/matching/scoring.py`).
FINEST_CHANCE = 1e-6


def probability(value: float | None) -> str:
    """A false-match probability, no finer than the estimate is: about 1 in 10,000."""
    if value is None:
        return "not computed"
    if value <= 0:
        return "below what can be computed"
    if value < FINEST_CHANCE:
        return f"less than 1 in {1 / FINEST_CHANCE:,.0f}"
    return f"about 1 in {float(f'{1 / value:.1g}'):,.0f}" if value < 0.1 else f"{value:.2f}"


def changes(segment: MatchSegment) -> str:
    """What was done to the reference to give the query, named: mirrored, cropped, speed 1.25."""
    named = [] if segment.orientation is Orientation.UPRIGHT else [turned(segment.orientation)]
    named += segment.transforms
    if segment.speed < 0:
        named.append("played backwards")
    elif abs(segment.speed - 1) >= 0.01:
        named.append(f"speed {segment.speed:.2f}")
    return ", ".join(named) or "none detected"


def media_title(media: MediaReport) -> str:
    """The medium within its post: Video 1, Photo 2 (quoted post)."""
    kind = media.file.kind if media.file else None
    role = _ROLES[media.role].rstrip(", ")
    return f"{_KINDS[kind] if kind else 'Media'} {media.index + 1}" + (f" ({role})" if role else "")


def turned(orientation: Orientation) -> str:
    """How the reference was turned, as a person writes it: "rotated 90° clockwise"."""
    return re.sub(r"(?<=[0-9])(?= |$)", "°", orientation.value)


def letter(position: int) -> str:
    """A reference's short name in one report: A ... Z, AA, AB ..."""
    name = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        name = chr(65 + rest) + name
    return name


_STAGES = {
    "resolve": "resolving the post",
    "children": "queueing the posts it embeds",
    "fetch": "fetching the media",
    "fingerprint": "decoding and fingerprinting",
    "screen": "looking at its self-contained pictures",
    "match": "searching the reference set",
    "find": "comparing with the claim",
    "report": "writing the report",
}


def doing(stage: str) -> str:
    """What is done at a stage of a check, as the ledger names it ("match/1"); empty when nothing is."""
    name, _, medium = stage.partition("/")
    words = _STAGES.get(name, name)
    return f"{words} (medium {int(medium) + 1})" if medium.isdigit() and medium != "0" else words
