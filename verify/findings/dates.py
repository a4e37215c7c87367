"""A reference's first-seen date as an interval: text of any precision in, earliest and latest instant out.

"2016", "2016-08", "2016-08-24" and ISO 8601 instants are read. A date without a zone was written down in
an unknown one, so its interval is widened by the zones there are (UTC-12 to UTC+14): an argument that
rests on it must hold in all of them. Anything else is refused as unreadable, by None.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from verify.model import STRONG_BASES, DateBasisKind, Provenance

EAST = timedelta(hours=14)  # a day begins first in UTC+14 ...
WEST = timedelta(hours=12)  # ... and ends last in UTC-12

_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDate:
    """When a reference was first seen: the true instant lies from `earliest` to `latest`, both possible."""

    text: str  #: as recorded
    basis: DateBasisKind | None
    earliest: datetime
    latest: datetime
    first_day: date  #: by the calendar as written, for the arithmetic a reader can repeat
    last_day: date
    is_instant: bool

    @property
    def is_strong(self) -> bool:
        """Whether the date may decide.

        Publication and archive captures are dated by somebody other than the holder of the file.
        Capture metadata is a clock anyone can set, and testimony is a memory: both are shown and
        neither decides (handbook `claims.md` 5; `reports.md` 4.5 "its basis weak").
        """
        return self.basis in STRONG_BASES


def known_date(provenance: Provenance) -> KnownDate | None:
    """The first-seen date of a reference; None when it has none or it cannot be read."""
    text = provenance.first_seen.strip()
    days = _calendar_days(text)
    if days is not None:
        return _from_days(text, provenance.first_seen_basis, *days)
    return _from_instant(text, provenance.first_seen_basis)


def _calendar_days(text: str) -> tuple[date, date] | None:
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    year, month, day = (int(part) if part else None for part in match.groups())
    assert year is not None
    try:
        if month is None:
            return date(year, 1, 1), date(year, 12, 31)
        if day is None:
            return date(year, month, 1), date(year, month, monthrange(year, month)[1])
        return date(year, month, day), date(year, month, day)
    except ValueError:
        return None


def _from_days(text: str, basis: DateBasisKind | None, first: date, last: date) -> KnownDate | None:
    try:
        earliest = datetime.combine(first, time.min, UTC) - EAST
        latest = datetime.combine(last, time.max, UTC) + WEST
    except OverflowError:  # the years 1 and 9999
        return None
    return KnownDate(
        text=text,
        basis=basis,
        earliest=earliest,
        latest=latest,
        first_day=first,
        last_day=last,
        is_instant=False,
    )


def _from_instant(text: str, basis: DateBasisKind | None) -> KnownDate | None:
    try:
        instant = datetime.fromisoformat(text)
        slack = (EAST, WEST) if instant.tzinfo is None else (timedelta(), timedelta())
        instant = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
        earliest, latest = instant - slack[0], instant + slack[1]
    except (ValueError, OverflowError):
        return None
    return KnownDate(
        text=text,
        basis=basis,
        earliest=earliest,
        latest=latest,
        first_day=instant.date(),
        last_day=instant.date(),
        is_instant=slack[0] == timedelta(),
    )
