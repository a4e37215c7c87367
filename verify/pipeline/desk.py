"""Who works on what is submitted: a new item, one that was left unfinished, or none where it is done.

In: a request. Out: a lease to work under, or the finished item that answers the same question. An item
left unfinished resumes; a finished one answers again while neither the code nor the reference set has
changed, is searched anew when they have, and is fetched anew when it had failed or that is asked for.
"""

from __future__ import annotations

import os
import socket

from verify.model import ItemState
from verify.pipeline.parts import CODE_VERSION, Parts
from verify.reports import from_json
from verify.store.items import Item, ItemFilter, Lease, NewItem

_REMEMBERED = 20  # items of one key looked through for the same claim


def worker_name(face: str) -> str:
    """The name under which the ledger knows this process."""
    return f"{face}@{socket.gethostname()}:{os.getpid()}"[:128]


class Desk:
    """Hands out the work of the foreground."""

    def __init__(self, parts: Parts, *, worker: str) -> None:
        self._parts = parts
        self._worker = worker

    def take(self, request: NewItem, *, recheck: bool = False) -> Lease | Item:
        """A lease on the item for `request`, or the finished item when there is nothing to do."""
        ledger = self._parts.ledger
        earlier = self._earlier(request)
        if earlier is None:
            return ledger.begin(request, worker=self._worker)
        if earlier.is_terminal:
            if not recheck and self._still_holds(earlier):
                return earlier
            fetch_again = recheck or earlier.state is not ItemState.DONE
            earlier = ledger.rerun(earlier.id, forget=None if fetch_again else ())
        # None: another process works on it right now. Its result is its own; this one gets an item too.
        lease = ledger.claim(worker=self._worker, item_id=earlier.id)
        return lease or ledger.begin(request, worker=self._worker)

    def _earlier(self, request: NewItem) -> Item | None:
        """The newest item that asks the same."""
        if not request.key:
            return None
        found = self._parts.ledger.list(ItemFilter(key=request.key, limit=_REMEMBERED))
        asked = (request.claim, request.note, request.posted_at)
        return next((item for item in found if (item.claim, item.note, item.posted_at) == asked), None)

    def _still_holds(self, item: Item) -> bool:
        kept = self._parts.ledger.report(item.id) if item.state is ItemState.DONE else None
        if kept is None or kept.code_version != CODE_VERSION:
            return False
        return from_json(kept.json).reference_digest == self._parts.searched_set().digest
