"""The targets of issue 6 on the labelled posts, as counts; the halves are fixed by a hash of each post."""

from __future__ import annotations

from functools import cache

import pytest

from bench.claims import Count, count_all, read_posts
from verify.claims import own_gazetteer, own_lexicon
from verify.claims.gazetteer import lookup_keys, name_keys

LANGUAGES = {"en", "ar", "tr", "ru", "uk", "he", "fa"}


@cache
def counts(half: str) -> dict[str, Count]:
    return count_all([post for post in read_posts() if post.half == half])


@pytest.mark.parametrize(
    ("kind", "precision", "recall"),
    [("equipment", 0.97, 0.90), ("places", 0.95, 0.85), ("times", 0.95, 0.90)],
)
@pytest.mark.parametrize("half", ["tuning", "test"])
def test_precision_and_recall_reach_the_targets(
    half: str, kind: str, precision: float, recall: float
) -> None:
    count = counts(half)[kind]
    read = count.right + len(count.wrong)
    labelled = count.right + len(count.missed)
    assert labelled > 70
    assert count.right >= precision * read, f"{count.right} of {read} read are right"
    assert count.right >= recall * labelled, f"{count.right} of {labelled} labelled are read"


def test_the_set_has_posts_of_every_language_and_conflict_in_both_halves() -> None:
    posts = list(read_posts())
    assert len(posts) >= 200
    for half in ("tuning", "test"):
        assert {post.language for post in posts if post.half == half} == LANGUAGES
        assert {"syria", "ukraine", "gaza", "sudan", "karabakh", "yemen"} <= {
            post.conflict for post in posts if post.half == half
        }


def test_the_lexicon_and_the_gazetteer_are_as_large_as_asked() -> None:
    lexicon, gazetteer = own_lexicon(), own_gazetteer()
    assert sum(not row.is_generic for row in lexicon.types.values()) >= 300
    at_war = {"SY", "UA", "PS", "SD", "AZ", "YE", "LB", "IQ"}
    assert sum(place.country in at_war for place in gazetteer.places) >= 2000
    for row in lexicon.types.values():
        assert all(above in lexicon.types for above in lexicon.ancestors(row.name))
        assert row.source


def test_keys_written_into_the_gazetteer_are_those_the_reader_looks_up() -> None:
    """When folding or stemming changes, scripts/build_gazetteer.py has to be run again."""
    stored = [place for place in own_gazetteer().places if place.keys]
    assert len(stored) > 10_000
    for place in stored[::7]:
        assert " ".join(name_keys(place.name)) in place.keys or not lookup_keys(place)
