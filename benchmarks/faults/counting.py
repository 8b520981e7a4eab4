"""What a database holds, asked of its rows."""

from __future__ import annotations

from collections import Counter
from typing import Any

import sqlalchemy as sa

from store.engine import Engine
from store.schema import events, users


def keys(url: str, prefix: str) -> Counter[str]:
    """How many rows have each of the keys that begin like this."""
    query = sa.select(events.c.key, sa.func.count()).where(events.c.key.startswith(prefix)).group_by(events.c.key)
    return Counter(dict(tuple(row) for row in _rows(url, query)))


def stored_of(url: str, user_prefix: str) -> int:
    """Events of users whose id begins like this."""
    query = sa.select(sa.func.count()).select_from(events).join(users).where(users.c.user_id.startswith(user_prefix))
    return _rows(url, query)[0][0]


def disagreements(url: str) -> list[str]:
    """Where the database contradicts itself: a damaged file, a count that is not that of the rows."""
    rows = sa.select(sa.func.count()).where(events.c.user_seq == users.c.seq, sa.not_(events.c.retracted))
    wrong = _rows(url, sa.select(users.c.user_id).where(users.c.event_count != rows.scalar_subquery()))
    found = [f"the count of events of user {row[0]!r} is not that of the rows" for row in wrong]
    if url.startswith("sqlite"):
        found += [row[0] for row in _rows(url, sa.text("PRAGMA quick_check")) if row[0] != "ok"]
    return found


def _rows(url: str, query: sa.Executable) -> list[sa.Row[Any]]:
    opened = Engine(url)
    try:
        with opened.read() as connection:
            return list(connection.execute(query))
    finally:
        opened.close()
