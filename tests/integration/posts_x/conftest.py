from __future__ import annotations

from tests.x_posts import home, web

__all__ = ["home", "web"]
