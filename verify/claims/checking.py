"""Desk tables in (CSV bytes); their faults out, each with its line, for `verify lexicon check` (pure).

Rows are checked against the program's own tables: unknown classes and parents, names that two types or too
many places bear, aliases that are ordinary words, zones that do not exist. Nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar
from zoneinfo import ZoneInfo

from verify.claims.cues import COMMON_WORDS, NOT_PLACES
from verify.claims.gazetteer import Gazetteer, Place, lookup_keys, own_gazetteer, read_places
from verify.claims.lexicon import EquipmentType, Lexicon, own_lexicon, read_types, resolve_equipment
from verify.claims.sphere import distance_km
from verify.claims.text import clean, tokenize
from verify.errors import LexiconUnreadable

SAME_SPOT_KM = 1.0

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing to mend in a table; `line` is 0 for the whole."""

    line: int
    sentence: str


def check_equipment(table: bytes, lexicon: Lexicon | None = None) -> tuple[Fault, ...]:
    """The faults of a table of equipment, read on top of `lexicon` (the program's own without one)."""
    own = lexicon or own_lexicon()
    rows, faults = _rows(lambda: read_types(table))
    names = {row.name for _, row in rows}
    for line, row in rows:
        faults += [Fault(line=line, sentence=sentence) for sentence in _type_faults(row, names, own)]
    return tuple(faults)


def check_places(table: bytes, gazetteer: Gazetteer | None = None) -> tuple[Fault, ...]:
    """The faults of a table of places, read on top of `gazetteer` (the program's own without one)."""
    own = gazetteer or own_gazetteer()
    rows, faults = _rows(lambda: read_places(table))
    for line, place in rows:
        faults += [Fault(line=line, sentence=sentence) for sentence in _place_faults(place, own)]
    return tuple(faults)


def _rows(read: Callable[[], Iterator[tuple[int, Row]]]) -> tuple[list[tuple[int, Row]], list[Fault]]:
    """The rows up to the first that cannot be read, and that one as a fault."""
    rows: list[tuple[int, Row]] = []
    try:
        rows.extend(read())
    except LexiconUnreadable as error:
        return rows, [Fault(line=0, sentence=error.detail)]
    return rows, []


def _type_faults(row: EquipmentType, names: set[str], own: Lexicon) -> Iterator[str]:
    for what, above in (("class", row.kind), ("parent", row.parent)):
        if above and above not in names and above not in own.types:
            yield f"{row.name}: the {what} “{above}” is no row of this table nor of the program's own"
        if above == row.name:
            yield f"{row.name} is its own {what}"
    for language, written in row.names:
        alias = written.partition("!")[0]
        tokens = tokenize(clean(alias).text)
        if not tokens or all(token.is_digits for token in tokens):
            yield f"{row.name}: the {language} alias “{alias}” holds no letters"
            continue
        bearer = resolve_equipment(alias, own)
        if bearer in own.types and bearer != row.name:
            yield f"{row.name}: the {language} alias “{alias}” is already a name of {bearer}"
        if len(tokens) == 1 and len(alias) < 3 and not row.flags & set("ux"):
            yield f"{row.name}: the {language} alias “{alias}” is too short to stand alone; flag it x"


def _place_faults(place: Place, own: Gazetteer) -> Iterator[str]:
    try:
        ZoneInfo(place.timezone)
    except (KeyError, ValueError):
        yield f"{place.name}: there is no time zone “{place.timezone}”"
    keys = lookup_keys(place)
    if not keys:
        yield f"{place.name}: the name is too short to be found in a text"
    for key in keys:
        if key in NOT_PLACES:
            yield f"{place.name}: “{key}” is an ordinary word and is never read as a place"
        elif key in COMMON_WORDS:
            yield f"{place.name}: “{key}” is also an ordinary word; it counts only beside “near” and the like"
    twins = [own.places[at] for key in keys[:1] for at in own.by_name.get(key, ())]
    if any(_apart(place, twin) < SAME_SPOT_KM for twin in twins):
        yield f"{place.name}: the program's own table has it at the same spot"


def _apart(one: Place, other: Place) -> float:
    return distance_km(one.latitude, one.longitude, other.latitude, other.longitude)
