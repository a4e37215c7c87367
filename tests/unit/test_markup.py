from __future__ import annotations

import pytest

from verify.errors import BadResponse
from verify.posts.markup import DEEPEST, MOST_ATTRIBUTES, parsed, plain_text


@pytest.mark.parametrize(
    "markup",
    [
        "<div>" * 1_000_000,
        "<DIV\n>" * 5_000,
        "<html><div " + "a " * 1_000_000 + ">",
        "<p " + " ".join(f"a{number}='x y'" for number in range(MOST_ATTRIBUTES + 1)) + ">",
    ],
)
def test_markup_that_would_hold_the_parser_up_is_refused(markup: str) -> None:
    with pytest.raises(BadResponse):
        parsed(markup)


@pytest.mark.parametrize(
    "markup",
    [
        "",
        "<div>" * (DEEPEST - 1),
        "<div></div>" * 5_000,
        "<ul>" + "<li>one" * 5_000,
        "<script>" + "'<div>'" * 5_000 + "</script>",
        "<SCRIPT>" + "<div>" * 5_000,
        "<script" * 5_000,
        "<p>" + "\u0130" * 500 + "<style>" + "<div>" * 5_000 + "</style>",
        "<div data-json='" + "a b " * 5_000 + "'>",
        "<p>" + "words and words " * 5_000,
        "<" * 5_000,
    ],
)
def test_markup_of_ordinary_depth_is_parsed(markup: str) -> None:
    parsed(markup)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>First &amp; line<br>second</p><p>third</p>", "First & line\nsecond\n\nthird"),
        ("  a \t b\u00a0c ", "a b c"),
        ("<ul><li>one</li><li>two</li></ul>", "one\ntwo"),
        ("&lt;script&gt;", "<script>"),
        ("", ""),
    ],
)
def test_markup_reads_as_a_person_sees_it(markup: str, text: str) -> None:
    assert plain_text(markup) == text
