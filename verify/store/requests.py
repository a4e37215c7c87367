"""Requests that must not be carried out twice.

In: a caller's idempotency key and the request's digest. Out: the items made the first time. Refuses
the same key with another request (UsageError), as the IETF draft on the Idempotency-Key header asks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select

from verify.errors import UsageError
from verify.store.database import Database
from verify.store.rows import insert_once
from verify.store.tables import idempotency_keys

KEPT_SECONDS = 24 * 3600


class RequestLog:
    """The idempotency keys seen in the last day."""

    def __init__(
        self, database: Database, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._database = database
        self._clock = clock

    def earlier(self, owner: str, key: str, request_sha256: str) -> Sequence[str] | None:
        """The identifiers of the items made before under this key; None the first time."""
        query = select(idempotency_keys).where(
            idempotency_keys.c.owner == owner, idempotency_keys.c.key == key
        )
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        if row is None or row.created_at < self._clock() - timedelta(seconds=KEPT_SECONDS):
            return None
        if row.request_sha256 != request_sha256:
            raise UsageError("this Idempotency-Key came with another request before; use a new key")
        found: list[str] = json.loads(row.item_ids)
        return found

    def keep(self, owner: str, key: str, request_sha256: str, item_ids: Sequence[str]) -> Sequence[str]:
        """The items of the first request under this key: these, unless another came first."""
        now = self._clock()
        values = {
            "owner": owner,
            "key": key,
            "request_sha256": request_sha256,
            "item_ids": json.dumps(list(item_ids)),
            "created_at": now,
        }
        old = idempotency_keys.c.created_at < now - timedelta(seconds=KEPT_SECONDS)
        with self._database.writing() as connection:
            connection.execute(delete(idempotency_keys).where(old))
            insert_once(connection, idempotency_keys, values)
        return self.earlier(owner, key, request_sha256) or item_ids
