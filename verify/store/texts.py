"""Full-text search over items, in every script.

In: items with the words that belong to them. Out: the items whose text holds every word asked for.
One folded text per item and a substring match for each word: this needs no language's stemming or word
breaks, finds "Nayrab" in "#Al-Nayrab", and reads some 20 MB of text in the time of one request at
the sizes this ledger is for.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, insert, or_, select, tuple_

from verify.store.database import Database
from verify.store.items import TERMINAL, Item, ItemFilter
from verify.store.rows import conditions, item_of, one_item
from verify.store.tables import item_texts, items

LONGEST_TEXT = 20_000  # characters kept of one item
_MOST_WORDS = 8


class Texts:
    """The searchable texts of one database."""

    def __init__(
        self, database: Database, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._database = database
        self._clock = clock

    def stale(self, *, limit: int = 100) -> Sequence[Item]:
        """Items that are new, or ended, since their text was kept."""
        ended_since = items.c.state.in_(TERMINAL) & (items.c.updated_at > item_texts.c.indexed_at)
        query = (
            select(items)
            .outerjoin(item_texts, item_texts.c.item_id == items.c.id)
            .where(or_(item_texts.c.item_id.is_(None), ended_since))
            .limit(limit)
        )
        with self._database.reading() as connection:
            return [item_of(row) for row in connection.execute(query)]

    def changed_since(self, moment: datetime, *, limit: int = 500) -> Sequence[Item]:
        """Items that changed after that instant, in the order of their changes."""
        query = select(items).where(items.c.updated_at > moment).order_by(items.c.updated_at).limit(limit)
        with self._database.reading() as connection:
            return [item_of(row) for row in connection.execute(query)]

    def put(self, words: Mapping[Item, Sequence[str]]) -> None:
        """Keeps the texts of items as they were when read; what happens to one later makes it stale."""
        rows = [_row(item, found) for item, found in words.items()]
        if not rows:
            return
        with self._database.writing() as connection:
            outdated = item_texts.c.item_id.in_([row["item_id"] for row in rows])
            connection.execute(delete(item_texts).where(outdated))
            connection.execute(insert(item_texts), rows)

    def search(self, words: str, which: ItemFilter) -> Sequence[Item]:
        """The items that pass `which` and hold every word, newest first. Raises NoSuchItem."""
        query = select(items).join(item_texts, item_texts.c.item_id == items.c.id).where(*conditions(which))
        for word in folded(words).split()[:_MOST_WORDS]:
            query = query.where(item_texts.c.text.contains(word, autoescape=True))
        with self._database.reading() as connection:
            if which.before_id:
                last = one_item(connection, which.before_id)
                query = query.where(tuple_(items.c.created_at, items.c.id) < (last.created_at, last.id))
            query = query.order_by(items.c.created_at.desc(), items.c.id.desc()).limit(which.limit)
            return [item_of(row) for row in connection.execute(query)]


def _row(item: Item, words: Sequence[str]) -> dict[str, Any]:
    text = folded(" ".join((item.submitted, item.claim, item.note, *words)))[:LONGEST_TEXT]
    return {"item_id": item.id, "text": text, "indexed_at": max(item.updated_at, item.created_at)}


def folded(text: str) -> str:
    """The text without case, width and composition differences, without control characters."""
    normal = unicodedata.normalize("NFKC", text).casefold()
    return "".join(
        " " if unicodedata.category(character) in {"Cc", "Cs"} else character for character in normal
    )
