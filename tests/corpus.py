"""Where the shared corpus is, for tests marked `corpus`: beside the checkout, or nowhere."""

from __future__ import annotations

from pathlib import Path

_BESIDE = Path(__file__).resolve().parents[2] / "shared"

SHARED: Path | None = _BESIDE if _BESIDE.is_dir() else None
