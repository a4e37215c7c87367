"""Items without media: what a check does is written in the item, so that faults can be staged.

`submitted` is a list of words, each a stage: "ok" ends at once; "sleep:0.2" waits and "burn:0.2" computes
that long; "spin" never ends and holds the interpreter; "sigkill" and "segfault" take their process along;
"flaky" fails in passing, "reject" for good; "defect" raises what no stage should.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from verify.errors import ItemCancelled, NetworkFailed, WorkAbandoned, WrongMediaType
from verify.model import FindingLabel
from verify.pipeline.heart import Heart
from verify.pipeline.run import Watch
from verify.settings import Settings
from verify.store.database import migrate, open_database
from verify.store.items import Item, Lane, Lease, Patience, WrittenReport
from verify.store.ledger import Ledger
from verify.wiring import database_url
from workers.process import Checks

CODE_VERSION = "stub-1"
#: The product's own in a full run; otherwise half, so that a bounded run waits less for leases.
SCALE = 1.0 if os.environ.get("VERIFY_FULL_FAULTS") == "1" else 0.5
PATIENCE = Patience(lease_seconds=20 * SCALE, heartbeat_seconds=5 * SCALE, sweep_seconds=5 * SCALE)
FOUND = FindingLabel.NO_MATCH_IN_REFERENCE_SET


class StubPipeline:
    """Ends items as they say, with the same heartbeats, checkpoints and endings as the real one."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def check(self, lease: Lease, *, watch: Watch) -> Item:
        with Heart(self._ledger, lease) as heart:
            try:
                for number, word in enumerate(lease.item.submitted.split()):
                    heart.at(word, None)
                    self._stage(lease, f"{number}/{word}", word, watch)
            except ItemCancelled:
                return self._ledger.end_cancelled(lease)
            except NetworkFailed as error:
                return self._ledger.postpone(lease, error) or self._ledger.fail(lease, error)
            except WrongMediaType as error:
                return self._ledger.fail(lease, error)
            report = json.dumps({"item": lease.item.id, "submitted": lease.item.submitted})
            return self._ledger.finish(lease, report=report, code_version=CODE_VERSION, finding=FOUND)

    def acquire(self, lease: Lease, *, watch: Watch) -> Item:
        watch("fetch", 1.0)
        return self._ledger.hand_over(lease, Lane.ANALYSE)

    def _stage(self, lease: Lease, stage: str, word: str, watch: Watch) -> None:
        if self._ledger.checkpoint(lease.item.id, stage, CODE_VERSION) is not None:
            return
        watch(stage, None)
        name, _, value = word.partition(":")
        ACTIONS[name](value)
        self._ledger.put_checkpoint(lease, stage, CODE_VERSION, word.encode())
        watch(stage, 1.0)


def _die(_: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _segfault(_: str) -> None:
    signal.signal(signal.SIGSEGV, signal.SIG_DFL)
    ctypes.string_at(0)


def _spin(_: str) -> None:
    # One call into C that holds the interpreter lock: no Python signal handler runs in it.
    re.match(r"(a+)+$", "a" * 40 + "b")


def _burn(seconds: str) -> None:
    ends = time.process_time() + float(seconds)
    while time.process_time() < ends:
        pass


def _flaky(_: str) -> None:
    raise NetworkFailed("staged")


def _reject(_: str) -> None:
    raise WrongMediaType("staged")


def _defect(_: str) -> None:
    raise ZeroDivisionError("staged")


ACTIONS = {
    "ok": lambda _: None,
    "sleep": lambda value: time.sleep(float(value)),
    "burn": _burn,
    "sigkill": _die,
    "segfault": _segfault,
    "spin": _spin,
    "flaky": _flaky,
    "reject": _reject,
    "defect": _defect,
}


def abandoned(item: Item, error: WorkAbandoned) -> WrittenReport:
    return WrittenReport(json=json.dumps({"item": item.id, "error": str(error)}), code_version=CODE_VERSION)


@contextmanager
def opened_stub_checks(settings: Settings) -> Iterator[Checks]:
    """In place of `workers.process.opened_checks`."""
    database = open_database(database_url(settings))
    migrate(database)
    ledger = Ledger(database, patience=PATIENCE, write_abandoned=abandoned)
    pipeline = StubPipeline(ledger)
    try:
        yield Checks(ledger=ledger, whole=pipeline.check, fetch=pipeline.acquire)
    finally:
        database.close()
