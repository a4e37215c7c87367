"""Lists of things to check: each bad line is named, every good one accepted."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from verify.errors import UnreadableInput
from verify.queueing import read_list, read_list_file
from verify.store.items import Priority

GOOD = "https://x.com/someone/status/1230404217861046272"


def test_a_plain_list_names_its_bad_lines_and_keeps_the_rest(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"x")
    text = f"# the morning's posts\n{GOOD}\n\nnot an address\n{clip}\nhttp://[bad\n/no/such/file.mp4\n"
    found = read_list(text, priority=Priority.BULK)
    assert [submission.text for submission in found.submissions] == [GOOD, str(clip)]
    assert {submission.priority for submission in found.submissions} == {Priority.BULK}
    assert [(bad.number, bad.text) for bad in found.bad] == [
        (4, "not an address"),
        (6, "http://[bad"),
        (7, "/no/such/file.mp4"),
    ]
    assert "no such file" in found.bad[2].sentence


def test_a_csv_keeps_claims_and_dates_and_counts_lines_as_an_editor_does() -> None:
    text = (
        "\ufeffURL;Claim;Posted_at\r\n"
        f'{GOOD};"M60T, one\nhour ago; Nayrab";2020-02-20T09:30:00Z\r\n'
        f"{GOOD};late;yesterday\r\n"
        ";no address;\r\n"
        f"{GOOD.replace('046272', '046273')};;\r\n"
    )
    found = read_list(text)
    first, second = found.submissions
    assert (first.claim, first.posted_at) == (
        "M60T, one\nhour ago; Nayrab",
        datetime(2020, 2, 20, 9, 30, tzinfo=UTC),
    )
    assert second.text.endswith("046273")
    assert [bad.number for bad in found.bad] == [4, 5]
    assert "yesterday" in found.bad[0].sentence


def test_json_lines_are_read_one_by_one() -> None:
    text = f'{{"url": "{GOOD}", "note": "desk 3"}}\n{{"url": \n[1]\n{{"claim": "no address"}}\n'
    found = read_list(text)
    assert [(submission.text, submission.note) for submission in found.submissions] == [(GOOD, "desk 3")]
    assert [bad.number for bad in found.bad] == [2, 3, 4]


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "url,claim\n"])
def test_an_empty_list_has_neither_good_nor_bad_lines(text: str) -> None:
    found = read_list(text)
    assert (found.submissions, found.bad) == ((), ())


def test_a_list_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match="missing"):
        read_list_file(tmp_path / "missing.csv")
