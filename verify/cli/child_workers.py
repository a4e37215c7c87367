"""The workers beside an embedded server: processes of their own, started anew when they die.

In: how many. Out: `verify work` processes, which end with the block and with this process. They share
nothing with the server but the database and the blobs, so a crash in one costs one attempt at one item.
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
    """Keeps `count` workers running while the block lasts."""
    stopped = threading.Event()
    threads = [threading.Thread(target=_keep_one, args=(stopped,), name=f"worker-{n}") for n in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopped.set()
        for thread in threads:
            thread.join()


def _keep_one(stopped: threading.Event) -> None:
    command = [sys.executable, "-m", "verify.cli", "work"]
    while not stopped.is_set():
        worker = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        while worker.poll() is None and not stopped.wait(LOOK_SECONDS):
            pass
        if stopped.is_set():
            _stop(worker)
        else:
            logger.warning("a worker ended with %s and is started anew", worker.returncode)
            stopped.wait(REST_SECONDS)


def _stop(worker: subprocess.Popen[bytes]) -> None:
    worker.terminate()
    try:
        worker.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()
