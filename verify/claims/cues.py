"""Words beside a mention that decide how to read it, from `data/words.csv` (list, meaning, words).

Folded as `text.fold` folds and cut as `words.stem` cuts, so that each is compared with a token's key;
an underscore stands for the space of a name of two words.
"""

from __future__ import annotations

import csv
import io
from importlib.resources import files

from verify.claims.text import fold
from verify.claims.words import stem

Keys = frozenset[str]


def _read() -> dict[str, Keys]:
    table = (files("verify.claims") / "data" / "words.csv").read_text(encoding="utf-8")
    return {row["list"]: _keys(row["words"]) for row in csv.DictReader(io.StringIO(table))}


def _keys(words: str) -> Keys:
    return frozenset(" ".join(stem(fold(part)) for part in word.split("_")) for word in words.split())


_LISTS = _read()


def _of_kind(prefix: str) -> dict[str, Keys]:
    return {name.removeprefix(prefix): keys for name, keys in _LISTS.items() if name.startswith(prefix)}


ARMS = _LISTS["arms"]
NOT_AFTER = _of_kind("not_after:")  #: by generic kind
NOT_BEFORE = _of_kind("not_before:")
OF_TYPE = _LISTS["of_type"]

NEGATIONS_BEFORE = _LISTS["negations_before"]
NEGATIONS_AFTER = _LISTS["negations_after"]
QUESTIONS = _LISTS["questions"]
TURNS = _LISTS["turns"]

PLACE_NOUNS = _LISTS["place_nouns"]
CONJUNCTIONS = _LISTS["conjunctions"]
LOCATIVES = _LISTS["locatives"]
PLACE_WORDS = _LISTS["place_words"]
ORGANISATIONS = _LISTS["organisations"]
COUNTRYSIDE = _LISTS["countryside"]
PROVINCE = _LISTS["province"]
NEAR = _LISTS["near"]
DIRECTIONS = _LISTS["directions"]
KILOMETRES = _LISTS["kilometres"]
MILES = _LISTS["miles"]
HASHTAG_TAILS = tuple(sorted(_LISTS["hashtag_tails"]))
COMMON_WORDS = _LISTS["common_words"]
NOT_PLACES = _LISTS["not_places"]
TURKISH_LOCATIVES = _LISTS["turkish_locatives"]
