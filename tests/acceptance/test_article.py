"""From an article to the posts that it embeds, and lists, folders and text as input."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.acceptance.commands import Commands
from tests.acceptance.conftest import served
from tests.acceptance.test_check import POST_ID, TEXT, copies, play_post, video_of
from tests.web import Web

POST = f"https://twitter.com/somebody/status/{POST_ID}"
ARTICLE = f"""<!doctype html><html><head><title>Tanks enter Al-Nayrab</title></head><body><article>
<p>Footage said to show the attack was posted on Thursday.</p>
<blockquote class="twitter-tweet"><p>{TEXT}</p>&mdash; Somebody (@somebody)
<a href="{POST}?ref_src=twsrc%5Etfw">February 20, 2020</a></blockquote></article></body></html>"""


def test_an_article_leads_to_the_video_of_the_post_it_reports_on(
    commands: Commands, web: Web, footage: Path
) -> None:
    identifier = commands.add(footage / "old.mp4", "--first-seen", "2016", "--first-seen-basis", "archive")
    play_post(web, [video_of(served(web, "/v/a.mp4", (footage / "mirrored.mp4").read_bytes()))])
    article = served(web, "/news/tanks.html", ARTICLE.encode(), "text/html; charset=utf-8")
    outcome = commands.check(article)
    assert outcome.code == 0, outcome.err
    page, post = outcome.json
    assert page["post"]["key"]["platform"] == "web"
    assert post["post"]["key"] == {"platform": "x", "id": POST_ID}
    assert post["finding"]["label"] == "earlier_copy_found"
    assert {segment["reference_id"] for segment in copies(post)} == {identifier}
    assert article in post["note"]
    assert {item["state"] for item in commands.run("list", "--json").json} <= {"done", "failed"}


def test_a_list_gives_each_row_its_own_claim(commands: Commands, footage: Path, tmp_path: Path) -> None:
    shutil.copy(footage / "photo.png", tmp_path / "photo.png")
    rows = f'{footage / "third.mp4"},"M60T at Idlib",first,2020-02-20\nphoto.png,,second,\n'
    (tmp_path / "list.csv").write_text(f"url,claim,note,posted_at\n{rows}")
    first, second = commands.check(str(tmp_path / "list.csv")).json
    assert (first["claim"]["text"], first["note"]) == ("M60T at Idlib", "first")
    assert first["post"]["posted_at"].startswith("2020-02-20")
    assert (second["claim"], second["note"]) == (None, "second")


def test_a_folder_gives_its_media_and_text_its_addresses(
    commands: Commands, web: Web, footage: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "clips"
    folder.mkdir()
    shutil.copy(footage / "photo.png", folder)
    (folder / "notes.odt").write_text("no footage")
    address = served(web, "/b.jpg", (footage / "frame.jpg").read_bytes(), "image/jpeg")
    outcome = commands.check(str(folder), f"Seen at {address} yesterday, said to be Idlib.")
    named = [report["submitted"] for report in outcome.json]
    assert named == [str(folder / "photo.png"), address]


def test_an_empty_list_is_said_to_be_that(commands: Commands, footage: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("url,claim\n")
    outcome = commands.run("check", str(tmp_path / "empty.csv"), str(footage / "photo.png"), "--json")
    assert outcome.code == 1
    assert "empty.csv" in outcome.err
    assert json.loads(outcome.out)["finding"]["label"] == "no_match_in_reference_set"
