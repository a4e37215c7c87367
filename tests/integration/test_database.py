"""Opening, migrating, and what a database in trouble says."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from verify.errors import SchemaTooNew, StorageBusy, UnknownSetting
from verify.store import database as database_module
from verify.store.database import Database, migrate, newest_version, open_database, schema_version
from verify.store.tables import METADATA


def test_the_migrations_build_exactly_the_tables_the_code_uses(database: Database) -> None:
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_migrating_again_does_nothing(database: Database) -> None:
    migrate(database)
    with database.reading() as connection:
        assert schema_version(connection) == newest_version()


def test_a_schema_from_the_future_is_refused_with_a_sentence(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaTooNew, match=r"written by a newer version.*9999"):
        migrate(database)


def test_other_databases_are_refused() -> None:
    with pytest.raises(UnknownSetting, match="mysql"):
        open_database("mysql://somewhere/x")


def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    def half() -> None:
        with database.writing() as connection:
            connection.execute(text("INSERT INTO counters (name, value) VALUES ('half', 1)"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    with database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM counters")).scalar_one() == 0


def test_a_locked_sqlite_is_busy_not_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 0.05)
    path = tmp_path / "verify.sqlite"
    opened = open_database(f"sqlite:///{path}")
    migrate(opened)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageBusy, match="locked"), opened.writing():
        pass
    with opened.reading() as connection:  # readers go on beside a writer
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
    other.close()
    opened.close()


def test_a_postgres_that_is_not_there_is_busy() -> None:
    opened = open_database("postgresql+psycopg://verify@127.0.0.1:1/none")
    with pytest.raises(StorageBusy), opened.reading():
        pass
    opened.close()


def test_sqlite_keeps_foreign_keys_and_a_write_ahead_log(tmp_path: Path) -> None:
    opened = open_database(f"sqlite:///{tmp_path / 'new' / 'verify.sqlite'}")
    with opened.reading() as connection:
        assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
    opened.close()
