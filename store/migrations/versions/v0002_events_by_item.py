"""An index of events by item: who met an item that came after training."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the index."""
    op.create_index("events_by_item", "events", ["item_seq"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index("events_by_item", "events")
