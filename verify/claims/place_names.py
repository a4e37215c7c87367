"""Tokens in; the names of places among them out, each with the places that bear it, not yet judged.

A name is looked up as written, in hashtags also joined and with a common tail cut off (#saraqibbattle), and
by skeleton where a word beside it says that a place follows. Attached Arabic and Hebrew prepositions and
Turkish and Cyrillic cases are taken off. Nothing is decided here on what a name means.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from verify.claims.cues import (
    COMMON_WORDS,
    HASHTAG_TAILS,
    LOCATIVES,
    NOT_PLACES,
    PLACE_WORDS,
    TURKISH_LOCATIVES,
)
from verify.claims.gazetteer import ARTICLES, Gazetteer, skeleton
from verify.claims.text import Token
from verify.claims.words import forms, is_cased, stem

STRONG_WEIGHT = 100_000  # as well known as a great city
_MOST_WORDS = 5
BREAKS = frozenset({"x", "/", "."})  # gaps that no name reaches over
_ATTACHED = frozenset("\u0628\u0644\u05d1\u05dc\u05de")  # the prepositions b and l, and the Hebrew m
_ARABIC_ARTICLE = "\u0627\u0644"


@dataclass(frozen=True, slots=True)
class PlaceHit:
    """A name found: its tokens, its span in the cleaned text and the places that bear it."""

    first: int
    last: int
    start: int
    end: int
    key: str
    candidates: tuple[int, ...]
    rule: str
    cued: bool  #: a word beside it says that it is a place


@dataclass(frozen=True, slots=True)
class PlaceText:
    """One text being searched. `taken` are tokens that name equipment or times."""

    text: str
    tokens: Sequence[Token]
    taken: set[int]
    gazetteer: Gazetteer

    def is_run(self, first: int, last: int) -> bool:
        """Whether the tokens are free and nothing but spaces and hyphens lies between them."""
        if last >= len(self.tokens) or any(at in self.taken for at in range(first, last + 1)):
            return False
        return all(token.gap not in BREAKS for token in self.tokens[first + 1 : last + 1])


def find_names(text: PlaceText) -> list[PlaceHit]:
    """The names, in order, without overlaps; the longest at each token."""
    found: list[PlaceHit] = []
    at = 0
    while at < len(text.tokens):
        hit = None if at in text.taken or text.tokens[at].is_digits else _hit_at(text, at)
        at = at + 1 if hit is None else hit.last + 1
        if hit is not None and not _is_a_name_in_quotes(text, hit):
            found.append(hit)
    return found


def _hit_at(text: PlaceText, at: int) -> PlaceHit | None:
    token = text.tokens[at]
    if token.gap == "" and at and is_cased(token.key) == is_cased(text.tokens[at - 1].key):
        return None  # inside a word with digits
    for key, cut in _first_keys(token):
        words = min(text.gazetteer.longest.get(key, 0), _MOST_WORDS)
        for last in range(at + words - 1, at - 1, -1):
            hit = _exact(text, (at, last), key, cut)
            if hit is not None:
                return hit
    return _in_hashtag(text, at) or _by_skeleton(text, at)


def _first_keys(token: Token) -> Iterator[tuple[str, int]]:
    """The keys of a first word; an attached preposition may go, an article is part of the name."""
    yield stem(token.key), 0
    if token.stem:
        yield stem(token.stem), 0
    if not is_cased(token.key):
        for key, cut in forms(token.key):
            if cut and not token.key[:cut].endswith(_ARABIC_ARTICLE):
                yield key, cut


def _exact(text: PlaceText, at: tuple[int, int], key: str, cut: int) -> PlaceHit | None:
    first, last = at
    if not text.is_run(first, last):
        return None
    for name, end in _spellings(text.tokens, first, last, key):
        candidates = None if name in NOT_PLACES else text.gazetteer.by_name.get(name)
        if not candidates:
            continue
        if (
            cut
            or _is_capital(text.tokens, first)
            or _is_known_in_lower_case(name, candidates, text.gazetteer)
        ):
            span = (text.tokens[first].start + cut, end)
            attached = cut > 0 and text.tokens[first].key[cut - 1] in _ATTACHED and name not in COMMON_WORDS
            cued = attached or _is_cued(text.tokens, first, last, end)
            return PlaceHit(first, last, *span, name, tuple(candidates), "gazetteer", cued)
    return None


def _spellings(tokens: Sequence[Token], first: int, last: int, key: str) -> Iterator[tuple[str, int]]:
    """The name with and without what follows the last apostrophe, and where each ends."""
    tail = tokens[last]
    if first == last:
        yield key, tail.stem_end if tail.stem and key == stem(tail.stem) else tail.end
        return
    head = " ".join([key, *(stem(token.key) for token in tokens[first + 1 : last])])
    yield f"{head} {stem(tail.key)}", tail.end
    if tail.stem:
        yield f"{head} {stem(tail.stem)}", tail.stem_end


def _is_known_in_lower_case(name: str, candidates: Sequence[int], gazetteer: Gazetteer) -> bool:
    """People write "kharkiv"; of long and well-known names that is believed, beside a locative word."""
    if len(name) < 5 or name in COMMON_WORDS:
        return False
    places = [gazetteer.places[at] for at in candidates]
    return any(place.is_curated or place.weight >= STRONG_WEIGHT for place in places)


def _is_capital(tokens: Sequence[Token], at: int) -> bool:
    token = tokens[at]
    if not is_cased(token.key) or token.in_hashtag or token.is_capital:
        return True
    return token.key in ARTICLES and at + 1 < len(tokens) and tokens[at + 1].is_capital


def _in_hashtag(text: PlaceText, at: int) -> PlaceHit | None:
    token = text.tokens[at]
    if not token.in_hashtag or len(token.key) < 5:
        return None
    for tail in ("", *HASHTAG_TAILS):
        body = token.key.removesuffix(tail)
        if len(body) < 4 or (tail and body == token.key):
            continue
        candidates = text.gazetteer.by_joined.get(body) or text.gazetteer.by_name.get(body)
        if candidates:
            return PlaceHit(at, at, token.start, token.end, body, tuple(candidates), "hashtag", cued=True)
    return None


def _by_skeleton(text: PlaceText, at: int) -> PlaceHit | None:
    """A romanisation that is on no list, where a word before it says that a place follows."""
    token = text.tokens[at]
    if token.key in ARTICLES or len(token.key) < 5 or not token.is_capital or not is_cased(token.key):
        return None
    led = at > 0 and text.tokens[at - 1].key in ARTICLES and token.gap in {"-", " "}
    if not (token.in_hashtag or _follows_a_locative(text.tokens, at - led) or _has_a_turkish_case(token)):
        return None
    return _bones(text, at, at + 1) or _bones(text, at, at)


def _bones(text: PlaceText, first: int, last: int) -> PlaceHit | None:
    if not text.is_run(first, last) or (last > first and not text.tokens[last].is_capital):
        return None
    tail = text.tokens[last]
    words = [token.key for token in text.tokens[first:last]] + [stem(tail.stem or tail.key)]
    bones = skeleton(" ".join(words))
    candidates = text.gazetteer.by_skeleton.get(bones) if len(bones) >= 5 else None
    if not candidates:
        return None
    end = tail.stem_end if tail.stem else tail.end
    return PlaceHit(
        first, last, text.tokens[first].start, end, bones, tuple(candidates), "skeleton", cued=True
    )


def _is_a_name_in_quotes(text: PlaceText, hit: PlaceHit) -> bool:
    """A place alone in quotation marks is the name of something else: the ship «Москва»."""
    before, after = text.text[max(0, hit.start - 1) : hit.start], text.text[hit.end : hit.end + 1]
    return bool(before and after) and before in '«“„"' and after in '»”“"'


def _is_cued(tokens: Sequence[Token], first: int, last: int, end: int) -> bool:
    if tokens[first].in_hashtag or _follows_a_locative(tokens, first):
        return True
    if tokens[last].stem and end == tokens[last].stem_end and _has_a_turkish_case(tokens[last]):
        return True
    after = tokens[last + 1] if last + 1 < len(tokens) else None
    return after is not None and after.gap in {" ", "-"} and stem(after.key) in PLACE_WORDS


def _follows_a_locative(tokens: Sequence[Token], first: int) -> bool:
    """Whether the word before a name says that a place follows ("near", "под", "ريف")."""
    if first <= 0 or tokens[first].gap in BREAKS:
        return False
    before = tokens[first - 1]
    if before.key in ARTICLES and first > 1 and before.gap != "x":
        before = tokens[first - 2]
    return any(key in LOCATIVES for key, _ in forms(before.key))


def _has_a_turkish_case(token: Token) -> bool:
    return bool(token.stem) and token.key.removeprefix(token.stem) in TURKISH_LOCATIVES
