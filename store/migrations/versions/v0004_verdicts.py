"""Verdicts: what readers said of explanations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_row_number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "verdicts",
        sa.Column("seq", _row_number, primary_key=True, autoincrement=True),
        sa.Column("user_seq", sa.BigInteger, sa.ForeignKey("users.seq", ondelete="CASCADE"), nullable=False),
        sa.Column("item_seq", sa.BigInteger, sa.ForeignKey("items.seq", ondelete="CASCADE"), nullable=False),
        sa.Column("because_seq", sa.BigInteger, sa.ForeignKey("items.seq", ondelete="CASCADE")),
        sa.Column("agrees", sa.Boolean, nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("snapshot", sa.Text, nullable=False),
    )
    op.create_index("verdicts_by_user", "verdicts", ["user_seq", "seq"])


def downgrade() -> None:
    """Drop it with its index."""
    op.drop_table("verdicts")
