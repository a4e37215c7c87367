"""Fingerprint and reference index to match segments: `match` is the way in, `screen` the short cut."""

from __future__ import annotations

from verify.matching.cascade import match
from verify.matching.closer import FRAMES_PER_SECOND, LookCloser
from verify.matching.index import ReferenceIndex
from verify.matching.screen import Prospect, screen

__all__ = ["FRAMES_PER_SECOND", "LookCloser", "Prospect", "ReferenceIndex", "match", "screen"]
