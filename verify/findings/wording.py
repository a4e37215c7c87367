"""Facts in, the reader's words for them out: seconds, spans, days, names of media.

Only phrasing lives here; nothing is decided. Times in a clip are written to a tenth of a second,
instants in UTC, counts of days with thousands separated.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from itertools import pairwise

from verify.model import (
    MatchSegment,
    MediaKind,
    MediaReport,
    MediaRole,
    Orientation,
    Reference,
    Span,
)

#: Microseconds within which two pieces meet, as ends are told to within half a second, and that the reference
#: must show more between them than the medium does: a copy at 1.04 of its speed may be told in pieces that
#: are 1.3 s apart, though nothing was left out.
_MEETING_US, _LEFT_OUT_US = 500_000, 2_000_000

_OWNER = {
    MediaRole.OWN: "",
    MediaRole.QUOTED: "quoted post's ",
    MediaRole.PARENT: "parent post's ",
    MediaRole.PAGE: "page's ",
}
_NOUN = {MediaKind.VIDEO: "video", MediaKind.GIF: "GIF", MediaKind.IMAGE: "photo"}


def seconds(us: int) -> str:
    """Microseconds as seconds with one decimal."""
    return f"{us / 1_000_000:.1f}"


def span_words(span: Span) -> str:
    if span.duration_us <= 0:
        return f"second {seconds(span.start_us)}"
    return f"seconds {seconds(span.start_us)} to {seconds(span.end_us)}"


def count(number: int, noun: str) -> str:
    """The number with its noun: 1 day, 1,275 days."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def instant_words(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def days_before(earlier: date, later: date) -> str:
    """The sum a reader can repeat on a calendar."""
    return f"{earlier} is {count((later - earlier).days, 'day')} before {later}"


def medium_words(medium: MediaReport, media: Sequence[MediaReport]) -> str:
    """What to call one medium of the post, numbered where there are several of its role."""
    kind = medium.file.kind if medium.file else None
    noun = _NOUN[kind] if kind else "medium"
    siblings = sum(1 for other in media if other.role is medium.role)
    number = f" {medium.index + 1} of {siblings}" if siblings > 1 else ""
    return f"the {_OWNER[medium.role]}{noun}{number}"


def reference_words(reference: Reference) -> str:
    return f"“{reference.provenance.title}” (reference {reference.id[:12]})"


def segment_words(segment: MatchSegment, medium: str, reference: Reference) -> str:
    """Which part of the medium is which part of the reference, and what was done to it."""
    query = medium if segment.query.duration_us <= 0 else f"{span_words(segment.query)} of {medium}"
    if reference.media.kind is MediaKind.IMAGE:
        known = reference_words(reference)
    else:
        known = f"{span_words(segment.reference)} of {reference_words(reference)}"
    return f"{query} ↔ {known}{_changes(segment)}"


def order_words(segments: Sequence[MatchSegment], reference: Reference) -> str:
    """What was done between pieces of one reference, given in the medium's order; empty where nothing was."""
    if reference.media.kind is MediaKind.IMAGE or any(one.speed < 0 for one in segments):
        return ""
    following = [
        (before, after)
        for before, after in pairwise(segments)
        if after.query.start_us >= before.query.end_us - _MEETING_US
    ]
    if any(after.reference.start_us < before.reference.start_us - _MEETING_US for before, after in following):
        return f"These pieces come in another order than in {reference_words(reference)}."
    left_out = [
        after.reference.start_us - before.reference.end_us
        for before, after in following
        if after.query.start_us - before.query.end_us <= _MEETING_US
    ]
    total = sum(gap for gap in left_out if gap >= _LEFT_OUT_US)
    return f"Between these pieces {seconds(total)} seconds of the reference are left out." if total else ""


def _changes(segment: MatchSegment) -> str:
    changes = [] if segment.orientation is Orientation.UPRIGHT else [segment.orientation.value]
    changes += segment.transforms
    if segment.speed < 0:
        changes.append("played backwards")
    elif abs(segment.speed - 1.0) > 0.02:
        changes.append(f"played at {segment.speed:.2f} times the reference's speed")
    return f" ({', '.join(dict.fromkeys(changes))})" if changes else ""


def capitalised(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
