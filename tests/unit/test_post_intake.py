from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from verify.errors import UnreadableInput
from verify.posts.intake import entries_from, entries_from_path, entries_from_stream

ONE = "https://x.com/a/status/1641086480675225601"
TWO = "https://t.me/tchantest/14"

ARTICLE = """By a reporter, 20 February 2020. More on this: https://news.example/earlier?id=1.

"Fighters near Al-#Nayrab... M113 armoured carriers and M60T main battle tanks"
pic.twitter.com/AbCdEf1234 \u2014 A (@a) February 20, 2020

Shot the same day, says the channel:

https://t.me/tchantest/14.

First https://x.com/a/status/1641086480675225601?s=20, then (https://youtu.be/1j7j2U_BGNo). And again
https://twitter.com/a/status/1641086480675225601
"""


def test_an_article_is_split_into_its_posts_each_with_its_words() -> None:
    entries = entries_from(ARTICLE)
    assert [entry.text for entry in entries] == [
        "https://news.example/earlier?id=1",
        "pic.twitter.com/AbCdEf1234",
        "https://t.me/tchantest/14",
        "https://x.com/a/status/1641086480675225601?s=20",
        "https://youtu.be/1j7j2U_BGNo",
    ]
    claims = [entry.claim for entry in entries]
    assert "M60T main battle tanks" in claims[1]
    assert claims[2] == "Shot the same day, says the channel"
    assert claims[3] == "First"
    assert claims[4] == "then"


def test_words_after_a_link_are_its_words_when_none_come_before() -> None:
    (entry,) = entries_from(f"{ONE} tanks in Nayrab, one hour ago")
    assert (entry.text, entry.claim) == (ONE, "tanks in Nayrab, one hour ago")


def test_a_single_address_is_kept_as_it_was_written() -> None:
    (entry,) = entries_from("https://x.com/a/status/1641086480675225601?s=20&t=(x)")
    assert entry.text == "https://x.com/a/status/1641086480675225601?s=20&t=(x)"
    assert entry.claim == ""


def test_words_that_name_nothing_are_one_entry() -> None:
    assert [entry.text for entry in entries_from("not an address")] == ["not an address"]


def test_brackets_that_belong_to_an_address_stay() -> None:
    (entry,) = entries_from("see https://en.example.org/wiki/Nayrab_(Idlib) today")
    assert entry.text == "https://en.example.org/wiki/Nayrab_(Idlib)"


@pytest.mark.parametrize("joint", ["\n", "\r\n", " ", "\n\n"])
def test_a_list_of_addresses_is_one_entry_each_without_claims(joint: str) -> None:
    entries = entries_from_stream(joint.join((ONE, TWO, ONE)))
    assert [(entry.text, entry.claim) for entry in entries] == [(ONE, ""), (TWO, "")]


@pytest.mark.parametrize(
    "table",
    [
        f'url,claim,note,posted_at\n{ONE},"tanks, many",from a chat,2020-02-20T13:05:00Z\n{TWO},,,\n',
        (
            "\ufeffURL;Claim;Note;Posted_At\r\n"
            f'{ONE};"tanks, many";from a chat;2020-02-20T15:05:00+02:00\r\n{TWO};;;\r\n'
        ),
        f"link\ttext\tcomment\tdate\n{ONE}\ttanks, many\tfrom a chat\t1582203900\n{TWO}\t\t\t\n",
        "\n".join(
            (
                json.dumps(
                    {
                        "url": ONE,
                        "claim": "tanks, many",
                        "note": "from a chat",
                        "posted_at": "2020-02-20T13:05:00Z",
                    }
                ),
                "",
                json.dumps({"url": TWO, "claim": None, "other": [1]}),
            )
        ),
    ],
)
def test_tables_give_each_row_its_claim_note_and_date(table: str) -> None:
    first, second = entries_from_stream(table)
    assert (first.text, first.claim, first.note) == (ONE, "tanks, many", "from a chat")
    assert first.posted_at == datetime(2020, 2, 20, 13, 5, tzinfo=UTC)
    assert first.origin.startswith("standard input, row ")
    assert (second.text, second.claim, second.posted_at) == (TWO, "", None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        (" \n ", "empty"),
        ("nothing to check here\n", "names no address"),
        (f"url,posted_at\n{ONE},yesterday\n", "row 2"),
        ("url,claim\n,only a claim\n", "no column named url"),
        ('{"url": "https://x.com/', "line 1"),
        (f'{{"url": "{ONE}"}}\n[1]\n', "line 2"),
        (f'{{"url": "{ONE}", "posted_at": "99999999999999999999"}}', "is not a date"),
    ],
)
def test_a_list_that_cannot_be_understood_says_where(text: str, words: str) -> None:
    with pytest.raises(UnreadableInput, match=words):
        entries_from_stream(text)


