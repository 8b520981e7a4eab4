"""Queries on users and events. Each function works inside the transaction of the connection that it is given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from store.errors import UnknownItem, UnknownUser
from store.items import chunks, row_numbers
from store.records import Event, EventKind, User
from store.schema import events, from_micros, items, to_micros, users
from store.storable import can_exist, check_id, check_number, check_text, check_time

EVENT_CHUNK = 4_000
"""Events that are written by one statement; 8 parameters each stay below SQLite's 32,766."""

USER_CHUNK = 4_000
"""Users that are written by one statement."""


@dataclass(frozen=True)
class AddResult:
    """What ``add_events`` did.

    Attributes:
        added: events that were new.
        duplicates: events whose key was stored already.
    """

    added: int = 0
    duplicates: int = 0


def event_key(event: Event) -> str:
    """The event's own key, or one derived from user, item, kind and time.

    The derived key starts with a digest of the user: files are sorted by user as a rule, and so the entries of one user
    land side by side in the index instead of all over it.
    """
    if event.key is not None:
        return check_id(event.key, what="event key")
    user = blake2b(event.user_id.encode(), digest_size=6).hexdigest()
    rest = f"{event.item_id}\x00{event.kind}\x00{to_micros(event.time)}"
    return user + blake2b(rest.encode(), digest_size=12, key=user.encode()).hexdigest()


def insert_into(connection: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """An insert that can say what to do where a unique key exists; both databases spell it alike."""
    return (sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert)(table)


def insert_new(connection: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """An insert that passes over rows whose unique key exists."""
    return insert_into(connection, table).on_conflict_do_nothing()


def ensure_user(connection: sa.Connection, user_id: str, name: str) -> User:
    """The user with this id, created if there is none."""
    put_users(connection, [User(user_id, name)])
    return user(connection, user_id)


def put_users(connection: sa.Connection, new: Iterable[User]) -> int:
    """Create those who do not exist; returns how many these were."""
    created = 0
    for chunk in chunks(new, USER_CHUNK):
        rows = [
            {
                "user_id": check_id(person.user_id, what="user id"),
                "name": check_text(person.name, what="name"),
                "created_at": to_micros(check_time(person.created_at, what="created_at")),
                "event_count": 0,
            }
            for person in chunk
        ]
        created += len(connection.scalars(insert_new(connection, users).returning(users.c.seq), rows).all())
    return created


def user(connection: sa.Connection, user_id: str) -> User:
    """Raises ``UnknownUser``."""
    query = sa.select(users).where(users.c.user_id == user_id)
    row = connection.execute(query).one_or_none() if can_exist(user_id) else None
    if row is None:
        raise UnknownUser(user_id)
    return _user(row)


def busiest_users(connection: sa.Connection, search: str, limit: int, offset: int) -> list[User]:
    """Users with the most events first, then by id."""
    query = _matching(sa.select(users), search).order_by(users.c.event_count.desc(), users.c.user_id)
    return [_user(row) for row in connection.execute(query.limit(limit).offset(offset))]


def count_users(connection: sa.Connection, search: str) -> int:
    """How many users match."""
    return connection.scalars(_matching(sa.select(sa.func.count()).select_from(users), search)).one()


def _matching(query: sa.Select, search: str) -> sa.Select:
    if not search:
        return query
    return query.where(
        users.c.user_id.icontains(search, autoescape=True) | users.c.name.icontains(search, autoescape=True)
    )


def add(connection: sa.Connection, new: Iterable[Event]) -> AddResult:
    """Store what is new. Raises ``UnknownItem``; the caller's transaction then takes everything back."""
    added = total = 0
    for chunk in chunks(new, EVENT_CHUNK):
        total += len(chunk)
        added += _add_chunk(connection, chunk)
    return AddResult(added, total - added)


def _add_chunk(connection: sa.Connection, chunk: list[Event]) -> int:
    item_seq = row_numbers(connection, {event.item_id for event in chunk})
    for event in chunk:
        if event.item_id not in item_seq:
            raise UnknownItem(event.item_id)
    user_seq = _ensure_users(connection, list(dict.fromkeys(event.user_id for event in chunk)))
    rows = [
        {
            "key": event_key(event),
            "user_seq": user_seq[event.user_id],
            "item_seq": item_seq[event.item_id],
            "kind": EventKind(event.kind).value,
            "value": check_number(event.value, what="value"),
            "time": to_micros(check_time(event.time, what="time")),
            "retracted": False,
        }
        for event in chunk
    ]
    stored = connection.scalars(insert_new(connection, events).returning(events.c.user_seq), rows)
    per_user = Counter(stored)
    _count(connection, per_user)
    return per_user.total()


def _ensure_users(connection: sa.Connection, ids: list[str]) -> dict[str, int]:
    """Row number of each user; those who do not exist are created, in the given order."""
    found = _user_row_numbers(connection, ids)
    missing = [id_ for id_ in ids if id_ not in found]
    if missing:
        put_users(connection, (User(id_) for id_ in missing))
        found.update(_user_row_numbers(connection, missing))
    return found


def _user_row_numbers(connection: sa.Connection, ids: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for chunk in chunks(filter(can_exist, ids)):
        rows = connection.execute(sa.select(users.c.user_id, users.c.seq).where(users.c.user_id.in_(chunk)))
        found.update((user_id, seq) for user_id, seq in rows)
    return found


def user_row_number(connection: sa.Connection, user_id: str) -> int:
    """Raises ``UnknownUser``."""
    found = _user_row_numbers(connection, [user_id])
    if not found:
        raise UnknownUser(user_id)
    return found[user_id]


def _count(connection: sa.Connection, changes: Counter[int]) -> None:
    if changes:
        connection.execute(
            sa.update(users)
            .where(users.c.seq == sa.bindparam("seq_"))
            .values(event_count=users.c.event_count + sa.bindparam("change")),
            # In one order for all writers, so that no two wait for each other.
            [{"seq_": seq, "change": change} for seq, change in sorted(changes.items())],
        )


def history(connection: sa.Connection, user_id: str, limit: int | None) -> list[Event]:
    """Raises ``UnknownUser``."""
    seq = user_row_number(connection, user_id)
    query = (
        sa.select(items.c.item_id, events.c.kind, events.c.time, events.c.value, events.c.key)
        .join(items, items.c.seq == events.c.item_seq)
        .where(events.c.user_seq == seq, sa.not_(events.c.retracted))
        .order_by(events.c.time.desc(), events.c.seq.desc())
        .limit(limit)
    )
    newest_first = [
        Event(user_id, item_id, EventKind(kind), from_micros(time), value, key)
        for item_id, kind, time, value, key in connection.execute(query)
    ]
    return newest_first[::-1]


def retract(connection: sa.Connection, keys: Sequence[str]) -> int:
    """Mark events as taken back; returns how many were not so yet."""
    changes: Counter[int] = Counter()
    for chunk in chunks(filter(can_exist, dict.fromkeys(keys))):
        taken_back = (
            sa.update(events)
            .where(events.c.key.in_(chunk), sa.not_(events.c.retracted))
            .values(retracted=True)
            .returning(events.c.user_seq)
        )
        changes.subtract(connection.scalars(taken_back))
    _count(connection, changes)
    return -changes.total()


def _user(row: sa.Row) -> User:
    return User(row.user_id, row.name, from_micros(row.created_at))
