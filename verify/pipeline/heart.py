"""Keeps a lease alive while its item is worked on, and says what the work is at.

In: a lease. Out: heartbeats from a thread of its own, since a decoder or a slow server may hold the
working thread longer than a lease lasts. A lost lease is not an error here: the next checkpoint of
the working thread is refused by the ledger, which knows better.
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from verify.errors import VerifyError
from verify.store.items import Lease
from verify.store.ledger import Ledger


class Heart:
    """Beats while its block lasts."""

    def __init__(self, ledger: Ledger, lease: Lease) -> None:
        self._ledger = ledger
        self._lease = lease
        self._stopped = threading.Event()
        self._now: tuple[str, float | None] = ("", None)
        self._thread = threading.Thread(target=self._beat, name=f"heart-{lease.item.id}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()

    def at(self, stage: str, progress: float | None) -> None:
        """The stage at work and its progress, 0..1, for the next beat."""
        self._now = (stage, progress)

    def _beat(self) -> None:
        while not self._stopped.wait(self._ledger.patience.heartbeat_seconds):
            stage, progress = self._now
            try:
                self._ledger.heartbeat(self._lease, stage=stage, progress=progress)
            except VerifyError:  # busy: the next beat comes in time; stale or cancelled: see above
                continue
