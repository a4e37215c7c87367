"""A place and the words around its name in; the radius they widen it to out.

"Countryside of", "near", "southeast of" and "10 km from" make the claim about a wider area than the town;
each widening is named, so that a comparison can show it.
"""

from __future__ import annotations

from collections.abc import Sequence
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


def widened_radius(tokens: Sequence[Token], first: int, last: int, place: Place) -> tuple[float, str]:
    before = [token for token in tokens[max(0, first - 4) : first] if not token.is_digits]
    after = [token for token in tokens[last + 1 : last + 4] if not token.is_digits]
    around = _keys_of(before[-2:]) | _keys_of(after[:2])
    measured = _kilometres(tokens[max(0, first - 5) : first])
    if measured is not None:
        return place.radius_km + measured, f"{measured:.0f} km off"
    if around & COUNTRYSIDE and place.kind not in {"region", "country"}:
        return max(place.radius_km, COUNTRYSIDE_KM), "countryside"
    if (_keys_of(before[-1:]) | _keys_of(after[:1])) & PROVINCE and place.kind in {"city", "town"}:
        return max(place.radius_km, PROVINCE_KM), "province"
    if _keys_of(before[-2:]) & DIRECTIONS:
        return place.radius_km + DIRECTION_KM, "direction"
    if (_keys_of(before[-2:]) | _keys_of(after[:1])) & NEAR:
        return place.radius_km + NEAR_KM, "near"
    return place.radius_km, ""


def _keys_of(tokens: Sequence[Token]) -> set[str]:
    return {key for token in tokens for key, _ in forms(token.key)}


def _kilometres(before: Sequence[Token]) -> float | None:
    for number, unit in pairwise(before):
        if number.is_digits and len(number.key) <= 3 and unit.key in KILOMETRES | MILES:
            return float(number.key) * (KILOMETRES_PER_MILE if unit.key in MILES else 1.0)
    return None
