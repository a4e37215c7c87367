"""Redis and PostgreSQL killed, flushed, absent and frozen; SQLite locked; the disk full.

Handbook reliability.md 3.3: R4, R5, R6, R10. Nothing accepted is lost and no report is doubled.
"""

from __future__ import annotations

import contextlib
import os
import random
import secrets
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.rig import SEED, Crew, crew, embedded, scaled, size, tell
from tests.faults.test_workers import assert_nothing_lost_nothing_doubled
from tests.servers import Postgres, Redis, running, wait_until
from verify.bell import CeleryBell, ring_for
from verify.errors import StorageBusy, StorageFull
from verify.model import ItemState
from verify.store.blobs import FolderBlobs
from verify.store.items import NewItem


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A server that no other test minds losing."""
    with running(Postgres) as server:
        server.execute("CREATE DATABASE faults")
        yield server


@pytest.fixture
def workers(tmp_path: Path, redis_server: Redis, postgres_server: Postgres) -> Iterator[Crew]:
    name = f"faults_{secrets.token_hex(4)}"
    postgres_server.execute(f"CREATE DATABASE {name}")
    with crew(*scaled(tmp_path, redis_server, postgres_server, name)) as working:
        yield working


def some_items(number: int) -> list[str]:
    chance = random.Random(SEED)
    return [f"sleep:{chance.uniform(0.01, 0.1):.2f}" for _ in range(number)]


def test_redis_killed_again_and_again_under_load(workers: Crew, redis_server: Redis) -> None:
    """R4."""
    kills, per_round = size(25, 3), size(40, 15)
    bell = CeleryBell(redis_server.url)
    slowest = 0.0
    ring_for(bell, workers.enqueue(["ok"]))
    workers.wait_for_all(1)  # the workers are up: what follows measures recovery, not starting
    for _ in range(kills):
        ring_for(bell, workers.enqueue(some_items(per_round)))
        redis_server.kill()
        time.sleep(0.5)
        redis_server.start()
        began = time.monotonic()
        (after,) = workers.enqueue(["ok"])
        ring_for(bell, [after])
        wait_until(
            lambda after=after: workers.ledger.get(after.id).state is ItemState.DONE,
            what="what came after the kill to be done",
            seconds=120,
        )
        slowest = max(slowest, time.monotonic() - began)
    number = 1 + kills * (per_round + 1)
    counts = workers.wait_for_all(number)
    assert counts[ItemState.DONE] == number
    assert_nothing_lost_nothing_doubled(workers, number)
    tell("redis killed", kills=kills, items=number, slowest_recovery_seconds=round(slowest, 1))


def test_redis_flushed_loses_nothing(workers: Crew, redis_server: Redis) -> None:
    """R5, first half."""
    number = size(500, 60)
    ring_for(CeleryBell(redis_server.url), workers.enqueue(some_items(number)))
    wait_until(lambda: workers.counts()[ItemState.DONE] > 0, what="the work to begin")
    with redis_server.client() as client:
        client.flushall()
    workers.wait_for_all(number)
    assert_nothing_lost_nothing_doubled(workers, number)


def test_items_are_accepted_while_redis_is_absent(workers: Crew, redis_server: Redis) -> None:
    """R5, second half: each is committed at once, and done after Redis is back."""
    number, absent_seconds = size(500, 50), size(60, 5)
    redis_server.kill()
    bell, waits = CeleryBell(redis_server.url), []
    gone_since = time.monotonic()
    for word in some_items(number):
        began = time.monotonic()
        ring_for(bell, [workers.ledger.enqueue(NewItem(submitted=word))])
        waits.append(time.monotonic() - began)
    time.sleep(max(0.0, absent_seconds - (time.monotonic() - gone_since)))
    redis_server.start()
    workers.wait_for_all(number)
    assert_nothing_lost_nothing_doubled(workers, number)
    waits.sort()
    tell("redis absent", items=number, p99_seconds=round(waits[int(len(waits) * 0.99) - 1], 3))


def test_postgresql_restarted_and_frozen_under_load(
    tmp_path: Path, redis_server: Redis, own_postgres: Postgres
) -> None:
    """R6."""
    restarts, per_round, frozen_seconds = size(5, 2), size(100, 20), size(10, 3)
    with crew(*scaled(tmp_path, redis_server, own_postgres, "faults")) as workers:
        bell, accepted = CeleryBell(redis_server.url), 0
        for number in range(restarts):
            ring_for(bell, workers.enqueue(some_items(per_round)))
            accepted += per_round
            wait_until(lambda: workers.counts()[ItemState.DONE] > 0, what="the work to begin")
            own_postgres.stop(signal.SIGINT if number % 2 else signal.SIGKILL)
            with pytest.raises(StorageBusy):
                workers.ledger.enqueue(NewItem(submitted="refused while there is no database"))
            own_postgres.start()
        own_postgres.freeze(frozen_seconds)
        workers.wait_for_all(accepted)
        assert_nothing_lost_nothing_doubled(workers, accepted)
        tell("postgresql", restarts=restarts, frozen_seconds=frozen_seconds, items=accepted)


def test_a_locked_sqlite_delays_and_loses_nothing(tmp_path: Path) -> None:
    """R6."""
    number, locked_seconds = size(400, 60), size(10, 7)
    with crew(*embedded(tmp_path)) as workers:
        workers.enqueue(some_items(number))
        wait_until(lambda: workers.counts()[ItemState.DONE] > 0, what="the work to begin")
        other = sqlite3.connect(tmp_path / "verify.sqlite3", isolation_level=None, timeout=30)
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        with pytest.raises(StorageBusy, match="locked"):
            workers.ledger.enqueue(NewItem(submitted="refused while it is locked"))
        time.sleep(max(0.0, locked_seconds - (time.monotonic() - began)))
        other.execute("ROLLBACK")
        other.close()
        workers.wait_for_all(number)
        assert_nothing_lost_nothing_doubled(workers, number)
        assert all(item.losses == 0 for item in workers.items() if locked_seconds < 7)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB. Skips where this user may not mount one."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("a small disk cannot be mounted here")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path) -> Path:
    """A file that takes all the space there is."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    return ballast


