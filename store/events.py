"""Queries on users and events. Each function works inside the transaction of the connection that it is given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import sqlalchemy as sa

from store.errors import TastemakerError, UnknownItem, UnknownUser
from store.lookups import chunks, insert_new, one_of, row_numbers
from store.records import Event, EventKind, ReaderVersion, User
from store.schema import ITEMS_REVISION, counters, events, from_micros, items, to_micros, users
from store.storable import can_exist, check_id, check_number, check_text, check_time

EVENT_CHUNK = 50_000
"""Events that are held, looked up and written at a time."""

KEY_OFFSET = 1 << 62
"""Keeps the time in a derived key positive, and so of one length; no ``datetime`` is that early."""

Row = dict[str, Any]


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

    The derived key starts with the time, so that events that happen together lie together in the index: live ones all
    land at its end, and those of a file in a few places instead of all over it.
    """
    if event.key is not None:
        return check_id(event.key, what="event key")
    what = f"{event.user_id}\x00{event.item_id}\x00{event.kind}"
    return f"{to_micros(event.time) + KEY_OFFSET:016x}{blake2b(what.encode(), digest_size=12).hexdigest()}"


def ensure_user(connection: sa.Connection, user_id: str, name: str) -> User:
    """The user with this id, created if there is none."""
    put_users(connection, [User(user_id, name)])
    return user(connection, user_id)


def put_users(connection: sa.Connection, new: Iterable[User]) -> int:
    """Create those who do not exist; returns how many these were."""
    created = 0
    for chunk in chunks(new):
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
    total = 0
    per_user: Counter[int] = Counter()
    for chunk in chunks(new, EVENT_CHUNK):
        total += len(chunk)
        per_user.update(_add_chunk(connection, chunk))
    _count(connection, per_user)
    return AddResult(per_user.total(), total - per_user.total())


def add_each(connection: sa.Connection, callers: Sequence[Sequence[Event]]) -> list[AddResult | Exception]:
    """Store what is new of several callers; of one who is wrong nothing is stored, and their error comes back."""
    item_seq = _items_of(connection, (event for events_ in callers for event in events_))
    outcomes = [_rows_or_error(events_, item_seq) for events_ in callers]
    stored = _insert(connection, [row for rows in outcomes if isinstance(rows, list) for row in rows])
    _count(connection, Counter(stored.values()))
    results: list[AddResult | Exception] = []
    for rows in outcomes:
        if isinstance(rows, Exception):
            results.append(rows)
            continue
        new = stored.keys() & {row["key"] for row in rows}
        for key in new:  # it is the first caller's who brought it
            del stored[key]
        results.append(AddResult(len(new), len(rows) - len(new)))
    return results


def _rows_or_error(new: Iterable[Event], item_seq: Mapping[str, int]) -> list[Row] | TastemakerError:
    try:
        return [_row(event, item_seq) for event in new]
    except TastemakerError as error:
        return error


def _add_chunk(connection: sa.Connection, chunk: list[Event]) -> Iterable[int]:
    """Store what is new; the user's row number of each event that was."""
    item_seq = _items_of(connection, chunk)
    return _insert(connection, [_row(event, item_seq) for event in chunk]).values()


def _items_of(connection: sa.Connection, new: Iterable[Event]) -> dict[str, int]:
    return row_numbers(connection, items.c.item_id, {event.item_id for event in new})


def _row(event: Event, item_seq: Mapping[str, int]) -> Row:
    """What is stored of an event, with the user by id. Raises ``UnknownItem``, and ``InputError`` for its values."""
    if event.item_id not in item_seq:
        raise UnknownItem(event.item_id)
    return {
        "key": event_key(event),
        "user_id": check_id(event.user_id, what="user id"),
        "item_seq": item_seq[event.item_id],
        "kind": EventKind(event.kind).value,
        "value": check_number(event.value, what="value"),
        "time": to_micros(check_time(event.time, what="time")),
        "retracted": False,
    }


def _insert(connection: sa.Connection, rows: list[Row]) -> dict[str, int]:
    """Write rows whose keys are not there yet, and missing users; the user's row number by the key of each new one.

    The rows are filled in.
    """
    if not rows:
        return {}
    user_seq = _ensure_users(connection, list(dict.fromkeys(row["user_id"] for row in rows)))
    for row in rows:
        row["user_seq"] = user_seq[row.pop("user_id")]
    returned = insert_new(connection, events).returning(events.c.key, events.c.user_seq)
    return {key: seq for key, seq in connection.execute(returned, rows)}  # noqa: C416  # a Row is no pair for dict()


def _ensure_users(connection: sa.Connection, ids: list[str]) -> dict[str, int]:
    """Row number of each user; those who do not exist are created, in the given order."""
    found = row_numbers(connection, users.c.user_id, ids)
    missing = [id_ for id_ in ids if id_ not in found]
    if missing:
        put_users(connection, (User(id_) for id_ in missing))
        found.update(row_numbers(connection, users.c.user_id, missing))
    return found


def users_row_numbers(connection: sa.Connection, user_ids: Iterable[str]) -> dict[str, int]:
    """Row number of each user who exists."""
    return row_numbers(connection, users.c.user_id, user_ids)


