"""A place and the words around its name in; the radius they widen it to out.

"Countryside of", "near", "southeast of" and "10 km from" make the claim about a wider area than the town;
each widening is named, so that a comparison can show it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from verify.claims.cues import COUNTRYSIDE, DIRECTIONS, KILOMETRES, MILES, NEAR, PROVINCE
from verify.claims.gazetteer import Place
from verify.claims.text import Token
from verify.claims.words import forms

COUNTRYSIDE_KM = 35.0  # a Syrian governorate or a Ukrainian raion around its town
PROVINCE_KM = 70.0
DIRECTION_KM = 20.0
NEAR_KM = 10.0
KILOMETRES_PER_MILE = 1.609344


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The tokens of a text with those that name places: words beyond the next name belong to that one."""

    tokens: Sequence[Token]
    named: frozenset[int]

    def before(self, first: int) -> list[Token]:
        """Up to five tokens before a name, in order, within its clause."""
        at = first
        while at > max(0, first - 5) and self.tokens[at].gap != "x" and at - 1 not in self.named:
            at -= 1
        return list(self.tokens[at:first])

    def after(self, last: int) -> list[Token]:
        """Up to three tokens behind a name, within its clause."""
        at = last + 1
        while at < min(len(self.tokens), last + 4) and self.tokens[at].gap != "x" and at not in self.named:
            at += 1
        return list(self.tokens[last + 1 : at])


def widened_radius(around: Surroundings, first: int, last: int, place: Place) -> tuple[float, str]:
    """The radius in kilometres of a place named by tokens `first` to `last`, and what widened it."""
    before, after = around.before(first), around.after(last)
    measured = _kilometres(before)
    words = [token for token in before if not token.is_digits]
    if measured is not None:
        return place.radius_km + measured, f"{measured:.0f} km off"
    if _keys_of([*words[-2:], *after[:2]]) & COUNTRYSIDE and place.kind not in {"region", "country"}:
        return max(place.radius_km, COUNTRYSIDE_KM), "countryside"
    if _keys_of([*words[-1:], *after[:1]]) & PROVINCE and place.kind in {"city", "town"}:
        return max(place.radius_km, PROVINCE_KM), "province"
    if _keys_of(words[-2:]) & DIRECTIONS:
        return place.radius_km + DIRECTION_KM, "direction"
    if _keys_of([*words[-2:], *after[:1]]) & NEAR:
        return place.radius_km + NEAR_KM, "near"
    return place.radius_km, ""


def _keys_of(tokens: Sequence[Token]) -> set[str]:
    return {key for token in tokens for key, _ in forms(token.key)}


def _kilometres(before: Sequence[Token]) -> float | None:
    for number, unit in pairwise(before):
        if number.is_digits and len(number.key) <= 3 and unit.key in KILOMETRES | MILES:
            return float(number.key) * (KILOMETRES_PER_MILE if unit.key in MILES else 1.0)
    return None
