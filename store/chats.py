"""Queries on chats and on the quarantine. Each works inside the transaction of the connection that it is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import sqlalchemy as sa

from store.errors import InputError
from store.events import user_row_number
from store.lookups import chunks, insert_into, insert_new
from store.records import Rejected
from store.schema import chat_shares, chats, from_micros, quarantine, to_micros, users
from store.storable import can_exist, check_id, check_json, check_text

ROW_LIMIT = 2_000
"""Characters that are kept of a quarantined row."""


@dataclass(frozen=True)
class ChatRecord:
    """One conversation as it was saved.

    Attributes:
        state: what the agent needs to go on, JSON.
        updated_at: when it was saved last, UTC.
        share: under which others may read it; None where nobody may.
    """

    chat_id: str
    user_id: str
    title: str
    state: Mapping[str, Any]
    updated_at: datetime
    share: Share | None = None


@dataclass(frozen=True)
class Share:
    """A link to a chat.

    Attributes:
        token: what the link holds; who knows it may read.
        until: the turn up to which it shows the chat.
    """

    token: str
    until: int


_columns = (
    sa.select(
        chats.c.chat_id, users.c.user_id, chats.c.title, chats.c.state, chats.c.updated_at,
        chat_shares.c.token, chat_shares.c.until,
    )
    .join(users, users.c.seq == chats.c.user_seq)
    .outerjoin(chat_shares, chat_shares.c.chat_id == chats.c.chat_id)
)  # fmt: skip


def save(connection: sa.Connection, chat_id: str, user_id: str, title: str, state: Mapping[str, Any]) -> None:
    """Raises ``UnknownUser``."""
    values = {
        "user_seq": user_row_number(connection, user_id),
        "title": check_text(title, what="title"),
        "state": check_json(dict(state), what="state"),
        "updated_at": to_micros(datetime.now(UTC)),
    }
    check_id(chat_id, what="chat id")
    insert = insert_into(connection, chats).values(chat_id=chat_id, **values)
    connection.execute(insert.on_conflict_do_update(index_elements=["chat_id"], set_=values))


def load(connection: sa.Connection, chat_id: str) -> ChatRecord | None:
    """One chat, or None."""
    if not can_exist(chat_id):
        return None
    row = connection.execute(_columns.where(chats.c.chat_id == chat_id)).one_or_none()
    return None if row is None else _chat(row)


def newest(connection: sa.Connection, user_id: str, limit: int | None) -> list[ChatRecord]:
    """A user's chats, the one saved last first; all of them without a limit."""
    if not can_exist(user_id):
        return []
    query = _columns.where(users.c.user_id == user_id).order_by(chats.c.updated_at.desc(), chats.c.chat_id)
    return [_chat(row) for row in connection.execute(query.limit(limit))]


def delete(connection: sa.Connection, chat_id: str) -> None:
    """Delete a chat if there is one."""
    if can_exist(chat_id):
        connection.execute(sa.delete(chats).where(chats.c.chat_id == chat_id))


def rename(connection: sa.Connection, chat_id: str, title: str) -> None:
    """Change a chat's title if there is one; it counts as saved when it was before."""
    title = check_text(title, what="title")
    if can_exist(chat_id):
        connection.execute(sa.update(chats).where(chats.c.chat_id == chat_id).values(title=title))


def share(connection: sa.Connection, chat_id: str, link: Share) -> Share:
    """Let others read a chat, further than before where they may already; the link that holds from now on.

    Raises:
        InputError: there is no such chat.
    """
    if load(connection, chat_id) is None:
        raise InputError(f"chat {chat_id[:60]!r} does not exist", fix="Share one of the user's chats.")
    values = {"token": check_text(link.token, what="token"), "until": link.until}
    insert = insert_into(connection, chat_shares).values(chat_id=chat_id, **values)
    connection.execute(insert.on_conflict_do_update(index_elements=["chat_id"], set_={"until": link.until}))
    row = connection.execute(sa.select(chat_shares).where(chat_shares.c.chat_id == chat_id)).one()
    return Share(row.token, row.until)


def unshare(connection: sa.Connection, chat_id: str) -> None:
    """Take a link back if there is one."""
    if can_exist(chat_id):
        connection.execute(sa.delete(chat_shares).where(chat_shares.c.chat_id == chat_id))


def shared(connection: sa.Connection, token: str) -> ChatRecord | None:
    """The chat that a link leads to, or None."""
    if not can_exist(token):
        return None
    row = connection.execute(_columns.where(chat_shares.c.token == token)).one_or_none()
    return None if row is None else _chat(row)


def quarantine_rows(connection: sa.Connection, rejected: Iterable[Rejected]) -> int:
    """Store what is new: reading the same bad file twice keeps each row once."""
    added = 0
    for chunk in chunks(rejected):
        rows = []
        for row in chunk:
            kept = {
                "source": _printable(row.source),
                "line": row.line,
                "reason": _printable(row.reason),
                "row": _printable(row.row)[:ROW_LIMIT],
            }
            digest = blake2b(repr(kept).encode(), digest_size=16).hexdigest()
            rows.append({**kept, "digest": digest})
        stored = connection.scalars(insert_new(connection, quarantine).returning(quarantine.c.seq), rows)
        added += len(stored.all())
    return added


def quarantined(connection: sa.Connection, source: str | None, limit: int) -> list[Rejected]:
    """Rejected rows in their order of arrival."""
    query = sa.select(quarantine.c.source, quarantine.c.line, quarantine.c.reason, quarantine.c.row)
    if source is not None:
        query = query.where(quarantine.c.source == _printable(source))
    return [Rejected(*row) for row in connection.execute(query.order_by(quarantine.c.seq).limit(limit))]


def count_quarantined(connection: sa.Connection) -> int:
    """How many rows were rejected."""
    return connection.scalars(sa.select(sa.func.count()).select_from(quarantine)).one()


def _printable(text: str) -> str:
    """Bad rows are kept because they are bad: what no database holds is written as an escape."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")


def _chat(row: sa.Row) -> ChatRecord:
    link = None if row.token is None else Share(row.token, row.until)
    return ChatRecord(row.chat_id, row.user_id, row.title, row.state, from_micros(row.updated_at), link)
