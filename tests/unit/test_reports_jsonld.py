from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.unit.sample_report import hostile_report, not_retrievable, report
from verify.errors import UnreadableInput
from verify.model import Judgement, JudgementKind, Rating
from verify.reports.jsonld import to_jsonld
from verify.reports.manifest import Entry, media_entries, read_manifest, to_manifest

RATED_AT = datetime(2020, 3, 1, 12, 0, tzinfo=UTC)
SIX = {
    "DecontextualizedContent",
    "EditedOrCroppedContent",
    "OriginalMediaContent",
    "SatireOrParodyContent",
    "StagedContent",
    "TransformedContent",
}


def rated(
    rating: Rating, by: str = "A. Editor", days: int = 0, kind: JudgementKind = JudgementKind.RATING
) -> Judgement:
    return Judgement(
        id="1", item_id="1", run=1, kind=kind, by=by, at=RATED_AT + timedelta(days=days), rating=rating
    )


def graph(*judgements: Judgement, of: Any = None) -> list[dict[str, Any]]:
    document = json.loads(to_jsonld(of or report(), judgements))
    assert document["@context"] == "https://schema.org"
    found: list[dict[str, Any]] = document["@graph"]
    return found


def test_without_a_named_person_both_are_drafts_without_a_rating() -> None:
    for unnamed in ((), (rated(Rating.STAGED, by=" "),), (rated(Rating.STAGED, kind=JudgementKind.NOTE),)):
        media, claim = graph(*unnamed)
        assert media["@type"] == "MediaReview"
        assert claim["@type"] == "ClaimReview"
        for review in (media, claim):
            assert review["creativeWorkStatus"] == "Draft"
            assert not {"mediaAuthenticityCategory", "reviewRating", "author", "datePublished"} & set(review)


@pytest.mark.parametrize("rating", list(Rating))
def test_a_named_persons_rating_is_set_in_the_exact_words(rating: Rating) -> None:
    media, claim = graph(rated(rating))
    assert media["mediaAuthenticityCategory"] == rating.value
    assert rating.value in SIX
    assert media["author"] == {"@type": "Person", "name": "A. Editor"}
    assert media["datePublished"] == "2020-03-01T12:00:00Z"
    assert "creativeWorkStatus" not in media
    assert claim["reviewRating"]["author"]["name"] == "A. Editor"
    assert "ratingValue" not in claim["reviewRating"]


def test_there_are_exactly_six_categories() -> None:
    assert {rating.value for rating in Rating} == SIX


def test_the_last_rating_of_each_person_counts() -> None:
    media, _ = graph(
        rated(Rating.STAGED),
        rated(Rating.MISSING_CONTEXT, days=1),
        rated(Rating.EDITED_OR_CROPPED, by="B. Editor", days=2),
    )
    assert media["mediaAuthenticityCategory"] == ["DecontextualizedContent", "EditedOrCroppedContent"]
    assert [person["name"] for person in media["author"]] == ["A. Editor", "B. Editor"]


def test_the_media_and_where_they_come_from_are_named() -> None:
    sample = report()
    media, claim = graph(of=sample)
    appearance = media["itemReviewed"]["mediaItemAppearance"][0]
    assert appearance["sha256"] == sample.media[0].file.sha256 if sample.media[0].file else False
    assert sample.references[0].provenance.title in media["originalMediaContextDescription"]
    assert claim["claimReviewed"] == sample.claim.text if sample.claim else False
    assert claim["itemReviewed"]["contentLocation"][0]["geo"]["@type"] == "GeoCoordinates"


def test_a_report_without_a_claim_has_no_claim_review() -> None:
    assert [review["@type"] for review in graph(of=replace(report(), claim=None))] == ["MediaReview"]
    assert graph(of=not_retrievable())[0]["itemReviewed"]["mediaItemAppearance"] == []


@pytest.mark.parametrize(
    "text", ["</script><script>alert(1)</script>", "javascript:alert(1)", "\u2028\u202e<!--"]
)
def test_hostile_text_stays_text_inside_a_script_element(text: str) -> None:
    written = to_jsonld(hostile_report(text))
    assert "<" not in written
    assert written.isascii()
    assert not [
        line
        for line in written.splitlines()
        if '"url": "javascript' in line or '"contentUrl": "javascript' in line
    ]


def test_a_manifest_lists_every_file_of_a_report_once() -> None:
    sample = report()
    text = to_manifest([*media_entries(sample), Entry(name="report.json", sha256="0" * 64)])
    names = [item.name for item in read_manifest(text)]
    assert names == sorted(set(names))
    assert f"media/{sample.media[0].file.sha256}" in names if sample.media[0].file else False
    assert any(name.startswith("pictures/") for name in names)


@pytest.mark.parametrize(
    "line",
    [
        "abc  report.json",
        "0" * 64 + "  ../etc/passwd",
        "0" * 64 + "  /etc/passwd",
        "0" * 64 + " one-space",
        "0" * 64 + "  a\\b",
    ],
)
def test_a_manifest_that_leaves_its_folder_or_its_format_is_refused(line: str) -> None:
    with pytest.raises(UnreadableInput):
        read_manifest(line + "\n")
    with pytest.raises(UnreadableInput):
        read_manifest(("0" * 64 + "  twice\n") * 2)
