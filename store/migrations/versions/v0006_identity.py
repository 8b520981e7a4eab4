"""Identity: API keys, accounts, sessions, failed logins, and the audit log, to which rows can only be added."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_row_number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_external_id = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the tables, and the triggers that keep the audit log as it was written."""
    op.create_table(
        "api_keys",
        sa.Column("seq", _row_number, primary_key=True, autoincrement=True),
        sa.Column("prefix", sa.Text, nullable=False, unique=True),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("revoked_at", sa.BigInteger),
        sa.Column("used_at", sa.BigInteger),
    )
    op.create_table(
        "accounts",
        sa.Column("seq", _row_number, primary_key=True, autoincrement=True),
        sa.Column("login", _external_id, nullable=False, unique=True),
        sa.Column("password", sa.Text, nullable=False),
        sa.Column("user_seq", sa.BigInteger, sa.ForeignKey("users.seq", ondelete="CASCADE")),
        sa.Column("is_admin", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("disabled_at", sa.BigInteger),
    )
    op.create_index("accounts_by_user", "accounts", ["user_seq"])
    op.create_table(
        "sessions",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("account_seq", sa.BigInteger, sa.ForeignKey("accounts.seq", ondelete="CASCADE"), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
    )
    op.create_index("sessions_by_account", "sessions", ["account_seq"])
    op.create_table(
        "login_attempts",
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("last_at", sa.BigInteger, nullable=False),
        sa.Column("locked_until", sa.BigInteger, nullable=False),
    )
    op.create_index("login_attempts_by_time", "login_attempts", ["last_at"])
    op.create_table(
        "audit_log",
        sa.Column("seq", _row_number, primary_key=True, autoincrement=True),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("act", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
    )
    if op.get_bind().dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_log_no_{change.lower()} BEFORE {change} ON audit_log "
                "BEGIN SELECT RAISE(ABORT, 'rows of the audit log stay as they were written'); END"
            )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION audit_log_stays() RETURNS trigger AS "
        "$$BEGIN RAISE EXCEPTION 'rows of the audit log stay as they were written'; END$$ LANGUAGE plpgsql"
    )
    op.execute(
        "CREATE TRIGGER audit_log_stays BEFORE UPDATE OR DELETE ON audit_log "
        "FOR EACH ROW EXECUTE FUNCTION audit_log_stays()"
    )


def downgrade() -> None:
    """Drop them with their indexes and triggers."""
    for table in ("audit_log", "login_attempts", "sessions", "accounts", "api_keys"):
        op.drop_table(table)
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION audit_log_stays()")
