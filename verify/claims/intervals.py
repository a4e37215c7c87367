"""A code of time and the post's instant in; the interval it means in a time zone out (pure).

`now` and `today` begin with the local day, or two hours before the post when that is earlier; nothing ends
after the post. Offsets follow handbook `claims.md` 5: [post - offset - tolerance, post].
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

Interval = tuple[datetime, datetime]

UNIT_SECONDS = {"minute": 60, "hour": 3600, "day": 86400, "week": 604800, "month": 2629746, "year": 31556952}
FRESH = timedelta(hours=2)  # just after midnight, "today" may mean the evening before
PHOTOGRAPHY_BEGINS = date(1826, 1, 1)  # the oldest surviving photograph is of 1826 or 1827
HALF_AN_HOUR = timedelta(minutes=30)
_PARTS = {"morning": (4, 12), "afternoon": (11, 18), "evening": (16, 24)}


def of_code(code: str, posted_at: datetime, zone: ZoneInfo) -> Interval:
    """The interval of a phrase code (see `timewords`), in UTC."""
    kind, _, rest = code.partition(":")
    local = posted_at.astimezone(zone)
    if kind == "now":
        return _until_post(_start_of_day(local.date(), zone), posted_at)
    if kind == "last":
        return posted_at - timedelta(hours=int(rest)), posted_at
    if kind == "day":
        return _day(int(rest), local, posted_at, zone)
    if kind == "part":
        part, _, shift = rest.partition(":")
        return _part(part, int(shift), local, posted_at, zone)
    return _calendar(kind, int(rest), local.date(), posted_at, zone)


def _until_post(start: datetime, posted_at: datetime) -> Interval:
    return min(start, posted_at - FRESH), posted_at


def _day(shift: int, local: datetime, posted_at: datetime, zone: ZoneInfo) -> Interval:
    day = local.date() + timedelta(days=shift)
    if shift == 0:
        return _until_post(_start_of_day(day, zone), posted_at)
    return _start_of_day(day, zone), _start_of_day(day + timedelta(days=1), zone)


def _part(part: str, shift: int, local: datetime, posted_at: datetime, zone: ZoneInfo) -> Interval:
    day = local.date() + timedelta(days=shift)
    if part == "night":
        evening = day if local.hour >= 18 else day - timedelta(days=1)
        start, end = _at(evening, 18, zone), _at(evening + timedelta(days=1), 6, zone)
    else:
        first, last = _PARTS[part]
        start, end = _at(day, first, zone), _at(day, last, zone)
    if start >= posted_at:  # "утром" written in the small hours: the day before
        start, end = start - timedelta(days=1), end - timedelta(days=1)
    return start, min(end, posted_at)


def _calendar(kind: str, shift: int, today: date, posted_at: datetime, zone: ZoneInfo) -> Interval:
    if kind == "week":
        start = today - timedelta(days=today.weekday()) + timedelta(weeks=shift)
        end = start + timedelta(weeks=1)
    elif kind == "month":
        months = today.year * 12 + today.month - 1 + shift
        start = date(months // 12, months % 12 + 1, 1)
        end = start + timedelta(days=monthrange(start.year, start.month)[1])
    else:
        start, end = date(today.year + shift, 1, 1), date(today.year + shift + 1, 1, 1)
    return _start_of_day(start, zone), min(_start_of_day(end, zone), posted_at)


def of_offset(unit: str, count: float, posted_at: datetime, *, vague: bool = False) -> Interval:
    """From so long before the post ("two hours ago"), and a tolerance, up to the post.

    The tolerance is a quarter of the offset and half a unit, twice the offset when the count is vague.
    Raises OverflowError beyond year 1.
    """
    offset = UNIT_SECONDS[unit] * count
    tolerance = offset if vague else offset / 4 + min(UNIT_SECONDS[unit] / 2, 43_200)
    return posted_at - timedelta(seconds=offset + tolerance), posted_at


def of_date(
    year: int | None, month: int | None, day: int | None, posted_at: datetime | None, zone: ZoneInfo
) -> Interval | None:
    """The interval of a date; without a year the last such date before the post. None: no such date."""
    if year is None:
        return _recent(month, day, posted_at, zone)
    try:
        if month is None:
            first, after = date(year, 1, 1), date(year + 1, 1, 1)
        elif day is None:
            first = date(year, month, 1)
            after = first + timedelta(days=monthrange(year, month)[1])
        else:
            first = date(year, month, day)
            after = first + timedelta(days=1)
        return _start_of_day(first, zone), _start_of_day(after, zone)
    except (ValueError, OverflowError):
        return None


def _recent(
    month: int | None, day: int | None, posted_at: datetime | None, zone: ZoneInfo
) -> Interval | None:
    if posted_at is None:
        return None
    this_year = posted_at.astimezone(zone).year
    for year in range(this_year, this_year - 9, -1):  # 29 February comes at least every eighth year
        interval = of_date(year, month, day, posted_at, zone)
        if interval is not None and interval[0] <= posted_at + timedelta(hours=14):
            return interval
    return None


def of_weekday(weekday: int, part: str, posted_at: datetime, zone: ZoneInfo) -> Interval:
    """The last such day of the week up to the post, or a part of it."""
    local = posted_at.astimezone(zone)
    shift = -((local.weekday() - weekday) % 7)
    day = local.date() + timedelta(days=shift)
    if not part:
        return _start_of_day(day, zone), _start_of_day(day + timedelta(days=1), zone)
    if part == "night":
        return _at(day, 18, zone), _at(day + timedelta(days=1), 6, zone)
    first, last = _PARTS[part]
    return _at(day, first, zone), _at(day, last, zone)


def of_clock(hour: int, minute: int, posted_at: datetime | None, zone: ZoneInfo) -> Interval | None:
    """A time by the clock, give or take half an hour, the last before the post. None: no such time."""
    if not (0 <= hour < 24 and 0 <= minute < 60) or posted_at is None:
        return None
    moment = _at(posted_at.astimezone(zone).date(), hour, zone) + timedelta(minutes=minute)
    if moment > posted_at + HALF_AN_HOUR:
        moment -= timedelta(days=1)
    return moment - HALF_AN_HOUR, moment + HALF_AN_HOUR


def of_part(part: str, day: Interval, zone: ZoneInfo) -> Interval:
    """A part ("morning", "night", ...) or a time by the clock ("clock 05:30") of a given day."""
    local = (day[0] + timedelta(hours=12)).astimezone(zone).date()
    if part.startswith("clock "):
        hour, minute = (int(number) for number in part.removeprefix("clock ").split(":"))
        moment = _at(local, hour, zone) + timedelta(minutes=minute)
        return moment - HALF_AN_HOUR, moment + HALF_AN_HOUR
    if part == "night":  # the one before the day and the one after it
        return _at(local - timedelta(days=1), 18, zone), _at(local + timedelta(days=1), 6, zone)
    first, last = _PARTS[part]
    return _at(local, first, zone), _at(local, last, zone)


def _start_of_day(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def _at(day: date, hour: int, zone: ZoneInfo) -> datetime:
    if hour == 24:
        return _start_of_day(day + timedelta(days=1), zone)
    return datetime.combine(day, time(hour), zone).astimezone(UTC)
