"""The workers beside an embedded server: `verify work`, a process of its own, started anew when it dies.

In: how many workers. Out: nothing; they end with the block. They share only the database and the blobs
with the server, so a crash in one costs one attempt at one item and no request.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
REST_SECONDS = 5.0  # before one that died is started anew
STOP_SECONDS = 10.0  # to give its item back; then it is killed and the sweep does it


@contextmanager
def child_workers(count: int) -> Iterator[None]:
    """Keeps `count` workers running while the block lasts; none for 0."""
    stopped = threading.Event()
    keeper = threading.Thread(target=_keep, args=(count, stopped), name="workers")
    if count:
        keeper.start()
    try:
        yield
    finally:
        stopped.set()
        if count:
            keeper.join()


def _keep(count: int, stopped: threading.Event) -> None:
    command = [sys.executable, "-m", "verify.cli", "work", "--concurrency", str(count)]
    while not stopped.is_set():
        workers = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        while workers.poll() is None and not stopped.wait(LOOK_SECONDS):
            pass
        if stopped.is_set():
            _stop(workers)
        else:
            logger.warning("the workers ended with %s and are started anew", workers.returncode)
            stopped.wait(REST_SECONDS)


def _stop(workers: subprocess.Popen[bytes]) -> None:
    workers.terminate()
    try:
        workers.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        workers.kill()
        workers.wait()
