"""What a text claims, how that stands to what is known, and the finding drawn from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Polarity(StrEnum):
    ASSERTED = "asserted"
    NEGATED = "negated"
    QUOTED = "quoted"
    QUESTIONED = "questioned"


@dataclass(frozen=True, slots=True, kw_only=True)
class EquipmentMention:
    name: str  #: canonical
    family: str
    text: str  #: as written
    start: int  #: character offsets into the claim's text
    end: int
    rule: str
    polarity: Polarity = Polarity.ASSERTED
    confidence: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceMention:
    name: str
    latitude: float
    longitude: float
    radius_km: float
    text: str
    start: int
    end: int
    rule: str
    polarity: Polarity = Polarity.ASSERTED
    confidence: float = 1.0
    alternatives: tuple[str, ...] = ()  #: other places of that name, when nothing tells them apart


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedTime:
    """When the post says it happened: an interval that includes its tolerance."""

    earliest: datetime
    latest: datetime
    text: str
    start: int
    end: int
    rule: str
    polarity: Polarity = Polarity.ASSERTED
    confidence: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    text: str
    source: str  #: "post" | "user"
    equipment: tuple[EquipmentMention, ...] = ()
    places: tuple[PlaceMention, ...] = ()
    times: tuple[ClaimedTime, ...] = ()
    notes: tuple[str, ...] = ()


class Verdict(StrEnum):
    """How one fact of the claim stands to one fact of a reference."""

    CONSISTENT = "consistent"
    CONFLICTS = "conflicts"
    CANNOT_COMPARE = "cannot compare"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    aspect: str  #: "time" | "place" | "equipment" | "hosted media date"
    reference_id: str  #: empty for facts of the post itself
    verdict: Verdict
    claimed: str
    known: str
    arithmetic: str  #: the sum, shown: "2016-08-24 is 1,275 days before 2020-02-20"
    decisive: bool = False


class FindingLabel(StrEnum):
    """The machine's findings, in the words of handbook `reports.md` 4.5."""

    EARLIER_COPY_FOUND = "earlier_copy_found"
    MATCH_FOUND_DATE_UNDETERMINED = "match_found_date_undetermined"
    MATCH_CONSISTENT_WITH_CLAIM = "match_consistent_with_claim"
    PARTIAL_MATCH = "partial_match"
    POSSIBLE_MATCH_NEEDS_REVIEW = "possible_match_needs_review"
    NO_MATCH_IN_REFERENCE_SET = "no_match_in_reference_set"
    INSUFFICIENT_MEDIA = "insufficient_media"
    NOT_RETRIEVABLE = "not_retrievable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    label: FindingLabel
    statement: str
    reasons: tuple[str, ...] = ()  #: by weight, heaviest first
    comparisons: tuple[Comparison, ...] = ()
    limits: tuple[str, ...] = ()  #: what this does not prove
