"""Webhooks: whom they tell, how often they try, and that a receiver can know who called."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.api_server import ApiServer, api_server
from tests.servers import wait_until
from verify.errors import NoSuchRecord
from verify.model import FindingLabel
from verify.store.database import Database
from verify.store.items import NewItem
from verify.store.ledger import Ledger
from verify.store.webhooks import PAUSES_SECONDS, DeliveryState, Webhooks

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Receiver:
    """A server that answers with `statuses`, then 204, and remembers what it was sent."""

    statuses: list[int] = field(default_factory=list)
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    told = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.calls.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(told.statuses.pop(0) if told.statuses else 204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            del format, args

    server = HTTPServer(("127.0.0.1", 0), Handler)
    told.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield told
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def api(tmp_path: Path, receiver: Receiver) -> Iterator[ApiServer]:
    with api_server(tmp_path, allow_private_hosts=(f"127.0.0.1:{receiver.port}",)) as server:
        yield server


# --- the list of calls, on both kinds of database ---------------------------------------------


def ended_item(ledger: Ledger) -> str:
    lease = ledger.begin(NewItem(submitted="https://x.com/a/status/1"), worker="w")
    return ledger.finish(lease, report="{}", code_version="1", finding=FindingLabel.PARTIAL_MATCH).id


def test_each_end_is_told_once_to_each_webhook(database: Database) -> None:
    clock = Clock()
    ledger, hooks = Ledger(database, clock=clock), Webhooks(database, clock=clock)
    before = ended_item(ledger)
    clock.pass_by(1)
    added = [hooks.add(f"https://hook.example/{number}", added_by="a") for number in range(2)]
    ledger.enqueue(NewItem(submitted="https://x.com/a/status/2"))
    item = ended_item(ledger)
    assert (hooks.notice_ends(), hooks.notice_ends()) == (2, 0)
    told = [delivery.item_id for hook in added for delivery in hooks.deliveries(hook.id)]
    assert told == [item, item]
    assert before not in told
    clock.pass_by(1)
    ledger.rerun(item)
    lease = ledger.claim(worker="w", item_id=item)
    assert lease is not None
    ledger.finish(lease, report="{}", code_version="1", finding=FindingLabel.PARTIAL_MATCH)
    assert hooks.notice_ends() == 2


def test_a_call_is_held_while_it_is_made_and_tried_again_later(database: Database) -> None:
    clock = Clock()
    ledger, hooks = Ledger(database, clock=clock), Webhooks(database, clock=clock)
    hook = hooks.add("https://hook.example/", added_by="a")
    ended_item(ledger)
    hooks.notice_ends()
    for pause in PAUSES_SECONDS:
        taken = hooks.take()
        assert taken is not None
        assert hooks.take() is None
        hooks.settle(taken[1], status=500, error="answered 500")
        clock.pass_by(pause - 1)
        assert hooks.take() is None
        clock.pass_by(2)
    last = hooks.take()
    assert last is not None
    hooks.settle(last[1], status=None, error="no answer")
    clock.pass_by(10**6)
    assert hooks.take() is None
    (kept,) = hooks.deliveries(hook.id)
    assert (kept.state, kept.attempts, kept.last_error) == (
        DeliveryState.FAILED,
        len(PAUSES_SECONDS) + 1,
        "no answer",
    )


def test_a_call_whose_process_died_is_made_by_another(database: Database) -> None:
    clock = Clock()
    ledger, hooks = Ledger(database, clock=clock), Webhooks(database, clock=clock)
    hooks.add("https://hook.example/", added_by="a")
    ended_item(ledger)
    hooks.notice_ends()
    assert hooks.take() is not None
    clock.pass_by(61)
    assert hooks.take() is not None


def test_a_removed_webhook_is_called_no_more(database: Database) -> None:
    hooks = Webhooks(database)
    hook = hooks.add("https://hook.example/", added_by="a")
    ended_item(Ledger(database))
    hooks.notice_ends()
    hooks.remove(hook.id)
    assert hooks.take() is None
    assert not hooks.list()
    with pytest.raises(NoSuchRecord):
        hooks.remove(hook.id)


# --- real calls -------------------------------------------------------------------------------


def add(api: ApiServer, receiver: Receiver) -> dict[str, str]:
    answer = api.client.post("/api/v1/webhooks", json={"url": f"http://127.0.0.1:{receiver.port}/hook"})
    assert answer.status_code == 201
    made: dict[str, str] = answer.json()["webhook"] | {"secret": answer.json()["secret"]}
    return made


def test_a_receiver_can_check_who_called_and_what_ended(api: ApiServer, receiver: Receiver) -> None:
    hook = add(api, receiver)
    item = api.finished()
    wait_until(lambda: receiver.calls, what="the call")
    headers, body = receiver.calls[0]
    signed = hmac.new(hook["secret"].encode(), body, hashlib.sha256).hexdigest()
    assert headers["x-verify-signature"] == f"sha256={signed}"
    told = json.loads(body)
    assert (told["item_id"], told["state"], told["finding"]) == (item.id, "done", "earlier_copy_found")
    assert hook["secret"] not in api.client.get("/api/v1/webhooks").text


def test_a_refused_call_is_logged_and_waits_for_its_next_try(api: ApiServer, receiver: Receiver) -> None:
    receiver.statuses = [500]
    hook = add(api, receiver)
    api.finished()
    wait_until(lambda: receiver.calls, what="the call")
    path = f"/api/v1/webhooks/{hook['id']}/deliveries"
    wait_until(lambda: api.client.get(path).json()["deliveries"][0]["last_error"], what="the log")
    (kept,) = api.client.get(path).json()["deliveries"]
    assert (kept["state"], kept["attempts"], kept["last_status"]) == ("pending", 1, 500)
    assert kept["last_error"] == "answered 500"


def test_a_redirect_is_not_followed(api: ApiServer, receiver: Receiver) -> None:
    receiver.statuses = [302]
    hook = add(api, receiver)
    api.finished()
    path = f"/api/v1/webhooks/{hook['id']}/deliveries"
    wait_until(
        lambda: any(one["last_error"] for one in api.client.get(path).json()["deliveries"]), what="the log"
    )
    assert len(receiver.calls) == 1


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/", "http://169.254.169.254/latest", "ftp://a.example/", "file:///etc"]
)
def test_no_webhook_leads_into_a_private_network(api: ApiServer, url: str) -> None:
    assert api.client.post("/api/v1/webhooks", json={"url": url}).status_code == 422
    assert not api.services.webhooks.list()
