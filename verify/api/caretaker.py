"""What goes on beside the requests: the search text is kept current, webhooks are called.

One thread in each process of the server. Everything it does is safe to do twice and at the same time
elsewhere, so it needs no leader. An error is logged and the round goes on.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

import httpx2

from verify.api.services import Services
from verify.errors import NoSuchRecord, VerifyError
from verify.fetch.client import user_agent
from verify.fetch.guard import Guard
from verify.fetch.wire import GuardedTransport, wall_clock
from verify.reports.words import FINDINGS
from verify.store.items import Item
from verify.store.webhooks import Delivery, Webhook

logger = logging.getLogger(__name__)

ROUND_SECONDS = 1.0
CALL_SECONDS = 20.0  # of the wall clock, well inside a delivery's lease
SIGNATURE_HEADER = "X-Verify-Signature"


class Caretaker:
    """Runs its rounds while its block lasts."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="caretaker", daemon=True)
        self._http = httpx2.Client(
            transport=GuardedTransport(Guard(services.tool.settings.allow_private_hosts)),
            trust_env=False,
            follow_redirects=False,
            timeout=httpx2.Timeout(10.0),
            headers={"User-Agent": user_agent(services.tool.settings)},
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()
        self._http.close()

    def _run(self) -> None:
        while not self._stopped.wait(ROUND_SECONDS):
            for duty in (self.index_texts, self.call_webhooks):
                self._safely(duty)

    def _safely(self, duty: Callable[[], object]) -> None:
        try:
            duty()
        except VerifyError as error:
            logger.warning("%s: %s", duty.__name__, error)
        except Exception:
            logger.exception("%s failed", duty.__name__)

    # --- search -------------------------------------------------------------------------------

    def index_texts(self) -> int:
        """How many items' texts were brought up to date."""
        stale = self._services.texts.stale()
        self._services.texts.put({item: self._words_of(item) for item in stale})
        return len(stale)

    def _words_of(self, item: Item) -> tuple[str, ...]:
        try:
            report = self._services.report(item.id)
        except NoSuchRecord:
            return ()
        post, finding = report.post, report.finding
        author = (post.author.handle, post.author.name) if post.author else ()
        titles = tuple(reference.provenance.title for reference in report.references)
        return (post.url, *author, post.text, finding.label.value, FINDINGS[finding.label], *titles)

    # --- webhooks -----------------------------------------------------------------------------

    def call_webhooks(self) -> int:
        """How many calls were made."""
        self._services.webhooks.notice_ends()
        made = 0
        while not self._stopped.is_set() and (taken := self._services.webhooks.take()):
            self._call(*taken)
            made += 1
        return made

    def _call(self, webhook: Webhook, delivery: Delivery) -> None:
        body = self._body(delivery)
        headers = {
            "Content-Type": "application/json",
            SIGNATURE_HEADER: signature(webhook.secret, body),
            "X-Verify-Delivery": f"{delivery.webhook_id}.{delivery.item_id}.{delivery.run}",
        }
        status, problem = None, ""
        try:
            with (
                wall_clock(CALL_SECONDS),
                self._http.stream("POST", webhook.url, content=body, headers=headers) as answer,
            ):
                status = answer.status_code
            problem = "" if 200 <= status < 300 else f"answered {status}"
        except (httpx2.HTTPError, VerifyError, OSError) as error:
            problem = f"{type(error).__name__}: {error}"
        logger.info(
            "webhook %s, item %s: %s", webhook.id, delivery.item_id, problem or f"delivered, {status}"
        )
        self._services.webhooks.settle(delivery, status=status, error=problem)

    def _body(self, delivery: Delivery) -> bytes:
        item = self._services.ledger.get(delivery.item_id)
        document = {
            "event": "item.ended",
            "item_id": item.id,
            "run": delivery.run,
            "state": item.state,
            "finding": item.finding,
            "submitted": item.submitted,
            "error_code": item.error_code,
            "report": f"/api/v1/items/{item.id}/report",
        }
        return json.dumps(document).encode()


def signature(secret: str, body: bytes) -> str:
    """What a receiver computes to know who called: "sha256=" and the HMAC-SHA256 of the body, in hex."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"
