"""A report and what people judged of it in; schema.org MediaReview and ClaimReview drafts as JSON-LD out.

The machine sets no rating: `mediaAuthenticityCategory` and `reviewRating` stand there only when a named
person set them, and until then every review says that it is a draft (handbook `reports.md` 4.1, 4.2).
Addresses other than plain http(s) are left out, and the text can be put into an HTML script element as it is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from verify.model import (
    Claim,
    Judgement,
    JudgementKind,
    MediaKind,
    MediaReport,
    PlaceMention,
    Polarity,
    Rating,
    Reference,
    Report,
)
from verify.reports.inert import is_plain_address
from verify.reports.words import RATINGS

Json = dict[str, object]
DRAFT = "Draft"  # schema.org creativeWorkStatus
_OBJECTS = {MediaKind.VIDEO: "VideoObject", MediaKind.GIF: "VideoObject", MediaKind.IMAGE: "ImageObject"}


def to_jsonld(report: Report, judgements: Sequence[Judgement] = ()) -> str:
    """JSON-LD text with one MediaReview and, where the post makes a claim, one ClaimReview.

    `judgements` are all that was said of the report; only ratings with a name count, the last one of
    each person.
    """
    ratings = named_ratings(judgements)
    graph = [_media_review(report, ratings)]
    if report.claim is not None and report.claim.text.strip():
        graph.append(_claim_review(report, report.claim, ratings))
    text = json.dumps({"@context": "https://schema.org", "@graph": graph}, indent=2)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026") + "\n"


def named_ratings(judgements: Sequence[Judgement]) -> list[Judgement]:
    """The last rating of each person who gave a name, oldest first."""
    last: dict[str, Judgement] = {}
    for said in sorted(judgements, key=lambda said: said.at):
        if said.kind is JudgementKind.RATING and said.rating is not None and said.by.strip():
            last[said.by] = said
    return sorted(last.values(), key=lambda said: said.at)


def _media_review(report: Report, ratings: Sequence[Judgement]) -> Json:
    review = _review(report, "MediaReview", ratings)
    categories = list(dict.fromkeys(said.rating.value for said in ratings if said.rating))
    if categories:
        review["mediaAuthenticityCategory"] = categories[0] if len(categories) == 1 else categories
    review["itemReviewed"] = {
        "@type": "MediaReviewItem",
        "mediaItemAppearance": [_medium(report, medium) for medium in report.media if medium.file],
    }
    if report.references:
        review["originalMediaContextDescription"] = " ".join(_context(item) for item in report.references)
    links = [link for item in report.references if (link := _address(item.provenance.source_url))]
    if links:
        review["originalMediaLink"] = links[0] if len(links) == 1 else links
    return review


def _claim_review(report: Report, claim: Claim, ratings: Sequence[Judgement]) -> Json:
    review = _review(report, "ClaimReview", ratings)
    review["claimReviewed"] = claim.text
    review["itemReviewed"] = _claim(report, claim)
    if ratings:
        said = ratings[-1]
        review["reviewRating"] = {
            "@type": "Rating",
            "alternateName": _words(said.rating),
            "author": {"@type": "Person", "name": said.by},
        }
    return review


def _review(report: Report, kind: str, ratings: Sequence[Judgement]) -> Json:
    review: Json = {
        "@type": kind,
        "@id": f"urn:verify:{report.item_id}#{kind}",
        "dateCreated": _instant(report.created_at),
        "reviewBody": f"{report.finding.statement} {' '.join(report.finding.limits)}",
    }
    if not ratings:
        return review | {"creativeWorkStatus": DRAFT}
    people = [{"@type": "Person", "name": said.by} for said in ratings]
    review["author"] = people[0] if len(people) == 1 else people
    review["datePublished"] = _instant(ratings[-1].at)
    return review


def _claim(report: Report, claim: Claim) -> Json:
    post = report.post
    item: Json = {"@type": "Claim", "text": claim.text}
    if post.author is not None:
        item["author"] = {"@type": "Person", "name": post.author.name or post.author.handle}
    if post.posted_at is not None:
        item["datePublished"] = _instant(post.posted_at)
    link = _address(post.url)
    if link:
        item["appearance"] = [{"@type": "CreativeWork", "url": link}]
    places = [_place(place) for place in claim.places if place.polarity is Polarity.ASSERTED]
    if places:
        item["contentLocation"] = places
    return item


def _place(place: PlaceMention) -> Json:
    geo = {"@type": "GeoCoordinates", "latitude": place.latitude, "longitude": place.longitude}
    return {"@type": "Place", "name": place.name, "geo": geo}


def _medium(report: Report, medium: MediaReport) -> Json:
    assert medium.file is not None
    file, source = medium.file, medium.file.source
    item: Json = {
        "@type": _OBJECTS[file.kind],
        "sha256": file.sha256,
        "encodingFormat": file.mime,
        "contentSize": f"{file.size_bytes} B",
    }
    content = _address(source.url) if source else ""
    page = _address((source.page_url if source else "") or report.post.url)
    item |= {key: link for key, link in (("contentUrl", content), ("url", page)) if link}
    if source is not None and source.uploaded_at is not None:
        item["uploadDate"] = _instant(source.uploaded_at)
    return item


def _context(reference: Reference) -> str:
    known = reference.provenance
    basis = f" (basis: {known.first_seen_basis.value})" if known.first_seen_basis else ""
    seen = f", first seen {known.first_seen}{basis}" if known.first_seen else ""
    place = f", {known.place}" if known.place else ""
    return f"{known.title}{seen}{place}."


def _address(url: str) -> str:
    return url if is_plain_address(url) else ""


def _words(rating: Rating | None) -> str:
    return RATINGS[rating] if rating else ""


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
