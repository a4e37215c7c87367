from __future__ import annotations

from tests.ledger_items import clock, ledger

__all__ = ["clock", "ledger"]
