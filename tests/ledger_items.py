"""A ledger whose time passes when told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from verify.model import FindingLabel
from verify.store.database import Database
from verify.store.items import Item, Lease, NewItem
from verify.store.ledger import Ledger

FOUND = FindingLabel.EARLIER_COPY_FOUND


class Clock:
    """Time that passes when told."""

    def __init__(self) -> None:
        self.now = datetime(2020, 2, 20, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(database: Database, clock: Clock) -> Ledger:
    return Ledger(database, clock=clock)


def enqueue(ledger: Ledger, submitted: str = "https://x.com/a/status/1", **more: object) -> Item:
    return ledger.enqueue(NewItem(submitted=submitted, **more))  # type: ignore[arg-type]


def claim(ledger: Ledger, **which: object) -> Lease:
    lease = ledger.claim(worker="test", **which)  # type: ignore[arg-type]
    assert lease is not None
    return lease


def lose(ledger: Ledger, clock: Clock) -> None:
    """The worker is gone and its lease has run out."""
    clock.pass_seconds(ledger.patience.lease_seconds + 1)
