"""What people and monitors read of the ledger; nothing here changes a row.

In: a database and a clock. Out: `Item` records, counts and reports. Refuses unknown identifiers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime

from sqlalchemy import func, select, tuple_

from verify.model import ItemState
from verify.store.database import Database
from verify.store.items import Depth, FinishedReport, Item, ItemFilter, Lane, Priority
from verify.store.rows import conditions, due_at, item_of, last_sweep, one_item, within
from verify.store.statements import kept_checkpoint
from verify.store.tables import items, reports


def utc_now() -> datetime:
    return datetime.now(UTC)


class ItemViews:
    """The items of one database, to look at."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._clock = clock

    def get(self, item_id: str) -> Item:
        """The item. Raises NoSuchItem."""
        with self._database.reading() as connection:
            return one_item(connection, item_id)

    def list(self, which: ItemFilter) -> Sequence[Item]:
        """The items that pass, newest first. Raises NoSuchItem for an unknown `before_id`."""
        with self._database.reading() as connection:
            query = select(items).where(*conditions(which))
            if which.before_id:
                last = one_item(connection, which.before_id)
                query = query.where(tuple_(items.c.created_at, items.c.id) < (last.created_at, last.id))
            query = query.order_by(items.c.created_at.desc(), items.c.id.desc()).limit(which.limit)
            return [item_of(row) for row in connection.execute(query)]

    def depths(self) -> Sequence[Depth]:
        """Counts by state and priority, with the oldest of each."""
        query = select(
            items.c.state, items.c.priority, func.count(), func.min(items.c.created_at).label("oldest")
        ).group_by(items.c.state, items.c.priority)
        with self._database.reading() as connection:
            return [
                Depth(
                    state=ItemState(state), priority=Priority(priority), count=count, oldest_created_at=oldest
                )
                for state, priority, count, oldest in connection.execute(query)
            ]

    def report(self, item_id: str) -> FinishedReport | None:
        """The newest report; None while there is none. Raises NoSuchItem."""
        found = self.reports(item_id)
        return found[0] if found else None

    def reports(self, item_id: str) -> Sequence[FinishedReport]:
        """Every report of the item, newest first. Raises NoSuchItem."""
        with self._database.reading() as connection:
            one_item(connection, item_id)
            query = select(reports).where(reports.c.item_id == item_id)
            rows = connection.execute(query.order_by(reports.c.run.desc(), reports.c.created_at.desc()))
            return [FinishedReport(**row._mapping) for row in rows]  # noqa: SLF001 - a row's public view

    def checkpoint(self, item_id: str, stage: str, code_version: str) -> bytes | None:
        """What the stage made in an earlier attempt; None when it did not end."""
        of = {"of_item": item_id, "of_stage": stage, "of_version": code_version}
        with self._database.reading() as connection:
            return connection.execute(kept_checkpoint(), of).scalar_one_or_none()

    def due(self, *, lane: Lane | None = None, priorities: Collection[Priority] = (), most: int = 100) -> int:
        """How many items wait for a worker right now; counts no further than `most`."""
        which = select(items.c.id).where(due_at(self._clock()), *within(lane, priorities)).limit(most)
        with self._database.reading() as connection:
            return connection.execute(select(func.count()).select_from(which.subquery())).scalar_one()

    def seconds_since_sweep(self) -> float:
        """How long ago any process swept; infinite when none ever did."""
        with self._database.reading() as connection:
            swept_at = last_sweep(connection)
        return (self._clock() - swept_at).total_seconds() if swept_at else float("inf")

    def seconds_since_work(self) -> float:
        """How long ago a worker last claimed an item or sent a heartbeat, or the oldest due one came.

        The smaller of both: an item that has just come keeps nobody waiting yet.
        """
        now = self._clock()
        waiting = select(func.min(items.c.not_before)).where(due_at(now))
        with self._database.reading() as connection:
            touched = connection.execute(select(func.max(items.c.heartbeat_at))).scalar()
            came = connection.execute(waiting).scalar()
        newest = max((moment for moment in (touched, came) if moment), default=now)
        return (now - newest).total_seconds()
