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

from verify.claims.cues import COMMON_WORDS, CONJUNCTIONS, ORGANISATIONS, PLACE_NOUNS
from verify.claims.gazetteer import Gazetteer, Place
from verify.claims.place_names import STRONG_WEIGHT, PlaceHit, PlaceText, find_names
from verify.claims.radius import Surroundings, widened_radius
from verify.claims.sphere import distance_km
from verify.claims.text import Token
from verify.claims.words import forms, is_cased

MEDIUM_WEIGHT = 15_000  # a town: a capital letter within a sentence is enough
SAME_PLACE_KM = 12.0  # two rows nearer than this under one name are one place
MOST_ANCHORS = 12
RIVAL_SCORE = 0.8  # a place scoring this much less than the best is out of the question
_CONFIDENCE = {"gazetteer": 0.95, "hashtag": 0.9, "skeleton": 0.7}


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
    judged = _Judged(tokens, gazetteer, find_names(PlaceText(text, tokens, taken, gazetteer)))
    hits = judged.believed()
    anchors = _anchors(hits, gazetteer)
    named = frozenset(at for hit in hits for at in range(hit.first, hit.last + 1))
    around = Surroundings(tokens, named)
    read = [choice for hit in hits for choice in _choose(around, hit, anchors, gazetteer)]
    return _without_idle_countries(tokens, read)


@dataclass(frozen=True, slots=True)
class _Judged:
    """The names of one text, to be told from ordinary words."""

    tokens: Sequence[Token]
    gazetteer: Gazetteer
    hits: Sequence[PlaceHit]

    def believed(self) -> list[PlaceHit]:
        """The sure ones, and those that stand in a list with one ("A, B and C")."""
        sure = [self._is_sure(hit) for hit in self.hits]
        may_join = [self._may_join(hit) for hit in self.hits]
        for at in range(1, len(self.hits)):
            sure[at] = sure[at] or (sure[at - 1] and may_join[at] and self._are_listed(at))
        for at in range(len(self.hits) - 1, 0, -1):
            sure[at - 1] = sure[at - 1] or (sure[at] and may_join[at - 1] and self._are_listed(at))
        return [hit for hit, believed in zip(self.hits, sure, strict=True) if believed]

    def _is_sure(self, hit: PlaceHit) -> bool:
        if self._is_an_organisation(hit) or not self._is_told_apart(hit):
            return False
        if hit.cued:
            return not self._is_a_small_part_of_a_hashtag(hit)
        if self._is_lower_case(hit) or hit.key in COMMON_WORDS or _is_short(hit):
            return False
        return self._is_known(hit, STRONG_WEIGHT) or (
            self._is_known(hit, MEDIUM_WEIGHT) and is_cased(hit.key) and self.tokens[hit.first].gap != "x"
        )

    def _may_join(self, hit: PlaceHit) -> bool:
        if self._is_an_organisation(hit) or _is_short(hit) or hit.key in COMMON_WORDS:
            return False
        return self._is_told_apart(hit)

    def _are_listed(self, at: int) -> bool:
        """Whether hit `at` follows the one before as in "A, B", "A/B", "A (B)", "A and B"."""
        one, other = self.hits[at - 1], self.hits[at]
        if other.first == one.last + 1:
            return other.start - one.end <= 3
        return other.first == one.last + 2 and self.tokens[one.last + 1].key in CONJUNCTIONS

    def _is_known(self, hit: PlaceHit, weight: int) -> bool:
        places = [self.gazetteer.places[at] for at in hit.candidates]
        return any(place.is_curated or place.weight >= weight for place in places)

    def _is_told_apart(self, hit: PlaceHit) -> bool:
        """Without capitals a small place is told from a word by a noun before it ("the village of")."""
        if is_cased(hit.key) or self._is_known(hit, MEDIUM_WEIGHT):
            return True
        noun = hit.first > 0 and any(key in PLACE_NOUNS for key, _ in forms(self.tokens[hit.first - 1].key))
        return noun or self.tokens[hit.first].in_hashtag or hit.last > hit.first

    def _is_lower_case(self, hit: PlaceHit) -> bool:
        token = self.tokens[hit.first]
        return is_cased(token.key) and not token.is_capital and not token.in_hashtag

    def _is_a_small_part_of_a_hashtag(self, hit: PlaceHit) -> bool:
        """A village between other words of one hashtag is an accident of splitting it."""
        if not self.tokens[hit.first].in_hashtag or self._is_known(hit, MEDIUM_WEIGHT):
            return False
        after = self.tokens[hit.last + 1].gap if hit.last + 1 < len(self.tokens) else ""
        return "#" in {self.tokens[hit.first].gap, after}

    def _is_an_organisation(self, hit: PlaceHit) -> bool:
        if hit.last + 1 >= len(self.tokens):
            return False
        after = self.tokens[hit.last + 1]
        return after.gap in {" ", "-"} and after.key in ORGANISATIONS


def _is_short(hit: PlaceHit) -> bool:
    """Three letters name nothing by themselves, unless the script leaves the vowels out."""
    return is_cased(hit.key) and hit.end - hit.start < 4


def _anchors(hits: Sequence[PlaceHit], gazetteer: Gazetteer) -> list[Place]:
    """The places that are certain; no more than are needed, for a text may name one a thousand times."""
    certain: dict[Place, None] = {}
    for hit in hits:
        if len(certain) == MOST_ANCHORS:
            break
        distinct = _distinct(hit, gazetteer)
        if len(distinct) == 1:
            certain[distinct[0]] = None
    return list(certain)


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
    around: Surroundings, hit: PlaceHit, anchors: Sequence[Place], gazetteer: Gazetteer
) -> list[PlaceRead]:
    scored = sorted(
        ((_score(place, anchors), at) for at, place in enumerate(_distinct(hit, gazetteer))), reverse=True
    )
    distinct = _distinct(hit, gazetteer)
    top = scored[0][0]
    ranked = [distinct[at] for score, at in scored if top - score < RIVAL_SCORE]
    both = [place for place in ranked if place.is_curated] if ranked[0].is_curated else ranked[:1]
    return [_read(around, hit, place, _others(ranked, place)) for place in both]


def _others(rivals: Sequence[Place], place: Place) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_described(other) for other in rivals[:6] if other is not place))


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


def _read(around: Surroundings, hit: PlaceHit, place: Place, alternatives: tuple[str, ...]) -> PlaceRead:
    radius, widened = widened_radius(around, hit.first, hit.last, place)
    confidence = _CONFIDENCE[hit.rule] * (0.6 if alternatives else 1.0)
    rule = f"{hit.rule}, {widened}" if widened else hit.rule
    return PlaceRead(hit, place, radius, rule, alternatives, round(confidence, 2))


def _without_idle_countries(tokens: Sequence[Token], read: list[PlaceRead]) -> list[PlaceRead]:
    inside = {item.place.country for item in read if item.place.kind != "country"}
    return [
        item
        for item in read
        if item.place.kind != "country"
        or (item.hit.cued and item.place.country not in inside and not _is_an_actor(tokens, item.hit))
    ]


def _is_an_actor(tokens: Sequence[Token], hit: PlaceHit) -> bool:
    """A possessive ("Israel's"): the country acts, nothing is located."""
    return bool(tokens[hit.last].stem) and tokens[hit.last].key == f"{tokens[hit.last].stem}s"
