"""What people said of reports: only ever added to, with who and when.

In: `Judgement` records. Out: the same, oldest first, and the rejected matches from which thresholds
can be recalibrated. Refuses a judgement on an item that does not exist (NoSuchItem).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, insert, select

from verify.model import Judgement, JudgementKind, Rating, Span
from verify.store.database import Database
from verify.store.rows import one_item
from verify.store.tables import judgements


class Judgements:
    """The judgements in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, judgement: Judgement) -> Judgement:
        """The judgement as kept, with its identifier. Raises NoSuchItem."""
        values = {
            "id": judgement.id or secrets.token_hex(8),
            "item_id": judgement.item_id,
            "run": judgement.run,
            "kind": judgement.kind,
            "said_by": judgement.by,
            "said_at": judgement.at,
            "media_sha256": judgement.media_sha256,
            "reference_id": judgement.reference_id,
            "query_start_us": judgement.query.start_us if judgement.query else None,
            "query_end_us": judgement.query.end_us if judgement.query else None,
            "rating": judgement.rating or "",
            "note": judgement.note,
        }
        with self._database.writing() as connection:
            one_item(connection, judgement.item_id)
            kept = connection.execute(insert(judgements).values(values).returning(*judgements.c))
            return _judgement(kept.one())

    def of_item(self, item_id: str) -> Sequence[Judgement]:
        """Everything said of the item, oldest first."""
        query = select(judgements).where(judgements.c.item_id == item_id)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(judgements.c.said_at, judgements.c.id))
            return [_judgement(row) for row in rows]

    def rejected(self, *, limit: int = 1000) -> Sequence[Judgement]:
        """The matches that people rejected, newest first: the list to recalibrate from."""
        query = select(judgements).where(judgements.c.kind == JudgementKind.REJECT)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(judgements.c.said_at.desc()).limit(limit))
            return [_judgement(row) for row in rows]


def _judgement(row: Row[Any]) -> Judgement:
    has_span = row.query_start_us is not None
    return Judgement(
        id=row.id,
        item_id=row.item_id,
        run=row.run,
        kind=JudgementKind(row.kind),
        by=row.said_by,
        at=row.said_at,
        media_sha256=row.media_sha256,
        reference_id=row.reference_id,
        query=Span(start_us=row.query_start_us, end_us=row.query_end_us) if has_span else None,
        rating=Rating(row.rating) if row.rating else None,
        note=row.note,
    )
