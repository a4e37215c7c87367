"""A `Claim` in, its text cut where a place, time or equipment was read out.

Pure. Spans may overlap or lie outside the text; every character comes out exactly once.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from verify.model import Claim, ClaimedTime, EquipmentMention, PlaceMention
from verify.reports.words import instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A run of the claim's text and the kinds of mention that cover it."""

    text: str
    kinds: tuple[str, ...]  #: of "equipment", "place", "time"; empty for plain text


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One mention as a row: what is written, what it was read as, by which rule."""

    kind: str
    text: str
    meaning: str
    rule: str
    polarity: str
    confidence: float


def pieces(claim: Claim) -> tuple[Piece, ...]:
    """The claim's text in order, cut at every boundary of a mention."""
    length = len(claim.text)
    spans = [(kind, _within(start, length), _within(end, length)) for kind, start, end in _spans(claim)]
    cuts = sorted({0, length, *(start for _, start, _ in spans), *(end for _, _, end in spans)})
    return tuple(
        Piece(
            text=claim.text[left:right],
            kinds=tuple(sorted({kind for kind, start, end in spans if start <= left and right <= end})),
        )
        for left, right in pairwise(cuts)
    )


def readings(claim: Claim) -> tuple[Reading, ...]:
    """Every mention, in the order of the text."""
    found: list[EquipmentMention | PlaceMention | ClaimedTime] = [
        *claim.equipment,
        *claim.places,
        *claim.times,
    ]
    return tuple(
        _reading(mention) for mention in sorted(found, key=lambda mention: (mention.start, mention.end))
    )


def _within(offset: int, length: int) -> int:
    return min(max(offset, 0), length)


def _spans(claim: Claim) -> list[tuple[str, int, int]]:
    return [
        *(("equipment", mention.start, mention.end) for mention in claim.equipment),
        *(("place", mention.start, mention.end) for mention in claim.places),
        *(("time", mention.start, mention.end) for mention in claim.times),
    ]


def _reading(mention: EquipmentMention | PlaceMention | ClaimedTime) -> Reading:
    kind, meaning = _meaning(mention)
    return Reading(
        kind=kind,
        text=mention.text,
        meaning=meaning,
        rule=mention.rule,
        polarity=mention.polarity.value,
        confidence=mention.confidence,
    )


def _meaning(mention: EquipmentMention | PlaceMention | ClaimedTime) -> tuple[str, str]:
    match mention:
        case EquipmentMention():
            return "equipment", f"{mention.name} ({mention.family})"
        case PlaceMention():
            others = f"; or {', '.join(mention.alternatives)}" if mention.alternatives else ""
            where = f"{mention.latitude:.4f}, {mention.longitude:.4f}, within {mention.radius_km:g} km"
            return "place", f"{mention.name} ({where}){others}"
        case ClaimedTime():
            return "time", f"{instant(mention.earliest)} to {instant(mention.latest)}"
