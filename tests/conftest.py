"""Fixtures that every tier may ask for."""

from __future__ import annotations

from tests.servers import postgres_server, redis_server
from tests.stores import database, empty_postgres_url

__all__ = ["database", "empty_postgres_url", "postgres_server", "redis_server"]
