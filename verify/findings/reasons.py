"""Comparisons in, sentences out: the reasons of a finding by weight, and what it does not prove (pure)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from verify.claims.sphere import distance_km
from verify.findings.comparing import REFERENCE_RADIUS_KM
from verify.findings.copies import Copy, Coverage
from verify.findings.wording import capitalised, count, medium_words, reference_words, seconds
from verify.model import Comparison, MediaReport, Verdict

_ASPECT_WEIGHT = {
    "time": 0,
    "hosted media date": 1,
    "place": 2,
    "media metadata date": 3,
    "media metadata place": 4,
    "equipment": 5,
}
_VERDICT_WEIGHT = {Verdict.CONFLICTS: 0, Verdict.CONSISTENT: 1, Verdict.CANNOT_COMPARE: 2}


def reasons_by_weight(comparisons: Iterable[Comparison], names: dict[str, str]) -> list[str]:
    """What was compared in sentences: decisive, conflicts, agreements, what cannot be compared.

    References of which the same is to be said, as of the pieces of a compilation, share a sentence.
    """
    ordered = sorted(
        comparisons,
        key=lambda item: (
            not item.decisive,
            _VERDICT_WEIGHT[item.verdict],
            _ASPECT_WEIGHT.get(item.aspect, 9),
        ),
    )
    alike: dict[Comparison, dict[str, None]] = {}  # the names in order, each once
    for item in ordered:
        alike.setdefault(replace(item, reference_id=""), {})[names.get(item.reference_id, "")] = None
    return [_sentence(item, "; ".join(filter(None, of))) for item, of in alike.items()]


def _sentence(item: Comparison, name: str) -> str:
    weight = (
        ""
        if item.verdict is not Verdict.CONFLICTS
        else " (decisive)"
        if item.decisive
        else " (supporting only)"
    )
    where = f" [{name}]" if name else ""
    return (
        f"{capitalised(item.aspect)}: {item.verdict.value}{weight}. "
        f"Claimed: {item.claimed}. Known: {item.known}{where}. {capitalised(item.arithmetic)}."
    )


def disagreements(copies: Sequence[Copy]) -> list[str]:
    """Where the references that hold this footage contradict each other."""
    dated = {copy.reference.id: copy for copy in copies if copy.known is not None}
    in_order = sorted(
        dated.values(), key=lambda copy: copy.known.earliest if copy.known else copy.reference.added_at
    )
    sentences = [
        f"The references give different dates: {_dated(older)}, {_dated(newer)}. "
        "The earliest date of strong basis is used; the later ones refute nothing."
        for older, newer in pairwise(in_order)
        if older.known and newer.known and older.known.latest < newer.known.earliest
    ]
    return sentences + _distant_places(list({copy.reference.id: copy for copy in copies}.values()))


def _dated(copy: Copy) -> str:
    assert copy.known is not None
    basis = copy.known.basis.value if copy.known.basis else "no basis recorded"
    return f"{reference_words(copy.reference)} first seen {copy.known.text} ({basis})"


def _distant_places(copies: Sequence[Copy]) -> list[str]:
    sentences: list[str] = []
    for index, one in enumerate(copies):
        for other in copies[index + 1 :]:
            apart = _apart_km(one, other)
            if apart is not None and apart > 0:
                a, b = one.reference.provenance, other.reference.provenance
                sentences.append(
                    f"The references give different places: {reference_words(one.reference)} says "
                    f"{a.place or 'coordinates only'}, {reference_words(other.reference)} says "
                    f"{b.place or 'coordinates only'}, {apart:.0f} km beyond their radii."
                )
    return sentences


def _apart_km(one: Copy, other: Copy) -> float | None:
    a, b = one.reference.provenance, other.reference.provenance
    if a.latitude is None or a.longitude is None or b.latitude is None or b.longitude is None:
        return None
    apart = distance_km(a.latitude, a.longitude, b.latitude, b.longitude)
    return apart - (a.place_radius_km or REFERENCE_RADIUS_KM) - (b.place_radius_km or REFERENCE_RADIUS_KM)


def limits_of_match(covered: Sequence[Coverage], *, dates_decide: bool) -> list[str]:
    """What a match does not prove."""
    limits = [
        "A match shows that the pictures are the same footage, not who filmed it.",
        "The reference need not be the original: an older copy may exist.",
        "A reference's place and equipment are as recorded with it; they were not read off the pictures.",
    ]
    if dates_decide:
        limits.append(
            "An earlier copy refutes that the matched part is recent, and nothing else in the post."
        )
    else:
        limits.append(
            "A copy that is later or of uncertain date refutes nothing and confirms nothing about the time."
        )
    limits += [
        f"The other {seconds(item.duration_us - item.matched_us)} seconds of {item.name} are not explained."
        for item in covered
        if item.is_partial
    ]
    return limits


def searched_words(reference_count: int, reference_digest: str) -> str:
    digest = reference_digest or "none"
    return f"{count(reference_count, 'reference')}, set digest {digest}"


def problem_sentences(media: Sequence[MediaReport]) -> list[str]:
    return [
        f"{capitalised(medium_words(medium, media))} was not examined. {item.code}: {item.sentence}"
        for medium in media
        if (item := medium.problem) and medium.matches is None
    ]


def missing_sentences(media: Sequence[MediaReport], references: Collection[str]) -> list[str]:
    """Matches with references that are gone: named, for they can no longer be compared with anything."""
    found = [
        segment.reference_id for medium in media if medium.matches for segment in medium.matches.segments
    ]
    return [
        f"A match with reference {key[:12]} was left out: it is no longer in the reference set."
        for key in dict.fromkeys(found)
        if key not in references
    ]
