"""Fingerprint and reference index to match segments: `cascade.match` is the way in."""

from __future__ import annotations

from verify.matching.cascade import match
from verify.matching.index import ReferenceIndex

__all__ = ["ReferenceIndex", "match"]