def test_a_folder_gives_its_media_by_name(tmp_path: Path) -> None:
    for name in ("b.mp4", "a.JPG", "sub/c.webm", "notes.txt", ".hidden.mp4", "report.pdf"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    names = [Path(entry.text).name for entry in entries_from_path(tmp_path)]
    assert names == ["a.JPG", "b.mp4", "c.webm"]


def test_an_empty_folder_and_a_missing_list_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput):
        entries_from_path(tmp_path)
    with pytest.raises(UnreadableInput):
        entries_from_path(tmp_path / "gone.csv")


def test_paths_in_a_list_are_relative_to_the_list(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"x")
    (tmp_path / "list.csv").write_text("file,claim\nclip.mp4,as received\nabsent.mp4,\n", encoding="utf-8")
    first, second = entries_from(str(tmp_path / "list.csv"))
    assert (first.text, first.claim) == (str(tmp_path / "clip.mp4"), "as received")
    assert second.text == "absent.mp4"


def test_paths_and_addresses_may_be_piped_together(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"x")
    entries = entries_from_stream(f"{tmp_path / 'clip.mp4'}\n{ONE}\n")
    assert [entry.text for entry in entries] == [str(tmp_path / "clip.mp4"), ONE]


def test_a_saved_page_gives_the_posts_it_embeds(tmp_path: Path) -> None:
    page = tmp_path / "article.html"
    page.write_text(
        '<html><body><p>Words</p><blockquote class="twitter-tweet"><p>Tanks</p>'
        f'<a href="{ONE}">x</a></blockquote>',
        encoding="utf-8",
    )
    (entry,) = entries_from_path(page)
    assert entry.text == ONE
    assert "Tanks" in entry.claim


# --- auto-archiver -----------------------------------------------------------------------------


def test_the_archivers_json_gives_its_media_with_the_posts_words(tmp_path: Path) -> None:
    _archive(tmp_path)
    (entry,) = entries_from_path(tmp_path / "metadata.json")
    _check(entry.text, tmp_path)
    assert entry.claim == "A title\n\nThe post's words"
    assert entry.note == f"Archived from {ONE}"
    assert entry.posted_at == datetime(2020, 2, 20, 13, 5, tzinfo=UTC)


def test_the_archivers_csv_is_read_although_its_cells_are_python(tmp_path: Path) -> None:
    _archive(tmp_path)
    metadata = (
        f"{{'url': '{ONE}', "
        "'_processed_at': datetime.datetime(2024, 1, 2, 3, 4, 5, 678, tzinfo=datetime.timezone.utc), "
        "'content': \"The post's words\", "
        "'timestamp': datetime.datetime(2020, 2, 20, 13, 5, tzinfo=datetime.timezone.utc)}"
    )
    media = (
        "[{'filename': '/tmp/abc/clip.mp4', 'key': 'one/clip.mp4', 'urls': [], 'properties': {'hash': 'x'}}]"
    )
    cells = ",".join('"' + cell.replace('"', '""') + '"' for cell in ("twitter: success", metadata, media))
    (tmp_path / "db.csv").write_text(f"status,metadata,media\n{cells}\n", encoding="utf-8")
    (entry,) = entries_from_path(tmp_path / "db.csv")
    _check(entry.text, tmp_path)
    assert entry.claim == "The post's words"
    assert entry.posted_at == datetime(2020, 2, 20, 13, 5, tzinfo=UTC)


