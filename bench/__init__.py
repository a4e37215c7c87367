"""Accuracy and speed, ours and that of other tools, on footage that is not in this repository."""

from __future__ import annotations
