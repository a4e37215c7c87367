"""A text and the instant of its post in; the claim it makes out: equipment, places and times with spans.

Offline and explainable: every mention carries the rule that fired. `ClaimReader` holds the lexicon and
the gazetteer it reads with; it is stateless otherwise. Any text is read: empty, very long, mixed in direction
or alphabet; what is odd about it is named in the claim's notes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from verify.claims.equipment import Hit, find_equipment
from verify.claims.gazetteer import Gazetteer, build_gazetteer, own_gazetteer, own_place_tables
from verify.claims.lexicon import Lexicon, build_lexicon, own_equipment_table, own_lexicon
from verify.claims.places import PlaceRead, find_places
from verify.claims.polarity import Marks, polarity_of, read_marks
from verify.claims.text import Cleaned, Token, clean, tokenize
from verify.claims.time_text import TimeRead, TimeText
from verify.claims.times import find_times, spans
from verify.claims.timewords import OLD_FOOTAGE
from verify.claims.words import stem
from verify.model import Claim, ClaimedTime, EquipmentMention, PlaceMention, Polarity

MOST_NOTES = 20
LONG_TEXT = 10_000  # characters; a post is shorter, an article pasted by mistake is not
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff]")
_LEFT_TO_RIGHT = re.compile("[A-Za-z\u0400-\u04ff]{3}")


@dataclass(frozen=True, slots=True)
class _Reading:
    """One text on its way to a claim."""

    text: str
    cleaned: Cleaned
    tokens: Sequence[Token]
    marks: Marks

    def span(self, start: int, end: int) -> tuple[int, int, str]:
        """A span of the cleaned text in the original, with its words there."""
        first, after = self.cleaned.original_span(start, end)
        return first, after, self.text[first:after]

    def polarity(self, first: int, last: int) -> Polarity:
        return polarity_of(self.marks, self.tokens, first, last)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimReader:
    """Reads claims with one lexicon and one gazetteer."""

    lexicon: Lexicon
    gazetteer: Gazetteer

    def read(self, text: str, *, posted_at: datetime | None, source: str = "post") -> Claim:
        """The claim a text makes. `posted_at` is aware; without it relative times are named, not resolved."""
        cleaned = clean(text)
        tokens = tokenize(cleaned.text)
        reading = _Reading(text, cleaned, tokens, read_marks(cleaned.text))
        hits = find_equipment(cleaned.text, tokens, self.lexicon)
        taken = {at for hit in hits for at in range(hit.first, hit.last + 1)}
        base = TimeText(
            text=cleaned.text,
            tokens=tokens,
            keys=[stem(token.key) for token in tokens],
            taken=taken,
            posted_at=posted_at,
            zone=ZoneInfo("UTC"),
        )
        # Twice: times are no places, and only the places tell the zone in which the times count.
        covered = taken | set(spans(find_times(base)))
        read = find_places(cleaned.text, tokens, covered, self.gazetteer)
        last = frozenset(item.hit.last for item in read)
        timed = replace(base, zone=_zone(read), notes=[], undated=set(), after_places=last)
        times = find_times(timed)
        return _claim(reading, source, self._equipment(reading, hits), read, (times, timed.notes))

    def _equipment(self, reading: _Reading, hits: Iterable[Hit]) -> tuple[EquipmentMention, ...]:
        return tuple(self._mention(reading, hit) for hit in hits)

    def _mention(self, reading: _Reading, hit: Hit) -> EquipmentMention:
        start, end, words = reading.span(hit.start, hit.end)
        name = hit.alias.type_name
        return EquipmentMention(
            name=name,
            family=self.lexicon.family(name),
            text=words,
            start=start,
            end=end,
            rule=f"{hit.alias.rule} ({hit.alias.language})",
            polarity=reading.polarity(hit.first, hit.last),
            confidence=0.8 if hit.alias.flags & {"c", "u", "x"} else 0.9 if hit.is_generic else 0.98,
        )


def _zone(read: Sequence[PlaceRead]) -> ZoneInfo:
    """The time zone of the first place; UTC without one."""
    for item in read:
        try:
            return ZoneInfo(item.place.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            continue
    return ZoneInfo("UTC")


def _claim(
    reading: _Reading,
    source: str,
    equipment: tuple[EquipmentMention, ...],
    read: Sequence[PlaceRead],
    timed: tuple[Sequence[TimeRead], Sequence[str]],
) -> Claim:
    times, notes = timed
    claimed = tuple(_time(reading, item) for item in times)
    places = tuple(_place(reading, item) for item in read)
    return Claim(
        text=reading.text,
        source=source,
        equipment=equipment,
        places=places,
        times=claimed,
        notes=_shown([*_oddities(reading), *notes, *_contradictions(equipment, places, claimed)]),
    )


def _shown(notes: Sequence[str]) -> tuple[str, ...]:
    """Each note once; a text made to be refused gives no more than a page of them."""
    distinct = tuple(dict.fromkeys(notes))
    if len(distinct) <= MOST_NOTES:
        return distinct
    return (*distinct[:MOST_NOTES], f"{len(distinct) - MOST_NOTES} further notes are left out.")


def _place(reading: _Reading, item: PlaceRead) -> PlaceMention:
    start, end, words = reading.span(item.hit.start, item.hit.end)
    return PlaceMention(
        name=item.place.name,
        latitude=item.place.latitude,
        longitude=item.place.longitude,
        radius_km=round(item.radius_km, 1),
        text=words,
        start=start,
        end=end,
        rule=item.rule,
        polarity=reading.polarity(item.hit.first, item.hit.last),
        confidence=item.confidence,
        alternatives=item.alternatives,
    )


def _time(reading: _Reading, item: TimeRead) -> ClaimedTime:
    start, end, words = reading.span(reading.tokens[item.first].start, reading.tokens[item.last].end)
    return ClaimedTime(
        earliest=item.interval[0].astimezone(UTC),
        latest=item.interval[1].astimezone(UTC),
        text=words,
        start=start,
        end=end,
        rule=item.rule,
        polarity=reading.polarity(item.first, item.last),
        confidence=item.confidence,
    )


def _oddities(reading: _Reading) -> list[str]:
    notes = list(reading.cleaned.notes)
    if not reading.text.strip():
        notes.append("The text is empty; no claim was read.")
    elif not reading.tokens:
        notes.append("The text holds no words; no claim was read.")
    if len(reading.text) > LONG_TEXT:
        notes.append(f"The text is unusually long ({len(reading.text):,} characters); it was read whole.")
    if _RIGHT_TO_LEFT.search(reading.text) and _LEFT_TO_RIGHT.search(reading.text):
        notes.append(
            "The text mixes directions of writing; offsets count characters as stored, not as shown."
        )
    lowered = reading.cleaned.text.casefold()
    old = next((phrase for phrase in OLD_FOOTAGE if phrase in lowered), None)
    if old:
        notes.append(f"The text itself speaks of old footage (“{old}”).")
    return notes


def _contradictions(
    equipment: Sequence[EquipmentMention], places: Sequence[PlaceMention], times: Sequence[ClaimedTime]
) -> list[str]:
    notes: list[str] = []
    asserted = sorted(
        (item for item in times if item.polarity is Polarity.ASSERTED), key=lambda item: item.earliest
    )
    for one, other in pairwise(asserted):
        if one.latest < other.earliest:
            notes.append(f"The text gives times that exclude each other: “{one.text}” and “{other.text}”.")
    denied = _denied_and_claimed([*equipment, *places])
    return notes + [f"The text both claims and denies {name}." for name in denied]


def _denied_and_claimed(mentions: Iterable[EquipmentMention | PlaceMention]) -> list[str]:
    by_name: dict[str, set[Polarity]] = {}
    for mention in mentions:
        by_name.setdefault(mention.name, set()).add(mention.polarity)
    return [name for name, found in by_name.items() if {Polarity.ASSERTED, Polarity.NEGATED} <= found]


@lru_cache(maxsize=1)
def own_reader() -> ClaimReader:
    """The reader with the tables that come with the program; made on first use, about a second."""
    return ClaimReader(lexicon=own_lexicon(), gazetteer=own_gazetteer())


def make_reader(equipment: Sequence[bytes] = (), places: Sequence[bytes] = ()) -> ClaimReader:
    """A reader with the program's tables and the desk's own (CSV bytes). Raises LexiconUnreadable."""
    if not equipment and not places:
        return own_reader()
    return ClaimReader(
        lexicon=build_lexicon([own_equipment_table(), *equipment]),
        gazetteer=build_gazetteer([*own_place_tables(), *places]),
    )


def read_claim(
    text: str, *, posted_at: datetime | None, source: str = "post", reader: ClaimReader | None = None
) -> Claim:
    """The claim a text makes; `source` says whose text it is: "post" or "user"."""
    return (reader or own_reader()).read(text, posted_at=posted_at, source=source)
