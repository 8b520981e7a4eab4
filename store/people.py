"""Everything that is one user's: written out, and erased.

Each function works inside the transaction of the connection that it is given.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from store import chat_pictures, chats
from store.events import user, user_row_number
from store.records import User
from store.schema import accounts, events, from_micros, impressions, items, users, verdicts
from store.schema import chats as chat_table

EXPORT_VERSION = 1


@dataclass(frozen=True)
class UserExport:
    """All that is stored of one user, as plain values; times are UTC.

    Attributes:
        version: raised when a field changes its meaning.
        events: what they did, oldest first; ``retracted`` ones were taken back and count nowhere.
        impressions: what they were shown.
        verdicts: what they said of explanations.
        chats: title, link, the whole state (messages, requests, opinions), and pictures that were sent, JPEG in base64.
        accounts: their logins.
    """

    version: int
    user: User
    events: tuple[Mapping[str, Any], ...]
    impressions: tuple[Mapping[str, Any], ...]
    verdicts: tuple[Mapping[str, Any], ...]
    chats: tuple[Mapping[str, Any], ...]
    accounts: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Erased:
    """How much there was of a user, by kind; and of their snapshots, how many were cleaned of them."""

    events: int
    impressions: int
    verdicts: int
    chats: int
    accounts: int
    snapshots: int = 0


def export(connection: sa.Connection, user_id: str) -> UserExport:
    """Raises ``UnknownUser``."""
    person = user(connection, user_id)
    seq = user_row_number(connection, user_id)
    because = items.alias("because")
    of_item = {"item_id": items.c.item_id}
    shown = _rows(
        connection,
        sa.select(*_named(of_item | _of(impressions, "rank", "time", "snapshot", "source")))
        .join(items, items.c.seq == impressions.c.item_seq)
        .where(impressions.c.user_seq == seq)
        .order_by(impressions.c.seq),
    )
    said = _rows(
        connection,
        sa.select(*_named(of_item | {"because": because.c.item_id} | _of(verdicts, "agrees", "time", "snapshot")))
        .join(items, items.c.seq == verdicts.c.item_seq)
        .outerjoin(because, because.c.seq == verdicts.c.because_seq)
        .where(verdicts.c.user_seq == seq)
        .order_by(verdicts.c.seq),
    )
    done = _rows(
        connection,
        sa.select(*_named(of_item | _of(events, "kind", "value", "time", "key", "retracted")))
        .join(items, items.c.seq == events.c.item_seq)
        .where(events.c.user_seq == seq)
        .order_by(events.c.time, events.c.seq),
    )
    logins = _rows(
        connection,
        sa.select(*_named(_of(accounts, "login", "is_admin", "created_at", "disabled_at")))
        .where(accounts.c.user_seq == seq)
        .order_by(accounts.c.login),
    )
    talks = [
        {
            "chat_id": chat.chat_id,
            "title": chat.title,
            "updated_at": chat.updated_at,
            "share": chat.share.token if chat.share else None,
            "state": chat.state,
            "pictures": {
                name: base64.b64encode(content).decode()
                for name, content in chat_pictures.all_of(connection, chat.chat_id).items()
            },
        }
        for chat in chats.newest(connection, user_id, None)
    ]
    return UserExport(EXPORT_VERSION, person, done, shown, said, tuple(talks), logins)


def erase(connection: sa.Connection, user_id: str) -> Erased:
    """Delete the user and all that refers to them. Raises ``UnknownUser``."""
    seq = user_row_number(connection, user_id)
    tables = {
        "events": events, "impressions": impressions, "verdicts": verdicts, "chats": chat_table, "accounts": accounts,
    }  # fmt: skip
    counts = {
        name: connection.scalars(sa.select(sa.func.count()).select_from(table).where(table.c.user_seq == seq)).one()
        for name, table in tables.items()
    }
    connection.execute(sa.delete(users).where(users.c.seq == seq))  # the rest goes by its foreign keys
    return Erased(**counts)


def _of(table: sa.Table, *names: str) -> dict[str, sa.Column[Any]]:
    return {name: table.c[name] for name in names}


def _named(columns: Mapping[str, sa.Column[Any]]) -> list[sa.Label[Any]]:
    return [column.label(name) for name, column in columns.items()]


def _rows(connection: sa.Connection, query: sa.Select) -> tuple[dict[str, Any], ...]:
    return tuple(
        {name: _plain(name, value) for name, value in row._mapping.items()} for row in connection.execute(query)
    )


def _plain(name: str, value: Any) -> datetime | Any:
    return from_micros(value) if name in ("time", "created_at", "disabled_at") and value is not None else value
