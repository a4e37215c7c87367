"""The same question twice is one item: a request joins the item that asks the same.

In: requests, and a transaction that nobody else accepts in. Out: for each the item it became or joined. The
same question is the same key with the same claim, note and posting time; a request without a key joins
nothing. A waiting item that is asked for again goes on if it was held back, and as urgently as asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, case, insert, select, text, update

from verify.model import ItemState
from verify.store.items import Item, NewItem
from verify.store.rows import in_state, item_of, new_row
from verify.store.tables import items

_LOCK = 0x6A6F696E  # any fixed number: PostgreSQL advisory lock, one acceptance at a time

Question = tuple[str, str, str, datetime | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What became of one request."""

    item: Item
    joined: bool  #: the item was there before


def accept(connection: Connection, requests: Sequence[NewItem], now: datetime) -> list[Accepted]:
    """One for each request, in their order."""
    if connection.dialect.name == "postgresql":  # SQLite's writers queue by themselves
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    asked = _asked_before(connection, {request.key for request in requests if request.key})
    rows: list[dict[str, Any]] = []
    places: list[tuple[str, bool]] = []
    for request in requests:
        joined = bool(request.key) and _question(request) in asked
        if joined:
            _want(connection, asked[_question(request)], request, now)
        else:
            # A microsecond apart, so that "in the order accepted" has one meaning.
            rows.append(new_row(request, now, after=timedelta(microseconds=len(rows))))
            asked[_question(request)] = rows[-1]["id"]
        places.append((asked[_question(request)], joined))
    if rows:
        connection.execute(insert(items), rows)
    found = _by_id(connection, {item_id for item_id, _ in places})
    return [Accepted(item=found[item_id], joined=joined) for item_id, joined in places]


def _question(asked: NewItem | Item) -> Question:
    return asked.key, asked.claim, asked.note, asked.posted_at


def _asked_before(connection: Connection, keys: Iterable[str]) -> dict[Question, str]:
    """The identifier of the newest item for each question about these keys."""
    query = select(items).where(items.c.key.in_(keys)).order_by(items.c.created_at, items.c.id)
    return {_question(item): item.id for item in map(item_of, connection.execute(query))}


def _want(connection: Connection, item_id: str, request: NewItem, now: datetime) -> None:
    waiting = in_state(ItemState.QUEUED, ItemState.PAUSED)
    less = (items.c.state == ItemState.PAUSED) | (items.c.priority > request.priority)
    values = {
        "state": ItemState.QUEUED,
        "priority": case((items.c.priority > request.priority, request.priority), else_=items.c.priority),
        "updated_at": now,
    }
    connection.execute(update(items).where(items.c.id == item_id, waiting, less).values(values))


def _by_id(connection: Connection, item_ids: Iterable[str]) -> dict[str, Item]:
    query = select(items).where(items.c.id.in_(item_ids))
    return {item.id: item for item in map(item_of, connection.execute(query))}
