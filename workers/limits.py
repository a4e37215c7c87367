"""How long one item may take in an embedded worker (Celery's workers have Celery's own limits).

In: seconds. Out: a context manager around the work. At the soft limit TookTooLong is raised in the
main thread; at the hard limit the process ends, whatever it is stuck in: a timer of the interpreter's
own, in C, needs neither the main thread nor the interpreter lock.
"""

from __future__ import annotations

import faulthandler
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from workers.loop import TookTooLong


@contextmanager
def time_limits(*, soft_seconds: float, hard_seconds: float) -> Iterator[None]:
    """Call in the main thread only: signals arrive nowhere else."""
    before = signal.signal(signal.SIGALRM, _raise_too_long)
    faulthandler.dump_traceback_later(hard_seconds, exit=True)
    signal.setitimer(signal.ITIMER_REAL, soft_seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()
        signal.signal(signal.SIGALRM, before)


def _raise_too_long(_number: int, _frame: FrameType | None) -> None:
    raise TookTooLong
