"""The ledger against a model of it, over any sequence of events (handbook reliability.md 3.3, R14).

The model is a dict of what each item should look like. Invariants: no accepted item is ever lost or
changed by anyone but its lease holder, and each run of an item has at most one report.
VERIFY_FULL_FAULTS=1 runs the handbook's 2,000 sequences; the default is 60 on SQLite, 15 on PostgreSQL.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from tests.servers import Postgres
from verify.errors import ItemCancelled, NetworkFailed, StaleLease, WrongMediaType
from verify.model import FindingLabel, ItemState
from verify.store.database import Database, migrate, open_database
from verify.store.items import TERMINAL, ItemFilter, Lane, Lease, NewItem, Patience, Priority
from verify.store.ledger import Ledger

FULL = os.environ.get("VERIFY_FULL_FAULTS") == "1"
BACKOFF = (30.0, 120.0)


@dataclass
class Expected:
    priority: Priority
    created_at: datetime
    due: datetime
    state: ItemState = ItemState.QUEUED
    run: int = 1
    attempts: int = 0
    losses: int = 0
    retries: int = 0
    token: str = ""
    until: datetime | None = None
    cancel: bool = False
    stages: set[str] = field(default_factory=set)
    reports: list[int] = field(default_factory=list)


class LedgerMachine(RuleBasedStateMachine):
    database: Database

    items: Bundle[str] = Bundle("items")
    leases: Bundle[Lease] = Bundle("leases")

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2020, 2, 20, tzinfo=UTC)
        with self.database.writing() as connection:
            connection.execute(text("DELETE FROM items"))
        patience = Patience(lease_seconds=20, losses=3, backoff_seconds=BACKOFF)
        self.ledger = Ledger(self.database, patience=patience, clock=lambda: self.now)
        self.expected: dict[str, Expected] = {}

    # --- people ---

    @rule(target=items, priority=st.sampled_from(Priority))
    def enqueue(self, priority: Priority) -> str:
        self.now += timedelta(milliseconds=1)
        item = self.ledger.enqueue(NewItem(submitted="u", priority=priority))
        self.expected[item.id] = Expected(priority=priority, created_at=self.now, due=self.now)
        return item.id

    @rule(item_id=items)
    def cancel(self, item_id: str) -> None:
        self.ledger.cancel(item_id)
        expected = self.expected[item_id]
        if expected.state in {ItemState.QUEUED, ItemState.PAUSED}:
            expected.state = ItemState.CANCELLED
        elif expected.state is ItemState.RUNNING:
            expected.cancel = True

    @rule(item_id=items)
    def pause(self, item_id: str) -> None:
        self.ledger.pause(item_id)
        if self.expected[item_id].state is ItemState.QUEUED:
            self.expected[item_id].state = ItemState.PAUSED

    @rule(item_id=items)
    def resume(self, item_id: str) -> None:
        self.ledger.resume(item_id)
        if self.expected[item_id].state is ItemState.PAUSED:
            self.expected[item_id].state = ItemState.QUEUED

    @rule(item_id=items)
    def rerun(self, item_id: str) -> None:
        self.ledger.rerun(item_id)
        expected = self.expected[item_id]
        if expected.state in TERMINAL:
            expected.state, expected.run, expected.due = ItemState.QUEUED, expected.run + 1, self.now
            expected.attempts = expected.losses = expected.retries = 0
            expected.cancel = False
            expected.stages = set()

    # --- workers ---

    @rule(target=leases)
    def claim_next(self) -> Lease | None:
        lease = self.ledger.claim(worker="w")
        due = [
            (expected.priority, expected.created_at, item_id)
            for item_id, expected in self.expected.items()
            if expected.state is ItemState.QUEUED and expected.due <= self.now
        ]
        assert (lease.item.id if lease else None) == (min(due)[2] if due else None)
        return self._claimed(lease)

    @rule(target=leases, item_id=items)
    def claim_by_id(self, item_id: str) -> Lease | None:
        expected = self.expected[item_id]
        lost = (
            expected.state is ItemState.RUNNING and expected.until is not None and expected.until < self.now
        )
        free = expected.state is ItemState.QUEUED and expected.due <= self.now
        lease = self.ledger.claim(worker="w", item_id=item_id)
        assert (lease is not None) == (free or (lost and expected.losses < 2 and not expected.cancel))
        return self._claimed(lease)

    @rule(target=leases, item_id=items, times=st.integers(1, 4))
    def claim_by_workers_that_die(self, item_id: str, times: int) -> Lease | None:
        """What a poison item does, and the first of them writes late; chance alone would hardly try it."""
        leases = []
        for _ in range(times):
            leases.append(self.claim_by_id(item_id))
            self.pass_time(21)
        return leases[0]

    def _claimed(self, lease: Lease | None) -> Lease | None:
        if lease is not None:
            expected = self.expected[lease.item.id]
            expected.losses += expected.state is ItemState.RUNNING
            expected.state, expected.token = ItemState.RUNNING, lease.token
            expected.attempts += 1
            expected.until = self.now + timedelta(seconds=20)
        return lease

    @contextmanager
    def _held(self, lease: Lease | None) -> Iterator[Expected]:
        """Whoever no longer holds the item must be refused, and only they."""
        expected = self.expected[lease.item.id] if lease else Expected(Priority.BULK, self.now, self.now)
        if lease and expected.state is ItemState.RUNNING and expected.token == lease.token:
            yield expected
        elif lease:
            with pytest.raises(StaleLease):
                yield Expected(Priority.BULK, self.now, self.now)

    @rule(lease=leases)
    def heartbeat(self, lease: Lease | None) -> None:
        if lease is None:
            return
        with self._held(lease) as expected:
            expected.until = self.now + timedelta(seconds=20)
            if expected.cancel:
                with pytest.raises(ItemCancelled):
                    self.ledger.heartbeat(lease)
            else:
                self.ledger.heartbeat(lease)

    @rule(lease=leases, stage=st.sampled_from(["post", "media"]))
    def checkpoint(self, lease: Lease | None, stage: str) -> None:
        if lease is None:
            return
        with self._held(lease) as expected:
            if expected.cancel:
                with pytest.raises(ItemCancelled):
                    self.ledger.put_checkpoint(lease, stage, "1", b"x")
            else:
                self.ledger.put_checkpoint(lease, stage, "1", b"x")
                expected.stages.add(stage)

    @rule(lease=consumes(leases))
    def finish(self, lease: Lease | None) -> None:
        if lease is None:
            return
        with self._held(lease) as expected:
            self.ledger.finish(lease, report="{}", code_version="1", finding=FindingLabel.PARTIAL_MATCH)
            expected.state = ItemState.DONE
            expected.reports.append(expected.run)

    @rule(lease=leases)
    def fail(self, lease: Lease | None) -> None:
        if lease is None:
            return
        with self._held(lease) as expected:
            self.ledger.fail(lease, WrongMediaType())
            expected.state = ItemState.FAILED

    @rule(lease=leases)
    def postpone(self, lease: Lease | None) -> None:
        if lease is None:
            return
        if lease.item.retries >= len(BACKOFF):
            assert self.ledger.postpone(lease, NetworkFailed()) is None
            return
        with self._held(lease) as expected:
            self.ledger.postpone(lease, NetworkFailed())
            expected.state = ItemState.CANCELLED if expected.cancel else ItemState.QUEUED
            expected.due = self.now + timedelta(seconds=BACKOFF[expected.retries])
            expected.retries += 1

    @rule(lease=leases)
    def release(self, lease: Lease | None) -> None:
        if lease is None:
            return
        with self._held(lease) as expected:
            self.ledger.release(lease)
            expected.state = ItemState.CANCELLED if expected.cancel else ItemState.QUEUED
            expected.attempts -= 1

    @rule(lease=leases)
    def hand_over(self, lease: Lease | None) -> None:
        if lease is None:
            return
        with self._held(lease) as expected:
            self.ledger.hand_over(lease, Lane.ANALYSE)
            expected.state = ItemState.CANCELLED if expected.cancel else ItemState.QUEUED
            expected.attempts = expected.losses = 0

    # --- time ---

    @rule(seconds=st.sampled_from([1, 5, 21, 60, 130]))
    def pass_time(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    def sweep(self) -> None:
        self.ledger.sweep()
        for expected in self.expected.values():
            if (
                expected.state is ItemState.RUNNING
                and expected.until is not None
                and expected.until < self.now
            ):
                expected.losses += 1
                if expected.cancel:
                    expected.state = ItemState.CANCELLED
                else:
                    expected.state = ItemState.FAILED if expected.losses >= 3 else ItemState.QUEUED

    # --- what always holds ---

    @invariant()
    def nothing_is_lost_and_nothing_else_changes(self) -> None:
        found = {item.id: item for item in self.ledger.list(ItemFilter(limit=1000))}
        assert found.keys() == self.expected.keys()
        for item_id, expected in self.expected.items():
            item = found[item_id]
            assert (item.state, item.run, item.attempts, item.losses, item.retries) == (
                expected.state,
                expected.run,
                expected.attempts,
                expected.losses,
                expected.retries,
            )

    def teardown(self) -> None:
        for item_id, expected in self.expected.items():
            reports = [report.run for report in self.ledger.reports(item_id)]
            assert reports == sorted(expected.reports, reverse=True)
            assert len(reports) == len(set(reports))
            stages = {stage for stage in ("post", "media") if self.ledger.checkpoint(item_id, stage, "1")}
            assert stages == expected.stages


def run_machine(url: str, *, sequences: int) -> None:
    LedgerMachine.database = open_database(url)
    migrate(LedgerMachine.database)
    try:
        run_state_machine_as_test(
            LedgerMachine,
            settings=settings(
                max_examples=sequences,
                stateful_step_count=30,
                deadline=None,
                derandomize=True,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        LedgerMachine.database.close()


def test_any_sequence_of_events_on_sqlite() -> None:
    # In memory-backed storage where there is one: thousands of commits, and no crash is staged here.
    shm = Path("/dev/shm")
    folder = tempfile.mkdtemp(dir=shm if shm.is_dir() else None)
    try:
        run_machine(f"sqlite:///{folder}/{secrets.token_hex(4)}.sqlite", sequences=2000 if FULL else 60)
    finally:
        shutil.rmtree(folder)


def test_any_sequence_of_events_on_postgresql(empty_postgres_url: str, postgres_server: Postgres) -> None:
    postgres_server.execute("ALTER SYSTEM SET synchronous_commit = off")
    postgres_server.execute("SELECT pg_reload_conf()")
    run_machine(empty_postgres_url, sequences=2000 if FULL else 15)
