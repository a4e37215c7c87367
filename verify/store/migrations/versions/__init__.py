"""The revisions, oldest first by file name."""

from __future__ import annotations
