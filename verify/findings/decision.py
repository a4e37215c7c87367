"""The finding: facts in, one label with statement, reasons by weight and limits out (pure).

The labels are those of handbook `reports.md` 4.5. An earlier copy of strong date outranks everything,
even when it explains a part only (the statement says which part); then partial matches, then what the
remaining dates allow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from verify.findings.absence import decide_without_match
from verify.findings.comparing import (
    ClaimedFrame,
    RelateEquipment,
    Relation,
    claimed_frame,
    compare_equipment,
    compare_hosted_media,
    compare_place,
    compare_time,
    earlier_by,
)
from verify.findings.copies import Copy, Coverage, coverage, find_segments
from verify.findings.metadata import compare_metadata, credential_sentences, metadata_sentences
from verify.findings.reasons import (
    disagreements,
    limits_of_match,
    missing_sentences,
    problem_sentences,
    reasons_by_weight,
)
from verify.findings.wording import (
    capitalised,
    instant_words,
    order_words,
    reference_words,
    seconds,
    segment_words,
)
from verify.model import (
    Claim,
    Comparison,
    Finding,
    FindingLabel,
    MatchKind,
    MediaReport,
    MediaRole,
    Post,
    Problem,
    Reference,
    Verdict,
)

LEADS = frozenset({MatchKind.SAME_SCENE, MatchKind.POSSIBLE, MatchKind.SHARED_OVERLAY})
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A copy with everything that was compared for it."""

    copy: Copy
    frame: ClaimedFrame | None
    time: Comparison
    place: Comparison
    equipment: Comparison

    @property
    def is_strongly_dated(self) -> bool:
        return self.copy.known is not None and self.copy.known.is_strong

    @property
    def is_consistent(self) -> bool:
        agrees = self.time.verdict is Verdict.CONSISTENT and self.place.verdict is not Verdict.CONFLICTS
        return agrees and self.is_strongly_dated


def relate_by_name(claimed: str, known: str) -> Relation:
    """Without a lexicon only equal names can be related."""
    return "same" if claimed.casefold() == known.casefold() else "unrelated"


def decide(
    post: Post,
    claim: Claim | None,
    media: Sequence[MediaReport],
    references: Mapping[str, Reference],
    *,
    reference_count: int,
    reference_digest: str,
    relate: RelateEquipment = relate_by_name,
    problem: Problem | None = None,
) -> Finding:
    """The finding on one item, from recorded facts alone.

    `references` holds those that matched, by id; `reference_count` and `reference_digest` describe the
    whole set that was searched. `relate` says how two equipment names stand to each other; `problem`
    is why what was submitted names no post at all.
    """
    frame = claimed_frame(claim, post.posted_at)
    hosted = (*compare_hosted_media(post, frame), *compare_metadata(media, claim, frame))
    copies = find_segments(post, media, references, frozenset({MatchKind.COPY}))
    notes = [
        *missing_sentences(media, references),
        *problem_sentences(media),
        *metadata_sentences(media),
        *credential_sentences(media),
        *(claim.notes if claim else ()),
    ]
    if not copies:
        leads = find_segments(post, media, references, LEADS)
        return decide_without_match(
            post,
            media,
            leads=leads,
            hosted=hosted,
            searched=(reference_count, reference_digest),
            notes=notes,
            problem=problem,
        )
    cases = sorted((_case(post, claim, copy, relate) for copy in copies), key=_rank)
    return _decide_matched(cases, coverage(copies), hosted, notes)


def _case(post: Post, claim: Claim | None, copy: Copy, relate: RelateEquipment) -> _Case:
    frame = claimed_frame(claim, _date_of(post, copy.medium.role))
    return _Case(
        copy=copy,
        frame=frame,
        time=compare_time(copy, frame),
        place=compare_place(copy, claim),
        equipment=compare_equipment(copy, claim, relate),
    )


def _date_of(post: Post, role: MediaRole) -> datetime | None:
    """A quoted or parent post's media are as old as that post, which is older than the one that quotes it."""
    if role in {MediaRole.QUOTED, MediaRole.PARENT}:
        return next((linked.posted_at for linked in post.linked if linked.role is role), None)
    return post.posted_at


