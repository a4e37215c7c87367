"""The queue through the installed command: accept, work, watch, cancel, retry, back up."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.acceptance.commands import Commands
from tests.acceptance.test_check import copies
from tests.servers import wait_until
from tests.web import Reply, Web


@contextmanager
def working(commands: Commands) -> Iterator[subprocess.Popen[str]]:
    """`verify work` while the block lasts, and asked to stop as a person asks."""
    with commands.start("work") as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)


@pytest.fixture
def old(commands: Commands, footage: Path) -> str:
    return commands.add(
        footage / "old.mp4", "--first-seen", "2016-08-24", "--first-seen-basis", "publication"
    )


def test_a_queued_file_is_worked_off_and_followed_to_its_report(
    commands: Commands, footage: Path, old: str
) -> None:
    accepted = commands.run("queue", str(footage / "mirrored.mp4"))
    assert accepted.code == 0, accepted.err
    item_id = accepted.out.strip()
    with working(commands):
        watched = commands.run("watch", item_id, "--json")
    assert watched.code == 0, watched.err
    assert watched.json[0]["state"] == "done"
    report = commands.run("report", item_id, "--json")
    assert {segment["reference_id"] for segment in copies(report.json)} == {old}
    listed = commands.run("list", "--state", "done", "--since", "2020-01-01", "--json").json
    assert [item["id"] for item in listed] == [item_id]
    assert commands.run("list", "--finding", "insufficient_media", "--json").json == []


def test_a_list_reports_its_bad_lines_and_the_rest_is_accepted(commands: Commands, tmp_path: Path) -> None:
    listed = tmp_path / "posts.csv"
    listed.write_text(
        "url,claim,posted_at\nhttps://x.com/a/status/1230404217861046272,M60T,\nnonsense,,\n"
        "https://x.com/a/status/1230404217861046273,,soon\n"
    )
    outcome = commands.run("queue", "--file", str(listed), "--priority", "bulk")
    assert outcome.code == 1
    assert len(outcome.out.split()) == 1
    assert "line 3:" in outcome.err
    assert "line 4:" in outcome.err
    (item,) = commands.run("list", "--json").json
    assert (item["claim"], item["priority"]) == ("M60T", 2)


def test_nothing_to_queue_is_wrong_use(commands: Commands) -> None:
    assert commands.run("queue").code == 2


def test_items_are_held_back_let_go_cancelled_and_tried_again(commands: Commands, footage: Path) -> None:
    item_id = commands.run("queue", str(footage / "photo.png")).out.strip()
    states = [
        commands.run(verb, item_id, "--json").json[0]["state"]
        for verb in ("pause", "resume", "cancel", "retry")
    ]
    assert states == ["paused", "queued", "cancelled", "queued"]
    assert commands.run("cancel", item_id, "nobody").code == 2
    assert commands.run("list", "--json").json[0]["state"] == "queued"


def test_a_stop_in_the_middle_leaves_the_item_for_the_next_worker(
    commands: Commands, web: Web, footage: Path
) -> None:
    body = (footage / "other.mp4").read_bytes()
    asked: list[bool] = []

    def slow(_handler: object) -> Reply:
        asked.append(True)
        if len(asked) == 1:
            wait_until(lambda: stopped, what="the worker to be asked to stop")
        return Reply(body=body)

    stopped: list[bool] = []
    web.routes["/clip.mp4"] = slow
    item_id = commands.run("queue", f"{web.url}/clip.mp4").out.strip()
    with commands.start("work") as process:
        wait_until(lambda: asked, what="the work to begin")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        stopped.append(True)
    (item,) = commands.run("list", "--json").json
    assert (item["state"], item["attempts"]) == ("queued", 0)
    with working(commands):
        assert commands.run("watch", item_id).code == 0


def test_a_backup_brings_items_references_and_files_to_another_home(
    commands: Commands, web: Web, footage: Path, old: str, tmp_path: Path
) -> None:
    report = commands.check(str(footage / "mirrored.mp4")).json
    assert commands.run("backup", str(tmp_path / "all.tar")).code == 0
    elsewhere = Commands(tmp_path / "elsewhere", web)
    assert elsewhere.run("restore", str(tmp_path / "all.tar")).code == 0
    assert json.loads(elsewhere.run("report", report["item_id"], "--json").out) == report
    assert (
        elsewhere.check(str(footage / "letterboxed.mp4")).json["reference_digest"]
        == report["reference_digest"]
    )
    assert commands.run("restore", str(tmp_path / "all.tar")).code == 2
    pointed = commands.run("import", str(tmp_path / "all.tar"))
    assert pointed.code == 2
    assert "verify restore" in pointed.err
    assert commands.run("collect", "--json").json == {
        "removed": 0,
        "kept": commands.run("collect", "--json").json["kept"],
    }


def test_health_and_doctor_say_when_nobody_works(commands: Commands, footage: Path) -> None:
    assert commands.run("health").code == 0
    doctor = commands.run("doctor", "--json").json
    states = {check["area"]: check["state"] for check in doctor["checks"]}
    assert (states["queue"], states["workers"], states["broker"]) == ("ok", "missing", "ok")
    assert (states["index"], states["files"]) == ("ok", "ok")
