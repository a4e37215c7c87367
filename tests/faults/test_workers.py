"""Load and sudden death, in both modes: nothing accepted is lost and no report is written twice.

Handbook reliability.md 3.3: R1, R2, R3, R8, R9.
"""

from __future__ import annotations

import os
import random
import secrets
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.rig import (
    END_SECONDS,
    FULL,
    SEED,
    Crew,
    celery_command,
    crew,
    embedded,
    kill_one,
    scaled,
    size,
    tell,
)
from tests.servers import Postgres, Redis, wait_until
from verify.model import ItemState


@pytest.fixture(params=["embedded", "scaled"])
def workers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Crew]:
    if request.param == "embedded":
        environment, commands = embedded(tmp_path)
    else:
        postgres: Postgres = request.getfixturevalue("postgres_server")
        redis: Redis = request.getfixturevalue("redis_server")
        name = f"faults_{secrets.token_hex(4)}"
        postgres.execute(f"CREATE DATABASE {name}")
        environment, commands = scaled(tmp_path, redis, postgres, name)
    with crew(environment, commands) as running:
        yield running


def assert_nothing_lost_nothing_doubled(workers: Crew, number: int) -> None:
    items = workers.items()
    reports = workers.report_counts()
    assert len(items) == number
    assert all(item.is_terminal for item in items)
    assert all(count == 1 for count in reports.values())
    # An abandoned item has its report, too: it says so.
    reported = [item for item in items if item.state is ItemState.DONE or item.error_code == "work_abandoned"]
    assert {item.id for item in reported} == set(reports)


def test_a_load_of_items_all_end(workers: Crew) -> None:
    """R1 and R2."""
    number = size(10_000 if workers.mode == "embedded" else 5_000, 1_000)
    workers.enqueue(["ok"])
    workers.wait_for_all(1)  # the workers are up: what follows measures work, not starting
    began, used = time.monotonic(), workers.cpu_seconds()
    workers.enqueue(["ok"] * number)
    wait_until(
        lambda: workers.counts()[ItemState.DONE] > number / 4,
        what="a quarter of the items to end",
        seconds=END_SECONDS,
        every_seconds=0.3,
    )
    early = workers.resident_bytes()
    counts = workers.wait_for_all(number + 1)
    grown = workers.resident_bytes() / early
    seconds, used = time.monotonic() - began, workers.cpu_seconds() - used
    assert counts[ItemState.DONE] == number + 1
    assert_nothing_lost_nothing_doubled(workers, number + 1)
    tell(
        "load",
        mode=workers.mode,
        items=number,
        seconds=round(seconds, 1),
        per_second=round(number / seconds),
        cpu_ms_per_item=round(1000 * used / number, 1),
        memory_at_end_over_first_quarter=round(grown, 2),
    )
    assert grown < (1.1 if FULL else 1.5)  # the handbook's figure holds over its number of items


@pytest.mark.skipif(not FULL, reason="needs both processors to itself: VERIFY_FULL_FAULTS=1")
def test_two_workers_are_compared_with_one(tmp_path: Path) -> None:
    """Told, not asserted: issue 5 wants 1.8 times the work of one."""
    seconds = []
    for count in (1, 2):
        folder = tmp_path / str(count)
        folder.mkdir()
        with crew(*embedded(folder, workers=count)) as workers:
            workers.enqueue(["ok"] * count)
            workers.wait_for_all(count)
            began = time.monotonic()
            workers.enqueue(["burn:0.2"] * 100)
            workers.wait_for_all(100 + count)
            seconds.append(time.monotonic() - began)
    tell("scaling", workers=2, times_the_work_of_one=round(seconds[0] / seconds[1], 2))


def test_killing_a_worker_every_two_seconds_loses_nothing(workers: Crew) -> None:
    """R3."""
    number, chance = size(2_000, 120), random.Random(SEED)
    workers.enqueue([f"sleep:{chance.uniform(0.01, 0.2):.2f} ok" for _ in range(number)])
    kills = 0
    wait_until(workers.pids, what="workers to start")
    while workers.counts()[ItemState.DONE] < number and kills < size(200, 4):
        time.sleep(2)
        kills += kill_one(workers, chance) is not None
    counts = workers.wait_for_all(number)
    assert_nothing_lost_nothing_doubled(workers, number)
    lost_thrice = [item for item in workers.items() if item.error_code == "work_abandoned"]
    assert counts[ItemState.DONE] + len(lost_thrice) == number
    tell(
        "kill -9",
        mode=workers.mode,
        items=number,
        kills=kills,
        done=counts[ItemState.DONE],
        abandoned=len(lost_thrice),
    )