def _rank(case: _Case) -> tuple[bool, bool, datetime, int]:
    """The earliest strong date first, then the earliest other date, then the longest match."""
    known = case.copy.known
    earliest = known.latest if known else _NEVER
    return not case.time.decisive, not case.is_strongly_dated, earliest, -case.copy.matched_us


def _decide_matched(
    cases: Sequence[_Case], covered: Sequence[Coverage], hosted: Sequence[Comparison], notes: Sequence[str]
) -> Finding:
    lead = cases[0]
    label = _label(cases, covered)
    comparisons = [*(part for case in cases for part in (case.time, case.place, case.equipment)), *hosted]
    names = {case.copy.reference.id: reference_words(case.copy.reference) for case in cases}
    others = [sentence for case in cases[1:] for sentence in _segment_sentences(case.copy)]
    reasons = [
        *reasons_by_weight(comparisons, names),
        *disagreements([case.copy for case in cases]),
        *others,
        *notes,
    ]
    return Finding(
        label=label,
        statement=" ".join([*_segment_sentences(lead.copy), *_parts(covered), _conclusion(label, lead)]),
        reasons=tuple(reasons),
        comparisons=tuple(comparisons),
        limits=tuple(limits_of_match(covered, dates_decide=label is FindingLabel.EARLIER_COPY_FOUND)),
    )


def _label(cases: Sequence[_Case], covered: Sequence[Coverage]) -> FindingLabel:
    if cases[0].time.decisive:
        return FindingLabel.EARLIER_COPY_FOUND
    if any(item.is_partial for item in covered):
        return FindingLabel.PARTIAL_MATCH
    if any(case.is_consistent for case in cases):
        return FindingLabel.MATCH_CONSISTENT_WITH_CLAIM
    return FindingLabel.MATCH_FOUND_DATE_UNDETERMINED


def _segment_sentences(copy: Copy) -> list[str]:
    matches = [
        f"Visual match: {segment_words(segment, copy.name, copy.reference)}." for segment in copy.segments
    ]
    order = order_words(copy.segments, copy.reference)
    return [*matches, order] if order else matches


def _parts(covered: Sequence[Coverage]) -> list[str]:
    return [
        f"{seconds(item.matched_us)} of {seconds(item.duration_us)} seconds of {item.name} match; "
        "the remainder is unmatched."
        for item in covered
        if item.is_partial
    ]


def _conclusion(label: FindingLabel, case: _Case) -> str:
    if label is FindingLabel.EARLIER_COPY_FOUND:
        return _earlier_words(case)
    if case.time.verdict is Verdict.CONSISTENT and case.is_strongly_dated:
        return _consistent_words(case)
    return _undetermined_words(case)


def _first_seen(case: _Case) -> str:
    known = case.copy.known
    if known is None:
        return "The date of the matching footage is unknown"
    basis = known.basis.value if known.basis else "none recorded"
    return f"The matching footage was first seen on {known.text} (basis: {basis})"


def _earlier_words(case: _Case) -> str:
    assert case.copy.known is not None
    assert case.frame is not None
    arithmetic = f"{_first_seen(case)}: {earlier_by(case.copy.known, case.frame)}."
    if case.frame.is_stated:
        return (
            f"{arithmetic} It was published earlier than the claimed time ({case.frame.text}). "
            "The claimed time cannot be right for the matched part."
        )
    return (
        f"{arithmetic} It was published earlier than the post ({instant_words(case.frame.earliest)}), "
        "which states no time of its own: the matched part was not new when it was posted."
    )


def _consistent_words(case: _Case) -> str:
    if case.place.verdict is Verdict.CONFLICTS:
        return f"{_first_seen(case)}, which agrees with the claimed time, but {case.place.arithmetic}."
    place = " and place" if case.place.verdict is Verdict.CONSISTENT else "; the places could not be compared"
    return f"{_first_seen(case)}, which agrees with the claimed time{place}."


def _undetermined_words(case: _Case) -> str:
    if case.time.verdict is Verdict.CONFLICTS:
        return (
            f"{_first_seen(case)}: {case.time.arithmetic}. A date on this basis is weak and does not decide: "
            "look for a dated publication or an archived copy."
        )
    return f"{_first_seen(case)}. Which was first is undetermined: {capitalised(case.time.arithmetic)}."
