"""Run by Alembic: applies the revisions on the connection that `verify.store.database` hands over."""

from __future__ import annotations

from alembic import context

from verify.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,  # SQLite cannot alter a column in place
    compare_type=True,
    transactional_ddl=False,  # the caller's transaction holds all of it
)
context.run_migrations()
