"""One worker's loop: how each way of ending leaves the item."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from tests.faults.stub import StubPipeline
from verify.errors import NetworkFailed, StorageBusy, WrongMediaType
from verify.metrics import StoreCollector, fetches_in
from verify.model import ItemState
from verify.pipeline import Watch
from verify.store.database import Database, migrate, open_database
from verify.store.figures import Figures
from verify.store.items import Item, ItemFilter, Lease, NewItem
from verify.store.ledger import Ledger
from workers.limits import time_limits
from workers.loop import Check, Worker
from workers.stops import Stopping, _State, stop_on


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'verify.sqlite3'}")
    migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)


@pytest.fixture(autouse=True)
def _own_signals() -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGUSR1)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)
    _State.asked = _State.held_back = False


def raising(error: BaseException) -> Check:
    def check(lease: Lease, *, watch: Watch) -> Item:
        raise error

    return check


def worked(ledger: Ledger, check: Check, **limits: float) -> Item:
    """The item after one step of a worker."""
    item = ledger.enqueue(NewItem(submitted="clip"))
    bounds = partial(time_limits, **limits) if limits else None
    worker = Worker(ledger, check, name="test", **({"limits": bounds} if bounds else {}))
    worker.step()
    return ledger.get(item.id)


def test_a_permanent_error_of_the_whole_ends_the_item(ledger: Ledger) -> None:
    item = worked(ledger, raising(WrongMediaType("svg")))
    assert (item.state, item.error_code) == (ItemState.FAILED, "wrong_media_type")


def test_a_defect_costs_an_attempt_and_says_so_in_the_log(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    item = worked(ledger, raising(ZeroDivisionError()))
    assert (item.state, item.losses) == (ItemState.QUEUED, 1)
    assert "a defect in this program" in caplog.text


def test_a_store_in_trouble_costs_no_attempt(ledger: Ledger) -> None:
    with pytest.raises(StorageBusy):
        worked(ledger, raising(StorageBusy()))
    (item,) = ledger.list(ItemFilter())
    assert (item.state, item.attempts, item.losses) == (ItemState.QUEUED, 0, 0)


def test_a_stop_gives_the_item_back(ledger: Ledger) -> None:
    stop_on(signal.SIGUSR1)

    def check(lease: Lease, *, watch: Watch) -> Item:
        os.kill(os.getpid(), signal.SIGUSR1)
        time.sleep(10)
        raise AssertionError

    item = ledger.enqueue(NewItem(submitted="clip"))
    with pytest.raises(Stopping):
        Worker(ledger, check, name="test").step()
    assert (ledger.get(item.id).state, ledger.get(item.id).attempts) == (ItemState.QUEUED, 0)


def test_a_stop_during_the_claim_gives_the_item_back(database: Database) -> None:
    stop_on(signal.SIGUSR1)

    class Interrupted(Ledger):
        def claim(self, **which: object) -> Lease | None:
            lease = super().claim(**which)  # type: ignore[arg-type]
            os.kill(os.getpid(), signal.SIGUSR1)  # committed, and nobody knows of the lease yet
            return lease

    ledger = Interrupted(database)
    item = ledger.enqueue(NewItem(submitted="clip"))
    with pytest.raises(Stopping):
        Worker(ledger, raising(AssertionError()), name="test").step()
    assert (ledger.get(item.id).state, ledger.get(item.id).attempts) == (ItemState.QUEUED, 0)


def test_a_stop_ends_the_loop_even_if_its_exception_is_lost(ledger: Ledger) -> None:
    stop_on(signal.SIGUSR1)

    def check(lease: Lease, *, watch: Watch) -> Item:
        try:
            os.kill(os.getpid(), signal.SIGUSR1)
            time.sleep(10)
        except SystemExit:
            raise StorageBusy from None
        raise AssertionError

    ledger.enqueue(NewItem(submitted="clip"))
    Worker(ledger, check, name="test").run()


def sleeping(*stages: str) -> Callable[..., Item]:
    def check(lease: Lease, *, watch: Watch) -> Item:
        for stage in stages:
            watch(stage, None)
            watch(stage, 1.0)
        watch("stuck", None)
        time.sleep(10)
        raise AssertionError

    return check


def test_an_item_that_takes_too_long_counts_as_lost(ledger: Ledger) -> None:
    item = worked(ledger, sleeping(), soft_seconds=0.1, hard_seconds=30)
    assert (item.state, item.losses) == (ItemState.QUEUED, 1)


def test_an_item_that_got_on_may_go_on(ledger: Ledger) -> None:
    item = worked(ledger, sleeping("fingerprint/0"), soft_seconds=0.1, hard_seconds=30)
    assert (item.state, item.losses, item.attempts) == (ItemState.QUEUED, 0, 0)


def test_a_worker_waits_for_work_and_takes_it_when_it_comes(ledger: Ledger) -> None:
    pipeline, ended = StubPipeline(ledger), threading.Event()

    def check(lease: Lease, *, watch: Watch) -> Item:
        item = pipeline.check(lease, watch=watch)
        ended.set()
        return item

    worker = Worker(ledger, check, name="test")
    thread = threading.Thread(target=lambda: worker.run(until=ended.is_set))
    thread.start()
    item = ledger.enqueue(NewItem(submitted="ok"))
    thread.join(60)
    assert ledger.get(item.id).state is ItemState.DONE


def test_what_the_workers_did_is_counted(database: Database, ledger: Ledger, tmp_path: Path) -> None:
    figures = Figures(database)
    worker = Worker(ledger, StubPipeline(ledger).check, name="test", figures=figures)
    for _ in range(2):
        ledger.enqueue(NewItem(submitted="ok"))
        worker.step()
    ledger.sweep()
    registry = CollectorRegistry()
    registry.register(StoreCollector(database, ledger, tmp_path))
    text = generate_latest(registry).decode()
    assert 'verify_findings{finding="no_match_in_reference_set"} 2.0' in text
    assert 'verify_stage_runs_total{stage="0"} 2.0' in text
    assert re.search(r'verify_stage_seconds_total\{stage="0"\} \d', text)
    assert re.search(r"verify_last_sweep_seconds \d", text)


def test_fetches_are_counted_by_host_and_outcome() -> None:
    attempts = [{"url": "https://x.com/a?b", "outcome": "ok"}, {"url": "::", "outcome": ""}]
    report = json.dumps({"post": {"attempts": attempts}})
    assert fetches_in(report) == {("fetches", ("x.com", "ok")): 1, ("fetches", ("none", "")): 1}


def test_transient_errors_are_the_pipelines_own_business(ledger: Ledger) -> None:
    """One that comes through all the same is a defect: it is not lost."""
    item = worked(ledger, raising(NetworkFailed()))
    assert (item.state, item.losses) == (ItemState.QUEUED, 1)
