"""What no longer serves anything is removed: blobs that no row names.

In: a database and its blobs. Out: how much went. A blob counts as named when its hash stands anywhere in
any row, in text or in a packed record: so a new table keeps its files without a word here. Young blobs
stay, since their row may be on its way.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from sqlalchemy import Connection, LargeBinary, String, Table, select

from verify.store.blobs import Blobs
from verify.store.database import Database
from verify.store.tables import METADATA, reference_fingerprints

GRACE_SECONDS = 24 * 3600.0  # no item is worked on that long between a file and its checkpoint
_NAME = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What a collection did."""

    removed: int
    kept: int


def collect(database: Database, blobs: Blobs, *, grace_seconds: float = GRACE_SECONDS) -> Collected:
    """Removes the blobs that no row names and that are older than `grace_seconds`. Raises StorageBusy."""
    before = time.time() - grace_seconds
    with database.reading() as connection:
        used = names_in_use(connection)
    # Listed after the rows were read: one may have been written anew meanwhile, for a row on its way.
    unused = [name for name, written_at in blobs.names() if written_at < before and name not in used]
    for name in unused:
        blobs.remove(name)
    return Collected(removed=len(unused), kept=sum(1 for _ in blobs.names()))


def names_in_use(connection: Connection) -> set[str]:
    """Every sha256 that stands in a row."""
    return {name for table in METADATA.sorted_tables for name in _names_in(connection, table)}


def _names_in(connection: Connection, table: Table) -> set[str]:
    columns = [
        column
        for column in table.columns
        if isinstance(column.type, String | LargeBinary) and column is not reference_fingerprints.c.payload
    ]
    found: set[str] = set()
    if not columns:
        return found
    for row in connection.execution_options(stream_results=True).execute(select(*columns)):
        for value in row:
            data = value.encode() if isinstance(value, str) else value or b""
            found.update(match.decode() for match in _NAME.findall(data))
    return found
