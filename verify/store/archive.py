"""Everything that is kept, as one file, and back: for backups and for moving between databases.

In: a database and its blobs. Out: a tar file with a manifest, each table as JSON Lines, and each blob
under its hash; it reads into SQLite and PostgreSQL alike. Import wants a database without rows, of the
same schema, and refuses (UnreadableInput) an archive that is not one or whose blobs do not hash to
their names; what was imported until then is rolled back.
"""

from __future__ import annotations

import base64
import io
import json
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, LargeBinary, Table, func, insert, select, text
from sqlalchemy.exc import IntegrityError

from verify.errors import BlobMissing, SchemaTooNew, UnreadableInput, UsageError
from verify.store.blobs import SHA256_NAME, Blobs
from verify.store.database import Database, newest_version
from verify.store.tables import METADATA, Instant
from verify.store.upkeep import names_in_use

FORMAT = "verify-archive-1"
_ROWS_AT_ONCE = 500
_CHUNK_BYTES = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """What an archive holds."""

    rows: int
    blobs: int
    missing: tuple[str, ...] = ()  #: blobs that are named but were not there or damaged


def export(database: Database, blobs: Blobs, path: Path) -> Archived:
    """Writes the archive; it appears under its name when it is whole. Other work may go on meanwhile."""
    draft = path.with_name(f".{path.name}.draft")
    try:
        with tarfile.open(draft, "w") as archive, database.reading() as connection:
            if database.kind == "postgresql":
                connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
            manifest = {"format": FORMAT, "schema": newest_version()}
            _put(archive, "manifest.json", json.dumps(manifest).encode())
            rows = sum(_export_table(archive, connection, table) for table in METADATA.sorted_tables)
            kept, missing = _export_blobs(archive, blobs, names_in_use(connection))
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return Archived(rows=rows, blobs=kept, missing=missing)


def import_(database: Database, blobs: Blobs, path: Path) -> Archived:
    """Reads an archive into a migrated database without rows.

    Raises UsageError when there are rows, SchemaTooNew, UnreadableInput, StorageFull.
    """
    try:
        with tarfile.open(path) as archive, database.writing() as connection:
            _require_fit(archive, connection)
            rows = count = 0
            for member in archive:
                kind, _, name = member.name.partition("/")
                content = archive.extractfile(member)
                if content is None or member.name == "manifest.json":
                    continue
                if kind == "tables" and name in METADATA.tables:
                    rows += _import_table(connection, METADATA.tables[name], content)
                elif kind == "blobs" and SHA256_NAME.fullmatch(name):
                    _import_blob(blobs, name, content)
                    count += 1
                else:
                    raise UnreadableInput(f"{path}: {member.name!r} has no place here")
    except (tarfile.TarError, OSError, ValueError, KeyError, IntegrityError) as error:
        raise UnreadableInput(f"{path}: {error}") from error
    return Archived(rows=rows, blobs=count)


def _require_fit(archive: tarfile.TarFile, connection: Connection) -> None:
    content = archive.extractfile("manifest.json")
    manifest = json.loads(content.read()) if content else {}
    if manifest.get("format") != FORMAT:
        raise UnreadableInput("not an archive of this program")
    if manifest.get("schema") != newest_version():
        raise SchemaTooNew(f"the archive has schema {manifest.get('schema')}, this is {newest_version()}")
    for table in METADATA.sorted_tables:
        if table.name != "counters" and connection.execute(select(func.count()).select_from(table)).scalar():
            raise UsageError(f"the database already holds {table.name}: import into an empty VERIFY_HOME")
        connection.execute(table.delete())


def _export_table(archive: tarfile.TarFile, connection: Connection, table: Table) -> int:
    """How many rows were written, by way of a file: one table may be larger than the memory."""
    count = 0
    with tempfile.TemporaryFile() as lines:
        for row in connection.execution_options(stream_results=True).execute(select(table)).mappings():
            values = {column.name: _plain(row[column.name]) for column in table.columns}
            lines.write(json.dumps(values).encode() + b"\n")
            count += 1
        info = tarfile.TarInfo(f"tables/{table.name}")
        info.size = lines.tell()
        lines.seek(0)
        archive.addfile(info, lines)
    return count


def _import_table(connection: Connection, table: Table, content: Any) -> int:
    count = 0
    for rows in _batches(content):
        values = [{column.name: _typed(column, row[column.name]) for column in table.columns} for row in rows]
        connection.execute(insert(table), values)
        count += len(values)
    return count


def _batches(content: Any) -> Iterator[list[dict[str, Any]]]:
    batch = []
    for line in io.TextIOWrapper(content, encoding="utf-8"):
        batch.append(json.loads(line))
        if len(batch) == _ROWS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _export_blobs(archive: tarfile.TarFile, blobs: Blobs, wanted: set[str]) -> tuple[int, tuple[str, ...]]:
    present = {name for name, _ in blobs.names()}
    count, missing = 0, []
    for name in sorted(wanted & present):
        try:
            archive.add(blobs.path(name), f"blobs/{name}", filter=_anonymous)
        except BlobMissing:
            missing.append(name)
            continue
        count += 1
    return count, tuple(missing)


def _import_blob(blobs: Blobs, name: str, content: Any) -> None:
    with blobs.writer() as writer:
        while chunk := content.read(_CHUNK_BYTES):
            writer.write(chunk)
        try:
            writer.commit(name)
        except BlobMissing as error:
            raise UnreadableInput(f"blob {name} is damaged") from error


def _put(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))


def _anonymous(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    return info


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.isoformat() if isinstance(value, datetime) else value


def _typed(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(column.type, LargeBinary):
        return base64.b64decode(value)
    return datetime.fromisoformat(value) if isinstance(column.type, Instant) else value
