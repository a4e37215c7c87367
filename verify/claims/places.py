"""Tokens in; places named in them out, with a radius as wide as the words around them make it.

Names are looked up as written, in hashtags also joined, and by skeleton where a word beside them says that
a place follows. A small place, and a name that is an ordinary word too, counts only beside such a word or
another place. One name of several places goes to the one nearest to what else is named; when nothing tells
two known places apart, both are reported. Countries count only where nothing finer inside them is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log10

from verify.claims.cues import (
    COMMON_WORDS,
    CONJUNCTIONS,
    COUNTRYSIDE,
    DIRECTIONS,
    HASHTAG_TAILS,
    KILOMETRES,
    LOCATIVES,
    MILES,
    NEAR,
    NOT_PLACES,
    ORGANISATIONS,
    PLACE_NOUNS,
    PLACE_WORDS,
    PROVINCE,
    TURKISH_LOCATIVES,
)
from verify.claims.gazetteer import ARTICLES, Gazetteer, Place, skeleton
from verify.claims.sphere import distance_km
from verify.claims.text import Token
from verify.claims.words import forms, is_cased, is_cyrillic, stem

STRONG_WEIGHT = 100_000  # as well known as a great city: a capital letter is enough
MEDIUM_WEIGHT = 15_000
SAME_PLACE_KM = 12.0  # two rows nearer than this under one name are one place
_MOST_WORDS = 5
_ATTACHED = frozenset("\u0628\u0644\u05d1\u05dc\u05de")  # the prepositions b and l, and the Hebrew m


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
class PlaceRead:
    """A hit with its place chosen and its radius widened by the words around it."""

    hit: PlaceHit
    place: Place
    radius_km: float
    rule: str
    alternatives: tuple[str, ...]
    confidence: float


def find_places(text: str, tokens: Sequence[Token], taken: set[int], gazetteer: Gazetteer) -> list[PlaceRead]:
    """All places named, in order. `taken` are tokens that name equipment or times."""
    hits = [hit for hit in _hits(tokens, taken, gazetteer) if not _is_a_name_in_quotes(text, hit)]
    sure = [hit for hit in hits if _is_sure(tokens, hit, gazetteer)]
    hits = [hit for hit in hits if hit in sure or _joins_a_sure_one(tokens, hit, sure, gazetteer)]
    anchors = [gazetteer.places[hit.candidates[0]] for hit in hits if _is_unambiguous(hit, gazetteer)]
    read = [choice for hit in hits for choice in _choose(tokens, hit, anchors, gazetteer)]
    return _without_idle_countries(tokens, read)


# --- finding ----------------------------------------------------------------------------------


def _hits(tokens: Sequence[Token], taken: set[int], gazetteer: Gazetteer) -> list[PlaceHit]:
    found: list[PlaceHit] = []
    at = 0
    while at < len(tokens):
        hit = None if at in taken or tokens[at].is_digits else _hit_at(tokens, at, taken, gazetteer)
        if hit is None:
            at += 1
            continue
        found.append(hit)
        at = hit.last + 1
    return found


def _hit_at(tokens: Sequence[Token], at: int, taken: set[int], gazetteer: Gazetteer) -> PlaceHit | None:
    if tokens[at].gap == "" and at and is_cased(tokens[at].key) == is_cased(tokens[at - 1].key):
        return None  # inside a word with digits
    for key, cut in _first_keys(tokens[at]):
        words = min(gazetteer.longest.get(key, 0), _MOST_WORDS)
        for count in range(words, 0, -1):
            hit = _exact(tokens, at, key, cut, count, taken, gazetteer)
            if hit is not None:
                return hit
    return _in_hashtag(tokens, at, gazetteer) or _by_skeleton(tokens, at, taken, gazetteer)


def _first_keys(token: Token) -> list[tuple[str, int]]:
    """The keys of a first word: an attached preposition may go, an article that is part of the name may not."""
    keys = [(token.key if not is_cyrillic(token.key) else stem(token.key), 0)]
    if token.stem:
        keys.append((stem(token.stem), 0))
    if not is_cased(token.key):
        keys += [(key, cut) for key, cut in forms(token.key) if cut and not _cuts_an_article(token.key, key)]
    return keys


def _cuts_an_article(word: str, key: str) -> bool:
    return word[: len(word) - len(key)].endswith("ال")


def _last_keys(token: Token) -> list[tuple[str, int]]:
    keys = [(stem(token.key), token.end)]
    if token.stem:
        keys.append((stem(token.stem), token.stem_end))
    return keys


def _exact(
    tokens: Sequence[Token], at: int, key: str, cut: int, count: int, taken: set[int], gazetteer: Gazetteer
) -> PlaceHit | None:
    last = at + count - 1
    if last >= len(tokens) or any(place in taken for place in range(at, last + 1)):
        return None
    if any(token.gap in {"x", "/"} for token in tokens[at + 1 : last + 1]):
        return None
    if count == 1:
        names = [(key, tokens[at].end if key == stem(tokens[at].key) or cut else tokens[at].stem_end)]
        names = [
            (key, tokens[at].stem_end if tokens[at].stem and key == stem(tokens[at].stem) else tokens[at].end)
        ]
    else:
        middle = [stem(token.key) for token in tokens[at + 1 : last]]
        names = [(" ".join([key, *middle, tail]), end) for tail, end in _last_keys(tokens[last])]
    for name, end in names:
        candidates = None if name in NOT_PLACES else gazetteer.by_name.get(name)
        if candidates and (
            _is_capital(tokens, at, cut) or _is_known_in_lower_case(name, candidates, gazetteer)
        ):
            return _hit(
                tokens, (at, last), (tokens[at].start + cut, end), name, candidates, "gazetteer", cut=cut
            )
    return None


def _hit(
    tokens: Sequence[Token],
    at: tuple[int, int],
    span: tuple[int, int],
    key: str,
    candidates: Sequence[int],
    rule: str,
    *,
    cut: int = 0,
) -> PlaceHit:
    start, end = span
    attached = cut > 0 and tokens[at[0]].key[cut - 1] in _ATTACHED and key not in COMMON_WORDS
    cued = attached or _is_cued(tokens, *at, end)
    return PlaceHit(at[0], at[1], start, end, key, tuple(candidates), rule, cued)


def _is_known_in_lower_case(name: str, candidates: Sequence[int], gazetteer: Gazetteer) -> bool:
    """People write "kharkiv"; of long and well-known names that is believed, beside a locative word."""
    if len(name) < 5 or name in COMMON_WORDS:
        return False
    places = [gazetteer.places[at] for at in candidates]
    return any(place.is_curated or place.weight >= STRONG_WEIGHT for place in places)


def _is_capital(tokens: Sequence[Token], at: int, cut: int) -> bool:
    token = tokens[at]
    if not is_cased(token.key) or token.in_hashtag or cut:
        return True
    if token.key in ARTICLES and at + 1 < len(tokens):
        return token.is_capital or tokens[at + 1].is_capital
    return token.is_capital


def _in_hashtag(tokens: Sequence[Token], at: int, gazetteer: Gazetteer) -> PlaceHit | None:
    token = tokens[at]
    if not token.in_hashtag or len(token.key) < 5:
        return None
    bodies = [
        token.key,
        *(token.key.removesuffix(tail) for tail in HASHTAG_TAILS if token.key.endswith(tail)),
    ]
    for body in dict.fromkeys(bodies):
        candidates = gazetteer.by_joined.get(body) or (
            gazetteer.by_name.get(body) if len(body) >= 4 else None
        )
        if candidates:
            return _hit(tokens, (at, at), (token.start, token.end), body, candidates, "hashtag")
    return None


def _by_skeleton(tokens: Sequence[Token], at: int, taken: set[int], gazetteer: Gazetteer) -> PlaceHit | None:
    """A romanisation that is on no list, where a word before it says that a place follows."""
    token = tokens[at]
    if token.key in ARTICLES or len(token.key) < 5 or not token.is_capital or not is_cased(token.key):
        return None
    first = at - 1 if at and tokens[at - 1].key in ARTICLES and tokens[at].gap in "- " else at
    if not (token.in_hashtag or _follows_a_locative(tokens, first) or _has_a_turkish_case(token)):
        return None
    for count in (2, 1):
        last = at + count - 1
        if (
            last >= len(tokens)
            or last in taken
            or any(item.gap not in {" ", "-"} for item in tokens[at + 1 : last + 1])
        ):
            continue
        end = tokens[last].stem_end if tokens[last].stem else tokens[last].end
        keys = [item.key for item in tokens[at:last]] + [stem(tokens[last].stem or tokens[last].key)]
        bones = skeleton(" ".join(keys))
        candidates = gazetteer.by_skeleton.get(bones) if len(bones) >= 5 else None
        if candidates and (count == 1 or tokens[last].is_capital):
            return _hit(tokens, (at, last), (token.start, end), bones, candidates, "skeleton")
    return None


def _is_a_name_in_quotes(text: str, hit: PlaceHit) -> bool:
    """A place alone in quotation marks is the name of something else: the ship «Москва»."""
    before, after = text[max(0, hit.start - 1) : hit.start], text[hit.end : hit.end + 1]
    return bool(before and after) and before in '«“„"' and after in '»”“"'


# --- judging ----------------------------------------------------------------------------------


def _is_cued(tokens: Sequence[Token], first: int, last: int, end: int) -> bool:
    token = tokens[first]
    if token.in_hashtag or _follows_a_locative(tokens, first):
        return True
    if tokens[last].stem and end == tokens[last].stem_end and _has_a_turkish_case(tokens[last]):
        return True
    after = tokens[last + 1] if last + 1 < len(tokens) else None
    return after is not None and after.gap in {" ", "-"} and stem(after.key) in PLACE_WORDS


def _follows_a_locative(tokens: Sequence[Token], first: int) -> bool:
    if first == 0 or tokens[first].gap in {"x", "/"}:
        return False
    before = tokens[first - 1]
    if before.key in ARTICLES and first > 1 and before.gap != "x":
        before = tokens[first - 2]
    return any(key in LOCATIVES for key, _ in forms(before.key))


def _has_a_turkish_case(token: Token) -> bool:
    return bool(token.stem) and token.key.removeprefix(token.stem) in TURKISH_LOCATIVES


def _is_sure(tokens: Sequence[Token], hit: PlaceHit, gazetteer: Gazetteer) -> bool:
    if _is_an_organisation(tokens, hit):
        return False
    places = [gazetteer.places[at] for at in hit.candidates]
    heaviest = max(place.weight for place in places)
    if not is_cased(hit.key) and not _is_told_apart(tokens, hit, places):
        return False
    if hit.cued:
        return not _is_a_small_part_of_a_hashtag(tokens, hit, places)
    if _is_lower_case(tokens, hit):
        return False
    if hit.key in COMMON_WORDS or _is_short(hit):
        return False
    if heaviest >= STRONG_WEIGHT or any(place.is_curated for place in places):
        return True
    return heaviest >= MEDIUM_WEIGHT and is_cased(hit.key) and tokens[hit.first].gap != "x"


def _is_told_apart(tokens: Sequence[Token], hit: PlaceHit, places: Sequence[Place]) -> bool:
    """Without capitals a small place is told from a word by a noun before it ("the village of") or its length."""
    if any(place.is_curated or place.weight >= MEDIUM_WEIGHT for place in places):
        return True
    noun = hit.first > 0 and any(key in PLACE_NOUNS for key, _ in forms(tokens[hit.first - 1].key))
    return noun or tokens[hit.first].in_hashtag or hit.last > hit.first


def _is_lower_case(tokens: Sequence[Token], hit: PlaceHit) -> bool:
    token = tokens[hit.first]
    return is_cased(token.key) and not token.is_capital and not token.in_hashtag


def _is_short(hit: PlaceHit) -> bool:
    """Three letters name nothing by themselves, unless the script leaves the vowels out."""
    return is_cased(hit.key) and len(hit.key) < 4


def _is_a_small_part_of_a_hashtag(tokens: Sequence[Token], hit: PlaceHit, places: Sequence[Place]) -> bool:
    """A village between other words of one hashtag is an accident of splitting it."""
    if not tokens[hit.first].in_hashtag or any(
        place.is_curated or place.weight >= MEDIUM_WEIGHT for place in places
    ):
        return False
    around = [tokens[hit.first].gap, tokens[hit.last + 1].gap if hit.last + 1 < len(tokens) else ""]
    return "#" in around


def _is_an_organisation(tokens: Sequence[Token], hit: PlaceHit) -> bool:
    if hit.last + 1 >= len(tokens):
        return False
    after = tokens[hit.last + 1]
    return after.gap in {" ", "-"} and after.key in ORGANISATIONS


def _joins_a_sure_one(
    tokens: Sequence[Token], hit: PlaceHit, sure: Sequence[PlaceHit], gazetteer: Gazetteer
) -> bool:
    """Whether only a comma, a slash or an "and" lies between this name and a sure one."""
    if _is_an_organisation(tokens, hit) or _is_short(hit) or hit.key in COMMON_WORDS:
        return False
    if not is_cased(hit.key) and not _is_told_apart(
        tokens, hit, [gazetteer.places[at] for at in hit.candidates]
    ):
        return False
    return any(_are_listed(tokens, hit, other) or _are_listed(tokens, other, hit) for other in sure)


def _are_listed(tokens: Sequence[Token], one: PlaceHit, other: PlaceHit) -> bool:
    """Whether `other` follows `one` as in "A, B", "A/B", "A (B)", "A and B"."""
    if other.first == one.last + 1:
        return other.start - one.end <= 3
    return other.first == one.last + 2 and tokens[one.last + 1].key in CONJUNCTIONS


# --- choosing ---------------------------------------------------------------------------------


def _is_unambiguous(hit: PlaceHit, gazetteer: Gazetteer) -> bool:
    return len(_distinct(hit, gazetteer)) == 1


def _distinct(hit: PlaceHit, gazetteer: Gazetteer) -> list[Place]:
    """The places of a name, hand-written rows first, without rows that mean the same place."""
    places = sorted((gazetteer.places[at] for at in hit.candidates), key=lambda place: not place.is_curated)
    distinct: list[Place] = []
    for place in places:
        if all(_apart(place, other) > max(SAME_PLACE_KM, other.radius_km) for other in distinct):
            distinct.append(place)
    return distinct


def _apart(one: Place, other: Place) -> float:
    return distance_km(one.latitude, one.longitude, other.latitude, other.longitude)


def _choose(
    tokens: Sequence[Token], hit: PlaceHit, anchors: Sequence[Place], gazetteer: Gazetteer
) -> list[PlaceRead]:
    distinct = _distinct(hit, gazetteer)
    ranked = sorted(distinct, key=lambda place: -_score(place, anchors))
    best = ranked[:1]
    rivals = [place for place in ranked[1:] if _score(ranked[0], anchors) - _score(place, anchors) < 0.8]
    if ranked[0].is_curated:
        best += [place for place in rivals if place.is_curated]
    names = tuple(dict.fromkeys(_described(place) for place in rivals[:5]))
    return [_read(tokens, hit, place, names if len(best) == 1 else _others(best, place)) for place in best]


def _others(best: Sequence[Place], place: Place) -> tuple[str, ...]:
    return tuple(_described(other) for other in best if other is not place)


def _described(place: Place) -> str:
    return f"{place.name}, {place.country} ({place.latitude:.2f}, {place.longitude:.2f})"


def _score(place: Place, anchors: Sequence[Place]) -> float:
    """Weight, and nearness to the other places named (full at the spot, gone at a few hundred kilometres)."""
    score = log10(place.weight + 1_000) + (1.5 if place.is_curated else 0.0)
    for anchor in anchors:
        if anchor is not place:
            apart = _apart(place, anchor)
            score += (
                3.0 * exp(-apart / 30.0)
                + exp(-apart / 200.0)
                + (0.7 if anchor.country == place.country else 0.0)
            )
    return score


def _read(tokens: Sequence[Token], hit: PlaceHit, place: Place, alternatives: tuple[str, ...]) -> PlaceRead:
    radius, widened = _radius(tokens, hit, place)
    confidence = {"gazetteer": 0.95, "hashtag": 0.9, "skeleton": 0.7}[hit.rule] * (
        0.6 if alternatives else 1.0
    )
    rule = f"{hit.rule}, {widened}" if widened else hit.rule
    return PlaceRead(hit, place, radius, rule, alternatives, round(confidence, 2))


def _radius(tokens: Sequence[Token], hit: PlaceHit, place: Place) -> tuple[float, str]:
    before = [token for token in tokens[max(0, hit.first - 4) : hit.first] if not token.is_digits]
    after = [token for token in tokens[hit.last + 1 : hit.last + 4] if not token.is_digits]
    around = _keys_of(before[-2:]) | _keys_of(after[:2])
    measured = _kilometres(tokens[max(0, hit.first - 5) : hit.first])
    if measured is not None:
        return place.radius_km + measured, f"{measured:.0f} km off"
    if around & COUNTRYSIDE and place.kind not in {"region", "country"}:
        return max(place.radius_km, 35.0), "countryside"
    if (_keys_of(before[-1:]) | _keys_of(after[:1])) & PROVINCE and place.kind in {"city", "town"}:
        return max(place.radius_km, 70.0), "province"
    if _keys_of(before[-2:]) & DIRECTIONS:
        return place.radius_km + 20.0, "direction"
    if (_keys_of(before[-2:]) | _keys_of(after[:1])) & NEAR:
        return place.radius_km + 10.0, "near"
    return place.radius_km, ""


def _keys_of(tokens: Sequence[Token]) -> set[str]:
    return {key for token in tokens for key, _ in forms(token.key)}


def _kilometres(before: Sequence[Token]) -> float | None:
    for number, unit in zip(before, before[1:], strict=False):
        if number.is_digits and len(number.key) <= 3 and unit.key in KILOMETRES | MILES:
            return float(number.key) * (1.609 if unit.key in MILES else 1.0)
    return None


def _without_idle_countries(tokens: Sequence[Token], read: list[PlaceRead]) -> list[PlaceRead]:
    inside = {item.place.country for item in read if item.place.kind != "country"}
    return [
        item
        for item in read
        if item.place.kind != "country"
        or (item.hit.cued and item.place.country not in inside and not _is_an_actor(tokens, item.hit))
    ]


def _is_an_actor(tokens: Sequence[Token], hit: PlaceHit) -> bool:
    """ "of Syria", "to Israel's": the country acts, nothing is located."""
    return bool(tokens[hit.last].stem) and tokens[hit.last].key == f"{tokens[hit.last].stem}s"
