"""The reference set through the installed command: added, refused, listed, shown, removed."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from tests.acceptance.commands import Commands
from tests.acceptance.conftest import served
from tests.acceptance.test_check import POST_ID, copies, play_post, video_of
from tests.footage import render_animation
from tests.web import Web

FACTS = [
    *("--title", "Convoy at Al-Rai", "--source-url", "https://example.org/2016/convoy"),
    *("--first-seen", "2016-08-24", "--first-seen-basis", "publication", "--place", "Al-Rai, Syria"),
    *("--lat", "36.6156", "--lon", "37.4473", "--equipment", "M60T", "--equipment", "ACV-15"),
    *("--note", "seen by the desk"),
]


def test_every_fact_is_kept(commands: Commands, footage: Path) -> None:
    added = commands.run("reference", "add", str(footage / "old.mp4"), *FACTS, "--json")
    (one,) = added.json
    assert one["is_new"] is True
    shown = commands.run("reference", "show", one["reference"]["id"], "--json").json
    assert shown == one["reference"]
    provenance = shown["provenance"]
    assert provenance["first_seen"] == "2016-08-24"
    assert provenance["first_seen_basis"] == "publication"
    assert (provenance["latitude"], provenance["longitude"]) == (36.6156, 37.4473)
    assert provenance["equipment"] == ["M60T", "ACV-15"]
    words = commands.run("reference", "show", one["reference"]["id"][:8]).out
    assert "seen by the desk" in words
    assert "Convoy at Al-Rai" in commands.run("reference", "list").out


def test_the_same_bytes_twice_are_one_reference(commands: Commands, footage: Path, tmp_path: Path) -> None:
    first = commands.add(footage / "old.mp4")
    copy = tmp_path / "another name.mp4"
    copy.write_bytes((footage / "old.mp4").read_bytes())
    again = commands.run("reference", "add", str(copy), "--title", "Another title")
    assert again.code == 0
    assert f"Already in the set as {first}" in again.out
    assert "nothing was changed" in again.out
    assert [one["provenance"]["title"] for one in commands.run("reference", "list", "--json").json] == ["old"]


def test_a_removed_reference_matches_no_longer(commands: Commands, footage: Path) -> None:
    identifier = commands.add(footage / "old.mp4")
    assert copies(commands.check(str(footage / "mirrored.mp4")).json)
    removed = commands.run("reference", "remove", identifier)
    assert removed.code == 0
    assert commands.run("reference", "show", identifier).code == 2
    report = commands.check(str(footage / "mirrored.mp4")).json
    assert report["finding"]["label"] == "no_match_in_reference_set"
    assert report["reference_count"] == 0


def test_a_set_of_an_earlier_version_is_renewed(commands: Commands, footage: Path) -> None:
    commands.add(footage / "old.mp4")
    database = sqlite3.connect(commands.home / "verify.sqlite3")
    with contextlib.closing(database), database:
        database.execute("UPDATE reference_fingerprints SET algorithm = 'earlier/1'")
    checks = {one["area"]: one for one in commands.run("doctor", "--json").json["checks"]}
    assert "verify reference renew" in checks["index"]["text"]
    renewed = commands.run("reference", "renew")
    assert (renewed.code, renewed.out.strip()) == (0, "1 references fingerprinted anew, 0 left")
    assert copies(commands.check(str(footage / "mirrored.mp4")).json)
    assert [one["tier"] for one in copies(commands.check(str(footage / "cropped.mp4")).json)] == ["local"]


def test_a_post_becomes_a_reference_with_its_own_date(commands: Commands, web: Web, footage: Path) -> None:
    play_post(web, [video_of(served(web, "/v/a.mp4", (footage / "old.mp4").read_bytes()))])
    added = commands.run(
        "reference", "add", f"https://x.com/a/status/{POST_ID}", "--title", "a post", "--json"
    )
    (one,) = added.json
    provenance = one["reference"]["provenance"]
    assert provenance["first_seen"].startswith("2020-02-20T08:10:00")
    assert provenance["first_seen_basis"] == "publication"
    assert POST_ID in provenance["source_url"]


def test_an_animation_is_found_in_the_video_it_was_made_of(
    commands: Commands, footage: Path, tmp_path: Path
) -> None:
    identifier = commands.add(footage / "old.mp4")
    gif = render_animation(tmp_path / "loop.gif", seed=1, seconds=2.0, size=(480, 270))
    (segment,) = copies(commands.check(str(gif)).json)
    assert segment["reference_id"] == identifier
    assert segment["reference"]["start_us"] <= 500_000


@pytest.mark.parametrize(
    "options",
    [
        ["--first-seen", "2016-08-24"],
        ["--first-seen", "last summer", "--first-seen-basis", "publication"],
        ["--lat", "36.6"],
        ["--lat", "96.6", "--lon", "37.4"],
        ["--first-seen-basis", "hearsay"],
    ],
)
def test_what_could_not_be_compared_later_is_refused(
    options: list[str], commands: Commands, footage: Path
) -> None:
    outcome = commands.run("reference", "add", str(footage / "old.mp4"), "--title", "x", *options)
    assert outcome.code == 2
    assert outcome.err
    assert commands.run("reference", "list", "--json").json == []


def test_what_is_no_footage_does_not_enter_the_set(commands: Commands, tmp_path: Path) -> None:
    path = tmp_path / "page.mp4"
    path.write_bytes(b"<!doctype html>")
    outcome = commands.run("reference", "add", str(path), "--title", "x")
    assert outcome.code == 1
    assert commands.run("reference", "list", "--json").json == []
