"""The commands that only look: list, report, resolve, claim, doctor."""

from __future__ import annotations

from pathlib import Path

import jsonschema

from tests.acceptance.commands import Commands
from tests.acceptance.test_check import POST_ID, TEXT, photo_of, play_post
from tests.web import Web
from verify.settings import Settings


def test_a_report_can_be_read_again(commands: Commands, footage: Path, tmp_path: Path) -> None:
    checked = commands.check(str(footage / "third.mp4")).json
    (item,) = commands.run("list", "--json").json
    assert item["id"] == checked["item_id"]
    assert item["finding"] == "no_match_in_reference_set"
    assert commands.run("report", item["id"], "--json").json == checked
    told = commands.run("report", item["id"], "--out", str(tmp_path / "again"))
    assert told.code == 0
    assert (tmp_path / "again" / f"{item['id']}.html").exists()
    assert commands.run("report", "0000").code == 2


def test_resolve_shows_the_post_and_fetches_no_media(commands: Commands, web: Web) -> None:
    play_post(web, [photo_of(f"{web.url}/never.jpg")])
    outcome = commands.run("resolve", f"https://x.com/a/status/{POST_ID}", "--json")
    assert outcome.code == 0
    assert outcome.json["text"] == TEXT
    assert outcome.json["media"][0]["url"].startswith(web.url)
    assert outcome.json["attempts"][0]["outcome"] == "ok"
    assert len(outcome.json["attempts"][0]["sha256"]) == 64
    assert "/never.jpg" not in web.paths


def test_claim_shows_what_is_read(commands: Commands) -> None:
    outcome = commands.run("claim", TEXT, "--posted-at", "2020-02-20T08:10:00Z", "--json")
    assert {mention["name"] for mention in outcome.json["equipment"]} == {"M113", "M60T"}
    assert outcome.json["places"]
    assert outcome.json["time"]["end"].startswith("2020-02-20T08:10")


def test_doctor_lists_every_setting_and_hides_secrets(commands: Commands) -> None:
    commands.settings["VERIFY_X_BEARER_TOKEN"] = "hunter2"
    outcome = commands.run("doctor", "--json")
    assert outcome.code == 0, outcome.err
    assert set(outcome.json["settings"]) == {f"VERIFY_{name.upper()}" for name in Settings.model_fields}
    assert "hunter2" not in outcome.out
    assert {check["state"] for check in outcome.json["checks"]} <= {"ok", "missing"}
    told = commands.run("doctor").out
    assert "VERIFY_DECODE_CPU_SECONDS" in told
    assert "hunter2" not in told


def test_doctor_fails_when_the_data_folder_cannot_be_used(commands: Commands, tmp_path: Path) -> None:
    blocked = tmp_path / "a-file"
    blocked.write_text("")
    commands.settings["VERIFY_HOME"] = str(blocked / "home")
    outcome = commands.run("doctor", "--json")
    assert outcome.code == 1
    (storage,) = [check for check in outcome.json["checks"] if check["area"] == "storage"]
    assert storage["state"] == "wrong"


def test_help_shows_examples(commands: Commands) -> None:
    for command in (["check"], ["reference", "add"], ["claim"]):
        assert "verify " + " ".join(command) in commands.run(*command, "--help").out


def test_every_report_satisfies_the_schema_that_is_printed(commands: Commands, footage: Path) -> None:
    schema = commands.run("schema").json
    jsonschema.Draft202012Validator.check_schema(schema)
    commands.add(footage / "old.mp4", "--first-seen", "2016", "--first-seen-basis", "archive")
    outcome = commands.check(str(footage / "mirrored.mp4"), "no address", "--claim", TEXT)
    assert outcome.out.isascii()
    for report in outcome.json:
        assert report["schema"].startswith("verify.report/")
        jsonschema.validate(report, schema, cls=jsonschema.Draft202012Validator)


def test_a_terminal_of_another_alphabet_stops_nothing(commands: Commands, footage: Path) -> None:
    commands.add(footage / "old.mp4")
    commands.settings["PYTHONIOENCODING"] = "ascii:strict"
    outcome = commands.run("check", str(footage / "mirrored.mp4"))
    assert outcome.code == 0, outcome.err
    assert "Visual match" in outcome.out
