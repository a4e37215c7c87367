from __future__ import annotations

from tests.platform_posts import home, web

__all__ = ["home", "web"]
