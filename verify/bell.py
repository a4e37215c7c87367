"""The doorbell: tells Celery's workers that there is work, and nothing else.

In: the name of a queue. Out: a message without an item in it; whoever hears it asks the ledger for the
next one. So a lost message delays and loses nothing, one too many is a question answered "nothing",
and priority and age are the ledger's alone (handbook reliability.md 1.2, 1.5). Ringing never waits
longer than a second: a broker out of reach is left alone for a while, and the sweep rings later.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection
from enum import StrEnum
from functools import partial
from typing import Any, Protocol

from verify.errors import UnknownSetting
from verify.store.items import Item, Lane, Priority
from verify.store.ledger import Ledger

WORK = "verify.work"  # the task's name: sent by name, so that nothing here imports the workers
PATIENCE_SECONDS = 0.25  # for each exchange with the broker; a ring takes two or three
LEFT_ALONE_SECONDS = 3.0  # after a failure; less than the time between two sweeps, so that each may try
MOST_RINGS = 32  # unheard at a time: who hears one works on while there is work, so more are only noise
FEW_RINGS = 4  # the same for items that come one by one: unheard bells say that all workers are busy

#: Of every client of the broker. The shortest visibility timeout of all that share it wins, so each
#: says the same: three times the hard limit of a task (reliability.md 1.3, R9).
BROKER_OPTIONS: dict[str, Any] = {"visibility_timeout": 900, "global_keyprefix": "verify:"}

log = logging.getLogger("verify.bell")


class Queue(StrEnum):
    """Where bells hang: by what the work needs, and apart for what can wait."""

    FETCH = "fetch"
    ANALYSE = "analyse"
    BULK = "bulk"


URGENT = (Priority.BREAKING, Priority.NORMAL)


def lane_of(queue: Queue) -> Lane | None:
    """The lane a queue serves; None: a bulk item is worked on from end to end."""
    return {Queue.FETCH: Lane.FETCH, Queue.ANALYSE: Lane.ANALYSE}.get(queue)


def priorities_of(queue: Queue) -> tuple[Priority, ...]:
    return (Priority.BULK,) if queue is Queue.BULK else URGENT


def queue_of(item: Item) -> Queue:
    """The queue whose workers wait for this item."""
    return Queue.BULK if item.priority is Priority.BULK else Queue(item.lane.value)


class Bell(Protocol):
    """Rings for a queue."""

    def ring(self, queue: Queue, times: int = 1, *, unheard: int = MOST_RINGS) -> bool:
        """Whether the broker took it. No more than `unheard` bells are left hanging. Raises nothing."""


class NoBell:
    """For the embedded mode: its workers look by themselves."""

    def ring(self, queue: Queue, times: int = 1, *, unheard: int = MOST_RINGS) -> bool:  # noqa: ARG002 - the port's shape
        return True


class CeleryBell:
    """Rings through a broker."""

    def __init__(self, broker_url: str) -> None:
        try:
            from celery import Celery  # noqa: PLC0415 - an extra: only the scaled mode needs it
        except ImportError as error:
            raise UnknownSetting("VERIFY_BROKER_URL needs the extra: pip install verify[scaled]") from error
        self._open = partial(Celery, "verify-bell", broker=broker_url, set_as_current=False)
        self._app: Any = None
        self._left_alone_until = 0.0

    @property
    def _celery(self) -> Any:
        if self._app is None:
            self._app = self._open()
            patience = {
                "socket_timeout": PATIENCE_SECONDS,
                "socket_connect_timeout": PATIENCE_SECONDS,
                "max_retries": 1,  # 0 would mean for ever
                "interval_start": 0,
                "interval_step": 0,
                "interval_max": 0,
            }
            self._app.conf.update(
                broker_transport_options=BROKER_OPTIONS | patience,
                broker_connection_timeout=PATIENCE_SECONDS,
                task_ignore_result=True,
            )
        return self._app

    def trouble(self) -> str:
        """Why the broker cannot be reached, or empty."""
        try:
            with self._celery.connection_for_write() as connection:
                connection.default_channel.client.ping()
        except Exception as error:  # noqa: BLE001 - whatever the transport raises is the answer
            return str(error)
        return ""

    def ring(self, queue: Queue, times: int = 1, *, unheard: int = MOST_RINGS) -> bool:
        if time.monotonic() < self._left_alone_until:
            return False
        try:
            with self._celery.producer_pool.acquire(block=True, timeout=PATIENCE_SECONDS) as producer:
                hanging = producer.channel.queue_declare(queue.value).message_count
                for _ in range(min(times, unheard - hanging)):
                    self._celery.send_task(
                        WORK, args=[queue.value], queue=queue.value, retry=False, producer=producer
                    )
        except Exception as error:  # noqa: BLE001 - whatever the transport raises, the request must not fail
            self._leave_alone(error)
            return False
        return True

    def _leave_alone(self, error: Exception) -> None:
        log.warning("the broker is out of reach, the sweep will ring: %s", error)
        self._left_alone_until = time.monotonic() + LEFT_ALONE_SECONDS
        self._app = None  # its pooled connections may have stopped in mid-sentence


def bell_for(broker_url: str) -> Bell:
    """The bell that the settings ask for. Raises UnknownSetting."""
    return CeleryBell(broker_url) if broker_url else NoBell()


def ring_for(bell: Bell, items: Collection[Item]) -> None:
    """Rings for items that were just committed."""
    for queue in Queue:
        if times := sum(queue_of(item) is queue for item in items):
            bell.ring(queue, times)


def ring_for_due(bell: Bell, ledger: Ledger) -> None:
    """Rings where items are due and nobody may have been told: what a sweep does. Raises StorageBusy."""
    for queue in Queue:
        if due := ledger.due(lane=lane_of(queue), priorities=priorities_of(queue), most=MOST_RINGS):
            bell.ring(queue, due)
