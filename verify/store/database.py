"""The database: opened, brought to the present schema, and spoken to in transactions.

In: an SQLAlchemy URL. Out: a `Database` whose `writing()` and `reading()` give a connection inside
one transaction. SQLite runs with a write-ahead log, waits for locks and takes the write lock at the
start of a writing transaction, so two writers queue instead of failing (handbook reliability.md 1.5).
Driver errors leave as StorageBusy or StorageFull; a schema newer than this code as SchemaTooNew.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, DisconnectionError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import ConnectionPoolEntry

from verify.errors import SchemaTooNew, StorageBusy, StorageFull, UnknownSetting, VerifyError

BUSY_SECONDS = 5.0  # seconds a writer waits for SQLite's lock before StorageBusy
CONNECT_SECONDS = 5  # seconds to reach PostgreSQL
RESTED_SECONDS = 1.0  # seconds unused, after which a pooled connection is asked whether it lives
#: A server that is gone without a word is noticed in half a minute instead of the system's two hours.
_POSTGRES = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,  # milliseconds
}
_MIGRATION_LOCK = 0x76657269  # any fixed number: PostgreSQL advisory lock, one migrator at a time


class Database:
    """One database, either kind. Safe to share between threads; not across a fork."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._reader = engine.execution_options(sqlite_begin="DEFERRED")

    @property
    def kind(self) -> str:
        """Either `sqlite` or `postgresql`."""
        return self.engine.dialect.name

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that commits when left in good order and rolls back otherwise.

        Raises StorageBusy, StorageFull.
        """
        with _translated(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that takes no write lock. Raises StorageBusy."""
        with _translated(), self._reader.begin() as connection:
            yield connection

    def close(self) -> None:
        self.engine.dispose()


def open_database(url: str) -> Database:
    """The database at `url` ("sqlite:////path/file", "postgresql+psycopg://user@host/name").

    Makes the folder of an SQLite file. Raises UnknownSetting for any other kind of database.
    """
    parsed = make_url(url)
    match parsed.get_backend_name():
        case "sqlite":
            if parsed.database:
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
        case "postgresql":
            engine = create_engine(url, pool_timeout=10, connect_args=_POSTGRES)
            _ask_rested_connections(engine)
        case other:
            raise UnknownSetting(f"VERIFY_DATABASE_URL names {other}; sqlite and postgresql are supported")
    return Database(engine)


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin transactions by itself
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")  # safe with WAL; only power loss can undo the last commit
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute(f"PRAGMA busy_timeout={int(BUSY_SECONDS * 1000)}")


def _begin_sqlite(connection: Connection) -> None:
    kind = connection.get_execution_options().get("sqlite_begin", "IMMEDIATE")
    connection.exec_driver_sql(f"BEGIN {kind}")


def _ask_rested_connections(engine: Engine) -> None:
    """A pooled connection may have died with its server: asked before use, but not at each transaction."""

    def used(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info["used_at"] = time.monotonic()

    def taken(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
        if time.monotonic() - record.info.get("used_at", time.monotonic()) < RESTED_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise DisconnectionError(str(error)) from error  # the pool then opens another

    event.listen(engine, "checkin", used)
    event.listen(engine, "checkout", taken)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except PoolTimeoutError as error:
        raise StorageBusy("no free connection") from error
    except DisconnectionError as error:
        raise StorageBusy(str(error)) from error
    except DBAPIError as error:
        raise _as_ours(error) from error


def _as_ours(error: DBAPIError) -> VerifyError | DBAPIError:
    detail = str(error.orig).strip().split("\n")[0]
    if "disk is full" in detail or "No space left" in detail or "disk I/O error" in detail:
        return StorageFull(detail)
    if isinstance(error, OperationalError) or error.connection_invalidated:
        return StorageBusy(detail)
    return error


# --- migrations -------------------------------------------------------------------------------


def migrate(database: Database) -> None:
    """Brings the schema to the newest version; does nothing when it is. One at a time.

    Raises SchemaTooNew when a newer version of this software has written the database.
    """
    with database.writing() as connection:
        if database.kind == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        if schema_version(connection) != newest_version():
            command.upgrade(_config(connection), "head")


def schema_version(connection: Connection) -> str | None:
    """The revision the database is at; None before the first. Raises SchemaTooNew."""
    current = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in _scripts().walk_revisions()}
    if current is not None and current not in known:
        raise SchemaTooNew(f"schema {current}, this version knows up to {newest_version()}")
    return current


def newest_version() -> str:
    """The revision this code works with."""
    head = _scripts().get_current_head()
    assert head is not None
    return head


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config(None))


def _config(connection: Any) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
