"""Queries on pictures that were sent in chats. A chat's pictures end with it, whichever way it ends."""

from __future__ import annotations

import sqlalchemy as sa

from store.errors import InputError
from store.lookups import insert_new
from store.schema import chat_pictures
from store.storable import can_exist, check_id

MOST = 40
"""Pictures of one chat."""


def add(connection: sa.Connection, chat_id: str, name: str, content: bytes) -> None:
    """Keep a picture; one that the chat has already is kept once.

    Raises:
        InputError: the chat has ``MOST`` already.
    """
    check_id(name, what="picture name")
    if get(connection, chat_id, name) is not None:
        return
    count = sa.select(sa.func.count()).select_from(chat_pictures).where(chat_pictures.c.chat_id == chat_id)
    if connection.scalars(count).one() >= MOST:
        raise InputError(f"this chat has {MOST} pictures, and no chat has more", fix="Send it in a new chat.")
    connection.execute(insert_new(connection, chat_pictures), [{"chat_id": chat_id, "name": name, "content": content}])


def get(connection: sa.Connection, chat_id: str, name: str) -> bytes | None:
    """A picture of this chat, or None."""
    if not (can_exist(chat_id) and can_exist(name)):
        return None
    here = (chat_pictures.c.chat_id == chat_id, chat_pictures.c.name == name)
    return connection.scalars(sa.select(chat_pictures.c.content).where(*here)).one_or_none()


def all_of(connection: sa.Connection, chat_id: str) -> dict[str, bytes]:
    """All pictures of a chat, by name."""
    found = sa.select(chat_pictures.c.name, chat_pictures.c.content).where(chat_pictures.c.chat_id == chat_id)
    return {row.name: row.content for row in connection.execute(found.order_by(chat_pictures.c.name))}


def copy(connection: sa.Connection, chat_id: str, other_id: str) -> None:
    """Give another chat, which has none, all pictures of a chat."""
    columns = ("chat_id", "name", "content")
    theirs = sa.select(sa.literal(other_id), chat_pictures.c.name, chat_pictures.c.content)
    here = chat_pictures.c.chat_id == chat_id
    connection.execute(sa.insert(chat_pictures).from_select(columns, theirs.where(here)))
