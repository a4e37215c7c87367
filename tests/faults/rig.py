"""What the fault suite stages its faults with: crews of real workers, and processes to take away.

A crew is supervised as in production: whatever dies is started again. The default run is bounded and
seeded; VERIFY_FULL_FAULTS=1 runs the figures of handbook reliability.md 3.3.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from tests.servers import Postgres, Redis, wait_until
from verify.model import ItemState
from verify.store.database import Database, migrate, open_database
from verify.store.items import Item, ItemFilter, NewItem
from verify.store.ledger import Ledger
from verify.store.tables import reports
from workers.supervisor import Supervisor

ROOT = Path(__file__).resolve().parents[2]
FULL = os.environ.get("VERIFY_FULL_FAULTS") == "1"
SEED = int(os.environ.get("VERIFY_FAULT_SEED", "20200220"))
END_SECONDS = 900.0 if FULL else 240.0  # a hang fails the test; nothing is measured by it


def size(full: int, bounded: int) -> int:
    """How much of something this run does."""
    return full if FULL else bounded


def celery_command(queues: str, *, app: str, concurrency: int) -> list[str]:
    worker = [sys.executable, "-m", "celery", "-A", app, "worker", "--queues", queues]
    return [*worker, "--concurrency", str(concurrency), "--without-gossip", "--without-mingle"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """Supervised workers over one ledger."""

    ledger: Ledger
    database: Database
    supervisor: Supervisor
    environment: dict[str, str]

    @property
    def mode(self) -> str:
        return "scaled" if self.environment.get("VERIFY_BROKER_URL") else "embedded"

    def pids(self) -> list[int]:
        """Every process of the crew, oldest first."""
        return [pid for pid, command in descendants(os.getpid()) if "stub" in command or "celery" in command]

    def cpu_seconds(self) -> float:
        """What the living processes of the crew have used of the processor so far."""
        ticks = 0
        for pid in self.pids():
            with suppress(OSError):  # gone while we looked
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self) -> int:
        """The memory that the living processes of the crew hold."""
        pages = 0
        for pid in self.pids():
            with suppress(OSError):
                pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def enqueue(self, words: Sequence[str]) -> list[Item]:
        return list(self.ledger.enqueue_many([NewItem(submitted=word) for word in words]))

    def counts(self) -> Counter[ItemState]:
        counts: Counter[ItemState] = Counter()
        for depth in self.ledger.depths():
            counts[depth.state] += depth.count
        return counts

    def wait_for_all(self, number: int) -> Counter[ItemState]:
        """The counts once `number` items have ended."""
        ended = (ItemState.DONE, ItemState.FAILED, ItemState.CANCELLED)

        def all_ended() -> bool:
            counts = self.counts()
            return sum(counts[state] for state in ended) == number

        # Counting reads every row: not so often that it takes the processor from the workers.
        wait_until(all_ended, what=f"{number} items to end", seconds=END_SECONDS, every_seconds=0.3)
        return self.counts()

    def report_counts(self) -> Counter[str]:
        """How many reports each item has."""
        with self.database.reading() as connection:
            rows = connection.execute(select(reports.c.item_id, func.count()).group_by(reports.c.item_id))
            return Counter({item_id: int(count) for item_id, count in rows})

    def items(self) -> list[Item]:
        return list(self.ledger.list(ItemFilter(limit=1_000_000)))


@contextmanager
def crew(environment: dict[str, str], commands: Sequence[Sequence[str]]) -> Iterator[Crew]:
    """Runs each command under a supervisor while the block lasts."""
    database = open_database(environment["VERIFY_DATABASE_URL"])
    migrate(database)
    supervisors = [Supervisor(1, command=with_environment(environment, command)) for command in commands]
    threads = [threading.Thread(target=supervisor.run) for supervisor in supervisors]
    for thread in threads:
        thread.start()
    try:
        yield Crew(
            ledger=Ledger(database), database=database, supervisor=supervisors[0], environment=environment
        )
    finally:
        for supervisor in supervisors:
            supervisor.stop()
        for thread in threads:
            thread.join()
        database.close()


def with_environment(environment: dict[str, str], command: Sequence[str]) -> list[str]:
    """The command with these variables; `env` replaces itself by it, so its pid is the command's."""
    settings = {"PYTHONPATH": str(ROOT), "VERIFY_LOG_LEVEL": "WARNING", "PYTHONWARNINGS": "ignore"}
    pairs = [f"{name}={value}" for name, value in (settings | environment).items()]
    return ["env", *pairs, *command]


def embedded(folder: Path, url: str = "", *, workers: int = 2) -> tuple[dict[str, str], list[list[str]]]:
    """The environment and the commands of an embedded crew; SQLite unless `url` says otherwise."""
    environment = {
        "VERIFY_HOME": str(folder),
        "VERIFY_DATABASE_URL": url or f"sqlite:///{folder / 'verify.sqlite3'}",
        "VERIFY_FREE_DISK_BYTES": "0",
        "VERIFY_ITEM_SOFT_SECONDS": "12" if FULL else "6",
        "VERIFY_ITEM_HARD_SECONDS": "18" if FULL else "9",
    }
    return environment, [[sys.executable, "-m", "tests.faults.stub_worker"]] * workers


def scaled(
    folder: Path, redis: Redis, postgres: Postgres, name: str, *, concurrency: int = 2
) -> tuple[dict[str, str], list[list[str]]]:
    """The same behind Celery: one worker per lane and beat."""
    environment, _ = embedded(folder, postgres.url(name))
    environment |= {"VERIFY_BROKER_URL": redis.url, "REMAP_SIGTERM": "SIGQUIT"}
    app = "tests.faults.stub_app"
    beat = [sys.executable, "-m", "celery", "-A", app, "beat", "--schedule", str(folder / "beat")]
    return environment, [
        celery_command("fetch,sweep", app=app, concurrency=1),
        celery_command("analyse,bulk", app=app, concurrency=concurrency),
        [*beat, "--pidfile="],
    ]


def descendants(pid: int) -> Iterator[tuple[int, str]]:
    """Each process below `pid` with its command line."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:  # gone while we looked
                continue
            parents.setdefault(parent, []).append(int(folder.name))
    waiting = [pid]
    while waiting:
        for child in sorted(parents.get(waiting.pop(0), [])):
            waiting.append(child)
            try:
                yield child, Path(f"/proc/{child}/cmdline").read_text().replace("\0", " ")
            except OSError:
                continue


def kill_one(crew: Crew, chance: random.Random) -> int | None:
    """The pid of a random worker process that was just taken away without a word."""
    pids = crew.pids()
    if not pids:
        return None
    victim = chance.choice(pids)
    try:
        os.kill(victim, signal.SIGKILL)
    except ProcessLookupError:
        return None
    return victim


def load_average() -> float:
    """Processes that want to run: what a figure in seconds has to be read with."""
    return round(os.getloadavg()[0], 1)


def tell(test: str, **figures: object) -> None:
    """One line of figures, for the release notes (handbook 3.4); shown by `pytest -s` and on failure."""
    line = json.dumps(
        {"test": test, "seed": SEED, "full": FULL, "load_average": load_average()} | figures, default=str
    )
    sys.stdout.write(f"{line}\n")
    artefacts = ROOT / "test-artefacts"
    artefacts.mkdir(exist_ok=True)
    with (artefacts / "faults.jsonl").open("a") as file:
        file.write(f"{line}\n")
