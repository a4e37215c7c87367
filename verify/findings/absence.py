"""The finding where nothing is a copy: a lead for a person, no match, too little picture, or no media (pure).

None of these says anything on whether the footage is new or genuine, and each says so.
"""

from __future__ import annotations

from collections.abc import Sequence

from verify.findings.copies import Copy
from verify.findings.reasons import reasons_by_weight, searched_words
from verify.findings.wording import capitalised, medium_words, segment_words
from verify.model import (
    Comparison,
    Finding,
    FindingLabel,
    MatchKind,
    MatchSegment,
    MediaReport,
    Post,
    PostState,
    Problem,
)

NO_EVIDENCE = "Not evidence that the footage is new or authentic."

_STATE_WORDS = {
    PostState.OK: "the post was read and no medium of it could be examined",
    PostState.OK_NO_MEDIA: "the post was read and carries no photo or video",
    PostState.DELETED: "the platform says that the post was deleted",
    PostState.SUSPENDED: "the platform says that the account is suspended",
    PostState.PROTECTED: "the platform shows the account's posts to its followers only",
    PostState.AGE_RESTRICTED: "the platform shows the post to signed-in adults only",
    PostState.WITHHELD_IN_COUNTRY: "the platform withholds the post in some countries",
    PostState.LOGIN_REQUIRED: "the platform shows the post to signed-in users only",
    PostState.RATE_LIMITED: "the platform asked for fewer requests; it can be tried again later",
    PostState.NOT_FOUND_UNCONFIRMED: "no source knows the post, which does not say that it was deleted",
    PostState.UNSUPPORTED_URL: "no source can resolve this address to media",
    PostState.NETWORK_ERROR: "the platform could not be reached; it can be tried again later",
    PostState.BAD_RESPONSE: "the platform's answer could not be read",
    PostState.NOT_READ: "the work ended before the post was read",
}
_LEAD_WORDS = {
    MatchKind.SAME_SCENE: "the same scene at another time, not the same footage",
    MatchKind.POSSIBLE: "a possible match, between the two thresholds",
    MatchKind.SHARED_OVERLAY: "a possible match that may rest on a shared logo or caption alone",
    MatchKind.COPY: "a copy",
}


def decide_without_match(
    post: Post,
    media: Sequence[MediaReport],
    *,
    leads: Sequence[Copy],
    hosted: Sequence[Comparison],
    searched: tuple[int, str],
    notes: Sequence[str],
    problem: Problem | None,
) -> Finding:
    """`searched` is the size and the digest of the reference set; `problem` why there is no post at all.

    `notes` close the reasons.
    """
    examined = [medium for medium in media if medium.matches is not None]
    if leads:
        finding = _needs_review(leads, searched)
    elif not examined:
        finding = _not_retrievable(post, media, problem)
    elif not any(medium.matches.enough_picture for medium in examined if medium.matches):
        finding = _insufficient(examined, media)
    else:
        finding = _no_match(examined, media, searched)
    return Finding(
        label=finding.label,
        statement=finding.statement,
        reasons=(*reasons_by_weight(hosted, {}), *finding.reasons, *notes),
        comparisons=tuple(hosted),
        limits=finding.limits,
    )


def _needs_review(leads: Sequence[Copy], searched: tuple[int, str]) -> Finding:
    sentences = [
        f"{capitalised(segment_words(segment, lead.name, lead.reference))}: {_lead_words(segment)}."
        for lead in leads
        for segment in lead.segments
    ]
    return Finding(
        label=FindingLabel.POSSIBLE_MATCH_NEEDS_REVIEW,
        statement=f"A person has to compare the pictures. {sentences[0]}",
        reasons=tuple(sentences[1:]),
        limits=(
            "A possible match is not a copy: no date, place or claim was compared on the strength of it.",
            f"Searched: {searched_words(*searched)}.",
        ),
    )


def _lead_words(segment: MatchSegment) -> str:
    return f"a possible match, {segment.doubt}" if segment.doubt else _LEAD_WORDS[segment.kind]


def _not_retrievable(post: Post, media: Sequence[MediaReport], problem: Problem | None) -> Finding:
    problems = [found for found in (problem, *(medium.problem for medium in media)) if found]
    if problems:
        reason = f"{problems[0].code}: {problems[0].sentence}"
    else:
        reason = f"{post.state.value}: {_STATE_WORDS[post.state]}."
    return Finding(
        label=FindingLabel.NOT_RETRIEVABLE,
        statement=f"No footage could be examined. Reason: {reason}",
        limits=(f"Nothing was compared. {NO_EVIDENCE}",),
    )


def _insufficient(examined: Sequence[MediaReport], media: Sequence[MediaReport]) -> Finding:
    names = ", ".join(medium_words(medium, media) for medium in examined)
    notes = [note for medium in examined if medium.matches for note in medium.matches.notes]
    return Finding(
        label=FindingLabel.INSUFFICIENT_MEDIA,
        statement=f"Too little picture to compare in {names}: flat, dark, too small or too short.",
        reasons=tuple(dict.fromkeys(notes)),
        limits=(f"The reference set could not be searched with this. {NO_EVIDENCE}",),
    )


def _no_match(
    examined: Sequence[MediaReport], media: Sequence[MediaReport], searched: tuple[int, str]
) -> Finding:
    poor = [
        medium_words(item, media) for item in examined if item.matches and not item.matches.enough_picture
    ]
    set_words = searched_words(*searched)
    empty = " The set is empty, so nothing could match." if searched[0] == 0 else ""
    return Finding(
        label=FindingLabel.NO_MATCH_IN_REFERENCE_SET,
        statement=f"No match in the reference set ({set_words}).{empty} {NO_EVIDENCE}",
        reasons=tuple(f"Too little picture to compare in {name}." for name in poor),
        limits=(
            "The set holds only what was added to it: footage published before and never added is not found.",
            "Heavy cropping, overlays or filters can hide a copy from the search.",
        ),
    )
