"""The application on a real port, over a home of its own, with what the tests need of its inside."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import uvicorn

from tests.servers import free_port, wait_until
from tests.unit import sample_report
from verify.api import create_app
from verify.api.services import Services
from verify.model import Report
from verify.reports import to_json
from verify.settings import Settings
from verify.store.items import Item, NewItem
from verify.store.people import Scope
from verify.wiring import Tool, opened
from workers.loop import Worker


@dataclass(frozen=True, kw_only=True)
class ApiServer:
    """A running server; `client` asks it without a key."""

    url: str
    services: Services
    client: httpx2.Client

    @property
    def tool(self) -> Tool:
        return self.services.tool

    def keyed(self, *scopes: Scope, per_minute: int = 10_000) -> dict[str, str]:
        """The header of a new key with these scopes."""
        made = self.services.people.add_key("test", scopes, per_minute=per_minute)
        return {"Authorization": f"Bearer {made.secret}"}

    def finished(self, report: Report | None = None, **request: Any) -> Item:
        """An item that is done, with `report` or the sample as its report."""
        report = report or sample_report.report()
        ledger = self.services.ledger
        lease = ledger.begin(NewItem(submitted=report.submitted, **request), worker="test")
        text = to_json(replace(report, item_id=lease.item.id))
        return ledger.finish(lease, report=text, code_version="test", finding=report.finding.label)

    def form_token(self, path: str = "/") -> str:
        """The hidden token of a page's forms, for this client's cookies."""
        page = self.client.get(path, headers={"Accept": "text/html"})
        return page.text.partition('name="token" value="')[2].partition('"')[0]


@contextlib.contextmanager
def api_server(
    home: Path, *, is_open: bool = True, with_worker: bool = False, **settings: Any
) -> Iterator[ApiServer]:
    """Serves until the block ends; with a worker, what is queued is also checked."""
    values = {"home": home, "free_disk_bytes": 0, "retry_seconds": 0.0} | settings
    with opened(Settings(**values)) as tool:
        app = create_app(tool, open_on_loopback=is_open)
        port = free_port()
        server = uvicorn.Server(
            uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, timeout_graceful_shutdown=2)
        )
        thread = threading.Thread(target=server.run)
        thread.start()
        url = f"http://127.0.0.1:{port}"
        stop = threading.Event()
        worker = Worker(tool.parts.ledger, tool.pipeline.check, name="test")
        working = threading.Thread(target=worker.run, kwargs={"until": stop.is_set})
        try:
            wait_until(lambda: server.started, what="the API to start")
            if with_worker:
                working.start()
            with httpx2.Client(base_url=url, timeout=30) as client:
                yield ApiServer(url=url, services=app.state.services, client=client)
        finally:
            stop.set()
            server.should_exit = True
            thread.join()
            if with_worker:
                working.join()


def eventually(client: httpx2.Client, path: str, **expected: Any) -> dict[str, Any]:
    """The document at `path` once it holds these values."""
    deadline = time.monotonic() + 60
    while True:
        document: dict[str, Any] = client.get(path).json()
        if all(document.get(name) == value for name, value in expected.items()):
            return document
        assert time.monotonic() < deadline, document
        time.sleep(0.1)