#: A segfault is told from a kill by nothing but its signal: the bounded run leaves it out.
POISONS = ["sigkill", "spin", "defect", *(["segfault"] if FULL else [])]


@pytest.mark.parametrize("poison", POISONS)
def test_a_poison_item_ends_after_exactly_three_attempts_and_harms_no_other(
    workers: Crew, poison: str
) -> None:
    """R8."""
    others = size(250, 20)
    words = ["ok"] * others
    for at in range(0, others, others // size(25, 1)):
        words.insert(at, poison)
    accepted = workers.enqueue(words)
    workers.wait_for_all(len(words))
    poisoned = [item for item in workers.items() if item.submitted == poison]
    assert {(item.state, item.attempts, item.error_code) for item in poisoned} == {
        (ItemState.FAILED, 3, "work_abandoned")
    }
    assert workers.counts()[ItemState.DONE] == len(accepted) - len(poisoned)
    assert_nothing_lost_nothing_doubled(workers, len(accepted))
    tell("poison", mode=workers.mode, poison=poison, poisoned=len(poisoned), others=others)


def test_work_longer_than_the_visibility_timeout_gives_one_report(
    tmp_path: Path, redis_server: Redis, postgres_server: Postgres
) -> None:
    """R9: the broker believes the worker dead and delivers again; the ledger knows better."""
    name = f"faults_{secrets.token_hex(4)}"
    postgres_server.execute(f"CREATE DATABASE {name}")
    environment, _ = scaled(tmp_path, redis_server, postgres_server, name)
    environment |= {"STUB_VISIBILITY_SECONDS": "2", "VERIFY_ITEM_SOFT_SECONDS": "60"}
    command = celery_command("fetch,analyse,sweep", app="tests.faults.stub_app", concurrency=2)
    with crew(environment, [command]) as workers:
        workers.enqueue(["sleep:3 sleep:3 ok"])
        counts = workers.wait_for_all(1)
        assert counts[ItemState.DONE] == 1
        assert [item.attempts for item in workers.items()] == [1]
        assert_nothing_lost_nothing_doubled(workers, 1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_in_good_order_gives_the_item_back_at_once(tmp_path: Path, number: signal.Signals) -> None:
    environment, commands = embedded(tmp_path, workers=1)
    with crew(environment, commands) as workers:
        (item,) = workers.enqueue(["sleep:1 sleep:30"])
        wait_until(lambda: workers.ledger.checkpoint(item.id, "0/sleep:1", "stub-1"), what="the first stage")
        workers.supervisor.stop()  # so that nobody takes it up again
        os.kill(workers.pids()[0], number)
        wait_until(lambda: not workers.pids(), what="the worker to leave")
        back = workers.ledger.get(item.id)
        assert (back.state, back.attempts, back.losses) == (ItemState.QUEUED, 0, 0)


def test_celery_asked_to_stop_gives_the_item_back_at_once(
    tmp_path: Path, redis_server: Redis, postgres_server: Postgres
) -> None:
    name = f"faults_{secrets.token_hex(4)}"
    postgres_server.execute(f"CREATE DATABASE {name}")
    environment, _ = scaled(tmp_path, redis_server, postgres_server, name)
    command = celery_command("fetch,analyse", app="tests.faults.stub_app", concurrency=1)
    with crew(environment, [command]) as workers:
        (item,) = workers.enqueue(["sleep:1 sleep:100"])
        wait_until(lambda: workers.ledger.checkpoint(item.id, "0/sleep:1", "stub-1"), what="the first stage")
        workers.supervisor.stop()
        wait_until(lambda: not workers.pids(), what="the worker to leave")
        back = workers.ledger.get(item.id)
        assert (back.state, back.losses) == (ItemState.QUEUED, 0)


def test_workers_leave_when_their_parent_is_killed(tmp_path: Path) -> None:
    environment, _ = embedded(tmp_path)
    starter = (
        "import sys; from workers.supervisor import Supervisor; "
        "Supervisor(2, command=[sys.executable, '-m', 'tests.faults.stub_worker']).run()"
    )
    with crew(environment, [[sys.executable, "-c", starter]]) as workers:
        (item,) = workers.enqueue(["sleep:30"])
        wait_until(lambda: workers.ledger.get(item.id).state is ItemState.RUNNING, what="the work to begin")
        parent, *children = workers.pids()
        workers.supervisor.stop()
        os.kill(parent, signal.SIGKILL)
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children), what="them to leave")
        wait_until(lambda: workers.ledger.get(item.id).state is ItemState.QUEUED, what="the item to be back")
        assert workers.ledger.get(item.id).attempts == 0
