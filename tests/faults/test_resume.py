"""The real pipeline, killed at every write it makes; and the same report however it was made.

Handbook reliability.md 3.3: R17, R20.
"""

from __future__ import annotations

import json
import secrets
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from tests.faults.rig import FULL, Crew, celery_command, crew, size, tell, with_environment
from tests.footage import render_image, render_video
from tests.servers import Postgres, Redis
from verify.bell import NoBell
from verify.model import ItemState, Provenance
from verify.pipeline import Submission
from verify.queueing import accept
from verify.settings import Settings
from verify.store.items import Item
from verify.store.tables import items
from verify.wiring import opened

PICTURE = (320, 180)


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reference and three queries: a mirrored piece, a photo of it, and footage of something else."""
    folder = tmp_path_factory.mktemp("golden")
    render_video(folder / "reference.mp4", seed=1, seconds=6, size=PICTURE)
    render_video(folder / "mirrored.mp4", seed=1, start=1.0, seconds=3, size=PICTURE, mirror=True)
    render_image(folder / "photo.jpg", seed=1, at=4.0, size=PICTURE)
    render_video(folder / "other.mp4", seed=2, seconds=3, size=PICTURE)
    return folder


def environment(home: Path, url: str = "", broker: str = "") -> dict[str, str]:
    home.mkdir(exist_ok=True)
    return {
        "VERIFY_HOME": str(home),
        "VERIFY_DATABASE_URL": url or f"sqlite:///{home / 'verify.sqlite3'}",
        "VERIFY_BROKER_URL": broker,
        "VERIFY_FREE_DISK_BYTES": "0",
        "REMAP_SIGTERM": "SIGQUIT",
    }


def prepare(settings: dict[str, str], golden: Path, queries: list[str]) -> list[Item]:
    """The items, queued over a reference set of one."""
    with opened(settings_of(settings)) as tool:
        tool.reference_set.add(str(golden / "reference.mp4"), Provenance(title="Old"))
        given = [Submission(text=str(golden / name), claim="M60T in Nayrab, today") for name in queries]
        requests = [tool.intake.request(one) for one in given]
        return [one.item for one in accept(tool.parts, NoBell(), requests)]


def settings_of(variables: dict[str, str]) -> Settings:
    names = {name.removeprefix("VERIFY_").lower(): value for name, value in variables.items()}
    return Settings(**{name: value for name, value in names.items() if name in Settings.model_fields})


def lasting(report: str) -> str:
    """A report without what names the run: its times and the item's identifier."""

    def without(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                name: without(part)
                for name, part in value.items()
                if name not in {"item_id", "created_at", "added_at", "started_at", "ended_at"}
            }
        return [without(part) for part in value] if isinstance(value, list) else value

    return json.dumps(without(json.loads(report)), sort_keys=True)


@pytest.fixture(scope="module")
def undisturbed(golden: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each query's report says when nothing goes wrong, embedded."""
    return reports_of(environment(tmp_path_factory.mktemp("calm")), golden, [worker()])


def worker() -> list[str]:
    return [sys.executable, "-m", "workers"]


def reports_of(settings: dict[str, str], golden: Path, commands: list[list[str]]) -> dict[str, str]:
    """The lasting part of each query's report, made by these workers."""
    names = ["mirrored.mp4", "photo.jpg", "other.mp4"]
    accepted = prepare(settings, golden, names)
    with crew(settings, commands) as workers:
        workers.wait_for_all(len(names))
        found = {}
        for name, item in zip(names, accepted, strict=True):
            report = workers.ledger.report(item.id)
            assert report is not None, workers.ledger.get(item.id)
            found[name] = lasting(report.json)
    return found


def test_three_runs_in_each_mode_give_the_same_reports(
    golden: Path,
    undisturbed: dict[str, str],
    tmp_path: Path,
    redis_server: Redis,
    postgres_server: Postgres,
) -> None:
    """R20."""
    assert '"copy"' in undisturbed["mirrored.mp4"]
    for number in range(size(2, 1)):
        assert reports_of(environment(tmp_path / f"embedded{number}"), golden, [worker()]) == undisturbed
    for number in range(size(3, 1)):
        name = f"golden_{secrets.token_hex(4)}"
        postgres_server.execute(f"CREATE DATABASE {name}")
        settings = environment(tmp_path / f"scaled{number}", postgres_server.url(name), redis_server.url)
        commands = [
            celery_command("fetch,sweep", app="workers.app", concurrency=1),
            celery_command("analyse,bulk", app="workers.app", concurrency=1),
        ]
        assert reports_of(settings, golden, commands) == undisturbed
    tell("determinism", modes=2, reports=len(undisturbed))


#: resolve, fetch, screen, fingerprint, match, find and the report. Dying before a write is much like dying
#: after the one before it, so the bounded run leaves most of those out.
CRASHES = [(number, when) for number in range(1, 8) for when in ("before", "after")]
SOME_CRASHES = [(number, when) for number, when in CRASHES if when == "after" or number == 7]


def run_out(workers: Crew) -> None:
    """The lease of the dead worker, without the wait."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    with workers.database.writing() as connection:
        connection.execute(update(items).where(items.c.lease_until.is_not(None)).values(lease_until=past))


@pytest.mark.parametrize(("number", "when"), CRASHES if FULL else SOME_CRASHES)
def test_killed_at_any_write_the_work_resumes_to_the_same_report(
    golden: Path, undisturbed: dict[str, str], tmp_path: Path, number: int, when: str
) -> None:
    """R17."""
    settings = environment(tmp_path / "home")
    (item,) = prepare(settings, golden, ["mirrored.mp4"])
    crash = settings | {"CRASH_AT": str(number), "CRASH_WHEN": when}
    command = with_environment(crash, [sys.executable, "-m", "tests.faults.real_worker"])
    with subprocess.Popen(command, stdin=subprocess.PIPE) as dying:  # the open pipe stands for its parent
        assert dying.wait(120) == -signal.SIGKILL
    with crew(settings, [worker()]) as workers:
        run_out(workers)
        workers.wait_for_all(1)
        ended = workers.ledger.get(item.id)
        reports = workers.ledger.reports(item.id)
        finished_before_dying = (number, when) == (7, "after")
        assert (ended.state, ended.losses) == (ItemState.DONE, 0 if finished_before_dying else 1)
        assert [lasting(report.json) for report in reports] == [undisturbed["mirrored.mp4"]]
