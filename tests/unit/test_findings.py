from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.unit.sample_findings import (
    AL_RAI,
    HOUR_AGO,
    claimed,
    find,
    place,
    post,
    reference,
    segment,
    video,
)
from verify.claims import relate_equipment
from verify.findings import decide
from verify.model import (
    Claim,
    DateBasisKind,
    FindingLabel,
    LinkedPost,
    MatchKind,
    MediaKind,
    MediaRef,
    MediaReport,
    MediaRole,
    Polarity,
    PostState,
    Problem,
    Span,
    Verdict,
)


def span(start: float, end: float) -> Span:
    return Span(start_us=round(start * 1e6), end_us=round(end * 1e6))


def test_the_case_the_project_began_with() -> None:
    finding = find(reference(equipment=("M60T",), **AL_RAI), media=[video(segment())], claim=HOUR_AGO)
    assert finding.label is FindingLabel.EARLIER_COPY_FOUND
    assert "seconds 0.0 to 6.2 of the video ↔ seconds 14.0 to 20.2 of “Title ref1”" in finding.statement
    assert "mirrored" in finding.statement
    assert "2016-08-24 is 1,275 days before 2020-02-20" in finding.statement
    assert "basis: publication" in finding.statement
    assert "The claimed time cannot be right for the matched part." in finding.statement
    time, where, equipment = finding.comparisons
    assert (time.verdict, time.decisive) == (Verdict.CONFLICTS, True)
    assert (where.verdict, where.decisive) == (Verdict.CONFLICTS, False)
    assert "Al-Nayrab is 106 km from the reference's place" in where.arithmetic
    assert "3 km and 5 km, reach 8 km" in where.arithmetic
    assert (equipment.verdict, equipment.decisive) == (Verdict.CONSISTENT, False)
    assert finding.reasons[0].startswith("Time: conflicts (decisive)")
    assert finding.reasons[1].startswith("Place: conflicts")


@pytest.mark.parametrize("basis", [DateBasisKind.TESTIMONY, DateBasisKind.CAPTURE_METADATA, None])
def test_a_date_of_weak_basis_never_decides(basis: DateBasisKind | None) -> None:
    finding = find(reference(basis=basis), media=[video(segment())], claim=HOUR_AGO)
    assert finding.label is FindingLabel.MATCH_FOUND_DATE_UNDETERMINED
    assert "weak and does not decide" in finding.statement
    assert not any(item.decisive for item in finding.comparisons)


@pytest.mark.parametrize(
    ("first_seen", "label"),
    [
        ("2016", FindingLabel.EARLIER_COPY_FOUND),
        ("2020-01", FindingLabel.EARLIER_COPY_FOUND),
        ("2020-02-18", FindingLabel.EARLIER_COPY_FOUND),
        ("2020-02-20T05:59:00+00:00", FindingLabel.EARLIER_COPY_FOUND),
        # The nineteenth ends at noon of the twentieth, UTC, in the last zone: it need not be earlier.
        ("2020-02-19", FindingLabel.MATCH_CONSISTENT_WITH_CLAIM),
        ("2020-02-20T07:00:00+00:00", FindingLabel.MATCH_CONSISTENT_WITH_CLAIM),
        ("2020-02", FindingLabel.MATCH_FOUND_DATE_UNDETERMINED),
        ("2020", FindingLabel.MATCH_FOUND_DATE_UNDETERMINED),
        ("2021-05-01", FindingLabel.MATCH_FOUND_DATE_UNDETERMINED),
        ("", FindingLabel.MATCH_FOUND_DATE_UNDETERMINED),
        ("2016-13-45", FindingLabel.MATCH_FOUND_DATE_UNDETERMINED),
        ("last summer", FindingLabel.MATCH_FOUND_DATE_UNDETERMINED),
        ("9999", FindingLabel.MATCH_FOUND_DATE_UNDETERMINED),
    ],
)
def test_dates_decide_only_as_far_as_they_are_precise(first_seen: str, label: FindingLabel) -> None:
    assert find(reference(first_seen=first_seen), media=[video(segment())], claim=HOUR_AGO).label is label


def test_a_coarse_date_is_compared_at_its_latest() -> None:
    finding = find(reference(first_seen="2016"), media=[video(segment())], claim=HOUR_AGO)
    assert "2016-12-31 is 1,146 days before 2020-02-20, at the latest" in finding.statement


