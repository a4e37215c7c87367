"""The token bucket: how fast it empties and fills, and that callers do not share one."""

from __future__ import annotations

import pytest

from verify.api import limits
from verify.api.limits import Limiter
from verify.errors import TooManyRequests


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_empties_and_fills_again() -> None:
    clock = Clock()
    limiter = Limiter(clock)
    for _ in range(60):
        limiter.spend("a", per_minute=60)
    with pytest.raises(TooManyRequests) as refused:
        limiter.spend("a", per_minute=60)
    assert refused.value.retry_after_seconds == pytest.approx(1.0)
    limiter.spend("b", per_minute=60)
    clock.now = 1.0
    limiter.spend("a", per_minute=60)
    with pytest.raises(TooManyRequests):
        limiter.spend("a", per_minute=60)


def test_a_refused_request_costs_nothing() -> None:
    clock = Clock()
    limiter = Limiter(clock)
    limiter.spend("a", per_minute=1)
    for _ in range(1000):
        with pytest.raises(TooManyRequests):
            limiter.spend("a", per_minute=1)
    clock.now = 60.0
    limiter.spend("a", per_minute=1)


def test_callers_cannot_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_MOST_CALLERS", 10)
    limiter = Limiter(Clock())
    for number in range(1000):
        limiter.spend(f"caller {number}", per_minute=1)
    assert len(limiter._buckets) == 10
