from __future__ import annotations

from tests.api_calls import api, closed

__all__ = ["api", "closed"]