def test_a_later_copy_refutes_nothing_and_the_finding_says_so() -> None:
    finding = find(reference(first_seen="2021-05-01"), media=[video(segment())], claim=HOUR_AGO)
    assert "a later copy refutes nothing" in finding.statement


def test_a_post_that_states_no_time_is_taken_at_its_own_date() -> None:
    finding = find(reference(), media=[video(segment())])
    assert finding.label is FindingLabel.EARLIER_COPY_FOUND
    assert "states no time of its own" in finding.statement
    assert "claimed time cannot" not in finding.statement


def test_a_post_that_says_when_the_footage_is_from_is_not_contradicted_by_that_date() -> None:
    of_2016 = Claim(
        text="from 2016",
        source="post",
        times=(claimed(datetime(2016, 1, 1, tzinfo=UTC), datetime(2017, 1, 1, tzinfo=UTC), "2016"),),
    )
    finding = find(reference(), media=[video(segment())], claim=of_2016)
    assert finding.label is FindingLabel.MATCH_CONSISTENT_WITH_CLAIM


@pytest.mark.parametrize("polarity", [Polarity.NEGATED, Polarity.QUOTED, Polarity.QUESTIONED])
def test_a_time_nobody_asserts_is_not_held_against_the_post(polarity: Polarity) -> None:
    early = datetime(2010, 1, 1, tzinfo=UTC)
    claim = Claim(text="x", source="post", times=(claimed(early, early, "2010", polarity),))
    assert find(reference(), media=[video(segment())], claim=claim).label is FindingLabel.EARLIER_COPY_FOUND


def test_an_unknown_post_date_cannot_be_compared() -> None:
    finding = find(reference(), media=[video(segment())], of=post(posted_at=None))
    assert finding.label is FindingLabel.MATCH_FOUND_DATE_UNDETERMINED
    assert "either the post's date nor a claimed time is known" in finding.statement


def test_agreeing_dates_in_conflicting_places_are_not_consistent() -> None:
    finding = find(reference(first_seen="2020-02-20", **AL_RAI), media=[video(segment())], claim=HOUR_AGO)
    assert finding.label is FindingLabel.MATCH_FOUND_DATE_UNDETERMINED
    assert "agrees with the claimed time, but Al-Nayrab is 106 km" in finding.statement


def test_a_part_that_matches_is_named_with_the_part_that_does_not() -> None:
    finding = find(reference(first_seen=""), media=[video(segment(), seconds=30)], claim=HOUR_AGO)
    assert finding.label is FindingLabel.PARTIAL_MATCH
    assert "6.2 of 30.0 seconds of the video match; the remainder is unmatched." in finding.statement
    assert "The other 23.8 seconds of the video are not explained." in finding.limits


def test_an_earlier_copy_of_a_part_is_an_earlier_copy_and_says_which_part() -> None:
    finding = find(reference(), media=[video(segment(), seconds=30)], claim=HOUR_AGO)
    assert finding.label is FindingLabel.EARLIER_COPY_FOUND
    assert "6.2 of 30.0 seconds" in finding.statement


def test_overlapping_segments_are_counted_once() -> None:
    both = video(segment(end=20), segment("ref2", start=10, end=29.5), seconds=30)
    finding = find(reference(first_seen=""), reference("ref2", first_seen=""), media=[both])
    assert finding.label is FindingLabel.MATCH_FOUND_DATE_UNDETERMINED


ANOTHER_ORDER = "These pieces come in another order than in “Title ref1” (reference ref1)."


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        pytest.param([(0, 4, 20), (4, 9, 3)], ANOTHER_ORDER, id="the later one first"),
        pytest.param([(0, 4, 20), (6, 9, 3)], ANOTHER_ORDER, id="with something else between"),
        pytest.param(
            [(0, 4, 0), (4, 9, 6.5), (9, 12, 14)],
            "Between these pieces 5.0 seconds of the reference are left out.",
            id="something left out, twice",
        ),
        pytest.param([(0, 4, 0), (4, 9, 4.3)], "", id="one after the other"),
        pytest.param([(0, 4, 0), (6, 9, 7)], "", id="nothing known of what lies between"),
        pytest.param([(0, 9, 20), (2, 6, 3)], "", id="one within the other"),
    ],
)
def test_what_was_done_between_pieces_of_one_reference_is_said(
    pieces: list[tuple[float, float, float]], words: str
) -> None:
    """Of each piece where it starts and ends in the video, and where it starts in the reference, seconds."""
    segments = (
        segment(start=start, end=end, reference=span(known, known + end - start))
        for start, end, known in pieces
    )
    statement = find(reference(), media=[video(*segments, seconds=12)]).statement
    assert (words in statement) if words else ("pieces" not in statement)


