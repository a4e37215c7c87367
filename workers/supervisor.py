"""Keeps a number of embedded worker processes alive, each a claim loop of its own.

In: a command that runs one worker, and how many. Out: as many processes for as long as this one lives;
one that dies, whatever it died of, is replaced. On a stop they give back what they hold and leave; if
this process dies they notice, since the pipe they hold from it closes.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

WORKER = (sys.executable, "-m", "workers")
LOOK_SECONDS = 0.2
STOP_SECONDS = 30.0  # what a worker may take to give its item back; then it is killed
RESTART_SECONDS = 1.0  # before a worker that died is replaced: a broken one must not spin

log = logging.getLogger("verify.supervisor")


class Supervisor:
    """`run` blocks until `stop` is called, from another thread or from a signal handler."""

    def __init__(self, count: int, *, command: Sequence[str] = WORKER) -> None:
        self._count = count
        self._command = command
        self._stopped = threading.Event()
        self.restarts = 0

    def run(self) -> None:
        """Raises nothing; returns when every worker has left."""
        workers = [self._start() for _ in range(self._count)]
        try:
            while not self._stopped.wait(LOOK_SECONDS):
                workers = [self._kept(worker) for worker in workers]
        finally:
            self._end(workers)

    def stop(self) -> None:
        self._stopped.set()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command, stdin=subprocess.PIPE)

    def _kept(self, worker: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
        code = worker.poll()
        if code is None:
            return worker
        log.warning("worker %d ended with %d; starting another", worker.pid, code)
        self.restarts += 1
        _close(worker)
        self._stopped.wait(RESTART_SECONDS)
        return self._start()

    def _end(self, workers: Sequence[subprocess.Popen[bytes]]) -> None:
        for worker in workers:
            worker.terminate()
        ends = time.monotonic() + STOP_SECONDS
        for worker in workers:
            try:
                worker.wait(max(0.0, ends - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.warning("worker %d did not stop in time; its lease will run out", worker.pid)
                worker.kill()
                worker.wait()
            _close(worker)


def _close(worker: subprocess.Popen[bytes]) -> None:
    if worker.stdin:
        worker.stdin.close()
