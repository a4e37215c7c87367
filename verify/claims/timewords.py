"""Words of time in seven languages, from `data/times.csv` (list, value, words).

Folded and stemmed like tokens. A phrase means a code that `intervals` turns into an interval: `now`,
`day:-1` (calendar days from the post's), `part:morning:0` (a part of such a day), `week:-1`, `month:-1`,
`year:-1` (calendar units). A unit is "hour*2" for a dual; a negative number is a vague one.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from importlib.resources import files

from verify.claims.text import fold
from verify.claims.words import stem

ZWNJ = "\u200c"


def _key(word: str) -> str:
    return stem(fold(word))


def _read() -> dict[str, list[tuple[str, str]]]:
    table = (files("verify.claims") / "data" / "times.csv").read_text(encoding="utf-8")
    rows: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in csv.DictReader(io.StringIO(table)):
        rows[row["list"]].append((row["value"], row["words"]))
    return rows


_ROWS = _read()


def _table(name: str) -> dict[str, str]:
    return {_key(word): value for value, words in _ROWS[name] for word in words.split()}


def _keys(name: str) -> frozenset[str]:
    return frozenset(_table(name))


def _phrases() -> dict[str, list[tuple[tuple[str, ...], str]]]:
    by_first: dict[str, list[tuple[tuple[str, ...], str]]] = defaultdict(list)
    for code, phrases in _ROWS["phrases"]:
        for phrase in phrases.split("|"):
            words = tuple(_key(word) for word in phrase.replace(ZWNJ, " ").split())
            by_first[words[0]].append((words, code))
    return {first: sorted(entries, key=lambda entry: -len(entry[0])) for first, entries in by_first.items()}


UNITS = _table("units")
NUMBERS = {key: float(value) for key, value in _table("numbers").items()}
AGO = _keys("ago")
BEFORE = _keys("before")
FILLERS = _keys("fillers")
MONTHS = {key: int(value) for key, value in _table("months").items()}
#: Levantine months of two words: the second word decides.
TWO_WORD_MONTHS = {
    (_key(words.split("_")[0]), _key(words.split("_")[1])): int(month)
    for month, both in _ROWS["two_word_months"]
    for words in both.split()
}
WEEKDAYS = {key: int(value) for key, value in _table("weekdays").items()}
BEFORE_WEEKDAY = _keys("before_weekday")
AFTER_WEEKDAY = _table("after_weekday")
BEFORE_YEAR = _keys("before_year")
AFTER_YEAR = _keys("after_year")
BEFORE_MONTH = _keys("before_month")
AT = _keys("at")
HALF_DAYS = {key: int(value) for key, value in _table("half_days").items()}
MODAL_MONTHS = _keys("modal_months")  #: months that are also English words
#: First word of a phrase to the phrases that begin with it, longest first: (words, code).
PHRASES = _phrases()
#: The text itself says that the footage is not new.
OLD_FOOTAGE = tuple(phrase for _, phrases in _ROWS["old_footage"] for phrase in phrases.split("|"))
