"""The store's events as arrays for training, and a hash that says which data a snapshot was trained on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from store.ids import IdMap, IndexArray, ItemId, UserId, item_ids, user_ids
from store.interactions import Interactions
from store.records import EventKind
from store.schema import events, items, users

READ_CHUNK = 50_000
"""Events that are held as Python objects at a time."""

_STREAMED = {"yield_per": READ_CHUNK}
MICROS = 1_000_000
_POSITIVE = [kind.value for kind in EventKind if kind.positive]
_AGAINST = (EventKind.DISLIKE.value, EventKind.SET_ASIDE.value)
_OPINIONS = [EventKind.LIKE.value, *_AGAINST]


def interactions(connection: sa.Connection) -> tuple[Interactions, IdMap[UserId], IdMap[ItemId]]:
    """See ``Store.interactions``."""
    item_rows = connection.execute(
        sa.select(items.c.seq, items.c.item_id).where(items.c.active).order_by(items.c.seq)
    ).all()
    user_rows = connection.execute(sa.select(users.c.seq, users.c.user_id).order_by(users.c.seq)).all()
    item_seqs = np.array([seq for seq, _ in item_rows], dtype=np.int64)
    user_seqs = np.array([seq for seq, _ in user_rows], dtype=np.int64)

    # Arrival within one user is all that order by row number has to keep: Interactions.build sorts by user and time.
    table = _stream(
        connection,
        sa.select(events.c.user_seq, events.c.item_seq, events.c.time)
        .where(events.c.kind.in_(_POSITIVE), sa.not_(events.c.retracted))
        .order_by(events.c.seq),
        width=3,
    )
    table = table[np.isin(table[:, 1], item_seqs) & ~_among(table[:, :2], _taken_out(connection))]
    order = np.lexsort((np.arange(len(table)), table[:, 2], table[:, 0]))  # by microseconds, before they are dropped
    table = table[order]
    built = Interactions.build(
        np.searchsorted(user_seqs, table[:, 0]) + 1,
        np.searchsorted(item_seqs, table[:, 1]) + 1,
        table[:, 2] // MICROS,
        num_users=len(user_rows),
        num_items=len(item_rows),
    )
    return built, user_ids(id_ for _, id_ in user_rows), item_ids(id_ for _, id_ in item_rows)


def data_hash(connection: sa.Connection) -> str:
    """See ``Store.data_hash``."""
    digest = hashlib.sha256()
    item_rank = _hash_rows(
        digest,
        connection,
        sa.select(
            items.c.seq,
            items.c.item_id,
            items.c.title,
            items.c.description,
            items.c.categories,
            items.c.attributes,
            items.c.image,
            items.c.active,
        ).order_by(items.c.seq),
    )
    user_rank = _hash_rows(digest, connection, sa.select(users.c.seq, users.c.user_id).order_by(users.c.seq))
    query = (
        sa.select(events.c.user_seq, events.c.item_seq, events.c.time, events.c.kind, events.c.value)
        .where(sa.not_(events.c.retracted))
        .order_by(events.c.seq)
    )
    for rows in connection.execute(query, execution_options=_STREAMED).partitions():
        user_seqs, item_seqs, times, kinds, values = zip(*rows, strict=True)
        digest.update(np.searchsorted(user_rank, user_seqs).astype("<i8").tobytes())
        digest.update(np.searchsorted(item_rank, item_seqs).astype("<i8").tobytes())
        digest.update(np.array(times, dtype="<i8").tobytes())
        digest.update(" ".join(kinds).encode())
        digest.update(np.array(values, dtype="<f8").tobytes())  # None becomes NaN
    return digest.hexdigest()


def _hash_rows(digest: hashlib._Hash, connection: sa.Connection, query: sa.Select) -> IndexArray:
    """Feed rows to the digest as lines of JSON, without their row number; returns the row numbers."""
    seqs: list[int] = []
    for seq, *values in connection.execute(query):
        seqs.append(seq)
        digest.update(json.dumps(values, sort_keys=True).encode() + b"\n")
    digest.update(b"\n")
    return np.array(seqs, dtype=np.int64)


def _taken_out(connection: sa.Connection) -> set[tuple[int, int]]:
    """(user, item) pairs whose newest opinion is a dislike, or that the user set aside."""
    newest = connection.execute(
        sa.select(events.c.user_seq, events.c.item_seq, events.c.kind)
        .where(events.c.kind.in_(_OPINIONS), sa.not_(events.c.retracted))
        .order_by(events.c.time, events.c.seq)
    )
    last = {(user, item): kind for user, item, kind in newest}
    return {pair for pair, kind in last.items() if kind in _AGAINST}


def _among(pairs: IndexArray, wanted: set[tuple[int, int]]) -> NDArray[np.bool_]:
    """Which rows of [E, 2] are in a set of pairs."""
    if not wanted or not len(pairs):
        return np.zeros(len(pairs), dtype=bool)
    listed = np.array(sorted(wanted), dtype=np.int64)
    width = max(int(pairs[:, 1].max()), int(listed[:, 1].max())) + 1
    return np.isin(pairs[:, 0] * width + pairs[:, 1], listed[:, 0] * width + listed[:, 1])


def _stream(connection: sa.Connection, query: sa.Select, *, width: int) -> IndexArray:
    """Whole numbers of a query, int64 [rows, width], holding few of them as Python objects at any time."""
    partitions: Iterator[Iterable[sa.Row]] = connection.execute(query, execution_options=_STREAMED).partitions()
    parts = [np.fromiter(chain.from_iterable(rows), dtype=np.int64).reshape(-1, width) for rows in partitions]
    return np.concatenate(parts) if parts else np.zeros((0, width), dtype=np.int64)
