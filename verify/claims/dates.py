"""Dates in tokens, of any precision: 2016-08-24, 24.08.2016, 20 February 2020, 5 березня, in 2016.

A day and month without a year mean the last such date before the post. A bare year counts beside a word
that makes it one, behind a place or alone between punctuation. What is no date of the calendar is named.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from verify.claims import intervals
from verify.claims.time_text import TimeRead, TimeText
from verify.claims.timewords import (
    AFTER_YEAR,
    BEFORE_MONTH,
    BEFORE_YEAR,
    MODAL_MONTHS,
    MONTHS,
    TWO_WORD_MONTHS,
)
from verify.claims.words import forms


def numeric_date(text: TimeText, at: int) -> TimeRead | None:
    """2016-08-24, 2016/8/24, 24.08.2016, 24/08/2016; day before month where both could be."""
    parts = [text.number(at + step) for step in range(3)]
    marks = {text.between(at + 1), text.between(at + 2)} if at + 2 < len(text.tokens) else {""}
    if None in parts or len(marks) != 1 or not marks <= {".", "/", "-"}:
        return None
    a, b, c = (part or 0 for part in parts)
    year, month, day = (a, b, c) if a > 31 else (c if c > 99 else 2000 + c, b, a)
    if month > 12 >= day and a <= 31:
        month, day = day, month
    confidence = 0.95 if a > 31 or day > 12 else 0.7
    last = at + 2
    return _dated(text, (at, _with_clock(text, last)), (year, month, day), "date", confidence)


def day_first(text: TimeText, at: int) -> TimeRead | None:
    """20 February 2020, 5 березня, 7 באוקטובר."""
    day = text.number(at)
    if day is None or not 1 <= day <= 31:
        return None
    place = at + 1
    if text.key(place) in {"th", "st", "nd", "rd"}:
        place += 1
    place += text.key(place) in {"of", "de"}
    month, after = _month(text, place)
    if month is None or not text.is_joined(place):
        return None
    return _with_year(text, at, after, month, day)


def month_first(text: TimeText, at: int) -> TimeRead | None:
    """February 20, 2020; Feb20; December 2016; in December."""
    month, after = _month(text, at)
    if month is None or (text.keys[at] in MODAL_MONTHS and not text.tokens[at].is_capital):
        return None
    day = text.number(after) if text.is_joined(after) or text.between(after) in {".", ". "} else None
    if day is not None and 1 <= day <= 31 and len(text.keys[after]) <= 2:
        last = after + (text.key(after + 1) in {"th", "st", "nd", "rd"})
        return _with_year(text, at, last + 1, month, day)
    year = text.number(after) if text.is_joined(after) or text.between(after) == ", " else None
    if year is not None and 1000 <= year <= 2999:
        last = after + (text.key(after + 1) in AFTER_YEAR and text.is_joined(after + 1))
        return _dated(text, (at, last), (year, month, None), "month", 0.9)
    named = text.tokens[at].is_capital and len(text.keys[at]) > 3 and at > 0 and text.is_joined(at)
    if named and text.key(at - 1) in BEFORE_MONTH:
        return _dated(text, (at, after - 1), (None, month, None), "month", 0.7)
    return None


def _month(text: TimeText, at: int) -> tuple[int | None, int]:
    """The month at a token and the token after it."""
    key = text.key(at)
    two = TWO_WORD_MONTHS.get((key, text.key(at + 1)))
    if two is not None:
        return two, at + 2
    if key and not text.tokens[at].is_digits:
        for form, _ in ((key, 0), *forms(text.tokens[at].key)):
            if form in MONTHS:
                return MONTHS[form], at + 1
    return None, at


def _with_year(text: TimeText, first: int, after: int, month: int, day: int) -> TimeRead | None:
    """A day and a month, with the year behind them when there is one."""
    last, year = after - 1, None
    if text.is_joined(after) or text.between(after) in {", ", ","}:
        number = text.number(after)
        if number is not None and 1000 <= number <= 2999:
            year, last = number, after
            last += text.is_joined(after + 1) and text.key(after + 1) in AFTER_YEAR
    at = (first, _with_clock(text, last))
    return _dated(text, at, (year, month, day), "date", 0.95 if year else 0.85)


def _with_clock(text: TimeText, last: int) -> int:
    """A clock time right behind a date belongs to it."""
    hour, minute = text.number(last + 1), text.number(last + 2)
    close = hour is not None and minute is not None and len(text.between(last + 1)) <= 2
    return last + 2 if close and text.between(last + 2) == ":" else last


def _dated(
    text: TimeText,
    at: tuple[int, int],
    parts: tuple[int | None, int | None, int | None],
    rule: str,
    sure: float,
) -> TimeRead | None:
    """The date of (year, month, day) that tokens `at` write out, `sure` being its confidence."""
    interval = intervals.of_date(*parts, text.posted_at, text.zone)
    if interval is not None:
        return TimeRead(*at, interval, rule, sure)
    if parts[0] is not None or text.posted_at is not None:
        text.notes.append(f"“{text.words(*at)}” is not a date of the calendar.")
    return None


def year(text: TimeText, at: int) -> TimeRead | None:
    """A bare year counts beside a word that makes it one, or alone between punctuation."""
    year = text.number(at)
    if year is None or len(text.keys[at]) != 4 or not 1000 <= year <= 2100:
        return None
    token = text.tokens[at]
    before = text.key(at - 1) if text.is_joined(at) else ""
    after = text.key(at + 1) if text.is_joined(at + 1) else ""
    named = (
        before in BEFORE_YEAR or any(form in BEFORE_YEAR for form, _ in forms(before)) if before else False
    )
    suffixed = after in AFTER_YEAR and after != ""
    placed = at - 1 in text.after_places and token.gap == " " and year >= 1900
    alone = token.gap == "x" and not after and year >= 1900 and not _is_part_of_a_number(text, at)
    if not (named or suffixed or alone or placed):
        return None
    last = at + 1 if suffixed and text.tokens[at + 1].gap in {" ", "-"} else at
    return _dated(text, (at, last), (year, None, None), "year", 0.85 if named or suffixed else 0.7)


def _is_part_of_a_number(text: TimeText, at: int) -> bool:
    return text.between(at) in {".", ",", ":", "/"} or (
        text.between(at + 1) in {".", ",", ":", "/"} and (text.number(at + 1) is not None)
    )


def iso_instant(text: TimeText, at: int) -> TimeRead | None:
    """2016-08-24T10:00Z as one time of a minute's precision."""
    if len(text.keys[at]) != 4 or text.between(at + 1) != "-":
        return None
    end = text.tokens[at].start
    while end < len(text.text) and not text.text[end].isspace() and end < text.tokens[at].start + 32:
        end += 1
    try:
        moment = datetime.fromisoformat(text.text[text.tokens[at].start : end].rstrip(".,;)"))
    except ValueError:
        return None
    if "T" not in text.text[text.tokens[at].start : end]:
        return None
    moment = moment.replace(tzinfo=moment.tzinfo or text.zone).astimezone(UTC)
    last = max(place for place in range(at, len(text.tokens)) if text.tokens[place].start < end)
    return TimeRead(at, last, (moment, moment + timedelta(minutes=1)), "instant", 0.99)
