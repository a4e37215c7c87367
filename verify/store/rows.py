"""Between the ledger's records and its rows: the values each transition sets, and back.

In: records. Out: the columns to write, the conditions to select by, and records read from rows.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Insert, Table, and_, case, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import ColumnElement

from verify.errors import NoSuchItem, VerifyError
from verify.model import FindingLabel, ItemState
from verify.store.items import Item, ItemFilter, Lane, NewItem, Priority
from verify.store.tables import counters, items

_SWEPT = "swept_at_ms"

#: The state to go back to: an item that was asked to stop does not go back to the queue.
REQUEUED = case((items.c.cancel_requested, ItemState.CANCELLED), else_=ItemState.QUEUED)
#: The attempts, without the one that is given back.
UNCOUNTED = items.c.attempts - 1


def new_row(new: NewItem, now: datetime, *, after: timedelta = timedelta()) -> dict[str, Any]:
    return {
        "id": secrets.token_hex(8),
        "submitted": new.submitted,
        "key": new.key,
        "claim": new.claim,
        "note": new.note,
        "posted_at": new.posted_at,
        "state": ItemState.QUEUED,
        "lane": Lane.FETCH,
        "priority": new.priority,
        "not_before": now,
        "created_at": now + after,
        "updated_at": now,
    }


def ended(state: ItemState) -> dict[str, Any]:
    return {"state": state, "lease_token": None, "lease_until": None, "error_code": "", "error_sentence": ""}


def requeued() -> dict[str, Any]:
    return {"state": REQUEUED, "lease_token": None, "lease_until": None}


def error_values(error: VerifyError) -> dict[str, Any]:
    return {"error_code": error.code, "error_sentence": str(error)}


def in_state(*states: ItemState) -> ColumnElement[bool]:
    return items.c.state == states[0] if len(states) == 1 else items.c.state.in_(states)


def due_at(now: datetime) -> ColumnElement[bool]:
    return and_(in_state(ItemState.QUEUED), items.c.not_before <= now)


def within(lane: Lane | None, priorities: Collection[Priority]) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if lane is not None:
        found.append(items.c.lane == lane)
    if priorities:
        found.append(items.c.priority.in_(priorities))
    return found


def conditions(which: ItemFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if which.states:
        found.append(items.c.state.in_(which.states))
    if which.findings:
        found.append(items.c.finding.in_(which.findings))
    if which.since is not None:
        found.append(items.c.created_at >= which.since)
    if which.until is not None:
        found.append(items.c.created_at < which.until)
    if which.key:
        found.append(items.c.key == which.key)
    return found


def one_item(connection: Connection, item_id: str) -> Item:
    row = connection.execute(select(items).where(items.c.id == item_id)).one_or_none()
    if row is None:
        raise NoSuchItem(item_id)
    return item_of(row)


def insert_once(connection: Connection, table: Table, values: dict[str, Any]) -> None:
    connection.execute(_insert_once(table, connection.dialect.name), values)


@cache
def _insert_once(table: Table, dialect: str) -> Insert:
    insert_into = sqlite.insert if dialect == "sqlite" else postgresql.insert
    return insert_into(table).on_conflict_do_nothing()


def item_of(row: Any) -> Item:
    values = dict(row._mapping)  # noqa: SLF001 - a row's public view
    del values["lease_token"]
    values["state"] = ItemState(values["state"])
    values["lane"] = Lane(values["lane"])
    values["priority"] = Priority(values["priority"])
    values["finding"] = FindingLabel(values["finding"]) if values["finding"] else None
    return Item(**values)


def note_sweep(connection: Connection, now: datetime) -> None:
    """Keeps the instant of the newest sweep, in milliseconds, so that others need not sweep too."""
    insert_once(connection, counters, {"name": _SWEPT, "value": 0})
    connection.execute(
        update(counters).where(counters.c.name == _SWEPT).values(value=int(now.timestamp() * 1000))
    )


def last_sweep(connection: Connection) -> datetime | None:
    found = connection.execute(select(counters.c.value).where(counters.c.name == _SWEPT)).scalar_one_or_none()
    return datetime.fromtimestamp(found / 1000, UTC) if found else None
