"""The ledger and the reference set."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    _create_counters()
    _create_items()
    _create_reference_changes()
    _create_reference_entries()
    _create_checkpoints()
    _create_reference_fingerprints()
    _create_reference_pictures()
    _create_reports()


def _create_counters() -> None:
    op.create_table(
        "counters",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
    )


def _create_items() -> None:
    op.create_table(
        "items",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("submitted", sa.Text(), nullable=False),
        sa.Column("key", sa.String(length=512), nullable=False),
        sa.Column("claim", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("lane", sa.String(length=16), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("losses", sa.Integer(), nullable=False),
        sa.Column("retries", sa.Integer(), nullable=False),
        sa.Column("lease_token", sa.String(length=32), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("worker", sa.String(length=128), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stage", sa.String(length=64), nullable=False),
        sa.Column("progress", sa.Float(), nullable=True),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("error_code", sa.String(length=64), nullable=False),
        sa.Column("error_sentence", sa.Text(), nullable=False),
        sa.Column("finding", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_items")),
    )
    with op.batch_alter_table("items", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_items_created_at"), ["created_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_items_key"), ["key"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_items_state_lane_priority_created_at"),
            ["state", "lane", "priority", "created_at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_items_state_lease_until"), ["state", "lease_until"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_items_state_priority_created_at"),
            ["state", "priority", "created_at"],
            unique=False,
        )


def _create_reference_changes() -> None:
    op.create_table(
        "reference_changes",
        sa.Column("revision", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reference_id", sa.String(length=64), nullable=False),
        sa.Column("media_sha256", sa.String(length=64), nullable=False),
        sa.Column("change", sa.String(length=16), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_reference_changes")),
    )


def _create_reference_entries() -> None:
    op.create_table(
        "reference_entries",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("media_sha256", sa.String(length=64), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.Column("record_sha256", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference_entries")),
        sa.UniqueConstraint("media_sha256", name=op.f("uq_reference_entries_media_sha256")),
    )
    with op.batch_alter_table("reference_entries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reference_entries_added_at"), ["added_at"], unique=False)


def _create_checkpoints() -> None:
    op.create_table(
        "checkpoints",
        sa.Column("item_id", sa.String(length=32), nullable=False),
        sa.Column("stage", sa.String(length=64), nullable=False),
        sa.Column("code_version", sa.String(length=64), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"], ["items.id"], name=op.f("fk_checkpoints_item_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("item_id", "stage", "code_version", name=op.f("pk_checkpoints")),
    )


def _create_reference_fingerprints() -> None:
    op.create_table(
        "reference_fingerprints",
        sa.Column("media_sha256", sa.String(length=64), nullable=False),
        sa.Column("algorithm", sa.String(length=64), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("payload_sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["media_sha256"],
            ["reference_entries.media_sha256"],
            name=op.f("fk_reference_fingerprints_media_sha256"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("media_sha256", "algorithm", name=op.f("pk_reference_fingerprints")),
    )


def _create_reference_pictures() -> None:
    op.create_table(
        "reference_pictures",
        sa.Column("media_sha256", sa.String(length=64), nullable=False),
        sa.Column("time_us", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["media_sha256"],
            ["reference_entries.media_sha256"],
            name=op.f("fk_reference_pictures_media_sha256"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("media_sha256", "time_us", name=op.f("pk_reference_pictures")),
    )


def _create_reports() -> None:
    op.create_table(
        "reports",
        sa.Column("item_id", sa.String(length=32), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("code_version", sa.String(length=64), nullable=False),
        sa.Column("json", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"], ["items.id"], name=op.f("fk_reports_item_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("item_id", "run", "code_version", name=op.f("pk_reports")),
    )


def downgrade() -> None:
    op.drop_table("reports")
    op.drop_table("reference_pictures")
    op.drop_table("reference_fingerprints")
    op.drop_table("checkpoints")
    with op.batch_alter_table("reference_entries", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reference_entries_added_at"))

    op.drop_table("reference_entries")
    op.drop_table("reference_changes")
    with op.batch_alter_table("items", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_items_state_priority_created_at"))
        batch_op.drop_index(batch_op.f("ix_items_state_lease_until"))
        batch_op.drop_index(batch_op.f("ix_items_state_lane_priority_created_at"))
        batch_op.drop_index(batch_op.f("ix_items_key"))
        batch_op.drop_index(batch_op.f("ix_items_created_at"))

    op.drop_table("items")
    op.drop_table("counters")
