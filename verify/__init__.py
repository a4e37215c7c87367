"""Finds whether footage in a post has been published before: which seconds, where, when, on what basis."""

from __future__ import annotations

__version__ = "0.1.0"

__all__ = ["__version__"]
