"""The acquisition log: every request made on the way to a post or its media, kept in order.

In: one `Attempt` as each exchange ends, also when it fails. Out: the tuple that the report prints.
A caller passes one log down the chain; the client adds to it, and whoever reads the answer may
conclude what the answer meant. Safe to share between threads.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from verify.model import Attempt


class AcquisitionLog:
    """A growing list of attempts; `on_attempt` hears of each one as it ends."""

    def __init__(self, on_attempt: Callable[[Attempt], None] | None = None) -> None:
        self._attempts: list[Attempt] = []
        self._on_attempt = on_attempt
        self._lock = threading.Lock()

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        with self._lock:
            return tuple(self._attempts)

    def add(self, attempt: Attempt) -> None:
        with self._lock:
            self._attempts.append(attempt)
        if self._on_attempt is not None:
            self._on_attempt(attempt)

    def conclude(self, attempt: Attempt, *, outcome: str, detail: str = "") -> Attempt:
        """Write down what the answer of `attempt` turned out to mean, in its place."""
        concluded = replace(attempt, outcome=outcome, detail=detail or attempt.detail)
        with self._lock:
            for position, known in enumerate(self._attempts):
                if known is attempt:
                    self._attempts[position] = concluded
        return concluded
