"""Whom to tell when an item ends, and what came of telling them.

In: addresses to call. Out: deliveries due, one per (webhook, item, run) however often an end is
noticed, each leased while it is tried and tried again with growing pauses. Every try is kept with its
status. Nothing here opens a connection.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, and_, insert, literal, select, update

from verify.errors import NoSuchRecord
from verify.store.database import Database
from verify.store.items import TERMINAL
from verify.store.rows import insert_once
from verify.store.tables import items, webhook_deliveries, webhooks

PAUSES_SECONDS = (10, 60, 300, 1_800, 7_200, 21_600)  # before each further try; then it has failed
LEASE_SECONDS = 60  # one try may take this long before another process tries too


class DeliveryState(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    id: str
    url: str
    secret: str = field(repr=False)  #: signs every call; kept, since it must be used
    added_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One call to make, or made."""

    webhook_id: str
    item_id: str
    run: int
    state: DeliveryState
    attempts: int
    not_before: datetime
    last_status: int | None
    last_error: str
    created_at: datetime
    updated_at: datetime


class Webhooks:
    """The webhooks of one database and their deliveries."""

    def __init__(
        self, database: Database, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._database = database
        self._clock = clock

    def add(self, url: str, *, added_by: str) -> Webhook:
        """The webhook, with the secret that signs its calls."""
        values = {
            "id": secrets.token_hex(8),
            "url": url,
            "secret": secrets.token_hex(32),
            "added_by": added_by,
            "created_at": self._clock(),
        }
        with self._database.writing() as connection:
            return _webhook(connection.execute(insert(webhooks).values(values).returning(*webhooks.c)).one())

    def list(self) -> Sequence[Webhook]:
        query = select(webhooks).where(webhooks.c.removed_at.is_(None)).order_by(webhooks.c.created_at)
        with self._database.reading() as connection:
            return [_webhook(row) for row in connection.execute(query)]

    def get(self, webhook_id: str) -> Webhook:
        """Raises NoSuchRecord."""
        for webhook in self.list():
            if webhook.id == webhook_id:
                return webhook
        raise NoSuchRecord(f"webhook {webhook_id}")

    def remove(self, webhook_id: str) -> None:
        """Stops its calls; the log stays. Raises NoSuchRecord."""
        which = and_(webhooks.c.id == webhook_id, webhooks.c.removed_at.is_(None))
        with self._database.writing() as connection:
            if not connection.execute(
                update(webhooks).where(which).values(removed_at=self._clock())
            ).rowcount:
                raise NoSuchRecord(f"webhook {webhook_id}")

    def deliveries(self, webhook_id: str, *, limit: int = 100) -> Sequence[Delivery]:
        """What was sent or is to be sent, newest first."""
        query = select(webhook_deliveries).where(webhook_deliveries.c.webhook_id == webhook_id)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(webhook_deliveries.c.created_at.desc()).limit(limit))
            return [_delivery(row) for row in rows]

    def notice_ends(self, *, limit: int = 100) -> int:
        """How many calls were put on the list: one for each item that ended after a webhook was added."""
        known = and_(
            webhook_deliveries.c.webhook_id == webhooks.c.id,
            webhook_deliveries.c.item_id == items.c.id,
            webhook_deliveries.c.run == items.c.run,
        )
        query = (
            select(webhooks.c.id, items.c.id.label("item_id"), items.c.run)
            .select_from(webhooks)
            .join(items, literal(value=True))
            .outerjoin(webhook_deliveries, known)
            .where(webhooks.c.removed_at.is_(None), webhook_deliveries.c.webhook_id.is_(None))
            .where(items.c.state.in_(TERMINAL), items.c.updated_at >= webhooks.c.created_at)
            .limit(limit)
        )
        with self._database.reading() as connection:
            ended = connection.execute(query).all()
        if ended:
            with self._database.writing() as connection:
                for webhook_id, item_id, run in ended:
                    insert_once(connection, webhook_deliveries, self._new(webhook_id, item_id, run))
        return len(ended)

    def _new(self, webhook_id: str, item_id: str, run: int) -> dict[str, Any]:
        now = self._clock()
        return {
            "webhook_id": webhook_id,
            "item_id": item_id,
            "run": run,
            "state": DeliveryState.PENDING,
            "attempts": 0,
            "not_before": now,
            "created_at": now,
            "updated_at": now,
        }

    def take(self) -> tuple[Webhook, Delivery] | None:
        """The next call that is due, held for LEASE_SECONDS; None when none is."""
        now = self._clock()
        due = (
            select(webhook_deliveries)
            .join(webhooks, webhooks.c.id == webhook_deliveries.c.webhook_id)
            .where(webhooks.c.removed_at.is_(None))
            .where(
                webhook_deliveries.c.state == DeliveryState.PENDING, webhook_deliveries.c.not_before <= now
            )
            .order_by(webhook_deliveries.c.not_before)
            .limit(1)
            .with_for_update(skip_locked=True, of=webhook_deliveries)
        )
        held = {
            "attempts": webhook_deliveries.c.attempts + 1,
            "not_before": now + timedelta(seconds=LEASE_SECONDS),
            "updated_at": now,
        }
        with self._database.writing() as connection:
            row = connection.execute(due).one_or_none()
            if row is None:
                return None
            taken = update(webhook_deliveries).where(_same(_delivery(row))).values(held)
            delivery = _delivery(connection.execute(taken.returning(*webhook_deliveries.c)).one())
        return self.get(delivery.webhook_id), delivery

    def settle(self, delivery: Delivery, *, status: int | None, error: str = "") -> None:
        """What came of a try: no error means delivered; else a further try, or the end of trying."""
        now = self._clock()
        values: dict[str, Any] = {"last_status": status, "last_error": error[:500], "updated_at": now}
        if not error:
            values["state"] = DeliveryState.DELIVERED
        elif delivery.attempts > len(PAUSES_SECONDS):
            values["state"] = DeliveryState.FAILED
        else:
            values["not_before"] = now + timedelta(seconds=PAUSES_SECONDS[delivery.attempts - 1])
        with self._database.writing() as connection:
            connection.execute(update(webhook_deliveries).where(_same(delivery)).values(values))


def _same(delivery: Delivery) -> Any:
    return and_(
        webhook_deliveries.c.webhook_id == delivery.webhook_id,
        webhook_deliveries.c.item_id == delivery.item_id,
        webhook_deliveries.c.run == delivery.run,
    )


def _webhook(row: Row[Any]) -> Webhook:
    return Webhook(
        id=row.id, url=row.url, secret=row.secret, added_by=row.added_by, created_at=row.created_at
    )


def _delivery(row: Row[Any]) -> Delivery:
    values = dict(row._mapping)  # noqa: SLF001 - a row's public view
    return Delivery(**values | {"state": DeliveryState(values["state"])})
