"""A migrated database of either kind, empty for each test."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import Postgres
from verify.store.database import Database, migrate, open_database


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """The same test runs once on each kind of database."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'verify.sqlite'}"
    else:
        url = request.getfixturevalue("empty_postgres_url")
    opened = open_database(url)
    migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def empty_postgres_url(postgres_server: Postgres) -> str:
    name = f"test_{secrets.token_hex(6)}"
    postgres_server.execute(f"CREATE DATABASE {name}")
    return postgres_server.url(name)
