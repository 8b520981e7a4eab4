"""The first tables: items, users, events, chats, quarantine, counters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_row_number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_external_id = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create all tables and start the counter of item changes at 0."""
    op.create_table(
        "items",
        sa.Column("seq", _row_number, primary_key=True, autoincrement=True),
        sa.Column("item_id", _external_id, nullable=False, unique=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("categories", sa.JSON, nullable=False),
        sa.Column("attributes", sa.JSON, nullable=False),
        sa.Column("image", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
    )
    op.create_index("items_by_revision", "items", ["revision"])
    op.create_table(
        "users",
        sa.Column("seq", _row_number, primary_key=True, autoincrement=True),
        sa.Column("user_id", _external_id, nullable=False, unique=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("event_count", sa.BigInteger, nullable=False),
    )
    op.create_index("users_by_event_count", "users", [sa.text("event_count DESC"), "user_id"])
    op.create_table(
        "events",
        sa.Column("seq", _row_number, primary_key=True, autoincrement=True),
        sa.Column("key", sa.Text, nullable=False, unique=True),
        sa.Column("user_seq", sa.BigInteger, sa.ForeignKey("users.seq", ondelete="CASCADE"), nullable=False),
        sa.Column("item_seq", sa.BigInteger, sa.ForeignKey("items.seq", ondelete="CASCADE"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("value", sa.Double),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("retracted", sa.Boolean, nullable=False),
    )
    op.create_index("events_by_user", "events", ["user_seq", "time", "seq"])
    op.create_table(
        "chats",
        sa.Column("chat_id", sa.Text, primary_key=True),
        sa.Column("user_seq", sa.BigInteger, sa.ForeignKey("users.seq", ondelete="CASCADE"), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("state", sa.JSON, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
    )
    op.create_index("chats_by_user", "chats", ["user_seq", "updated_at"])
    op.create_table(
        "quarantine",
        sa.Column("seq", _row_number, primary_key=True, autoincrement=True),
        sa.Column("digest", sa.Text, nullable=False, unique=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("line", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("row", sa.Text, nullable=False),
    )
    op.create_index("quarantine_by_source", "quarantine", ["source", "seq"])
    counters = op.create_table(
        "counters",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(counters, [{"name": "items_revision", "value": 0}])


def downgrade() -> None:
    """Drop everything."""
    for table in ("counters", "quarantine", "chats", "events", "users", "items"):
        op.drop_table(table)
