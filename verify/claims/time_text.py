"""A text being read for times: its tokens by position, numbers and gaps; shared by `times` and `dates`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from verify.claims.intervals import Interval
from verify.claims.text import Token


@dataclass(frozen=True, slots=True)
class TimeRead:
    """A time found: token positions `first` to `last`, both included, and what it means."""

    first: int
    last: int
    interval: Interval
    rule: str
    confidence: float

    @property
    def is_day(self) -> bool:
        """Whether it means one day of the calendar."""
        return self.rule in {"date", "weekday"} or self.rule.startswith("phrase day:")

    @property
    def part(self) -> str:
        """The part of an unnamed day that it means, or its time by the clock; else empty."""
        if self.rule.startswith("phrase part:") and self.rule.endswith(":0"):
            return self.rule.split(":")[1]
        return self.rule if self.rule.startswith("clock ") else ""


@dataclass(frozen=True, slots=True)
class TimeText:
    """One text being read: what the rules look at."""

    text: str
    tokens: Sequence[Token]
    keys: Sequence[str]  #: the tokens' keys, stemmed
    taken: set[int]  #: tokens that name equipment
    posted_at: datetime | None
    zone: ZoneInfo
    notes: list[str] = field(default_factory=list)
    undated: set[int] = field(default_factory=set)  #: tokens of times relative to a post of unknown date
    after_places: frozenset[int] = frozenset()  #: last tokens of places: "Tigray 2021" is a time

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


TimeRule = Callable[[TimeText, int], TimeRead | None]
