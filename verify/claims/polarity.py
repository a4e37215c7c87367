"""A mention's tokens in; asserted, negated, quoted or questioned out, by the words and marks around it.

A negation reaches over its clause, a question over its sentence, quotation marks over what they enclose;
marks around a name alone («Град») are its spelling, not a quotation. Rules for seven languages, no grammar:
what they miss stays asserted.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from verify.claims.cues import NEGATIONS_AFTER, NEGATIONS_BEFORE, QUESTIONS, TURNS
from verify.claims.text import Token
from verify.claims.words import stem
from verify.model import Polarity

NEGATION_REACH = 5  # tokens
QUOTED_LEAST = 4  # tokens; fewer are a name in quotes
_TERMINATOR = re.compile(r"[?؟!\n…]+|\.(?=\s|$)")
_QUOTED = re.compile(
    r"“[^“”]{8,400}”|«[^«»]{8,400}»|„[^„“”]{8,400}[“”]|(?<![א-ת\w])\"[^\"\n]{8,400}\"(?![א-ת\w])|(?<!\w)‘[^‘’\n]{12,400}’(?!\w)"
)


@dataclass(frozen=True, slots=True)
class Marks:
    """Where the sentences of a text end, which of them ask, and what is in quotation marks."""

    ends: list[int]
    asks: list[bool]
    quotes: list[tuple[int, int]]


def read_marks(text: str) -> Marks:
    stops = [(match.end(), "?" in match[0] or "؟" in match[0]) for match in _TERMINATOR.finditer(text)]
    return Marks(
        ends=[end for end, _ in stops],
        asks=[asks for _, asks in stops],
        quotes=[match.span() for match in _QUOTED.finditer(text)],
    )


def polarity_of(marks: Marks, tokens: Sequence[Token], first: int, last: int) -> Polarity:
    """The polarity of the mention that spans tokens `first` to `last`."""
    start, end = tokens[first].start, tokens[last].end
    if _is_negated(marks, tokens, first, last):
        return Polarity.NEGATED
    if _is_questioned(marks, tokens, first, start):
        return Polarity.QUESTIONED
    if _is_quoted(marks, tokens, first, start, end):
        return Polarity.QUOTED
    return Polarity.ASSERTED


def _sentence(marks: Marks, at: int) -> int:
    return bisect_right(marks.ends, at)


def _is_questioned(marks: Marks, tokens: Sequence[Token], first: int, start: int) -> bool:
    sentence = _sentence(marks, start)
    if sentence < len(marks.asks) and marks.asks[sentence]:
        return True
    for at in range(first - 1, max(-1, first - 9), -1):
        if _sentence(marks, tokens[at].start) != sentence:
            return False
        if stem(tokens[at].key) in QUESTIONS:
            return True
    return False


def _is_quoted(marks: Marks, tokens: Sequence[Token], first: int, start: int, end: int) -> bool:
    for opened, closed in marks.quotes:
        if opened <= start and end <= closed:
            inside = [
                token for token in tokens[max(0, first - 40) : first + 40] if opened <= token.start < closed
            ]
            return len(inside) >= QUOTED_LEAST
    return False


def _is_negated(marks: Marks, tokens: Sequence[Token], first: int, last: int) -> bool:
    sentence = _sentence(marks, tokens[first].start)
    for at in range(first - 1, max(-1, first - 1 - NEGATION_REACH), -1):
        if tokens[at + 1].gap == "x" or _sentence(marks, tokens[at].start) != sentence:
            break
        key = stem(tokens[at].key)
        if key in NEGATIONS_BEFORE:
            return True
        if key in TURNS:
            break
    for at in range(last + 1, min(len(tokens), last + NEGATION_REACH)):
        if tokens[at].gap == "x":
            break
        if stem(tokens[at].key) in NEGATIONS_AFTER:
            return True
    return False
