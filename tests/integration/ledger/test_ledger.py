"""The ledger's behaviour, the same on SQLite and on a real PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from tests.ledger_items import FOUND, Clock, claim, enqueue, lose
from verify.errors import ItemCancelled, NetworkFailed, NoSuchItem, StaleLease, WrongMediaType
from verify.model import ItemState
from verify.store.database import Database
from verify.store.items import ItemFilter, Lane, NewItem, Patience, Priority
from verify.store.ledger import Ledger


def test_an_accepted_item_reads_back_as_it_was_given(ledger: Ledger) -> None:
    stated = datetime(2020, 2, 20, 9, 30, 0, 123456, tzinfo=UTC)
    item = enqueue(
        ledger,
        "  HTTPS://x.com/a/status/1?s=20 ",
        key="x:1",
        claim="M60T في النيرب",
        note="desk 3",
        posted_at=stated,
        priority=Priority.BREAKING,
    )
    assert ledger.get(item.id) == item
    assert (item.submitted, item.key, item.claim) == (
        "  HTTPS://x.com/a/status/1?s=20 ",
        "x:1",
        "M60T في النيرب",
    )
    assert (item.posted_at, item.state, item.priority) == (stated, ItemState.QUEUED, Priority.BREAKING)


def test_an_unknown_item_is_refused_by_name(ledger: Ledger) -> None:
    enqueue(ledger)
    for ask in (ledger.get, ledger.cancel, ledger.report, ledger.rerun, ledger.pause):
        with pytest.raises(NoSuchItem, match="nobody"):
            ask("nobody")


def test_the_next_item_is_the_most_urgent_and_then_the_oldest(ledger: Ledger, clock: Clock) -> None:
    bulk = enqueue(ledger, priority=Priority.BULK)
    clock.pass_seconds(1)
    first = enqueue(ledger)
    clock.pass_seconds(1)
    second = enqueue(ledger)
    clock.pass_seconds(1)
    breaking = enqueue(ledger, priority=Priority.BREAKING)
    order = [claim(ledger).item.id for _ in range(4)]
    assert order == [breaking.id, first.id, second.id, bulk.id]
    assert ledger.claim(worker="test") is None


def test_many_are_accepted_in_the_order_given(ledger: Ledger) -> None:
    accepted = ledger.enqueue_many([NewItem(submitted=str(number)) for number in range(50)])
    assert [item.submitted for item in accepted] == [str(number) for number in range(50)]
    assert [claim(ledger).item.submitted for _ in range(50)] == [str(number) for number in range(50)]


def test_each_item_is_claimed_by_exactly_one_of_many_workers(database: Database) -> None:
    ledger = Ledger(database)
    accepted = {item.id for item in ledger.enqueue_many([NewItem(submitted=str(n)) for n in range(120)])}

    def drain(number: int) -> list[str]:
        claimed = []
        while lease := ledger.claim(worker=f"thread-{number}"):
            claimed.append(lease.item.id)
        return claimed

    with ThreadPoolExecutor(4) as pool:
        claimed = [item_id for mine in pool.map(drain, range(4)) for item_id in mine]
    assert len(claimed) == 120
    assert set(claimed) == accepted


def test_a_claimed_item_cannot_be_claimed_by_its_id(ledger: Ledger) -> None:
    item = enqueue(ledger)
    claim(ledger, item_id=item.id)
    assert ledger.claim(worker="other", item_id=item.id) is None


def test_work_in_the_foreground_holds_its_item_from_the_start(ledger: Ledger) -> None:
    lease = ledger.begin(NewItem(submitted="clip.mp4"), worker="cli")
    assert ledger.claim(worker="other") is None
    done = ledger.finish(lease, report="{}", code_version="1", finding=FOUND)
    assert done.state is ItemState.DONE


def test_a_finished_item_has_its_report_and_its_finding(ledger: Ledger) -> None:
    item = enqueue(ledger)
    assert ledger.report(item.id) is None
    ledger.finish(claim(ledger), report='{"a": "é"}', code_version="1", finding=FOUND)
    done, report = ledger.get(item.id), ledger.report(item.id)
    assert report is not None
    assert (done.state, done.finding, report.json, report.run) == (ItemState.DONE, FOUND, '{"a": "é"}', 1)


def test_heartbeats_keep_the_lease(ledger: Ledger, clock: Clock) -> None:
    enqueue(ledger)
    lease = claim(ledger)
    for _ in range(10):
        clock.pass_seconds(15)
        lease = ledger.heartbeat(lease, stage="media", progress=0.5)
        assert ledger.sweep().requeued == ()
    assert (lease.item.stage, lease.item.progress) == ("media", 0.5)


def test_an_item_whose_worker_vanished_goes_back_and_the_late_writes_are_refused(
    ledger: Ledger, clock: Clock
) -> None:
    item = enqueue(ledger)
    stale = claim(ledger)
    ledger.put_checkpoint(stale, "post", "1", b"from the first")
    lose(ledger, clock)
    assert ledger.sweep().requeued == (item.id,)
    fresh = claim(ledger)
    for late in (
        lambda: ledger.heartbeat(stale),
        lambda: ledger.put_checkpoint(stale, "media", "1", b"late"),
        lambda: ledger.finish(stale, report="late", code_version="1", finding=FOUND),
        lambda: ledger.fail(stale, WrongMediaType()),
        lambda: ledger.postpone(stale, NetworkFailed()),
        lambda: ledger.release(stale),
        lambda: ledger.end_cancelled(stale),
        lambda: ledger.hand_over(stale, Lane.ANALYSE),
    ):
        with pytest.raises(StaleLease):
            late()
    assert ledger.checkpoint(item.id, "post", "1") == b"from the first"
    assert ledger.checkpoint(item.id, "media", "1") is None
    ledger.finish(fresh, report="fresh", code_version="1", finding=FOUND)
    report = ledger.report(item.id)
    assert report is not None
    assert report.json == "fresh"


def test_a_lost_item_can_be_claimed_by_its_id_before_the_sweep(ledger: Ledger, clock: Clock) -> None:
    item = enqueue(ledger)
    claim(ledger)
    lose(ledger, clock)
    again = claim(ledger, item_id=item.id)
    assert (again.item.attempts, again.item.losses) == (2, 1)


@pytest.mark.parametrize("by_id", [False, True], ids=["swept", "claimed by id"])
def test_an_item_that_costs_three_workers_ends(ledger: Ledger, clock: Clock, by_id: bool) -> None:
    item = enqueue(ledger)
    attempts = 0
    for _ in range(6):
        if not by_id:
            ledger.sweep()
        attempts += ledger.claim(worker="doomed", item_id=item.id if by_id else "") is not None
        lose(ledger, clock)
    ledger.sweep()
    ended = ledger.get(item.id)
    assert (attempts, ended.state, ended.error_code) == (3, ItemState.FAILED, "work_abandoned")
    assert "three times" in ended.error_sentence


def test_a_transient_error_waits_longer_each_time_and_then_gives_up(database: Database, clock: Clock) -> None:
    ledger = Ledger(database, clock=clock, patience=Patience(backoff_seconds=(30, 120)))
    enqueue(ledger)
    for wait in (30, 120):
        assert ledger.postpone(claim(ledger), NetworkFailed("reset")) is not None
        clock.pass_seconds(wait - 1)
        assert ledger.claim(worker="early") is None
        clock.pass_seconds(1)
    lease = claim(ledger)
    assert ledger.postpone(lease, NetworkFailed("reset")) is None
    failed = ledger.fail(lease, NetworkFailed("reset"), report="{}", code_version="1")
    assert (failed.state, failed.error_code, failed.retries) == (ItemState.FAILED, "network_failed", 2)
    assert failed.error_sentence == "The server could not be reached. (reset)"


def test_a_server_may_ask_for_a_longer_wait(ledger: Ledger, clock: Clock) -> None:
    enqueue(ledger)
    ledger.postpone(claim(ledger), NetworkFailed(), wait_seconds=900)
    clock.pass_seconds(899)
    assert ledger.claim(worker="early") is None
    clock.pass_seconds(1)
    assert ledger.claim(worker="due") is not None


def test_a_worker_that_stops_in_good_order_gives_the_item_back_at_once(ledger: Ledger) -> None:
    item = enqueue(ledger)
    ledger.release(claim(ledger))
    again = claim(ledger)
    assert (again.item.id, again.item.attempts, again.item.losses) == (item.id, 1, 0)


def test_a_queued_item_is_cancelled_at_once_and_a_running_one_at_its_next_stage(ledger: Ledger) -> None:
    queued, running = enqueue(ledger, priority=Priority.BULK), enqueue(ledger)
    lease = claim(ledger, item_id=running.id)
    assert ledger.cancel(queued.id).state is ItemState.CANCELLED
    assert ledger.cancel(running.id).state is ItemState.RUNNING
    with pytest.raises(ItemCancelled):
        ledger.heartbeat(lease)
    with pytest.raises(ItemCancelled):
        ledger.put_checkpoint(lease, "post", "1", b"")
    assert ledger.checkpoint(running.id, "post", "1") is None
    assert ledger.end_cancelled(lease).state is ItemState.CANCELLED


def test_a_cancelled_item_whose_worker_vanished_is_not_run_again(ledger: Ledger, clock: Clock) -> None:
    item = enqueue(ledger)
    claim(ledger)
    ledger.cancel(item.id)
    lose(ledger, clock)
    assert ledger.claim(worker="other", item_id=item.id) is None
    assert ledger.sweep().cancelled == (item.id,)
    assert ledger.get(item.id).state is ItemState.CANCELLED


def test_a_paused_item_waits_until_it_is_resumed(ledger: Ledger) -> None:
    item = enqueue(ledger)
    assert ledger.pause(item.id).state is ItemState.PAUSED
    assert ledger.claim(worker="test") is None
    assert ledger.resume(item.id).state is ItemState.QUEUED
    assert claim(ledger).item.id == item.id


def test_cancel_pause_and_resume_leave_a_finished_item_alone(ledger: Ledger) -> None:
    item = enqueue(ledger)
    ledger.finish(claim(ledger), report="{}", code_version="1", finding=FOUND)
    for ask in (ledger.cancel, ledger.pause, ledger.resume):
        assert ask(item.id).state is ItemState.DONE


def test_a_re_check_keeps_the_old_report_and_forgets_what_it_is_told_to(ledger: Ledger) -> None:
    item = enqueue(ledger)
    lease = claim(ledger)
    ledger.put_checkpoint(lease, "post", "1", b"post")
    ledger.put_checkpoint(lease, "match", "1", b"match")
    ledger.finish(lease, report="first", code_version="1", finding=FOUND)
    again = ledger.rerun(item.id, forget={"match"})
    assert (again.state, again.run, again.finding) == (ItemState.QUEUED, 2, None)
    assert ledger.checkpoint(item.id, "post", "1") == b"post"
    assert ledger.checkpoint(item.id, "match", "1") is None
    ledger.finish(claim(ledger), report="second", code_version="1", finding=FOUND)
    assert [report.json for report in ledger.reports(item.id)] == ["second", "first"]


def test_a_retry_starts_with_fresh_counts_and_without_checkpoints(ledger: Ledger) -> None:
    item = enqueue(ledger)
    lease = claim(ledger)
    ledger.put_checkpoint(lease, "post", "1", b"post")
    ledger.fail(lease, WrongMediaType())
    again = ledger.rerun(item.id)
    assert (again.state, again.attempts, again.error_code) == (ItemState.QUEUED, 0, "")
    assert ledger.checkpoint(item.id, "post", "1") is None


def test_running_items_are_not_rerun(ledger: Ledger) -> None:
    item = enqueue(ledger)
    lease = claim(ledger)
    assert ledger.rerun(item.id).state is ItemState.RUNNING
    ledger.heartbeat(lease)


def test_of_two_equal_checkpoints_the_first_stays(ledger: Ledger) -> None:
    enqueue(ledger)
    lease = claim(ledger)
    ledger.put_checkpoint(lease, "post", "1", b"first")
    ledger.put_checkpoint(lease, "post", "1", b"second")
    ledger.put_checkpoint(lease, "post", "2", b"newer code")
    assert ledger.checkpoint(lease.item.id, "post", "1") == b"first"
    assert ledger.checkpoint(lease.item.id, "post", "2") == b"newer code"


def test_an_item_handed_over_is_seen_by_the_other_lane_only(ledger: Ledger) -> None:
    item = enqueue(ledger)
    assert ledger.claim(worker="analyser", lane=Lane.ANALYSE) is None
    ledger.hand_over(claim(ledger, lane=Lane.FETCH), Lane.ANALYSE)
    assert ledger.claim(worker="fetcher", lane=Lane.FETCH) is None
    assert claim(ledger, lane=Lane.ANALYSE).item.id == item.id


def test_an_item_handed_over_has_three_attempts_in_the_new_lane(ledger: Ledger, clock: Clock) -> None:
    item = enqueue(ledger)
    claim(ledger, lane=Lane.FETCH)
    lose(ledger, clock)
    ledger.sweep()
    ledger.hand_over(claim(ledger, lane=Lane.FETCH), Lane.ANALYSE)
    assert (ledger.get(item.id).attempts, ledger.get(item.id).losses) == (0, 0)
    for _ in range(3):
        claim(ledger, lane=Lane.ANALYSE)
        lose(ledger, clock)
        ledger.sweep()
    ended = ledger.get(item.id)
    assert (ended.state, ended.attempts, ended.losses) == (ItemState.FAILED, 3, 3)


def test_the_list_is_newest_first_filtered_and_paged(ledger: Ledger, clock: Clock) -> None:
    accepted = []
    for number in range(7):
        accepted.append(enqueue(ledger, str(number), key=f"x:{number % 2}"))
        clock.pass_seconds(60)
    ledger.finish(claim(ledger), report="{}", code_version="1", finding=FOUND)
    newest_first = [item.id for item in reversed(accepted)]

    def listed(**filters: object) -> list[str]:
        return [item.id for item in ledger.list(ItemFilter(**filters))]  # type: ignore[arg-type]

    assert listed() == newest_first
    assert listed(limit=3) == newest_first[:3]
    assert listed(limit=3, before_id=newest_first[2]) == newest_first[3:6]
    assert listed(states=frozenset({ItemState.DONE})) == [accepted[0].id]
    assert listed(findings=frozenset({FOUND})) == [accepted[0].id]
    assert listed(since=accepted[5].created_at) == newest_first[:2]
    assert listed(until=accepted[2].created_at) == newest_first[5:]
    assert listed(key="x:1") == [accepted[n].id for n in (5, 3, 1)]


def test_depths_count_by_state_and_name_the_oldest(ledger: Ledger, clock: Clock) -> None:
    oldest = enqueue(ledger, priority=Priority.BULK)
    clock.pass_seconds(60)
    enqueue(ledger, priority=Priority.BULK)
    enqueue(ledger)
    claim(ledger)
    found = {(depth.state, depth.priority): depth for depth in ledger.depths()}
    waiting = found[ItemState.QUEUED, Priority.BULK]
    assert (waiting.count, waiting.oldest_created_at) == (2, oldest.created_at)
    assert found[ItemState.RUNNING, Priority.NORMAL].count == 1


def test_what_is_due_is_counted_by_lane_and_priority_up_to_a_bound(ledger: Ledger, clock: Clock) -> None:
    ledger.enqueue_many([NewItem(submitted=str(number), priority=Priority.BULK) for number in range(5)])
    ledger.postpone(claim(ledger), NetworkFailed())
    ledger.hand_over(claim(ledger), Lane.ANALYSE)
    assert (ledger.due(), ledger.due(most=2)) == (4, 2)
    assert (ledger.due(lane=Lane.FETCH), ledger.due(lane=Lane.ANALYSE)) == (3, 1)
    assert ledger.due(priorities=(Priority.BREAKING, Priority.NORMAL)) == 0
    clock.pass_seconds(30)
    assert ledger.due(lane=Lane.FETCH, priorities=(Priority.BULK,)) == 4


def test_work_that_took_too_long_counts_as_lost_at_once(ledger: Ledger) -> None:
    item = enqueue(ledger)
    for _ in range(3):
        ledger.lose(claim(ledger))
    assert ledger.get(item.id).error_code == "work_abandoned"
