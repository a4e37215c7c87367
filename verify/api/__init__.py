"""The HTTP API under /api/v1 and the pages: one application for the embedded and the scaled shape."""

from __future__ import annotations

from verify.api.app import create_app

__all__ = ["create_app"]
