"""Tokens in; the times named in them out, as intervals against the post's instant and the place's zone.

Phrases ("this morning"), offsets ("2 hours ago", "قبل ساعتين"), dates of any precision, weekdays and clock
times are read where a word beside them makes them times. Tokens that name equipment are passed over, so
that M60T is no 1960. A date before photography, after the post or that does not exist is refused and named.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from verify.claims import intervals
from verify.claims.dates import day_first, iso_instant, month_first, numeric_date, year
from verify.claims.time_text import TimeRead, TimeRule, TimeText
from verify.claims.timewords import (
    AFTER_WEEKDAY,
    AGO,
    AT,
    BEFORE,
    BEFORE_WEEKDAY,
    FILLERS,
    HALF_DAYS,
    NUMBERS,
    PHRASES,
    UNITS,
    WEEKDAYS,
)
from verify.claims.words import forms, stem

CLOSE_BY = 5  # characters between the two: a comma, "at"
FUTURE_TOLERATED = timedelta(hours=26)  # the widest two zones are apart


def find_times(text: TimeText) -> list[TimeRead]:
    """All times named, in order, without overlaps; `text.notes` are added to for what was refused."""
    found: list[TimeRead] = []
    at = 0
    while at < len(text.tokens):
        read = None if at in text.taken else _time_at(text, at)
        at = at + 1 if read is None else read.last + 1
        if read is not None and _is_possible(text, read):
            found.append(read)
    return _joined(text, found)


def _joined(text: TimeText, found: list[TimeRead]) -> list[TimeRead]:
    """A part of a day, or a time by the clock, beside a day belongs to it: "8 October 2022 at dawn"."""
    joined: list[TimeRead] = []
    for read in found:
        whole = _together(text, joined[-1], read) if joined else None
        if whole is not None:
            joined[-1] = whole
        else:
            joined.append(read)
    return joined


def _together(text: TimeText, one: TimeRead, other: TimeRead) -> TimeRead | None:
    if other.first - one.last > 2 or text.posted_at is None:
        return None
    if len(text.text[text.tokens[one.last].end : text.tokens[other.first].start]) > CLOSE_BY:
        return None
    for day, part in ((one, other), (other, one)):
        if day.is_day and part.part:
            interval = intervals.of_part(part.part, day.interval, text.zone)
            return TimeRead(one.first, other.last, interval, f"{day.rule}, {part.part}", day.confidence)
    return None


def _time_at(text: TimeText, at: int) -> TimeRead | None:
    rules: tuple[TimeRule, ...] = _DIGIT_RULES if text.tokens[at].is_digits else _WORD_RULES
    best: TimeRead | None = None
    for rule in rules:
        read = rule(text, at)
        if read is not None and (best is None or read.last > best.last):
            best = read
    return best


def _is_possible(text: TimeText, read: TimeRead) -> bool:
    start, _ = read.interval
    words = text.words(read.first, read.last)
    if start.date() < intervals.PHOTOGRAPHY_BEGINS:
        text.notes.append(f"“{words}” lies before photography; it was not taken as the time of the footage.")
        return False
    if text.posted_at is not None and start > text.posted_at + FUTURE_TOLERATED:
        text.notes.append(f"“{words}” lies after the post; it was not taken as the time of the footage.")
        return False
    return True


def _phrase(text: TimeText, at: int) -> TimeRead | None:
    token = text.tokens[at]
    for key, _ in ((stem(token.key), 0), (stem(token.stem), 0), *forms(token.key)):
        for words, code in PHRASES.get(key, ()):
            last = at + len(words) - 1
            rest = range(at + 1, last + 1)
            if all(
                text.key(place) == word and text.is_joined(place)
                for place, word in zip(rest, words[1:], strict=True)
            ):
                return _resolved(text, at, last, code)
    return _bare_now(text, at)


def _resolved(text: TimeText, first: int, last: int, code: str) -> TimeRead | None:
    if text.posted_at is None:
        _note_undated(text, first, last)
        return None
    interval = intervals.of_code(code, text.posted_at, text.zone)
    return TimeRead(first, last, interval, f"phrase {code}", 0.9)


def _note_undated(text: TimeText, first: int, last: int) -> None:
    """Once: "one hour ago" holds "hour ago"."""
    if first in text.undated:
        return
    text.undated.update(range(first, last + 1))
    text.notes.append(f"“{text.words(first, last)}” is relative to the post, whose date is unknown.")


def _bare_now(text: TimeText, at: int) -> TimeRead | None:
    """A bare "now" ends a clause when it tells a time; "now controls", "now that" do not."""
    if text.key(at) != "now" or text.key(at - 1) in {"by", "until", "till", "for"}:
        return None
    following = text.tokens[at + 1] if at + 1 < len(text.tokens) else None
    return _resolved(text, at, at, "now") if following is None or following.gap == "x" else None


def _offset(text: TimeText, at: int) -> TimeRead | None:
    """An offset: "2 hours ago", "час назад", "bir saat önce", "an hour and a half ago"."""
    if text.key(at) in BEFORE and text.key(at - 1) not in UNITS:
        return _offset_after(text, at)
    count, place = _count(text, at)
    unit = UNITS.get(text.key(place)) if place == at or text.is_joined(place) else None
    if unit is None:
        return None
    place += 1
    if text.key(place) in {"and", "и"} and text.key(place + 2) == "half":
        count, place = (count or 1.0) + 0.5, place + 3
    if text.key(place) not in AGO or not text.is_joined(place):
        return None
    if text.key(place) == stem("قبل") and UNITS.get(text.key(place + 1)):
        return None
    return _of_unit(text, at, place, unit, count)


def _offset_after(text: TimeText, at: int) -> TimeRead | None:
    count, place = _count(text, at + 1)
    unit = UNITS.get(text.key(place)) if text.is_joined(place) else None
    return _of_unit(text, at, place, unit, count) if unit else None


def _count(text: TimeText, at: int) -> tuple[float | None, int]:
    """The number before a unit and where the unit is: (None, at) without one; negative: vague."""
    digits = text.number(at)
    number = float(digits) if digits is not None else NUMBERS.get(text.key(at))
    if number is None:
        return None, at
    place = at + 1
    if number == 1.0 and NUMBERS.get(text.key(place)) is not None and text.number(place) is None:
        number, place = NUMBERS[text.key(place)], place + 1  # "a couple", "a few"
    while text.key(place) in FILLERS and UNITS.get(text.key(place)) is None and place < at + 4:
        place += 1
    return number, place


def _of_unit(text: TimeText, first: int, last: int, unit: str, count: float | None) -> TimeRead | None:
    if text.posted_at is None:
        _note_undated(text, first, last)
        return None
    name, _, each = unit.partition("*")
    amount = abs(count if count is not None else 1.0) * float(each)
    try:
        interval = intervals.of_offset(name, amount, text.posted_at, vague=count is not None and count < 0)
    except OverflowError:
        text.notes.append(f"“{text.words(first, last)}” reaches back before any calendar.")
        return None
    return TimeRead(first, last, interval, f"offset {amount:g} {name}", 0.95)


def _weekday(text: TimeText, at: int) -> TimeRead | None:
    weekday = next((WEEKDAYS[form] for form, _ in forms(text.tokens[at].key) if form in WEEKDAYS), None)
    if weekday is None or text.posted_at is None:
        return None
    part = AFTER_WEEKDAY.get(text.key(at + 1)) if text.is_joined(at + 1) else None
    led = text.is_joined(at) and text.key(at - 1) in BEFORE_WEEKDAY
    if part is None and not led:
        return None
    interval = intervals.of_weekday(weekday, part or "", text.posted_at, text.zone)
    return TimeRead(at, at + (part is not None), interval, "weekday", 0.85)


def _clock(text: TimeText, at: int) -> TimeRead | None:
    """At 14:30, at 5 pm, в 04:00, الساعة 3 صباحا."""
    hour = text.number(at)
    if hour is None:
        return None
    minute, last = 0, at
    if text.number(at + 1) is not None and text.between(at + 1) == ":":
        minute, last = text.number(at + 1) or 0, at + 1
    half = HALF_DAYS.get(text.key(last + 1)) if text.is_joined(last + 1) else None
    if not (text.is_joined(at) and _is_at(text, at) and (half is not None or last > at)) and half is None:
        return None
    if half is not None:
        hour, last = hour % 12 + half, last + 1
    interval = intervals.of_clock(hour, minute, text.posted_at, text.zone)
    return TimeRead(at, last, interval, f"clock {hour:02d}:{minute:02d}", 0.7) if interval else None


def _is_at(text: TimeText, at: int) -> bool:
    return any(form in AT for form, _ in forms(text.key(at - 1))) if text.key(at - 1) else False


_DIGIT_RULES: tuple[TimeRule, ...] = (_offset, iso_instant, numeric_date, day_first, year, _clock)
_WORD_RULES: tuple[TimeRule, ...] = (_phrase, _offset, month_first, _weekday)


def spans(read: Sequence[TimeRead]) -> Iterator[int]:
    """The token positions that name times."""
    for item in read:
        yield from range(item.first, item.last + 1)
