"""HTTP statuses and waiting times as errors of ours (pure but for the clock of Retry-After dates)."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from verify.errors import HttpRefused, MediaGone, RateLimited, ServerFailed, VerifyError


def status_error(status: int, headers: Mapping[str, str]) -> VerifyError | None:
    """The error that an HTTP status stands for; None below 400. `headers` have lower-case names."""
    if status < 400:
        return None
    if status == 429:
        return RateLimited(f"HTTP {status}", retry_after_seconds=retry_after(headers))
    if status in {404, 410}:
        return MediaGone(f"HTTP {status}")
    if status >= 500 or status == 408:
        return ServerFailed(f"HTTP {status}", retry_after_seconds=retry_after(headers))
    return HttpRefused(f"HTTP {status}")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait as the server asks: Retry-After in either form, or X's x-rate-limit-reset."""
    asked = headers.get("retry-after", "").strip()
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        if asked.isdigit():
            return float(asked[:9])
        if asked:
            return _until(parsedate_to_datetime(asked).timestamp())
        if "x-rate-limit-reset" in headers:
            return _until(int(headers["x-rate-limit-reset"][:12]))
    return None


def _until(instant: float) -> float:
    return max(0.0, instant - datetime.now(UTC).timestamp())
