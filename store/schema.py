"""The tables. Alembic's migrations build them; a test checks that the two agree.

Events refer to users and items by their row numbers (``seq``), so that the widest table stays narrow. Row numbers also
keep the order of first insertion. Times are microseconds since the epoch, UTC, in both databases.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ITEMS_REVISION = "items_revision"
"""Name of the counter that goes up whenever an item changes."""

# SQLite numbers rows by itself only in a column declared as exactly INTEGER.
RowNumber = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# Ids sort by code point in both databases, whatever language the server was set up for.
ExternalId = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

metadata = sa.MetaData()

items = sa.Table(
    "items",
    metadata,
    sa.Column("seq", RowNumber, primary_key=True, autoincrement=True),
    sa.Column("item_id", ExternalId, nullable=False, unique=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("categories", sa.JSON, nullable=False),
    sa.Column("attributes", sa.JSON, nullable=False),
    sa.Column("image", sa.Text),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Index("items_by_revision", "revision"),
)

users = sa.Table(
    "users",
    metadata,
    sa.Column("seq", RowNumber, primary_key=True, autoincrement=True),
    sa.Column("user_id", ExternalId, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    # Kept up to date by every write of events, so that a picker can list the busiest users without counting events.
    sa.Column("event_count", sa.BigInteger, nullable=False),
    sa.Index("users_by_event_count", sa.text("event_count DESC"), "user_id"),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("seq", RowNumber, primary_key=True, autoincrement=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("user_seq", sa.BigInteger, sa.ForeignKey("users.seq", ondelete="CASCADE"), nullable=False),
    sa.Column("item_seq", sa.BigInteger, sa.ForeignKey("items.seq", ondelete="CASCADE"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("value", sa.Double),
    sa.Column("time", sa.BigInteger, nullable=False),
    sa.Column("retracted", sa.Boolean, nullable=False),
    sa.Index("events_by_user", "user_seq", "time", "seq"),
    sa.Index("events_by_item", "item_seq"),
)

impressions = sa.Table(
    "impressions",
    metadata,
    sa.Column("seq", RowNumber, primary_key=True, autoincrement=True),
    sa.Column("item_seq", sa.BigInteger, sa.ForeignKey("items.seq", ondelete="CASCADE"), nullable=False),
    sa.Column("user_seq", sa.BigInteger, sa.ForeignKey("users.seq", ondelete="CASCADE")),
    sa.Column("rank", sa.Integer, nullable=False),
    sa.Column("time", sa.BigInteger, nullable=False),
    sa.Column("snapshot", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Index("impressions_by_item", "item_seq", "user_seq", "time"),
    sa.Index("impressions_by_user", "user_seq"),
    sa.Index("impressions_by_time", "time"),
)

verdicts = sa.Table(
    "verdicts",
    metadata,
    sa.Column("seq", RowNumber, primary_key=True, autoincrement=True),
    sa.Column("user_seq", sa.BigInteger, sa.ForeignKey("users.seq", ondelete="CASCADE"), nullable=False),
    sa.Column("item_seq", sa.BigInteger, sa.ForeignKey("items.seq", ondelete="CASCADE"), nullable=False),
    sa.Column("because_seq", sa.BigInteger, sa.ForeignKey("items.seq", ondelete="CASCADE")),
    sa.Column("agrees", sa.Boolean, nullable=False),
    sa.Column("time", sa.BigInteger, nullable=False),
    sa.Column("snapshot", sa.Text, nullable=False),
    sa.Index("verdicts_by_user", "user_seq", "seq"),
)

chats = sa.Table(
    "chats",
    metadata,
    sa.Column("chat_id", sa.Text, primary_key=True),
    sa.Column("user_seq", sa.BigInteger, sa.ForeignKey("users.seq", ondelete="CASCADE"), nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("state", sa.JSON, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Index("chats_by_user", "user_seq", "updated_at"),
)

chat_shares = sa.Table(
    "chat_shares",
    metadata,
    sa.Column("chat_id", sa.Text, sa.ForeignKey("chats.chat_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("token", sa.Text, nullable=False, unique=True),
    # The turn up to which the link shows the chat.
    sa.Column("until", sa.BigInteger, nullable=False),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("seq", RowNumber, primary_key=True, autoincrement=True),
    sa.Column("prefix", sa.Text, nullable=False, unique=True),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("scopes", sa.JSON, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger),
    sa.Column("revoked_at", sa.BigInteger),
    sa.Column("used_at", sa.BigInteger),
)

accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("seq", RowNumber, primary_key=True, autoincrement=True),
    sa.Column("login", ExternalId, nullable=False, unique=True),
    sa.Column("password", sa.Text, nullable=False),
    sa.Column("user_seq", sa.BigInteger, sa.ForeignKey("users.seq", ondelete="CASCADE")),
    sa.Column("is_admin", sa.Boolean, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("disabled_at", sa.BigInteger),
    sa.Index("accounts_by_user", "user_seq"),
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("account_seq", sa.BigInteger, sa.ForeignKey("accounts.seq", ondelete="CASCADE"), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("seen_at", sa.BigInteger, nullable=False),
    sa.Index("sessions_by_account", "account_seq"),
)

# One row for each login and each address that failed lately; both are texts of a stranger's choice.
login_attempts = sa.Table(
    "login_attempts",
    metadata,
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("last_at", sa.BigInteger, nullable=False),
    sa.Column("locked_until", sa.BigInteger, nullable=False),
    sa.Index("login_attempts_by_time", "last_at"),
)

# Triggers of the migration refuse every change and deletion of a row.
audit_log = sa.Table(
    "audit_log",
    metadata,
    sa.Column("seq", RowNumber, primary_key=True, autoincrement=True),
    sa.Column("time", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("act", sa.Text, nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("details", sa.JSON, nullable=False),
)

chat_pictures = sa.Table(
    "chat_pictures",
    metadata,
    sa.Column("chat_id", sa.Text, sa.ForeignKey("chats.chat_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

quarantine = sa.Table(
    "quarantine",
    metadata,
    sa.Column("seq", RowNumber, primary_key=True, autoincrement=True),
    sa.Column("digest", sa.Text, nullable=False, unique=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("line", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("row", sa.Text, nullable=False),
    sa.Index("quarantine_by_source", "source", "seq"),
)

counters = sa.Table(
    "counters",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)


def to_micros(moment: datetime) -> int:
    """Microseconds since the epoch of an aware datetime."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def from_micros(micros: int) -> datetime:
    """The UTC datetime of so many microseconds since the epoch."""
    return EPOCH + timedelta(microseconds=micros)
