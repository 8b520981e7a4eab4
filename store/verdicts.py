"""Queries on verdicts: what readers said of explanations.

Each function works inside the transaction of the connection that it is given.
"""

from __future__ import annotations

import sqlalchemy as sa

from store.errors import UnknownItem
from store.events import user_row_number
from store.lookups import row_numbers
from store.records import Agreement, Verdict, VerdictCounts
from store.schema import from_micros, items, to_micros, users, verdicts
from store.storable import check_text, check_time


def add(connection: sa.Connection, verdict: Verdict) -> None:
    """Raises ``UnknownUser``, ``UnknownItem``."""
    named = {verdict.item_id} | ({verdict.because} if verdict.because is not None else set())
    seqs = row_numbers(connection, items.c.item_id, named)
    for item_id in sorted(named - seqs.keys()):
        raise UnknownItem(item_id)
    connection.execute(
        sa.insert(verdicts).values(
            user_seq=user_row_number(connection, verdict.user_id),
            item_seq=seqs[verdict.item_id],
            because_seq=None if verdict.because is None else seqs[verdict.because],
            agrees=verdict.agrees,
            time=to_micros(check_time(verdict.time, what="time")),
            snapshot=check_text(verdict.snapshot_id, what="snapshot id"),
        )
    )


def newest(connection: sa.Connection, user_id: str | None, limit: int) -> list[Verdict]:
    """Raises ``UnknownUser``."""
    because = items.alias("because")
    query = (
        sa.select(
            users.c.user_id, items.c.item_id, because.c.item_id, verdicts.c.agrees, verdicts.c.time, verdicts.c.snapshot
        )
        .join(users, users.c.seq == verdicts.c.user_seq)
        .join(items, items.c.seq == verdicts.c.item_seq)
        .outerjoin(because, because.c.seq == verdicts.c.because_seq)
        .order_by(verdicts.c.seq.desc())
        .limit(limit)
    )
    if user_id is not None:
        query = query.where(verdicts.c.user_seq == user_row_number(connection, user_id))
    return [
        Verdict(user, item, reason, agrees, from_micros(time), snapshot)
        for user, item, reason, agrees, time, snapshot in connection.execute(query)
    ]


def counted(connection: sa.Connection, *, snapshots: int, disputed: int) -> VerdictCounts:
    """All verdicts in numbers, with at most so many snapshots and disputed history items."""
    said, agreed = sa.func.count(), sa.func.sum(sa.cast(verdicts.c.agrees, sa.Integer))
    is_reason = verdicts.c.because_seq.is_not(None)
    totals = {
        bool(of_reason): (count, agreeing)
        for of_reason, count, agreeing in connection.execute(sa.select(is_reason, said, agreed).group_by(is_reason))
    }
    by_snapshot = (
        sa.select(verdicts.c.snapshot, said, agreed)
        .group_by(verdicts.c.snapshot)
        .order_by(sa.func.max(verdicts.c.seq).desc())
        .limit(snapshots)
    )
    against = said - agreed
    by_reason = (
        sa.select(items.c.item_id, said, agreed, items.c.title)
        .join(items, items.c.seq == verdicts.c.because_seq)
        .group_by(items.c.item_id, items.c.title)
        .having(against > 0)
        .order_by(against.desc(), items.c.item_id)
        .limit(disputed)
    )
    return VerdictCounts(
        whole=Agreement("", *totals.get(False, (0, 0))),
        reasons=Agreement("", *totals.get(True, (0, 0))),
        by_snapshot=tuple(Agreement(*row) for row in connection.execute(by_snapshot)),
        disputed=tuple(Agreement(*row) for row in connection.execute(by_reason)),
    )
