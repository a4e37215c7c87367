"""The claim loop: take the next item, work on it, say how it ended; the same in both modes.

In: a ledger and what checks an item. Out: nothing; everything is in the ledger. Whatever goes wrong,
the item ends in one of four ways: ended by the check, given back (a stop, a store in trouble), counted
as lost (too long, a defect of ours), or left to its lease (this process died). None of them loses it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from verify.errors import PermanentError, StaleLease, StorageBusy, StorageFull, VerifyError
from verify.logs import about_item
from verify.metrics import StageClock, fetches_in
from verify.pipeline import Watch
from verify.store.figures import Figures
from verify.store.items import Item, Lane, Lease, Priority
from verify.store.ledger import Ledger
from workers import stops
from workers.stops import Stopping

IDLE_SECONDS = 0.5  # between two looks at an empty queue; also the longest an embedded item waits
TROUBLE_SECONDS = 2.0  # before the store is tried again after an error

log = logging.getLogger("verify.worker")


class TookTooLong(BaseException):
    """The item in hand has had its time. Not an Exception: no stage may mistake it for its own failure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which items a worker takes. Empty: any."""

    lane: Lane | None = None
    priorities: tuple[Priority, ...] = ()


ANY = Selection()


class Check(Protocol):
    """Works on the item of a lease and ends it in the ledger; `verify.pipeline.Pipeline.check` does."""

    def __call__(self, lease: Lease, *, watch: Watch) -> Item: ...


Limits = Callable[[], AbstractContextManager[None]]  # raises TookTooLong in its block, or ends the process


class Worker:
    """One thread of work. `limits` bounds the time of each item."""

    def __init__(
        self,
        ledger: Ledger,
        check: Check,
        *,
        name: str,
        limits: Limits = nullcontext,
        figures: Figures | None = None,
    ) -> None:
        self._ledger = ledger
        self._check = check
        self._name = name
        self._limits = limits
        self._figures = figures
        self._next_sweep = 0.0

    def run(self, which: Selection = ANY, *, until: Callable[[], bool] = lambda: False) -> None:
        """Works until `until` holds; sweeps on the way. Raises Stopping when a signal handler does."""
        log.info("worker %s started", self._name)
        while not (until() or stops.is_asked()):
            try:
                self._sweep_when_due()
                worked = self.step(which)
            except (StorageBusy, StorageFull) as error:
                log.warning("the store is in trouble: %s", error)
                time.sleep(TROUBLE_SECONDS)
                continue
            if not worked:
                time.sleep(IDLE_SECONDS)

    def drain(self, which: Selection = ANY, *, seconds: float) -> int:
        """How many items were worked on until none was due, or for about `seconds`."""
        ends, done = time.monotonic() + seconds, 0
        while self.step(which):
            done += 1
            if time.monotonic() >= ends:
                break
        return done

    def step(self, which: Selection = ANY) -> bool:
        """Whether there was an item to work on. Raises StorageBusy when none could be asked for."""
        stops.hold_back()
        try:
            lease = self._ledger.claim(worker=self._name, lane=which.lane, priorities=which.priorities)
        except VerifyError:
            stops.let_through()
            raise
        if lease is None:
            stops.let_through()
            return False
        with about_item(lease.item.id):
            self._work(lease)
        return True

    def _work(self, lease: Lease) -> None:
        watched = _Watched()
        try:
            stops.let_through()
            with self._limits():
                item = self._check(lease, watch=watched)
        except StaleLease:
            log.warning("another worker took over; this late result was refused")
        except (StorageBusy, StorageFull) as error:
            log.warning("given back: %s", error)
            self._give_back(lease)
            raise
        except (Stopping, KeyboardInterrupt):
            log.info("stopping: given back")
            self._give_back(lease)
            raise
        except TookTooLong:
            self._after_limit(lease, watched)
        except PermanentError as error:
            log.warning("failed: %s", error)
            self._settle(partial(self._ledger.fail, lease, error))
        except Exception:
            log.exception("a defect in this program; the attempt counts as lost")
            self._settle(partial(self._ledger.lose, lease))
        else:
            log.info("ended as %s", item.state, extra={"finding": item.finding or ""})
            self._note(item, watched)

    def _note(self, item: Item, watched: _Watched) -> None:
        """For the metrics; nothing depends on it."""
        if self._figures is None:
            return
        try:
            report = self._ledger.report(item.id) if item.is_terminal else None
            self._figures.add(watched.increments | (fetches_in(report.json) if report else {}))
        except (VerifyError, ValueError) as error:
            log.warning("not counted: %s", error)

    def _after_limit(self, lease: Lease, watched: _Watched) -> None:
        # An item of many media needs more time than one attempt has. Each attempt that ends a stage
        # brings it nearer to its end, and there are finitely many stages.
        log.warning("took too long at %s", watched.stage)
        if watched.ended_a_stage:
            self._give_back(lease)
        else:
            self._settle(partial(self._ledger.lose, lease))

    def _give_back(self, lease: Lease) -> None:
        self._settle(partial(self._ledger.release, lease))

    def _settle(self, settle: Callable[[], object]) -> None:
        """Tries until the store takes it, or for a lease's length: after that the sweep does the same."""
        ends = time.monotonic() + self._ledger.patience.lease_seconds
        while True:
            try:
                settle()
            except StaleLease:  # already settled: by the check itself, or by a sweep
                return
            except VerifyError as error:
                if time.monotonic() > ends:
                    log.warning("left to its lease: %s", error)
                    return
                time.sleep(TROUBLE_SECONDS / 4)
            else:
                return

    def _sweep_when_due(self) -> None:
        if time.monotonic() < self._next_sweep:
            return
        self._next_sweep = time.monotonic() + self._ledger.patience.sweep_seconds
        swept = self._ledger.sweep()
        if swept.requeued or swept.abandoned:
            log.warning("lost by their workers: %s; for the last time: %s", swept.requeued, swept.abandoned)


class _Watched(StageClock):
    """A `Watch` that remembers where the work was and whether it got on."""

    def __init__(self) -> None:
        super().__init__()
        self.stage = ""
        self.ended_a_stage = False
        self._begun: set[str] = set()

    def __call__(self, stage: str, progress: float | None) -> None:
        super().__call__(stage, progress)
        # A stage read from its checkpoint is announced as ended without having begun.
        self.stage = stage
        self.ended_a_stage |= stage in self._begun and progress == 1.0
        self._begun.add(stage)
