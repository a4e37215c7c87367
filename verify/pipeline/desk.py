"""Who works on what is submitted: a new item, one that was left unfinished, or none where it is done.

In: a request. Out: a lease to work under, or the finished item that answers the same question. An item
left unfinished resumes; one that another process works on is waited for; a finished one answers again
while neither the code nor the reference set has changed, is searched anew when they have, and is
fetched anew when something was missing from it or that is asked for.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable

from verify.fingerprint import ALGORITHM
from verify.model import ItemState, Report
from verify.pipeline.parts import CODE_VERSION, Parts
from verify.reports import from_json
from verify.store.items import Item, ItemFilter, Lease, NewItem
from verify.store.ledger import Ledger

POLL_SECONDS = 0.5  # between two looks at an item that another process works on
_REMEMBERED = 20  # items of one key looked through for the same claim


def worker_name(face: str) -> str:
    """The name under which the ledger knows this process."""
    return f"{face}@{socket.gethostname()}:{os.getpid()}"[:128]


def asked_before(ledger: Ledger, request: NewItem) -> Item | None:
    """The newest item that asks the same as `request`."""
    if not request.key:
        return None
    found = ledger.list(ItemFilter(key=request.key, limit=_REMEMBERED))
    asked = (request.claim, request.note, request.posted_at)
    return next((item for item in found if (item.claim, item.note, item.posted_at) == asked), None)


def renewed(parts: Parts, item: Item, *, recheck: bool = False) -> Item:
    """The ended item when its report still answers, else the item queued once more."""
    report = _report(parts.ledger, item)
    if recheck or report is None or _may_pass(report):
        return parts.ledger.rerun(item.id)
    if report.reference_digest != parts.references.digest(ALGORITHM):
        return parts.ledger.rerun(item.id, forget=())
    return item


def unwatched(_item: Item) -> None:
    """Hears of nothing."""


class Desk:
    """Hands out the work of the foreground; `on_wait` hears once of an item that has to be waited for."""

    def __init__(self, parts: Parts, *, worker: str, on_wait: Callable[[Item], None] = unwatched) -> None:
        self._parts = parts
        self._worker = worker
        self._on_wait = on_wait

    def take(self, request: NewItem, *, recheck: bool = False) -> Lease | Item:
        """A lease on the item for `request`, or the finished item when there is nothing to do."""
        ledger = self._parts.ledger
        earlier = asked_before(ledger, request)
        if earlier is None:
            return ledger.begin(request, worker=self._worker)
        if not earlier.is_terminal:
            return self._join(earlier)
        return self._join(renewed(self._parts, earlier, recheck=recheck))

    def _join(self, item: Item) -> Lease | Item:
        """The lease on an unfinished item as soon as nobody else has it, or the item once it is finished."""
        ledger, waited = self._parts.ledger, False
        while not item.is_terminal:
            lease = ledger.claim(worker=self._worker, item_id=item.id)
            if lease is not None:
                return lease
            item = ledger.get(item.id)
            if item.is_terminal:  # since the claim was refused
                break
            if item.state is not ItemState.RUNNING:  # paused, or waiting for a retry: it is wanted now
                ledger.cancel(item.id)
                item = ledger.rerun(item.id, forget=())
                continue
            if not waited:
                self._on_wait(item)
            waited = True
            ledger.sweep()  # a process that died holds it no longer than its lease
            time.sleep(POLL_SECONDS)
            item = ledger.get(item.id)
        return item


def _report(ledger: Ledger, item: Item) -> Report | None:
    """The report of an item that came to a finding with this code."""
    kept = ledger.report(item.id) if item.state is ItemState.DONE else None
    return from_json(kept.json) if kept and kept.code_version == CODE_VERSION else None


def _may_pass(report: Report) -> bool:
    """Whether something is missing from the report that another try may give."""
    problems = (*report.problems, *(medium.problem for medium in report.media))
    return any(problem is not None and not problem.permanent for problem in problems)
