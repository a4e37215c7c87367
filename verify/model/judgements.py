"""What a named person says of the machine's findings, kept apart from them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from verify.model.matches import Span


class JudgementKind(StrEnum):
    """What a person said about a report."""

    CONFIRM = "confirm"  #: this match is one
    REJECT = "reject"  #: this match is none; feeds the list for recalibration
    RATING = "rating"
    NOTE = "note"


class Rating(StrEnum):
    """A person's rating of the media, in MediaReview's words (handbook `reports.md` 4.1)."""

    MISSING_CONTEXT = "DecontextualizedContent"
    EDITED_OR_CROPPED = "EditedOrCroppedContent"
    ORIGINAL = "OriginalMediaContent"
    SATIRE_OR_PARODY = "SatireOrParodyContent"
    STAGED = "StagedContent"
    TRANSFORMED = "TransformedContent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One statement of a named person; a later one stands beside it and never replaces it."""

    id: str
    item_id: str
    run: int  #: of the report it is about
    kind: JudgementKind
    by: str
    at: datetime
    media_sha256: str = ""  #: of the query, for a confirmed or rejected match
    reference_id: str = ""
    query: Span | None = None
    rating: Rating | None = None
    note: str = ""