def test_the_archivers_html_gives_what_it_shows(tmp_path: Path) -> None:
    _archive(tmp_path)
    (tmp_path / "index.html").write_text(
        f"""<html><body><h2>Archived media for <span class="copy">{ONE}</span> - <a href="{ONE}">open</a></h2>
        <table class="content"><tr><td>about</td><td><video src="one/clip.mp4"></video></td></tr></table>
        <table class="metadata"><tr><td>content</td><td>The post's words</td></tr>
        <tr><td>timestamp</td><td>2020-02-20 13:05:00+00:00</td></tr></table>
        <p>Made with <a href="https://github.com/bellingcat/auto-archiver">bellingcat/auto-archiver</a></p>""",
        encoding="utf-8",
    )
    (entry,) = entries_from_path(tmp_path / "index.html")
    _check(entry.text, tmp_path)
    assert entry.claim == "The post's words"
    assert entry.posted_at == datetime(2020, 2, 20, 13, 5, tzinfo=UTC)


def test_the_archivers_folder_is_read_through_its_metadata(tmp_path: Path) -> None:
    _archive(tmp_path)
    (entry,) = entries_from_path(tmp_path)
    _check(entry.text, tmp_path)
    assert entry.claim


def test_an_archived_post_without_media_is_checked_by_its_address(tmp_path: Path) -> None:
    (tmp_path / "metadata.json").write_text(
        json.dumps({"status": "x: success", "metadata": {"url": ONE, "title": "T"}, "media": []}),
        encoding="utf-8",
    )
    (entry,) = entries_from_path(tmp_path)
    assert (entry.text, entry.claim) == (ONE, "T")


def test_the_archivers_metadata_reaches_no_file_outside_its_folder(tmp_path: Path) -> None:
    outside = tmp_path / "private.mp4"
    outside.write_bytes(b"x")
    folder = tmp_path / "archive"
    folder.mkdir()
    media = [{"filename": "../private.mp4", "key": str(outside), "urls": [], "properties": {}}]
    (folder / "metadata.json").write_text(
        json.dumps({"status": "", "metadata": {"url": ONE}, "media": media}), encoding="utf-8"
    )
    assert [entry.text for entry in entries_from_path(folder)] == [ONE]


def test_a_hostile_cell_is_not_evaluated(tmp_path: Path) -> None:
    (tmp_path / "db.csv").write_text(
        "status,metadata,media\nx,\"__import__('os').system('touch owned')\",[]\n", encoding="utf-8"
    )
    with pytest.raises(UnreadableInput):
        entries_from_path(tmp_path / "db.csv")


def _archive(folder: Path) -> None:
    (folder / "one").mkdir()
    (folder / "one" / "clip.mp4").write_bytes(b"x")
    (folder / "one" / "shot.png").write_bytes(b"x")
    value = {
        "status": "twitter: success",
        "metadata": {
            "url": ONE,
            "title": "A title",
            "content": "The post's words",
            "timestamp": "2020-02-20 13:05:00+00:00",
        },
        "media": [
            {"filename": "/tmp/x/clip.mp4", "key": "one/clip.mp4", "urls": ["https://cdn.example/clip.mp4"]},
            {"filename": "/tmp/x/shot.png", "key": "one/shot.png", "properties": {"id": "screenshot"}},
        ],
    }
    (folder / "metadata.json").write_text(json.dumps(value), encoding="utf-8")


def _check(path: str, folder: Path) -> None:
    assert Path(path) == (folder / "one" / "clip.mp4").resolve()
