"""How items end whose workers were lost too often."""

from __future__ import annotations

import pytest

from tests.ledger_items import Clock, claim, enqueue, lose
from verify.errors import WorkAbandoned
from verify.model import FindingLabel, ItemState
from verify.store.database import Database
from verify.store.items import Item, Lease, WrittenReport
from verify.store.ledger import Ledger


def written(item: Item, error: WorkAbandoned) -> WrittenReport:
    return WrittenReport(json=f"{item.id} {item.stage}: {error}", code_version="1")


@pytest.mark.parametrize("sweeps", [1, 3])
def test_an_abandoned_item_ends_with_exactly_one_report_of_it(
    database: Database, clock: Clock, sweeps: int
) -> None:
    ledger = Ledger(database, clock=clock, write_abandoned=written)
    item = enqueue(ledger)
    for _ in range(3):
        ledger.heartbeat(claim(ledger), stage="match/0")
        assert ledger.reports(item.id) == []
        lose(ledger, clock)
        for _ in range(sweeps):
            ledger.sweep()
    ended, (report,) = ledger.get(item.id), ledger.reports(item.id)
    assert (ended.state, ended.finding) == (ItemState.FAILED, FindingLabel.NOT_RETRIEVABLE)
    assert report.json == f"{item.id} match/0: {ended.error_sentence}"
    assert "match/0" in ended.error_sentence
    assert f"verify retry {item.id}" in ended.error_sentence


def test_an_item_abandoned_again_in_a_second_run_has_a_second_report(
    database: Database, clock: Clock
) -> None:
    ledger = Ledger(database, clock=clock, write_abandoned=written)
    item = enqueue(ledger)
    for _ in range(2):
        for _ in range(3):
            ledger.lose(claim(ledger))
        ledger.rerun(item.id)
    assert [report.run for report in ledger.reports(item.id)] == [2, 1]


def test_an_item_whose_abandonment_cannot_be_written_up_ends_all_the_same(
    database: Database, clock: Clock
) -> None:
    def broken(item: Item, error: WorkAbandoned) -> WrittenReport:
        raise ZeroDivisionError

    ledger = Ledger(database, clock=clock, write_abandoned=broken)
    item = enqueue(ledger)
    for _ in range(3):
        ledger.lose(claim(ledger))
    assert ledger.get(item.id).error_code == "work_abandoned"
    assert ledger.reports(item.id) == []


def test_an_item_whose_worker_comes_back_while_it_is_written_up_is_left_to_it(
    database: Database, clock: Clock
) -> None:
    leases: list[Lease] = []

    def late(item: Item, error: WorkAbandoned) -> WrittenReport:
        Ledger(database, clock=clock).heartbeat(leases[-1])
        return written(item, error)

    ledger = Ledger(database, clock=clock, write_abandoned=late)
    item = enqueue(ledger)
    for _ in range(3):
        leases.append(claim(ledger))
        lose(ledger, clock)
        swept = ledger.sweep()
    assert swept.abandoned == ()
    assert ledger.get(item.id).state is ItemState.RUNNING
    assert ledger.reports(item.id) == []
