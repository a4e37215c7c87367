"""What one worker process holds open: the tool, and a worker for each queue.

In: settings. Out: workers ready to claim. Opened in the process that works, never before a fork: a
database connection, and FAISS after its first use, do not survive one (handbook reliability.md 1.4).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from verify import wiring
from verify.bell import FEW_RINGS, Bell, Queue, lane_of, priorities_of, queue_of
from verify.model import ItemState
from verify.pipeline import Watch
from verify.pipeline.desk import worker_name
from verify.settings import Settings
from verify.store.figures import Figures
from verify.store.items import Item, Lane, Lease
from verify.store.ledger import Ledger
from workers.loop import Check, Limits, Selection, Worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """What is done with an item: all of it, or only what needs the network."""

    ledger: Ledger
    whole: Check
    fetch: Check
    figures: Figures | None = None

    def ringing(self, bell: Bell) -> Checks:
        """The same, telling the other lane's workers at once of what is handed over to them."""

        def fetch(lease: Lease, *, watch: Watch) -> Item:
            item = self.fetch(lease, watch=watch)
            if item.state is ItemState.QUEUED and item.lane is Lane.ANALYSE:
                bell.ring(queue_of(item), unheard=FEW_RINGS)
            return item

        return replace(self, fetch=fetch)

    def for_queue(self, queue: Queue) -> Check:
        return self.fetch if lane_of(queue) is Lane.FETCH else self.whole


@contextmanager
def opened_checks(settings: Settings) -> Iterator[Checks]:
    """The real ones. Raises what `verify.wiring.opened` raises."""
    with wiring.opened(settings) as tool:
        yield Checks(
            ledger=tool.parts.ledger,
            whole=tool.pipeline.check,
            fetch=tool.pipeline.acquire,
            figures=Figures(tool.database),
        )


def selection_of(queue: Queue) -> Selection:
    return Selection(lane=lane_of(queue), priorities=priorities_of(queue))


def workers_for(checks: Checks, limits: Limits) -> dict[Queue, Worker]:
    """A worker for each queue."""
    return {
        queue: Worker(
            checks.ledger,
            checks.for_queue(queue),
            name=worker_name(queue.value),
            limits=limits,
            figures=checks.figures,
        )
        for queue in Queue
    }