def user_row_number(connection: sa.Connection, user_id: str) -> int:
    """Raises ``UnknownUser``."""
    found = users_row_numbers(connection, [user_id])
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


_NEWEST_OF = sa.select(sa.func.max(events.c.seq)).where(events.c.user_seq == users.c.seq).scalar_subquery()
_VERSION = sa.select(users.c.event_count, _NEWEST_OF).where(users.c.user_id == sa.bindparam("user_id"))


def reader_version(connection: sa.Connection, user_id: str) -> ReaderVersion:
    """Raises ``UnknownUser``."""
    row = connection.execute(_VERSION, {"user_id": user_id}).one_or_none() if can_exist(user_id) else None
    if row is None:
        raise UnknownUser(user_id)
    return ReaderVersion(row[0], row[1] or 0)


def met_titles(connection: sa.Connection, user_id: str) -> dict[str, str]:
    """Raises ``UnknownUser``."""
    seq = user_row_number(connection, user_id)
    query = (
        sa.select(items.c.item_id, items.c.title)
        .join(events, items.c.seq == events.c.item_seq)
        .where(events.c.user_seq == seq)
        .distinct()
    )
    return {row.item_id: row.title for row in connection.execute(query)}


def histories(connection: sa.Connection, user_ids: Iterable[str]) -> dict[str, list[Event]]:
    """As ``history``, of those users who have events."""
    found: dict[str, list[Event]] = {}
    for chunk in chunks(dict.fromkeys(user_ids)):
        query = (
            sa.select(users.c.user_id, items.c.item_id, events.c.kind, events.c.time, events.c.value, events.c.key)
            .join(items, items.c.seq == events.c.item_seq)
            .join(users, users.c.seq == events.c.user_seq)
            .where(one_of(connection, users.c.user_id, chunk), sa.not_(events.c.retracted))
            .order_by(events.c.time, events.c.seq)
        )
        for user_id, item_id, kind, time, value, key in connection.execute(query):
            event = Event(user_id, item_id, EventKind(kind), from_micros(time), value, key)
            found.setdefault(user_id, []).append(event)
    return found


def newest(connection: sa.Connection) -> int:
    """Row number of the newest event, 0 where there is none."""
    return connection.scalar(sa.select(sa.func.max(events.c.seq))) or 0


_MOMENT = sa.select(counters.c.value, sa.select(sa.func.max(events.c.seq)).scalar_subquery()).where(
    counters.c.name == ITEMS_REVISION
)


def moment(connection: sa.Connection) -> tuple[int, int]:
    """Number of the last change to any item, and row number of the newest event: in one query, before every request."""
    revision, newest_event = connection.execute(_MOMENT).one()
    return revision, newest_event or 0


def items_met_since(connection: sa.Connection, seq: int) -> set[str]:
    """Ids of the items of newer events."""
    query = sa.select(items.c.item_id).distinct().join(events, items.c.seq == events.c.item_seq)
    return set(connection.scalars(query.where(events.c.seq > seq)))


def users_since(connection: sa.Connection, seq: int) -> set[str]:
    """Ids of the users of newer events."""
    query = sa.select(users.c.user_id).distinct().join(events, users.c.seq == events.c.user_seq)
    return set(connection.scalars(query.where(events.c.seq > seq)))


def readers(connection: sa.Connection, item_ids: Iterable[str], limit: int) -> dict[str, list[str]]:
    """Who took to each item by their newest word on it, newest first; of an item ``limit`` words are read."""
    found: dict[str, dict[str, bool]] = {}
    place = sa.func.row_number().over(
        partition_by=events.c.item_seq, order_by=(events.c.time.desc(), events.c.seq.desc())
    )
    for chunk in chunks(dict.fromkeys(item_ids)):
        words = (
            sa.select(items.c.item_id, events.c.user_seq, events.c.kind, place.label("place"))
            .join(items, items.c.seq == events.c.item_seq)
            .where(one_of(connection, items.c.item_id, chunk), sa.not_(events.c.retracted))
            .where(events.c.kind != EventKind.SKIP.value)
            .subquery()
        )
        query = (
            sa.select(words.c.item_id, users.c.user_id, words.c.kind)
            .join(users, users.c.seq == words.c.user_seq)
            .where(words.c.place <= limit)
            .order_by(words.c.place)
        )
        for item_id, user_id, kind in connection.execute(query):
            found.setdefault(item_id, {}).setdefault(user_id, EventKind(kind).positive)
    return {item_id: [user_id for user_id, took in opinions.items() if took] for item_id, opinions in found.items()}


def retract(connection: sa.Connection, keys: Sequence[str]) -> int:
    """Mark events as taken back; returns how many were not so yet."""
    changes: Counter[int] = Counter()
    for chunk in chunks(dict.fromkeys(keys)):
        taken_back = (
            sa.update(events)
            .where(one_of(connection, events.c.key, chunk), sa.not_(events.c.retracted))
            .values(retracted=True)
            .returning(events.c.user_seq)
        )
        changes.subtract(connection.scalars(taken_back))
    _count(connection, changes)
    return -changes.total()


def _user(row: sa.Row) -> User:
    return User(row.user_id, row.name, from_micros(row.created_at))