def test_of_pieces_of_a_photo_no_order_is_told() -> None:
    still = reference()
    still = replace(still, media=replace(still.media, kind=MediaKind.IMAGE))
    segments = (segment(start=start, end=start + 4, reference=span(0, 0)) for start in (0.0, 4.0))
    assert "pieces" not in find(still, media=[video(*segments, seconds=8)]).statement


def test_of_what_is_played_backwards_no_order_is_told() -> None:
    segments = (
        segment(start=start, end=start + 4, reference=span(known, known + 4), speed=-1.0)
        for start, known in ((0.0, 20.0), (4.0, 16.0))
    )
    assert "pieces" not in find(reference(), media=[video(*segments, seconds=8)]).statement


@pytest.mark.parametrize(
    ("kind", "doubt", "words"),
    [
        (MatchKind.POSSIBLE, "", "a possible match, between the two thresholds."),
        (MatchKind.POSSIBLE, "the same view at any time", "a possible match, the same view at any time."),
        (MatchKind.SAME_SCENE, "", "the same scene at another time, not the same footage."),
        (MatchKind.SHARED_OVERLAY, "", "a possible match that may rest on a shared logo or caption alone."),
    ],
)
def test_what_is_not_a_copy_is_a_lead_at_most(kind: MatchKind, doubt: str, words: str) -> None:
    finding = find(reference(), media=[video(segment(kind=kind, doubt=doubt))], claim=HOUR_AGO)
    assert finding.label is FindingLabel.POSSIBLE_MATCH_NEEDS_REVIEW
    assert finding.statement.endswith(words)


def test_several_references_are_reconciled_by_the_earliest_strong_date() -> None:
    references = [
        reference("testim", "2010-01-01", DateBasisKind.TESTIMONY),
        reference("later", "2018-05-05"),
        reference("oldest", "2016-08-24", **AL_RAI),
        reference("newest", "2021-01-01", place="Hama", latitude=35.13, longitude=36.75),
    ]
    media = [video(*(segment(item.id) for item in references))]
    finding = find(*references, media=media, claim=HOUR_AGO)
    assert finding.label is FindingLabel.EARLIER_COPY_FOUND
    assert "Title oldest" in finding.statement
    assert "Title testim" not in finding.statement
    shown = " ".join(finding.reasons)
    assert (
        "The references give different dates: “Title testim” (reference testim) first seen 2010-01-01"
        in shown
    )
    assert "The references give different places" in shown


def test_what_is_to_be_said_of_several_references_is_said_once() -> None:
    references = [reference(name, "2019-05-01") for name in ("first", "second", "third")]
    media = [video(*(segment(item.id) for item in references))]
    reasons = find(*references, media=media, claim="").reasons
    about_place = [reason for reason in reasons if reason.startswith("Place:")]
    assert len(about_place) == 1
    assert all(f"Title {item.id}" in about_place[0] for item in references)
    assert len(reasons) == len(set(reasons))


def test_a_reference_taken_from_the_post_itself_is_no_earlier_publication() -> None:
    own = reference(first_seen="2020-02-18", source_url="https://x.com/i/status/1/")
    finding = find(own, media=[video(segment())], claim=HOUR_AGO)
    assert finding.label is FindingLabel.MATCH_FOUND_DATE_UNDETERMINED
    assert "taken from this very post" in finding.statement


def test_quoted_media_are_dated_by_the_quoted_post() -> None:
    quoting = post(linked=(LinkedPost(role=MediaRole.QUOTED, posted_at=datetime(2016, 1, 1, tzinfo=UTC)),))
    finding = find(reference(), media=[video(segment(), role=MediaRole.QUOTED)], of=quoting)
    assert finding.label is FindingLabel.MATCH_FOUND_DATE_UNDETERMINED
    assert "of the quoted post's video" in finding.statement


def test_one_photo_of_four_is_named() -> None:
    hit = segment(start=0, end=0)
    photos = [video(*([hit] if i == 1 else []), seconds=0, index=i, kind=MediaKind.IMAGE) for i in range(4)]
    finding = find(reference(), media=photos, claim=HOUR_AGO)
    assert finding.label is FindingLabel.EARLIER_COPY_FOUND
    assert "the photo 2 of 4 ↔ second 14.0 of “Title ref1”" in finding.statement