def test_a_full_disk_stops_the_work_and_its_end_resumes_it(small_disk: Path) -> None:
    """R10: the database's own disk."""
    number = 30
    with crew(*embedded(small_disk, workers=1)) as workers:
        workers.enqueue(["sleep:0.3 ok"] * number)
        wait_until(lambda: workers.counts()[ItemState.DONE] > 0, what="the work to begin")
        ballast = fill(small_disk)
        refused = 0
        for _ in range(200):
            try:
                workers.ledger.enqueue(NewItem(submitted="x" * 4000))
            except (StorageFull, StorageBusy):
                refused += 1
                break
            number += 1
        assert refused
        time.sleep(3)
        ballast.unlink()
        accepted = [item for item in workers.items() if item.submitted.startswith("x")]
        for item in accepted:
            workers.ledger.cancel(item.id)
        workers.wait_for_all(number)
        items = workers.items()
        assert len(items) == number
        done = {item.id for item in items if item.state is ItemState.DONE}
        assert done == set(workers.report_counts())
        assert all(count == 1 for count in workers.report_counts().values())


def test_a_full_disk_leaves_no_partial_file(small_disk: Path) -> None:
    """R10: the files' disk."""
    blobs = FolderBlobs(small_disk)
    kept = blobs.put(os.urandom(2**20))
    ballast = fill(small_disk)
    with pytest.raises(StorageFull):
        blobs.put(os.urandom(2**20))
    ballast.unlink()
    assert [name for name, _ in blobs.names()] == [kept]
    assert not list((small_disk / "incoming").iterdir())
    assert blobs.exists(blobs.put(os.urandom(2**20)))
