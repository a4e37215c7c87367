"""The tables, in SQLAlchemy Core: one description for SQLite and PostgreSQL.

In: nothing. Out: `METADATA` and its tables. The migrations build exactly these (a test compares
them). Instants are stored in UTC; SQLite keeps them as text of fixed width, so they still sort.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TypeDecorator,
)

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """An aware datetime, given and returned in UTC. Refuses a naive one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            msg = f"an instant without a time zone: {value!r}"
            raise ValueError(msg)
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        stored: datetime = value
        return stored.replace(tzinfo=UTC) if dialect.name == "sqlite" else stored.astimezone(UTC)


# Timestamps are bound by this code, never by the server's clock: leases must be testable.
items = Table(
    "items",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("submitted", Text, nullable=False),
    Column("key", String(512), nullable=False, default=""),
    Column("claim", Text, nullable=False, default=""),
    Column("note", Text, nullable=False, default=""),
    Column("posted_at", Instant),
    Column("state", String(16), nullable=False),
    Column("lane", String(16), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("run", Integer, nullable=False, default=1),
    Column("attempts", Integer, nullable=False, default=0),
    Column("losses", Integer, nullable=False, default=0),
    Column("retries", Integer, nullable=False, default=0),
    Column("lease_token", String(32)),
    Column("lease_until", Instant),
    Column("heartbeat_at", Instant),
    Column("worker", String(128), nullable=False, default=""),
    Column("not_before", Instant, nullable=False),
    Column("stage", String(64), nullable=False, default=""),
    Column("progress", Float),
    Column("cancel_requested", Boolean, nullable=False, default=False),
    Column("error_code", String(64), nullable=False, default=""),
    Column("error_sentence", Text, nullable=False, default=""),
    Column("finding", String(64), nullable=False, default=""),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    # The claim of "the next one" reads these in order and stops at the first row.
    Index(None, "state", "priority", "created_at"),
    Index(None, "state", "lane", "priority", "created_at"),
    Index(None, "state", "lease_until"),
    Index(None, "created_at"),
    Index(None, "updated_at"),
    Index(None, "key"),
)

checkpoints = Table(
    "checkpoints",
    METADATA,
    Column("item_id", String(32), ForeignKey("items.id", ondelete="CASCADE"), nullable=False),
    Column("stage", String(64), nullable=False),
    Column("code_version", String(64), nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    PrimaryKeyConstraint("item_id", "stage", "code_version"),
)

reports = Table(
    "reports",
    METADATA,
    Column("item_id", String(32), ForeignKey("items.id", ondelete="CASCADE"), nullable=False),
    Column("run", Integer, nullable=False),
    Column("code_version", String(64), nullable=False),
    Column("json", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    PrimaryKeyConstraint("item_id", "run", "code_version"),
)

#: Counters that only grow. Taking the next value locks the row, so values become visible in order,
#: which a database sequence does not promise: a replica that has seen 7 has seen all before it.
counters = Table(
    "counters",
    METADATA,
    Column("name", String(32), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

reference_entries = Table(
    "reference_entries",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("media_sha256", String(64), nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("record", LargeBinary, nullable=False),
    Column("record_sha256", String(64), nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("added_at", Instant, nullable=False),
    Index(None, "added_at"),
)

reference_fingerprints = Table(
    "reference_fingerprints",
    METADATA,
    Column(
        "media_sha256",
        String(64),
        ForeignKey("reference_entries.media_sha256", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("algorithm", String(64), nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("payload_sha256", String(64), nullable=False),
    PrimaryKeyConstraint("media_sha256", "algorithm"),
)

reference_pictures = Table(
    "reference_pictures",
    METADATA,
    Column(
        "media_sha256",
        String(64),
        ForeignKey("reference_entries.media_sha256", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("time_us", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    PrimaryKeyConstraint("media_sha256", "time_us"),
)

#: What happened to the reference set, so that index replicas can follow it.
reference_changes = Table(
    "reference_changes",
    METADATA,
    Column("revision", BigInteger, primary_key=True, autoincrement=False),
    Column("reference_id", String(64), nullable=False),
    Column("media_sha256", String(64), nullable=False),
    Column("change", String(16), nullable=False),
    Column("changed_at", Instant, nullable=False),
)

# --- the desk: who may do what, what people said, whom to tell ----------------------------------

users = Table(
    "users",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("name", String(128), nullable=False, unique=True),
    Column("password", String(256), nullable=False),
    Column("scopes", String(64), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
)

sessions = Table(
    "sessions",
    METADATA,
    Column("token_sha256", String(64), primary_key=True),
    Column("user_id", String(32), ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

api_keys = Table(
    "api_keys",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("name", String(128), nullable=False),
    Column("key_sha256", String(64), nullable=False, unique=True),
    Column("scopes", String(64), nullable=False),
    Column("per_minute", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("revoked_at", Instant),
)

#: Only ever inserted into.
judgements = Table(
    "judgements",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("item_id", String(32), ForeignKey("items.id", ondelete="CASCADE"), nullable=False),
    Column("run", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("said_by", String(128), nullable=False),
    Column("said_at", Instant, nullable=False),
    Column("media_sha256", String(64), nullable=False, default=""),
    Column("reference_id", String(64), nullable=False, default=""),
    Column("query_start_us", BigInteger),
    Column("query_end_us", BigInteger),
    Column("rating", String(64), nullable=False, default=""),
    Column("note", Text, nullable=False, default=""),
    Index(None, "item_id", "said_at"),
    Index(None, "kind", "said_at"),
)

webhooks = Table(
    "webhooks",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("url", Text, nullable=False),
    Column("secret", String(64), nullable=False),
    Column("added_by", String(128), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("removed_at", Instant),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    METADATA,
    Column("webhook_id", String(32), ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
    Column("item_id", String(32), ForeignKey("items.id", ondelete="CASCADE"), nullable=False),
    Column("run", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("not_before", Instant, nullable=False),
    Column("last_status", Integer),
    Column("last_error", Text, nullable=False, default=""),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    PrimaryKeyConstraint("webhook_id", "item_id", "run"),
    Index(None, "state", "not_before"),
)

idempotency_keys = Table(
    "idempotency_keys",
    METADATA,
    Column("owner", String(64), nullable=False),
    Column("key", String(128), nullable=False),
    Column("request_sha256", String(64), nullable=False),
    Column("item_ids", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    PrimaryKeyConstraint("owner", "key"),
)

#: What the full-text search reads: one folded text per item.
item_texts = Table(
    "item_texts",
    METADATA,
    Column("item_id", String(32), ForeignKey("items.id", ondelete="CASCADE"), primary_key=True),
    Column("text", Text, nullable=False),
    Column("indexed_at", Instant, nullable=False),
)

#: Sums that only grow, added to by every worker process: durations and outcomes, by label.
figures = Table(
    "figures",
    METADATA,
    Column("name", String(64), nullable=False),
    Column("labels", String(256), nullable=False),
    Column("value", Float, nullable=False),
    PrimaryKeyConstraint("name", "labels"),
)
