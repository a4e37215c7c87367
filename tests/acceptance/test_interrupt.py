"""An interrupted or killed check leaves a state that the same command takes up again."""

from __future__ import annotations

import signal
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from tests.acceptance.commands import Commands
from tests.web import Reply, Web


class Gate:
    """A route that says when it was reached, and answers once it is opened."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.reached = threading.Event()
        self.opened = threading.Event()

    def __call__(self, request: BaseHTTPRequestHandler) -> Reply | None:
        self.reached.set()
        self.opened.wait(60)
        return Reply(body=self.body, headers={"Content-Type": "video/mp4"})


def test_an_interrupt_leaves_a_resumable_item(commands: Commands, web: Web, footage: Path) -> None:
    gate = Gate((footage / "third.mp4").read_bytes())
    web.routes["/a.mp4"] = gate
    url = f"{web.url}/a.mp4"
    with commands.start("check", url) as process:
        assert gate.reached.wait(60)
        process.send_signal(signal.SIGINT)
        gate.opened.set()
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "goes on where it stopped" in err
    (left,) = commands.run("list", "--json").json
    assert left["state"] == "queued"
    assert list((commands.home / "blobs" / "incoming").iterdir()) == []

    outcome = commands.check(url)
    assert outcome.code == 0, outcome.err
    assert outcome.json["item_id"] == left["id"]
    assert len(commands.run("list", "--json").json) == 1


def test_a_killed_check_is_not_lost(commands: Commands, web: Web, footage: Path) -> None:
    gate = Gate((footage / "third.mp4").read_bytes())
    web.routes["/a.mp4"] = gate
    url = f"{web.url}/a.mp4"
    with commands.start("check", url) as process:
        assert gate.reached.wait(60)
        process.kill()
        gate.opened.set()
        process.communicate(timeout=60)
    (left,) = commands.run("list", "--json").json
    assert left["state"] == "running"  # as far as the ledger knows, until the lease runs out

    outcome = commands.check(url)
    assert outcome.code == 0, outcome.err
    assert "another process" in outcome.err
    assert outcome.json["item_id"] == left["id"]
    (item,) = commands.run("list", "--json").json
    assert item["state"] == "done"


def test_two_checks_of_one_post_at_once_are_one(commands: Commands, web: Web, footage: Path) -> None:
    gate = Gate((footage / "third.mp4").read_bytes())
    web.routes["/a.mp4"] = gate
    url = f"{web.url}/a.mp4"
    with commands.start("check", "--json", url) as first:
        assert gate.reached.wait(60)
        with commands.start("check", "--json", url) as second:
            assert second.stderr is not None
            assert "another process" in second.stderr.readline()
            gate.opened.set()
            reports = [process.communicate(timeout=120)[0] for process in (first, second)]
    assert reports[0] == reports[1]
    assert web.paths.count("/a.mp4") == 1
