"""The spine: one item from its address to its report, and what the ledger is told of it.

In: a lease on an item of the ledger. Out: the item at its end (done, failed, cancelled) with its
report, or queued again for a retry. The stages themselves are in `verify.pipeline.run`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from verify.errors import ItemCancelled, StaleLease, TransientError
from verify.model import FindingLabel, Report
from verify.pipeline.heart import Heart
from verify.pipeline.parts import CODE_VERSION, Parts
from verify.pipeline.problems import reason_of
from verify.pipeline.run import Run, Watch
from verify.reports import to_json
from verify.store.items import Item, Lane, Lease


def unwatched(_stage: str, _progress: float | None) -> None:
    """A `Watch` that does not look."""


class Pipeline:
    """Works on items that somebody holds a lease on."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def check(self, lease: Lease, *, last_try: bool = False, watch: Watch = unwatched) -> Item:
        """The item after the work.

        With `last_try` a failure that might pass by itself ends the item too, with a report: nobody
        would come back for it. Otherwise the item is queued for a retry while the ledger grants one.
        Raises StaleLease when another worker took over, and StorageFull or StorageBusy on the last try.
        Then, and on an interrupt, the item goes back to the queue for whoever takes it next.
        """
        return self._attempt(lease, last_try, watch, lambda run: self._end(lease, run.report()))

    def acquire(self, lease: Lease, *, watch: Watch = unwatched) -> Item:
        """The item after its network-bound stages, queued for analysis; or as `check` ends it."""

        def work(run: Run) -> Item:
            run.acquire()
            return self._parts.ledger.hand_over(lease, Lane.ANALYSE)

        return self._attempt(lease, False, watch, work)

    def _attempt(self, lease: Lease, last_try: bool, watch: Watch, work: Callable[[Run], Item]) -> Item:
        ledger = self._parts.ledger
        try:
            with Heart(ledger, lease) as heart:

                def look(stage: str, progress: float | None) -> None:
                    heart.at(stage, progress)
                    watch(stage, progress)

                return work(Run(self._parts, lease, last_try=last_try, watch=look))
        except (KeyboardInterrupt, SystemExit):
            with suppress(StaleLease):  # it had ended just before
                ledger.release(lease)
            raise
        except ItemCancelled:
            return ledger.end_cancelled(lease)
        except StaleLease:
            raise
        except TransientError as error:
            if last_try:  # the store itself failed: there is no report to end the item with
                ledger.release(lease)
                raise
            later = ledger.postpone(lease, error, wait_seconds=error.retry_after_seconds)
            return later or self.check(lease, last_try=True, watch=watch)

    def _end(self, lease: Lease, report: Report) -> Item:
        ledger, text = self._parts.ledger, to_json(report)
        if report.finding.label is FindingLabel.NOT_RETRIEVABLE:
            return ledger.fail(lease, reason_of(report), report=text, code_version=CODE_VERSION)
        return ledger.finish(lease, report=text, code_version=CODE_VERSION, finding=report.finding.label)
