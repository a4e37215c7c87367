"""The nouns, in flow order: what each stage makes and the next one takes.

Frozen records, no I/O. Instants are aware datetimes in UTC. Positions in a clip are integer
microseconds (`_us`) counted from the presentation time of its first picture. Sizes are bytes.
Pictures are NumPy arrays of 8-bit grey, shape (height, width).
"""

from __future__ import annotations

from verify.model.claims import (
    Claim,
    ClaimedTime,
    Comparison,
    EquipmentMention,
    Finding,
    FindingLabel,
    PlaceMention,
    Polarity,
    Verdict,
)
from verify.model.judgements import Judgement, JudgementKind, Rating
from verify.model.matches import (
    FramePair,
    Geometry,
    MatchKind,
    MatchResult,
    MatchSegment,
    Orientation,
    Place,
    Span,
)
from verify.model.media import (
    ContentCredentials,
    CredentialsState,
    DecodeOutcome,
    Frame,
    MediaFile,
    MediaMetadata,
    Still,
)
from verify.model.post import (
    Attempt,
    Author,
    LinkedPost,
    MediaKind,
    MediaRef,
    MediaRole,
    MediaVariant,
    Post,
    PostKey,
    PostState,
)
from verify.model.references import STRONG_BASES, DateBasisKind, Provenance, Reference
from verify.model.reports import ItemState, KeyframeRecord, MediaReport, Problem, Report, SideBySide, Versions
from verify.model.units import GreyImage, type_us

__all__ = [
    "STRONG_BASES",
    "Attempt",
    "Author",
    "Claim",
    "ClaimedTime",
    "Comparison",
    "ContentCredentials",
    "CredentialsState",
    "DateBasisKind",
    "DecodeOutcome",
    "EquipmentMention",
    "Finding",
    "FindingLabel",
    "Frame",
    "FramePair",
    "Geometry",
    "GreyImage",
    "ItemState",
    "Judgement",
    "JudgementKind",
    "KeyframeRecord",
    "LinkedPost",
    "MatchKind",
    "MatchResult",
    "MatchSegment",
    "MediaFile",
    "MediaKind",
    "MediaMetadata",
    "MediaRef",
    "MediaReport",
    "MediaRole",
    "MediaVariant",
    "Orientation",
    "Place",
    "PlaceMention",
    "Polarity",
    "Post",
    "PostKey",
    "PostState",
    "Problem",
    "Provenance",
    "Rating",
    "Reference",
    "Report",
    "SideBySide",
    "Span",
    "Still",
    "Verdict",
    "Versions",
    "type_us",
]
