"""Sums of what the workers did, kept in the database: they outlive each process and need no collector.

In: increments by name and labels. Out: the sums. Written once an item, after it has ended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from verify.store.database import Database
from verify.store.tables import figures

_SEPARATOR = "\t"
_LONGEST = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One sum. The labels' meaning goes with the name."""

    name: str
    labels: tuple[str, ...]
    value: float


class Figures:
    """The sums of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, increments: Mapping[tuple[str, tuple[str, ...]], float]) -> None:
        """Adds each increment to the sum of its name and labels. Raises StorageBusy."""
        if not increments:
            return
        rows = [
            {"name": name, "labels": _SEPARATOR.join(labels)[:_LONGEST], "value": value}
            # In one order everywhere, so that two workers cannot wait for each other's rows.
            for (name, labels), value in sorted(increments.items())
        ]
        insert = sqlite.insert if self._database.kind == "sqlite" else postgresql.insert
        statement = insert(figures)
        statement = statement.on_conflict_do_update(
            index_elements=[figures.c.name, figures.c.labels],
            set_={"value": figures.c.value + statement.excluded.value},
        )
        with self._database.writing() as connection:
            connection.execute(statement, rows)

    def read(self) -> Sequence[Figure]:
        """Every sum, by name and labels."""
        query = select(figures).order_by(figures.c.name, figures.c.labels)
        with self._database.reading() as connection:
            return [
                Figure(name=name, labels=tuple(labels.split(_SEPARATOR)), value=value)
                for name, labels, value in connection.execute(query)
            ]
