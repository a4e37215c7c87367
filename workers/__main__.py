"""One embedded worker: `python -m workers`, as `verify work` and `verify serve` start it.

In: the settings of the environment, and a standard input that stays open while the parent lives.
Out: work, until SIGTERM or SIGINT, which give the item in hand back at once.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from functools import partial

from verify.logs import configure
from verify.pipeline.desk import worker_name
from verify.settings import Settings
from workers import process
from workers.limits import time_limits
from workers.loop import Worker
from workers.stops import stop_on


def main() -> None:
    settings = Settings()
    configure(form=settings.log_format, level=settings.log_level)
    stop_on(signal.SIGTERM, signal.SIGINT)
    threading.Thread(target=_stop_with_parent, name="parent", daemon=True).start()
    limits = partial(
        time_limits, soft_seconds=settings.item_soft_seconds, hard_seconds=settings.item_hard_seconds
    )
    with process.opened_checks(settings) as checks:
        Worker(
            checks.ledger, checks.whole, name=worker_name("work"), limits=limits, figures=checks.figures
        ).run()


def _stop_with_parent() -> None:
    # Unbuffered: a thread that waits in a buffered read cannot be left behind at the end.
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
