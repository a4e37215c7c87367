"""What a report's documents say, and that nothing in them can act."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from selectolax.lexbor import LexborHTMLParser

from tests.unit import sample_report as sample
from tests.unit.sample_report import ATTACKS, hostile_report
from verify.errors import UnreadableInput
from verify.model import (
    FindingLabel,
    Judgement,
    JudgementKind,
    MatchKind,
    MediaReport,
    Orientation,
    Rating,
    Span,
)
from verify.reports import (
    from_json,
    inert,
    json_schema,
    mentions,
    short_finding,
    to_csv,
    to_html,
    to_json,
    words,
)
from verify.reports.view import view

hostile_text = st.lists(
    st.sampled_from(ATTACKS)
    | st.text(alphabet=st.characters(), max_size=12)
    | st.text("<>&'\"=/`{}%;:#", max_size=8),
    max_size=4,
).map("".join)


@pytest.fixture
def pictures() -> dict[str, bytes]:
    return {sample.sha(number): b"\xff\xd8jpeg" for number in (0x60, 0x61, 0x70)}


def test_json_comes_back_as_the_same_report() -> None:
    report = sample.report()
    assert from_json(to_json(report)) == report
    assert to_json(report) == to_json(from_json(to_json(report)))


def test_json_satisfies_its_schema() -> None:
    Draft202012Validator.check_schema(json_schema())
    Draft202012Validator(json_schema()).validate(json.loads(to_json(sample.report())))


def test_json_names_its_schema_first() -> None:
    assert next(iter(json.loads(to_json(sample.report())))) == "schema"


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": "verify.report/9"}', '{"schema": "verify.report/1"}']
)
def test_anything_else_is_not_read_as_a_report(text: str) -> None:
    with pytest.raises(UnreadableInput):
        from_json(text)


@given(hostile_text)
@settings(max_examples=60, deadline=None)
def test_json_keeps_hostile_text_and_is_plain_ascii(text: str) -> None:
    report = hostile_report(text)
    document = to_json(report)
    assert document.isascii()
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", document)
    assert json.loads(document)["post"]["text"] == text


@given(hostile_text)
@settings(max_examples=60, deadline=None)
def test_no_text_of_a_post_can_act_in_the_page(text: str) -> None:
    page = to_html(hostile_report(text), {})
    tree = LexborHTMLParser(page)
    assert not tree.css("script, iframe, object, embed, form, link, base, meta[http-equiv=refresh]")
    assert len(tree.css("style")) == 1
    for node in tree.css("*"):
        for name, value in node.attributes.items():
            assert not name.startswith("on")
            if name in {"src", "action", "style", "srcset", "poster", "data"}:
                assert name == "src"
                assert (value or "").startswith("data:image/jpeg;base64,")
            if name == "href":
                assert re.match(r"#|https?://[^@/]+(/|$|\?|#)", value or "")
    invisible = re.compile(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
    )
    assert not invisible.search(page)


def test_the_page_is_encodable_and_shows_hidden_characters() -> None:
    page = to_html(hostile_report("a\u202eb\ud800"), {})
    page.encode()
    assert 'title="right-to-left override">U+202E</span>' in page
    assert "U+D800" in page


def test_ten_megabytes_of_text_are_counted_not_drawn() -> None:
    page = to_html(sample.report(post=sample.post(text="x" * 10_000_000)), {})
    assert len(page) < 200_000
    assert "9,980,000 more characters" in page


def test_the_page_fetches_nothing_and_says_so(pictures: dict[str, bytes]) -> None:
    tree = LexborHTMLParser(to_html(sample.report(), pictures))
    policy = tree.css_first("meta[http-equiv=Content-Security-Policy]").attributes["content"] or ""
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert [node.attributes["src"][:22] for node in tree.css("img")] == ["data:image/jpeg;base64"] * 3
    assert "This picture was not stored." in tree.body.text()


def test_the_page_opens_with_the_finding_and_its_limits() -> None:
    page = to_html(sample.report(), {})
    tree = LexborHTMLParser(page)
    assert tree.css_first("h1").text() == "Earlier copy found"
    order = [
        page.index(words_)
        for words_ in ("Visual match to footage", "Limits:", "What was checked", "Acquisition log")
    ]
    assert order == sorted(order)


def test_headings_descend_one_step_at_a_time_and_pictures_are_described(pictures: dict[str, bytes]) -> None:
    tree = LexborHTMLParser(to_html(sample.report(), pictures))
    levels = [int(node.tag[1]) for node in tree.css("h1, h2, h3, h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert all(node.attributes.get("alt") for node in tree.css("img"))
    assert len(tree.css("main")) == 1
    ids = [node.attributes["id"] for node in tree.css("[id]")]
    assert len(ids) == len(set(ids))
    assert all(node.attributes["href"][1:] in ids for node in tree.css("a[href^='#']"))


@pytest.mark.parametrize("label", list(FindingLabel))
def test_every_finding_has_words_and_none_is_a_rating(label: FindingLabel) -> None:
    page = LexborHTMLParser(to_html(sample.report(finding=sample.finding(label=label)), {})).body.text()
    assert words.FINDINGS[label] in page
    assert not re.search(r"\b(fake|true|verified|debunked)\b", page, re.IGNORECASE)


def test_a_post_without_media_still_makes_a_page() -> None:
    page = LexborHTMLParser(to_html(sample.not_retrievable(), {})).body.text()
    assert "The platform says that the post was deleted." in page
    assert "Nothing was compared." in page


def test_times_that_differ_are_flagged() -> None:
    report = sample.report(post=sample.post(reported_at=sample.POSTED.replace(hour=12)))
    assert "differs from the time above by 3,600 s" in to_html(report, {})


def test_the_timeline_links_every_segment() -> None:
    second = sample.segment(reference_id="ref-2", query=Span(start_us=15_000_000, end_us=17_000_000))
    report = sample.report(media=(with_segments(sample.segment(), second),))
    tree = LexborHTMLParser(to_html(report, {}))
    assert [node.attributes["href"] for node in tree.css("svg a")] == ["#m1s1", "#m1s2", "#m1s1", "#m1s2"]
    first = tree.css_first("svg a rect").attributes
    assert (first["x"], first["width"]) == ("11.111%", "66.667%")


def test_a_still_has_frames_but_no_timeline() -> None:
    still = sample.segment(
        query=Span(start_us=0, end_us=0), reference=Span(start_us=31_000_000, end_us=31_000_000), speed=1.0
    )
    medium = with_segments(still)
    medium = replace(medium, matches=replace(medium.matches, query_duration_us=0))
    assert not LexborHTMLParser(to_html(sample.report(media=(medium,)), {})).css(".timeline")


def test_frame_pairs_stand_with_their_segment() -> None:
    shown = view(sample.report())
    assert [pair.query_us for pair in shown.media[0].segments[0].pairs] == [2_000_000, 6_000_000]
    elsewhere = with_segments(sample.segment(query=Span(start_us=9_000_000, end_us=9_500_000), pairs=()))
    assert len(view(sample.report(media=(elsewhere,))).media[0].loose_pairs) == 2


def test_a_turned_reference_is_offered_as_turned() -> None:
    assert "Reference shown mirrored" in to_html(sample.report(), {})
    upright = sample.report(media=(with_segments(sample.segment(orientation=Orientation.UPRIGHT)),))
    assert "as-turned" not in LexborHTMLParser(to_html(upright, {})).css_first(".segment").html


def test_footage_played_backwards_is_told_so() -> None:
    backwards = sample.report(media=(with_segments(sample.segment(speed=-1.0)),))
    facts = LexborHTMLParser(to_html(backwards, {})).css_first(".segment .facts-line").text()
    assert "Changes found: mirrored, cropped, played backwards." in facts


@given(st.text(max_size=40), st.lists(st.tuples(st.integers(-5, 50), st.integers(-5, 50)), max_size=6))
@settings(deadline=None)
def test_highlighting_keeps_every_character(text: str, spans: list[tuple[int, int]]) -> None:
    mention = sample.claim().places[0]
    claim = replace(
        sample.claim(text),
        equipment=(),
        times=(),
        places=tuple(replace(mention, start=a, end=b) for a, b in spans),
    )
    pieces = mentions.pieces(claim)
    assert "".join(piece.text for piece in pieces) == text
    marked = {position for a, b in spans for position in range(max(a, 0), min(b, len(text)))}
    assert sum(len(piece.text) for piece in pieces if piece.kinds) == len(marked)


@given(hostile_text)
@settings(max_examples=60, deadline=None)
def test_csv_has_one_row_per_report_and_no_formula(text: str) -> None:
    rows = list(csv.reader(io.StringIO(to_csv([hostile_report(text), sample.report()]), newline="")))
    assert len(rows) == 3
    assert {len(row) for row in rows} == {len(rows[0])}
    assert not any(
        value.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for value in row
    )


def test_csv_names_the_best_segment() -> None:
    weak = sample.segment(kind=MatchKind.POSSIBLE, score=0.1, reference_id="other")
    report = sample.report(media=(with_segments(weak, sample.segment()),))
    row = next(csv.DictReader(io.StringIO(to_csv([report]))))
    assert (row["reference_id"], row["query_start_s"], row["reference_end_s"]) == ("ref-1", "2.000", "43.000")
    assert row["changes"] == "mirrored, cropped"


def test_a_segment_says_why_it_is_only_possible() -> None:
    unsure = sample.segment(kind=MatchKind.POSSIBLE, doubt="nothing <b>tells</b> the moment")
    page = to_html(sample.report(media=(with_segments(unsure),)), {})
    assert "Possible match: <bdi>nothing &lt;b&gt;tells&lt;/b&gt; the moment</bdi>. Changes found" in page


@given(hostile_text)
@settings(max_examples=60, deadline=None)
def test_terminal_lines_hold_nothing_that_moves_or_turns(text: str) -> None:
    lines = short_finding(hostile_report(text))
    assert not re.search(
        "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", lines
    )
    assert len(lines.splitlines()) == 5


def test_terminal_lines_say_which_seconds() -> None:
    lines = short_finding(sample.report())
    assert lines.startswith("Earlier copy found: https://twitter.com/")
    assert "0:02.00\u20130:14.00 = 0:31.00\u20130:43.00 of Turkish armour crosses at Al-Rai" in lines
    assert "first seen 2016-08-24 (copy; changes: mirrored, cropped)" in lines


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "//evil.example", "ftp://a.example/", "https://",
     "https://a@evil.example/", "https://a.example/\u202e", "https://a.example/ x", "https://[", 'https://a.example/"'],
)  # fmt: skip
def test_only_plain_addresses_become_links(url: str) -> None:
    assert "<a" not in inert.link(url)


def test_emoji_stay_whole() -> None:
    assert str(inert.visible("\U0001f468\u200d\U0001f469")) == "<bdi>\U0001f468\u200d\U0001f469</bdi>"
    assert "U+200D" in inert.visible("a\u200db")


@pytest.mark.parametrize(
    ("time_us", "shown"),
    [
        (0, "0:00.00"),
        (7_420_000, "0:07.42"),
        (59_999_999, "1:00.00"),
        (3_723_000_000, "1:02:03.00"),
        (-5, "0:00.00"),
    ],
)
def test_positions_are_rounded_once(time_us: int, shown: str) -> None:
    assert words.clock(time_us) == shown


def test_moments_tell_neighbouring_frames_apart() -> None:
    assert [words.moment(time_us) for time_us in (0, 16_667, 59_999_600, 3_723_000_000)] == [
        "0:00.000",
        "0:00.017",
        "1:00.000",
        "1:02:03.000",
    ]


def test_letters_run_past_z() -> None:
    assert [words.letter(number) for number in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]


def with_segments(*segments: object) -> MediaReport:
    medium = sample.media()
    return replace(medium, matches=replace(medium.matches, segments=segments))


def test_what_people_said_stands_apart_from_the_finding_and_by_its_match() -> None:
    report, match = sample.report(), sample.segment()
    rejected = Judgement(
        id="1", item_id="i", run=1, kind=JudgementKind.REJECT, by="Ana <b>", at=sample.POSTED,
        note="other hull",
        media_sha256=report.media[0].file.sha256, reference_id=match.reference_id, query=match.query,
    )  # fmt: skip
    rated = Judgement(
        id="2",
        item_id="i",
        run=1,
        kind=JudgementKind.RATING,
        by="Bo",
        at=sample.POSTED,
        rating=Rating.MISSING_CONTEXT,
    )
    tree = LexborHTMLParser(to_html(report, {}, (rejected, rated)))
    assert "Ana <b>" in tree.css_first("#m1s1 .said").text()
    assert "rejects this match. other hull" in tree.css_first("#m1s1 .said").text()
    assert "Missing context" in tree.css_first("#judgement").text()
    assert "Bo" not in tree.css_first("header.finding").text()


def test_keyframes_with_a_picture_are_shown_as_a_strip() -> None:
    medium = sample.media()
    first, *others = medium.keyframes
    pictured = replace(medium, keyframes=(replace(first, jpeg_sha256=sample.sha(0x60)), *others))
    tree = LexborHTMLParser(to_html(sample.report(media=(pictured,)), {sample.sha(0x60): b"\xff\xd8jpeg"}))
    (shown,) = tree.css("#keyframes .strip img")
    assert shown.attributes["alt"] == "Keyframe of Video 1 at 0:00.00"
