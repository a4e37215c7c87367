"""How many requests a caller may send: a token bucket for each, in this process's memory.

In: who asks, and how many a minute they may. Out: nothing, or TooManyRequests with the seconds to wait.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from verify.errors import TooManyRequests

_MOST_CALLERS = 10_000  # buckets remembered; the one unused longest is forgotten first


class Limiter:
    """Buckets by caller. Safe to share between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # tokens left, when

    def spend(self, caller: str, *, per_minute: int) -> None:
        """Takes one token of a bucket of `per_minute`. Raises TooManyRequests."""
        now = self._clock()
        with self._lock:
            tokens, then = self._buckets.pop(caller, (float(per_minute), now))
            tokens = min(float(per_minute), tokens + (now - then) * per_minute / 60)
            self._buckets[caller] = (max(tokens - 1, 0.0) if tokens >= 1 else tokens, now)
            if len(self._buckets) > _MOST_CALLERS:
                self._buckets.popitem(last=False)
        if tokens < 1:
            wait = (1 - tokens) * 60 / per_minute
            raise TooManyRequests(f"{per_minute} a minute", retry_after_seconds=wait)