def test_no_match_states_the_size_and_the_digest_of_the_set() -> None:
    finding = find(media=[video()], claim=HOUR_AGO)
    assert finding.label is FindingLabel.NO_MATCH_IN_REFERENCE_SET
    assert "12 references, set digest abc123" in finding.statement
    assert "Not evidence that the footage is new or authentic" in finding.statement


def test_an_empty_set_is_said_to_be_empty() -> None:
    finding = decide(post(), None, [video()], {}, reference_count=0, reference_digest="")
    assert "The set is empty" in finding.statement


def test_flat_footage_is_insufficient_unless_something_else_was_searched() -> None:
    assert find(media=[video(enough=False)]).label is FindingLabel.INSUFFICIENT_MEDIA
    both = find(media=[video(enough=False), video(index=1)])
    assert both.label is FindingLabel.NO_MATCH_IN_REFERENCE_SET
    assert "Too little picture to compare in the video 1 of 2." in both.reasons


def test_a_failed_medium_is_named_beside_one_that_was_examined() -> None:
    problem = Problem(stage="fetch", code="media_gone", sentence="The server has no file.", permanent=True)
    failed = MediaReport(role=MediaRole.OWN, index=1, problem=problem)
    finding = find(reference(), media=[video(segment()), failed], claim=HOUR_AGO)
    assert finding.label is FindingLabel.EARLIER_COPY_FOUND
    assert any("media_gone" in reason for reason in finding.reasons)
    alone = find(media=[failed])
    assert alone.label is FindingLabel.NOT_RETRIEVABLE
    assert "media_gone: The server has no file." in alone.statement


@pytest.mark.parametrize("state", list(PostState))
def test_every_state_of_a_post_without_media_has_its_typed_reason(state: PostState) -> None:
    finding = find(media=[], of=post(state=state))
    assert finding.label is FindingLabel.NOT_RETRIEVABLE
    assert state.value in finding.statement


def test_a_medium_uploaded_long_before_the_post_is_a_reason_of_its_own() -> None:
    old = MediaRef(kind=MediaKind.VIDEO, url="https://v", uploaded_at=datetime(2018, 3, 24, tzinfo=UTC))
    finding = find(media=[video()], claim=HOUR_AGO, of=post(media=(old,)))
    assert finding.label is FindingLabel.NO_MATCH_IN_REFERENCE_SET
    assert finding.reasons[0].startswith("Hosted media date: conflicts (decisive)")
    assert "2018-03-24 is 698 days before 2020-02-20" in finding.reasons[0]


def test_the_same_facts_give_the_same_finding() -> None:
    facts: Any = (reference(**AL_RAI),)
    first = find(*facts, media=[video(segment())], claim=HOUR_AGO)
    assert first == find(*facts, media=[video(segment())], claim=replace(HOUR_AGO))


def test_a_wider_place_that_holds_the_finer_one_does_not_soften_it() -> None:
    near_idlib = reference(first_seen="2020-02-20", place="Binnish", latitude=35.9583, longitude=36.7136)
    wide = replace(HOUR_AGO, places=(*HOUR_AGO.places, place("Idlib", 35.9306, 36.6339, 35.0)))
    finding = find(near_idlib, media=[video(segment())], claim=wide)
    (where,) = [item for item in finding.comparisons if item.aspect == "place"]
    assert where.verdict is Verdict.CONFLICTS
    assert where.claimed == "Al-Nayrab"


def test_a_match_with_a_reference_that_was_removed_is_named() -> None:
    finding = find(media=[video(segment("removed"))], claim=HOUR_AGO)
    assert finding.label is FindingLabel.NO_MATCH_IN_REFERENCE_SET
    assert any("reference removed was left out" in reason for reason in finding.reasons)


def test_the_lexicon_tells_kin_from_conflict() -> None:
    def verdict(known: str) -> Verdict:
        facts = {"ref1": reference(equipment=(known,))}
        finding = decide(
            post(),
            HOUR_AGO,
            [video(segment())],
            facts,
            reference_count=1,
            reference_digest="",
            relate=relate_equipment,
        )
        return next(item.verdict for item in finding.comparisons if item.aspect == "equipment")

    assert verdict("M60") is Verdict.CONSISTENT
    assert verdict("Leopard 2A4") is Verdict.CONFLICTS
    assert verdict("Bayraktar TB2") is Verdict.CANNOT_COMPARE
