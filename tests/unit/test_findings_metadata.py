from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.unit.sample_findings import HOUR_AGO, POSTED, find, post, reference, segment, video
from verify.findings.comparing import claimed_frame
from verify.findings.metadata import compare_metadata, metadata_sentences
from verify.model import Comparison, DecodeOutcome, FindingLabel, MediaMetadata, MediaReport, Verdict


def tagged(**tags: str) -> MediaReport:
    named = tuple((key.replace("__", "."), value) for key, value in tags.items())
    metadata = MediaMetadata(container="mp4", codec="h264", width=10, height=10, tags=named)
    decode = DecodeOutcome(metadata=metadata, frames_read=7, read_until_us=1, complete=True)
    return replace(video(segment()), decode=decode)


def compared(**tags: str) -> list[Comparison]:
    return list(compare_metadata([tagged(**tags)], HOUR_AGO, claimed_frame(HOUR_AGO, POSTED)))


@pytest.mark.parametrize(
    ("tags", "verdict", "words"),
    [
        (
            {"creation_time": "2016-08-24T10:00:00.000000Z"},
            Verdict.CONFLICTS,
            "2016-08-24 is 1,275 days before",
        ),
        ({"DateTimeOriginal": "2016:08:24 10:00:00"}, Verdict.CONFLICTS, "2016-08-24 is 1,275 days before"),
        ({"creation_time": "2020-02-20T07:30:00Z"}, Verdict.CONSISTENT, "lies within the claimed time"),
        # Taken at seven by a clock of unknown zone: not outside the last two hours in every zone.
        ({"DateTimeOriginal": "2020:02:20 03:00:00"}, Verdict.CONSISTENT, "lies within"),
        (
            {"DateTimeOriginal": "2020:02:20 03:00:00", "OffsetTimeOriginal": "+02:00"},
            Verdict.CONFLICTS,
            "5 hours before",
        ),
        ({"creation_time": "2031-01-01T00:00:00Z"}, Verdict.CONFLICTS, "the clock was wrong or set"),
    ],
)
def test_a_capture_date_is_compared_and_never_decides(
    tags: dict[str, str], verdict: Verdict, words: str
) -> None:
    (date,) = compared(**tags)
    assert (date.aspect, date.verdict, date.decisive) == ("media metadata date", verdict, False)
    assert words in date.arithmetic
    assert "platforms strip such metadata" in date.known


@pytest.mark.parametrize(
    "text", ["1970-01-01T00:00:00Z", "1904-01-01T00:00:00Z", "yesterday", "2016-13-45", ""]
)
def test_clocks_that_were_never_set_and_nonsense_are_passed_over(text: str) -> None:
    assert compared(creation_time=text) == []


@pytest.mark.parametrize(
    ("tags", "verdict"),
    [
        ({"com__apple__quicktime__location__ISO6709": "+35.8700+036.7200+310.5/"}, Verdict.CONSISTENT),
        ({"location": "+36.6128+037.4475/"}, Verdict.CONFLICTS),
        ({"GPSPosition": "+36.6128+037.4475/"}, Verdict.CONFLICTS),
    ],
)
def test_a_position_is_compared_with_the_claimed_place(tags: dict[str, str], verdict: Verdict) -> None:
    (place,) = compared(**tags)
    assert (place.aspect, place.verdict, place.decisive) == ("media metadata place", verdict, False)
    assert "km from Al-Nayrab" in place.arithmetic


@pytest.mark.parametrize("text", ["+00.0000+000.0000/", "north", "+99.0+200.0/"])
def test_positions_that_cannot_be_are_passed_over(text: str) -> None:
    assert compared(location=text) == []


def test_devices_and_software_are_named_with_the_caution() -> None:
    (sentence,) = metadata_sentences([tagged(Make="Apple", Model="iPhone 6", encoder="Lavf58.29.100")])
    assert "device “Apple iPhone 6” and software “Lavf58.29.100”" in sentence
    assert "anyone can set it" in sentence


def test_metadata_stand_among_the_reasons_and_change_no_label() -> None:
    later = reference(first_seen="2021-05-01")
    plain = find(later, media=[video(segment())], claim=HOUR_AGO)
    with_tags = find(later, media=[tagged(creation_time="2016-08-24T10:00:00Z")], claim=HOUR_AGO)
    assert with_tags.label is plain.label is FindingLabel.MATCH_FOUND_DATE_UNDETERMINED
    assert any(
        reason.startswith("Media metadata date: conflicts (supporting only)") for reason in with_tags.reasons
    )


def test_without_a_claim_or_a_date_nothing_can_be_compared() -> None:
    (date,) = compare_metadata([tagged(creation_time="2016-08-24T10:00:00Z")], None, None)
    assert date.verdict is Verdict.CANNOT_COMPARE
    frame = claimed_frame(None, post().posted_at)
    (date,) = compare_metadata([tagged(creation_time="2016-08-24T10:00:00Z")], None, frame)
    assert date.verdict is Verdict.CANNOT_COMPARE
    assert POSTED - datetime(2016, 8, 24, tzinfo=UTC) > timedelta(days=1000)
