"""Manners towards a host: how many at once, how often, and when to leave it alone.

In: the host of a request about to be sent, and later how it went. Out: a turn, waited for. Refused:
hosts that asked for quiet (RateLimited with the time left) and hosts that failed five times in a row
(NetworkFailed, for a minute). State is per client; the clock and the wait can be replaced in tests.
"""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from verify.errors import (
    FetchTimedOut,
    NameNotResolved,
    NetworkFailed,
    RateLimited,
    TransientError,
    VerifyError,
)
from verify.settings import Settings

CONCURRENCY = 2  # requests under way to one host; reliability.md 2.2
BURST = 10.0  # requests that a rested host is sent without waiting
FAILURES = 5  # in a row, until a host is left alone
BREAK_SECONDS = 60.0


@dataclass(slots=True)
class _Host:
    slots: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(CONCURRENCY))
    tokens: float = BURST
    filled_at: float = 0.0
    quiet_until: float = 0.0
    failures: int = 0


class Manners:
    """One client's memory of every host it has spoken to."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._sleep = sleep
        self._hosts: dict[str, _Host] = {}
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def turn(self, name: str) -> Iterator[None]:
        """Wait for a turn at host `name` and keep it for the block. Raises RateLimited or NetworkFailed."""
        host = self._host(name)
        self._check_quiet(name, host)
        with host.slots:
            self._sleep(self._take_token(host))
            yield

    def note(self, name: str, failure: VerifyError | None) -> None:
        """Remember how a request to `name` went."""
        host = self._host(name)
        with self._lock:
            if isinstance(failure, RateLimited) and failure.retry_after_seconds:
                host.quiet_until = self._clock() + failure.retry_after_seconds
            elif isinstance(failure, (NetworkFailed, FetchTimedOut)):
                host.failures += 1
                if host.failures >= FAILURES:
                    host.quiet_until = self._clock() + BREAK_SECONDS
            else:
                host.failures = 0

    def wait_to_retry(self, failure: VerifyError | None, tried: int) -> bool:
        """Whether to send the same request again after `tried` tries; when so, the wait is over.

        The pause doubles each time and is shortened at random, so that clients do not return together.
        A pause that the server asks for is kept when it is short, and ends the tries when it is long.
        """
        if not _may_pass(failure) or tried >= self._settings.fetch_tries:
            return False
        asked = failure.retry_after_seconds if isinstance(failure, TransientError) else None
        if asked is not None and asked > self._settings.longest_retry_after_seconds:
            return False
        backoff = self._settings.retry_seconds * 2 ** (tried - 1) * random.uniform(0.5, 1.0)
        self._sleep(max(backoff, asked or 0.0))
        return True

    def _host(self, name: str) -> _Host:
        with self._lock:
            return self._hosts.setdefault(name, _Host(filled_at=self._clock()))

    def _check_quiet(self, name: str, host: _Host) -> None:
        with self._lock:
            left = host.quiet_until - self._clock()
            if left <= 0:
                return
            if host.failures < FAILURES:
                raise RateLimited(f"{name} asked for quiet", retry_after_seconds=left)
            raise NetworkFailed(f"{name} failed {host.failures} times in a row", retry_after_seconds=left)

    def _take_token(self, host: _Host) -> float:
        """Seconds to wait before sending; 0 while the burst lasts."""
        rate = self._settings.host_requests_per_second
        with self._lock:
            now = self._clock()
            host.tokens = min(BURST, host.tokens + (now - host.filled_at) * rate)
            host.filled_at = now
            host.tokens -= 1.0
            return max(0.0, -host.tokens / rate)


def _may_pass(failure: VerifyError | None) -> bool:
    """Whether trying again within seconds makes sense."""
    return isinstance(failure, TransientError) and not isinstance(failure, (NameNotResolved, FetchTimedOut))
