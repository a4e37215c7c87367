"""A text in; the claim it makes out: equipment, places and times, each with its span and rule (pure).

The tables it reads with are data beside the code; a desk adds its own through `build_lexicon` and
`build_gazetteer`. Nothing here knows a network, a clock or a database.
"""

from __future__ import annotations

from verify.claims.as_json import claim_json
from verify.claims.checking import Fault, check_equipment, check_places
from verify.claims.gazetteer import Gazetteer, Place, build_gazetteer, own_gazetteer
from verify.claims.lexicon import (
    Lexicon,
    build_lexicon,
    own_lexicon,
    relate_equipment,
    resolve_equipment,
)
from verify.claims.reader import ClaimReader, make_reader, own_reader, read_claim

__all__ = [
    "ClaimReader",
    "Fault",
    "Gazetteer",
    "Lexicon",
    "Place",
    "build_gazetteer",
    "build_lexicon",
    "check_equipment",
    "check_places",
    "claim_json",
    "make_reader",
    "own_gazetteer",
    "own_lexicon",
    "own_reader",
    "read_claim",
    "relate_equipment",
    "resolve_equipment",
]
