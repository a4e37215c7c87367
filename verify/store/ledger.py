"""The queue, which is a table: who may work on what, and what came of it.

In: requests, and what workers say of the items they hold. Out: `Item` and `Lease` records. Every
write by a worker proves its lease by a token, so one that was given up on cannot overwrite its
successor's work (StaleLease). Losing every process at any instant loses no accepted item (handbook
reliability.md 1.5). The states and transitions are drawn in docs/states.md.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, delete, insert, select, update
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.dml import ReturningUpdate

from verify.errors import ItemCancelled, StaleLease, VerifyError, WorkAbandoned
from verify.model import FindingLabel, ItemState
from verify.store import joining
from verify.store.database import Database
from verify.store.items import (
    TERMINAL,
    Item,
    Lane,
    Lease,
    NewItem,
    Patience,
    Priority,
    Sweep,
    WrittenReport,
)
from verify.store.joining import Accepted
from verify.store.rows import (
    UNCOUNTED,
    ended,
    error_values,
    in_state,
    insert_once,
    item_of,
    new_row,
    note_sweep,
    one_item,
    requeued,
)
from verify.store.statements import claim_next, claim_one, held
from verify.store.tables import checkpoints, items, reports
from verify.store.views import ItemViews, utc_now

log = logging.getLogger("verify.ledger")

#: Writes the report of an item that is given up on.
WriteAbandoned = Callable[[Item, WorkAbandoned], WrittenReport]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Abandonment:
    """How an item ends that is given up on."""

    item: Item
    error: WorkAbandoned
    report: WrittenReport | None = None


class Ledger(ItemViews):
    """The items of one database. `clock` gives the present instant (tests turn it).

    Without `write_abandoned` an item that is given up on has no report, only its error.
    """

    def __init__(
        self,
        database: Database,
        *,
        patience: Patience | None = None,
        clock: Callable[[], datetime] = utc_now,
        write_abandoned: WriteAbandoned | None = None,
    ) -> None:
        super().__init__(database, clock=clock)
        self.patience = patience or Patience()
        self._write_abandoned = write_abandoned

    # --- what people ask for ------------------------------------------------------------------

    def enqueue(self, new: NewItem) -> Item:
        """The accepted item: committed, in state queued. Raises StorageBusy, StorageFull."""
        return self.enqueue_many([new])[0]

    def enqueue_many(self, requests: Iterable[NewItem]) -> list[Item]:
        """All of them, or on an error none, in the order given."""
        now = self._clock()
        # A microsecond apart, so that "in the order accepted" has one meaning.
        rows = [new_row(new, now, after=timedelta(microseconds=at)) for at, new in enumerate(requests)]
        if not rows:
            return []
        with self._database.writing() as connection:
            statement = insert(items).returning(items, sort_by_parameter_order=True)
            return [item_of(row) for row in connection.execute(statement, rows)]

    def accept(self, requests: Sequence[NewItem]) -> list[Accepted]:
        """The same, but a request that was made before joins the item it became then."""
        with self._database.writing() as connection:
            return joining.accept(connection, requests, self._clock())

    def begin(self, new: NewItem, *, worker: str) -> Lease:
        """The item accepted and claimed in one step, for work in the foreground."""
        now = self._clock()
        row = new_row(new, now)
        with self._database.writing() as connection:
            connection.execute(insert(items).values(row))
            lease = self._claim(
                connection, claim_one(self.patience.losses), {"wanted": row["id"]}, worker=worker
            )
        assert lease is not None
        return lease

    def cancel(self, item_id: str) -> Item:
        """The item, cancelled now or asked to stop at its next stage; a finished one stays as it is."""
        return self._change(
            item_id,
            (in_state(ItemState.QUEUED, ItemState.PAUSED), {"state": ItemState.CANCELLED}),
            (in_state(ItemState.RUNNING), {"cancel_requested": True}),
        )

    def pause(self, item_id: str) -> Item:
        """The item, held back if it was queued; in any other state it stays as it is."""
        return self._change(item_id, (in_state(ItemState.QUEUED), {"state": ItemState.PAUSED}))

    def resume(self, item_id: str) -> Item:
        """The item, queued again if it was paused."""
        return self._change(item_id, (in_state(ItemState.PAUSED), {"state": ItemState.QUEUED}))

    def rerun(self, item_id: str, *, forget: Collection[str] | None = None) -> Item:
        """The item, queued once more if it had ended: a retry or a re-check. Its reports stay.

        `forget` names the stages to do again; None: all of them.
        """
        fresh = {
            "state": ItemState.QUEUED,
            "lane": Lane.FETCH,
            "run": items.c.run + 1,
            "attempts": 0,
            "losses": 0,
            "retries": 0,
            "not_before": self._clock(),
            "cancel_requested": False,
            "stage": "",
            "progress": None,
            "error_code": "",
            "error_sentence": "",
            "finding": "",
        }
        forgotten = checkpoints.c.item_id == item_id
        if forget is not None:
            forgotten &= checkpoints.c.stage.in_(forget)
        with self._database.writing() as connection:
            if self._update(connection, and_(items.c.id == item_id, in_state(*TERMINAL)), fresh):
                connection.execute(delete(checkpoints).where(forgotten))
            return one_item(connection, item_id)

    # --- what workers do ----------------------------------------------------------------------

    def claim(
        self,
        *,
        worker: str,
        item_id: str = "",
        lane: Lane | None = None,
        priorities: Collection[Priority] = (),
    ) -> Lease | None:
        """The lease on `item_id`, or on the next item due by priority and age; None when there is none.

        An item whose lease ran out can be claimed by its id at once; otherwise the sweep requeues it.
        Raises StorageBusy.
        """
        if item_id:
            statement, which = claim_one(self.patience.losses), {"wanted": item_id}
        else:
            statement, which = claim_next(lane, tuple(priorities)), {}
        with self._database.writing() as connection:
            return self._claim(connection, statement, which, worker=worker)

    def heartbeat(self, lease: Lease, *, stage: str = "", progress: float | None = None) -> Lease:
        """The lease, extended. Raises StaleLease when another worker has the item, ItemCancelled."""
        now = self._clock()
        until = now + timedelta(seconds=self.patience.lease_seconds)
        values: dict[str, Any] = {"lease_until": until, "heartbeat_at": now}
        if stage:
            values |= {"stage": stage, "progress": progress}
        with self._database.writing() as connection:
            item = self._held(connection, lease, values)
        if item.cancel_requested:
            raise ItemCancelled(item.id)
        return Lease(item=item, token=lease.token, until=until)

    def put_checkpoint(self, lease: Lease, stage: str, code_version: str, payload: bytes) -> None:
        """Keeps what the stage made; of two equal keys the first stays.

        Raises StaleLease, ItemCancelled, StorageFull, StorageBusy.
        """
        now = self._clock()
        with self._database.writing() as connection:
            item = self._held(connection, lease, {"stage": stage, "progress": 1.0})
            if item.cancel_requested:
                raise ItemCancelled(item.id)
            values = {
                "item_id": item.id,
                "stage": stage,
                "code_version": code_version,
                "payload": payload,
                "created_at": now,
            }
            insert_once(connection, checkpoints, values)

    def finish(self, lease: Lease, *, report: str, code_version: str, finding: FindingLabel) -> Item:
        """The item, done: its report is kept in the same transaction. Raises StaleLease."""
        values = ended(ItemState.DONE) | {"finding": finding}
        return self._end(lease, values, report=report, code_version=code_version)

    def fail(self, lease: Lease, error: VerifyError, *, report: str = "", code_version: str = "") -> Item:
        """The item, failed for good, with the report that says why if there is one. Raises StaleLease."""
        values = (
            ended(ItemState.FAILED)
            | error_values(error)
            | {"finding": FindingLabel.NOT_RETRIEVABLE if report else ""}
        )
        return self._end(lease, values, report=report, code_version=code_version)

    def postpone(self, lease: Lease, error: VerifyError, *, wait_seconds: float | None = None) -> Item | None:
        """The item, queued for a later retry; None when it has had its retries: then `fail` it.

        Waits as `Patience` says, or longer if `wait_seconds` asks for it. Raises StaleLease.
        """
        done = lease.item.retries
        if done >= len(self.patience.backoff_seconds):
            return None
        wait = max(self.patience.backoff_seconds[done], wait_seconds or 0.0)
        due = self._clock() + timedelta(seconds=wait)
        values = requeued() | error_values(error) | {"not_before": due, "retries": done + 1}
        return self._end(lease, values)

    def hand_over(self, lease: Lease, lane: Lane) -> Item:
        """The item, queued for the workers of the other lane, with fresh counts. Raises StaleLease."""
        return self._end(lease, requeued() | {"lane": lane, "attempts": 0, "losses": 0})

    def release(self, lease: Lease) -> Item:
        """The item, given back by a worker that stops in good order: the attempt does not count.

        Raises StaleLease.
        """
        return self._end(lease, requeued() | {"attempts": UNCOUNTED})

    def lose(self, lease: Lease) -> None:
        """Counts the work as lost at once: it took longer than any item may. Raises StaleLease."""
        with self._database.writing() as connection:
            self._held(connection, lease, {"lease_until": self._clock() - timedelta(microseconds=1)})
        self.sweep()

    def end_cancelled(self, lease: Lease) -> Item:
        """The item, cancelled, once its worker has stopped. Raises StaleLease."""
        return self._end(lease, ended(ItemState.CANCELLED))

    # --- what keeps it going ------------------------------------------------------------------

    def sweep(self) -> Sweep:
        """What was put right: leases that ran out go back to the queue, or end with a report that says so.

        Any process may sweep at any time, and two at once do no harm. Raises StorageBusy, StorageFull.
        """
        now = self._clock()
        expired = self._expired(now)
        last = items.c.losses + 1 >= self.patience.losses
        lost = {"losses": items.c.losses + 1}
        ends = [self._abandonment(item) for item in self._doomed(and_(expired, last))]
        with self._database.writing() as connection:
            gone = self._update(
                connection, and_(expired, items.c.cancel_requested), ended(ItemState.CANCELLED) | lost
            )
            failed = [end.item.id for end in ends if self._abandon(connection, end, expired, lost)]
            back = self._update(connection, and_(expired, ~last), requeued() | lost)
            note_sweep(connection, now)
        return Sweep(
            requeued=tuple(item.id for item in back),
            abandoned=tuple(failed),
            cancelled=tuple(item.id for item in gone),
        )

    def _doomed(self, which: ColumnElement[bool]) -> Sequence[Item]:
        with self._database.reading() as connection:
            rows = connection.execute(select(items).where(which, ~items.c.cancel_requested))
            return [item_of(row) for row in rows]

    def _abandonment(self, item: Item) -> _Abandonment:
        error = WorkAbandoned(
            f"{item.losses + 1} workers were lost, the last at the stage {item.stage or 'resolve'}; "
            f"look at their logs, then `verify retry {item.id}` begins anew"
        )
        if self._write_abandoned is None:
            return _Abandonment(item=item, error=error)
        try:
            return _Abandonment(item=item, error=error, report=self._write_abandoned(item, error))
        except Exception:  # whatever it is, the item must end
            log.exception("no report of the abandoned item %s", item.id)
            return _Abandonment(item=item, error=error)

    def _abandon(
        self, connection: Connection, end: _Abandonment, expired: ColumnElement[bool], lost: dict[str, Any]
    ) -> bool:
        """Whether it was still to be ended."""
        values = ended(ItemState.FAILED) | error_values(end.error) | lost
        if end.report:
            values["finding"] = FindingLabel.NOT_RETRIEVABLE
        same = and_(items.c.id == end.item.id, expired, items.c.losses == end.item.losses)
        found = self._update(connection, and_(same, ~items.c.cancel_requested), values)
        if found and end.report:
            self._keep_report(connection, found[0], end.report.json, end.report.code_version)
        return bool(found)

    # --- in one transaction -------------------------------------------------------------------

    def _expired(self, now: datetime) -> ColumnElement[bool]:
        return and_(in_state(ItemState.RUNNING), items.c.lease_until < now)

    def _claim(
        self, connection: Connection, statement: ReturningUpdate[Any], which: dict[str, Any], *, worker: str
    ) -> Lease | None:
        now = self._clock()
        until = now + timedelta(seconds=self.patience.lease_seconds)
        token = secrets.token_hex(16)
        given = {"now": now, "until": until, "new_token": token, "by": worker}
        row = connection.execute(statement, which | given).one_or_none()
        return Lease(item=item_of(row), token=token, until=until) if row else None

    def _held(self, connection: Connection, lease: Lease, values: dict[str, Any]) -> Item:
        statement, given = held(values | {"updated_at": self._clock()})
        which = {"held_id": lease.item.id, "held_token": lease.token}
        row = connection.execute(statement, given | which).one_or_none()
        if row is None:
            raise StaleLease(lease.item.id)
        return item_of(row)

    def _end(self, lease: Lease, values: dict[str, Any], *, report: str = "", code_version: str = "") -> Item:
        with self._database.writing() as connection:
            item = self._held(connection, lease, values)
            if report:
                self._keep_report(connection, item, report, code_version)
        return item

    def _keep_report(self, connection: Connection, item: Item, report: str, code_version: str) -> None:
        values = {
            "item_id": item.id,
            "run": item.run,
            "code_version": code_version,
            "json": report,
            "created_at": self._clock(),
        }
        insert_once(connection, reports, values)

    def _change(self, item_id: str, *changes: tuple[ColumnElement[bool], dict[str, Any]]) -> Item:
        """The item after the first change whose condition it meets. Raises NoSuchItem."""
        with self._database.writing() as connection:
            for condition, values in changes:
                if found := self._update(connection, and_(items.c.id == item_id, condition), values):
                    return found[0]
            return one_item(connection, item_id)

    def _update(
        self, connection: Connection, which: ColumnElement[bool], values: dict[str, Any]
    ) -> Sequence[Item]:
        statement = update(items).where(which).values(values | {"updated_at": self._clock()})
        return [item_of(row) for row in connection.execute(statement.returning(items))]
