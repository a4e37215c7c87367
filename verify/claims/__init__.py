"""A text in; the claim it makes out: equipment, places and times, each with its span and rule (pure).

The tables it reads with are data beside the code; a desk adds its own through `build_lexicon` and
`build_gazetteer`. Nothing here knows a network, a clock or a database.
"""

from __future__ import annotations

from verify.claims.as_json import claim_json
from verify.claims.gazetteer import Gazetteer, Place, build_gazetteer, own_gazetteer
from verify.claims.lexicon import (
    Lexicon,
    LexiconUnreadable,
    build_lexicon,
    own_lexicon,
    relate_equipment,
    resolve_equipment,
)
from verify.claims.reader import ClaimReader, own_reader, read_claim

__all__ = [
    "ClaimReader",
    "Gazetteer",
    "Lexicon",
    "LexiconUnreadable",
    "Place",
    "build_gazetteer",
    "build_lexicon",
    "claim_json",
    "own_gazetteer",
    "own_lexicon",
    "own_reader",
    "read_claim",
    "relate_equipment",
    "resolve_equipment",
]
