"""Keeps a lease alive while its item is worked on, and says what the work is at.

In: a lease. Out: heartbeats from a thread beside the work, since a decoder or a slow server may hold the
working thread longer than a lease lasts. A lost lease is not an error here: the next checkpoint of
the working thread is refused by the ledger, which knows better.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import ClassVar, Self

from verify.errors import VerifyError
from verify.store.items import Lease
from verify.store.ledger import Ledger

TICK_SECONDS = 0.5  # between two looks at whose beat is due
REST_SECONDS = 60.0  # without work, after which the thread ends


class Heart:
    """Beats while its block lasts."""

    def __init__(self, ledger: Ledger, lease: Lease) -> None:
        self._ledger = ledger
        self._lease = lease
        self._now: tuple[str, float | None] = ("", None)
        self._beating = threading.Lock()
        self._stopped = False
        self._next = 0.0

    def __enter__(self) -> Self:
        self._next = time.monotonic() + self._ledger.patience.heartbeat_seconds
        _Pulse.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _Pulse.drop(self)
        with self._beating:  # a beat on its way ends first: none comes after the block
            self._stopped = True

    def at(self, stage: str, progress: float | None) -> None:
        """The stage at work and its progress, 0..1, for the next beat."""
        self._now = (stage, progress)

    def beat_when_due(self) -> None:
        if time.monotonic() < self._next:
            return
        with self._beating:
            if self._stopped:
                return
            stage, progress = self._now
            with suppress(VerifyError):  # busy: the next beat comes in time; stale or cancelled: see above
                self._ledger.heartbeat(self._lease, stage=stage, progress=progress)
            self._next = time.monotonic() + self._ledger.patience.heartbeat_seconds


class _Pulse:
    """The thread that all hearts of this process share: to start one costs more than an item."""

    _lock: ClassVar = threading.Lock()
    _hearts: ClassVar[set[Heart]] = set()
    _thread: ClassVar[threading.Thread | None] = None

    @classmethod
    def add(cls, heart: Heart) -> None:
        with cls._lock:
            cls._hearts.add(heart)
            if cls._thread is None or not cls._thread.is_alive():  # not alive: after a fork
                cls._thread = threading.Thread(target=cls._run, name="heart", daemon=True)
                cls._thread.start()

    @classmethod
    def drop(cls, heart: Heart) -> None:
        with cls._lock:
            cls._hearts.discard(heart)

    @classmethod
    def _run(cls) -> None:
        worked = time.monotonic()
        while True:
            time.sleep(TICK_SECONDS)
            with cls._lock:
                hearts = tuple(cls._hearts)
                if hearts:
                    worked = time.monotonic()
                elif time.monotonic() - worked > REST_SECONDS:
                    cls._thread = None
                    return
            for heart in hearts:
                heart.beat_when_due()
