"""The tasks: one line each into the claim loop.

A task carries the name of its queue and nothing of the work: the ledger says what is next. So a message
that comes twice finds nothing left to do, and one that comes with its worker's death is no loss.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from celery.exceptions import SoftTimeLimitExceeded

from verify.bell import WORK, Queue, bell_for
from verify.settings import Settings
from workers import process
from workers.app import SWEEP, app
from workers.loop import TookTooLong, Worker
from workers.stops import stop_on
from workers.sweeper import Sweeper

DRAIN_SECONDS = 10.0  # one bell is heard this long, so that fewer bells than items are enough


class Opened:
    """What this process has open; filled when its first task arrives, emptied when it ends."""

    stack = ExitStack()
    workers: dict[Queue, Worker] = {}  # noqa: RUF012 - one process, one set of workers

    @classmethod
    def worker(cls, queue: Queue) -> Worker:
        if not cls.workers:
            # Here and not when the process starts: Celery's pool sets its own handlers after that.
            # REMAP_SIGTERM renames the signal that Celery sends to its processes, too.
            stop_on(signal.SIGTERM, signal.SIGQUIT)
            settings = Settings()
            checks = cls.stack.enter_context(process.opened_checks(settings))
            bell = bell_for(settings.broker_url.get_secret_value())
            cls.workers.update(process.workers_for(checks.ringing(bell), limits_of_celery))
        return cls.workers[queue]

    @classmethod
    def close(cls) -> None:
        cls.workers.clear()
        cls.stack.close()


@contextmanager
def limits_of_celery() -> Iterator[None]:
    """Celery's soft limit in the loop's own word."""
    try:
        yield
    except SoftTimeLimitExceeded as error:
        raise TookTooLong from error


@app.task(name=WORK, Request="workers.answers:Answer")
def work(queue: str) -> None:
    Opened.worker(Queue(queue)).drain(process.selection_of(Queue(queue)), seconds=DRAIN_SECONDS)


@app.task(name=SWEEP, Request="workers.answers:Answer")
def sweep() -> None:
    Sweeper.of(Settings()).sweep()
