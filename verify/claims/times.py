"""Tokens in; the times named in them out, as intervals against the post's instant and the place's zone.

Phrases ("this morning"), offsets ("2 hours ago", "قبل ساعتين"), dates of any precision, weekdays and clock
times are read where a word beside them makes them times. Tokens that name equipment are passed over, so
that M60T is no 1960. A date before photography, after the post or that does not exist is refused and named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from verify.claims import intervals
from verify.claims.intervals import Interval
from verify.claims.text import Token
from verify.claims.timewords import (
    AFTER_WEEKDAY,
    AFTER_YEAR,
    AGO,
    AT,
    BEFORE,
    BEFORE_MONTH,
    BEFORE_WEEKDAY,
    BEFORE_YEAR,
    FILLERS,
    HALF_DAYS,
    MODAL_MONTHS,
    MONTHS,
    NUMBERS,
    PHRASES,
    TWO_WORD_MONTHS,
    UNITS,
    WEEKDAYS,
)
from verify.claims.words import forms, stem

FUTURE_TOLERATED = timedelta(hours=26)  # the widest two zones are apart


@dataclass(frozen=True, slots=True)
class TimeRead:
    """A time found: token positions `first` to `last`, both included, and what it means."""

    first: int
    last: int
    interval: Interval
    rule: str
    confidence: float


@dataclass(frozen=True, slots=True)
class _Reader:
    """One text being read: what the rules look at."""

    text: str
    tokens: Sequence[Token]
    keys: list[str]
    taken: set[int]
    posted_at: datetime | None
    zone: ZoneInfo
    notes: list[str]
    after_places: frozenset[int]

    def key(self, at: int) -> str:
        return self.keys[at] if 0 <= at < len(self.keys) and at not in self.taken else ""

    def is_joined(self, at: int) -> bool:
        """Whether token `at` follows the one before across no more than a space or a hyphen."""
        return 0 < at < len(self.tokens) and self.tokens[at].gap in {"", " ", "-", "#"}

    def number(self, at: int) -> int | None:
        if at >= len(self.tokens) or at < 0 or at in self.taken or not self.tokens[at].is_digits:
            return None
        return int(self.keys[at]) if len(self.keys[at]) <= 4 else None

    def between(self, at: int) -> str:
        """What separates token `at` from the one before."""
        return (
            self.text[self.tokens[at - 1].end : self.tokens[at].start] if 0 < at < len(self.tokens) else " "
        )

    def words(self, first: int, last: int) -> str:
        return self.text[self.tokens[first].start : self.tokens[last].end]


def find_times(
    text: str,
    tokens: Sequence[Token],
    taken: set[int],
    posted_at: datetime | None,
    zone: ZoneInfo,
    notes: list[str],
    *,
    after_places: frozenset[int] = frozenset(),
) -> list[TimeRead]:
    """All times named, in order, without overlaps; notes are added for what was refused.

    A bare year right behind a place ("Tigray 2021") is a time: `after_places` are the last tokens of places.
    """
    reader = _Reader(
        text, tokens, [stem(token.key) for token in tokens], taken, posted_at, zone, notes, after_places
    )
    found: list[TimeRead] = []
    at = 0
    while at < len(tokens):
        read = None if at in taken else _time_at(reader, at)
        if read is None:
            at += 1
            continue
        at = read.last + 1
        if _is_possible(reader, read):
            found.append(read)
    return found


_Rule = Callable[[_Reader, int], TimeRead | None]


def _time_at(reader: _Reader, at: int) -> TimeRead | None:
    rules: tuple[_Rule, ...] = _DIGIT_RULES if reader.tokens[at].is_digits else _WORD_RULES
    best: TimeRead | None = None
    for rule in rules:
        read = rule(reader, at)
        if read is not None and (best is None or read.last > best.last):
            best = read
    return best


def _is_possible(reader: _Reader, read: TimeRead) -> bool:
    start, _ = read.interval
    words = reader.words(read.first, read.last)
    if start.date() < intervals.PHOTOGRAPHY_BEGINS:
        reader.notes.append(
            f"“{words}” lies before photography; it was not taken as the time of the footage."
        )
        return False
    if reader.posted_at is not None and start > reader.posted_at + FUTURE_TOLERATED:
        reader.notes.append(f"“{words}” lies after the post; it was not taken as the time of the footage.")
        return False
    return True


# --- phrases and offsets ----------------------------------------------------------------------


def _phrase(reader: _Reader, at: int) -> TimeRead | None:
    token = reader.tokens[at]
    for key, _ in ((stem(token.key), 0), (stem(token.stem), 0), *forms(token.key)):
        for words, code in PHRASES.get(key, ()):
            last = at + len(words) - 1
            rest = range(at + 1, last + 1)
            if all(
                reader.key(place) == word and reader.is_joined(place)
                for place, word in zip(rest, words[1:], strict=True)
            ):
                return _resolved(reader, at, last, code)
    return _bare_now(reader, at)


def _resolved(reader: _Reader, first: int, last: int, code: str) -> TimeRead | None:
    if reader.posted_at is None:
        _note_undated(reader, first, last)
        return None
    interval = intervals.of_code(code, reader.posted_at, reader.zone)
    return TimeRead(first, last, interval, f"phrase {code}", 0.9)


def _note_undated(reader: _Reader, first: int, last: int) -> None:
    reader.notes.append(f"“{reader.words(first, last)}” is relative to the post, whose date is unknown.")


def _bare_now(reader: _Reader, at: int) -> TimeRead | None:
    """ "Now" alone ends a clause when it tells a time; "now controls", "now that" do not."""
    if reader.key(at) != "now" or reader.key(at - 1) in {"by", "until", "till", "for"}:
        return None
    following = reader.tokens[at + 1] if at + 1 < len(reader.tokens) else None
    return _resolved(reader, at, at, "now") if following is None or following.gap == "x" else None


def _offset(reader: _Reader, at: int) -> TimeRead | None:
    """ "2 hours ago", "час назад", "bir saat önce", "an hour and a half ago"."""
    if reader.key(at) in BEFORE and reader.key(at - 1) not in UNITS:
        return _offset_after(reader, at)
    count, place = _count(reader, at)
    unit = UNITS.get(reader.key(place)) if place == at or reader.is_joined(place) else None
    if unit is None:
        return None
    place += 1
    if reader.key(place) in {"and", "и"} and reader.key(place + 2) == "half":
        count, place = (count or 1.0) + 0.5, place + 3
    if reader.key(place) not in AGO or not reader.is_joined(place):
        return None
    if reader.key(place) == stem("قبل") and UNITS.get(reader.key(place + 1)):
        return None
    return _of_unit(reader, at, place, unit, count)


def _offset_after(reader: _Reader, at: int) -> TimeRead | None:
    count, place = _count(reader, at + 1)
    unit = UNITS.get(reader.key(place)) if reader.is_joined(place) else None
    return _of_unit(reader, at, place, unit, count) if unit else None


def _count(reader: _Reader, at: int) -> tuple[float | None, int]:
    """The number before a unit and where the unit is: (None, at) without one; negative: vague."""
    digits = reader.number(at)
    number = float(digits) if digits is not None else NUMBERS.get(reader.key(at))
    if number is None:
        return None, at
    place = at + 1
    if number == 1.0 and NUMBERS.get(reader.key(place)) is not None and reader.number(place) is None:
        number, place = NUMBERS[reader.key(place)], place + 1  # "a couple", "a few"
    while reader.key(place) in FILLERS and UNITS.get(reader.key(place)) is None and place < at + 4:
        place += 1
    return number, place


def _of_unit(reader: _Reader, first: int, last: int, unit: str, count: float | None) -> TimeRead | None:
    if reader.posted_at is None:
        _note_undated(reader, first, last)
        return None
    name, _, each = unit.partition("*")
    amount = abs(count if count is not None else 1.0) * float(each)
    try:
        interval = intervals.of_offset(name, amount, reader.posted_at, vague=count is not None and count < 0)
    except OverflowError:
        reader.notes.append(f"“{reader.words(first, last)}” reaches back before any calendar.")
        return None
    return TimeRead(first, last, interval, f"offset {amount:g} {name}", 0.95)


# --- dates ------------------------------------------------------------------------------------


def _numeric_date(reader: _Reader, at: int) -> TimeRead | None:
    """2016-08-24, 2016/8/24, 24.08.2016, 24/08/2016; day before month where both could be."""
    parts = [reader.number(at + step) for step in range(3)]
    marks = {reader.between(at + 1), reader.between(at + 2)} if at + 2 < len(reader.tokens) else {""}
    if None in parts or len(marks) != 1 or not marks <= {".", "/", "-"}:
        return None
    a, b, c = (part or 0 for part in parts)
    year, month, day = (a, b, c) if a > 31 else (c if c > 99 else 2000 + c, b, a)
    if month > 12 >= day and a <= 31:
        month, day = day, month
    confidence = 0.95 if a > 31 or day > 12 else 0.7
    last = at + 2
    return _dated(reader, at, _with_clock(reader, last), (year, month, day), "date", confidence)


def _day_first(reader: _Reader, at: int) -> TimeRead | None:
    """20 February 2020, 5 березня, 7 באוקטובר."""
    day = reader.number(at)
    if day is None or not 1 <= day <= 31:
        return None
    place = at + 1
    if reader.key(place) in {"th", "st", "nd", "rd"}:
        place += 1
    place += reader.key(place) in {"of", "de"}
    month, after = _month(reader, place)
    if month is None or not reader.is_joined(place):
        return None
    return _with_year(reader, at, after, month, day)


def _month_first(reader: _Reader, at: int) -> TimeRead | None:
    """February 20, 2020; Feb20; December 2016; in December."""
    month, after = _month(reader, at)
    if month is None or (reader.keys[at] in MODAL_MONTHS and not reader.tokens[at].is_capital):
        return None
    day = reader.number(after) if reader.is_joined(after) else None
    if day is not None and 1 <= day <= 31 and len(reader.keys[after]) <= 2:
        last = after + (reader.key(after + 1) in {"th", "st", "nd", "rd"})
        return _with_year(reader, at, last + 1, month, day)
    year = reader.number(after) if reader.is_joined(after) or reader.between(after) == ", " else None
    if year is not None and 1000 <= year <= 2999:
        last = after + (reader.key(after + 1) in AFTER_YEAR and reader.is_joined(after + 1))
        return _dated(reader, at, last, (year, month, None), "month", 0.9)
    named = reader.tokens[at].is_capital and len(reader.keys[at]) > 3 and at > 0 and reader.is_joined(at)
    if named and reader.key(at - 1) in BEFORE_MONTH:
        return _dated(reader, at, after - 1, (None, month, None), "month", 0.7)
    return None


def _month(reader: _Reader, at: int) -> tuple[int | None, int]:
    """The month at a token and the token after it."""
    key = reader.key(at)
    two = TWO_WORD_MONTHS.get((key, reader.key(at + 1)))
    if two is not None:
        return two, at + 2
    if key and not reader.tokens[at].is_digits:
        for form, _ in ((key, 0), *forms(reader.tokens[at].key)):
            if form in MONTHS:
                return MONTHS[form], at + 1
    return None, at


def _with_year(reader: _Reader, first: int, after: int, month: int, day: int) -> TimeRead | None:
    """A day and a month, with the year behind them when there is one."""
    last, year = after - 1, None
    if reader.is_joined(after) or reader.between(after) in {", ", ","}:
        number = reader.number(after)
        if number is not None and 1000 <= number <= 2999:
            year, last = number, after
            last += reader.is_joined(after + 1) and reader.key(after + 1) in AFTER_YEAR
    return _dated(
        reader, first, _with_clock(reader, last), (year, month, day), "date", 0.95 if year else 0.85
    )


def _with_clock(reader: _Reader, last: int) -> int:
    """A clock time right behind a date belongs to it."""
    hour, minute = reader.number(last + 1), reader.number(last + 2)
    close = hour is not None and minute is not None and len(reader.between(last + 1)) <= 2
    return last + 2 if close and reader.between(last + 2) == ":" else last


def _dated(
    reader: _Reader,
    first: int,
    last: int,
    parts: tuple[int | None, int | None, int | None],
    rule: str,
    confidence: float,
) -> TimeRead | None:
    interval = intervals.of_date(*parts, reader.posted_at, reader.zone)
    if interval is None:
        year = parts[0]
        if year is not None or reader.posted_at is not None:
            reader.notes.append(f"“{reader.words(first, last)}” is not a date of the calendar.")
        return None
    return TimeRead(first, last, interval, rule, confidence)


def _year(reader: _Reader, at: int) -> TimeRead | None:
    """A bare year counts beside a word that makes it one, or alone between punctuation."""
    year = reader.number(at)
    if year is None or len(reader.keys[at]) != 4 or not 1000 <= year <= 2100:
        return None
    token = reader.tokens[at]
    before = reader.key(at - 1) if reader.is_joined(at) else ""
    after = reader.key(at + 1) if reader.is_joined(at + 1) else ""
    named = (
        before in BEFORE_YEAR or any(form in BEFORE_YEAR for form, _ in forms(before)) if before else False
    )
    suffixed = after in AFTER_YEAR and after != ""
    placed = at - 1 in reader.after_places and token.gap == " " and year >= 1900
    alone = token.gap == "x" and not after and year >= 1900 and not _is_part_of_a_number(reader, at)
    if not (named or suffixed or alone or placed):
        return None
    last = at + 1 if suffixed and reader.tokens[at + 1].gap in {" ", "-"} else at
    return _dated(reader, at, last, (year, None, None), "year", 0.85 if named or suffixed else 0.7)


def _is_part_of_a_number(reader: _Reader, at: int) -> bool:
    return reader.between(at) in {".", ",", ":", "/"} or (
        reader.between(at + 1) in {".", ",", ":", "/"} and (reader.number(at + 1) is not None)
    )


# --- weekdays and clocks ----------------------------------------------------------------------


def _weekday(reader: _Reader, at: int) -> TimeRead | None:
    weekday = next((WEEKDAYS[form] for form, _ in forms(reader.tokens[at].key) if form in WEEKDAYS), None)
    if weekday is None or reader.posted_at is None:
        return None
    part = AFTER_WEEKDAY.get(reader.key(at + 1)) if reader.is_joined(at + 1) else None
    led = reader.is_joined(at) and reader.key(at - 1) in BEFORE_WEEKDAY
    if part is None and not led:
        return None
    interval = intervals.of_weekday(weekday, part or "", reader.posted_at, reader.zone)
    return TimeRead(at, at + (part is not None), interval, "weekday", 0.85)


def _clock(reader: _Reader, at: int) -> TimeRead | None:
    """At 14:30, at 5 pm, в 04:00, الساعة 3 صباحا."""
    hour = reader.number(at)
    if hour is None or not reader.is_joined(at) or not _is_at(reader, at):
        return None
    minute, last = 0, at
    if reader.number(at + 1) is not None and reader.between(at + 1) == ":":
        minute, last = reader.number(at + 1) or 0, at + 1
    half = HALF_DAYS.get(reader.key(last + 1)) if reader.is_joined(last + 1) else None
    if half is None and last == at:
        return None
    if half is not None:
        hour, last = hour % 12 + half, last + 1
    interval = intervals.of_clock(hour, minute, None, reader.posted_at, reader.zone)
    return TimeRead(at, last, interval, "clock", 0.7) if interval else None


def _is_at(reader: _Reader, at: int) -> bool:
    return any(form in AT for form, _ in forms(reader.key(at - 1))) if reader.key(at - 1) else False


def _iso_instant(reader: _Reader, at: int) -> TimeRead | None:
    """2016-08-24T10:00Z as one time of a minute's precision."""
    if len(reader.keys[at]) != 4 or reader.between(at + 1) != "-":
        return None
    end = reader.tokens[at].start
    while end < len(reader.text) and not reader.text[end].isspace() and end < reader.tokens[at].start + 32:
        end += 1
    try:
        moment = datetime.fromisoformat(reader.text[reader.tokens[at].start : end].rstrip(".,;)"))
    except ValueError:
        return None
    if "T" not in reader.text[reader.tokens[at].start : end]:
        return None
    moment = moment.replace(tzinfo=moment.tzinfo or reader.zone).astimezone(UTC)
    last = max(place for place in range(at, len(reader.tokens)) if reader.tokens[place].start < end)
    return TimeRead(at, last, (moment, moment + timedelta(minutes=1)), "instant", 0.99)


_DIGIT_RULES: tuple[_Rule, ...] = (_offset, _iso_instant, _numeric_date, _day_first, _year, _clock)
_WORD_RULES: tuple[_Rule, ...] = (_phrase, _offset, _month_first, _weekday)


def spans(read: Sequence[TimeRead]) -> Iterator[int]:
    """The token positions that name times."""
    for item in read:
        yield from range(item.first, item.last + 1)
