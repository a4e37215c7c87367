"""The Alembic tree: one for SQLite and PostgreSQL, shipped inside the package."""

from __future__ import annotations
