"""One embedded worker over the real pipeline that kills itself at a numbered write of the ledger.

CRASH_AT counts the worker's checkpoints and its finish from 1; CRASH_WHEN says whether it dies just
before or just after the commit.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from verify.store.ledger import Ledger
from workers import __main__ as worker

CRASH_AT = int(os.environ.get("CRASH_AT", "0"))
CRASH_WHEN = os.environ.get("CRASH_WHEN", "before")

writes = 0


def dying(write: Callable[..., Any]) -> Callable[..., Any]:
    def counted(*arguments: Any, **named: Any) -> Any:
        global writes  # noqa: PLW0603 - one count in one process is the point
        writes += 1
        if writes == CRASH_AT and CRASH_WHEN == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        made = write(*arguments, **named)
        if writes == CRASH_AT:
            os.kill(os.getpid(), signal.SIGKILL)
        return made

    return counted


Ledger.put_checkpoint = dying(Ledger.put_checkpoint)  # type: ignore[method-assign]
Ledger.finish = dying(Ledger.finish)  # type: ignore[method-assign]

if __name__ == "__main__":
    worker.main()
