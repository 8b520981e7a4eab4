"""Chats in the store, as their states: loaded before a change and saved after it, one change at a time."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from zlib import crc32

from pydantic import ValidationError

from agent.state import ChatState
from store.chats import ChatRecord, Share
from store.database import Store
from store.errors import InputError

TITLE = 80
"""Characters of the first message that name a chat."""
_LOCKS = 64


@dataclass(frozen=True)
class Chat:
    """A chat as it was loaded.

    Attributes:
        share: the link to it, where there is one.
    """

    chat_id: str
    user_id: str
    title: str
    state: ChatState
    share: Share | None = None


class ChatStorage:
    """All chats of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        # A chat always meets the same lock; that two chats may share one only makes one of them wait.
        self._locks = tuple(Lock() for _ in range(_LOCKS))

    def lock(self, chat_id: str) -> Lock:
        """Held from loading a chat until it is saved."""
        return self._locks[crc32(chat_id.encode("utf-8", "replace")) % _LOCKS]

    def check(self, chat_id: str) -> ChatRecord:
        """Raises ``InputError`` where there is no such chat."""
        record = self._store.load_chat(chat_id)
        if record is None:
            raise InputError(f"chat {chat_id!r} does not exist", fix="Open a new chat, or one of the reader's list.")
        return record

    def load(self, chat_id: str) -> Chat:
        """Raises ``InputError`` where there is no such chat, or it cannot be read."""
        return loaded(self.check(chat_id))

    def save(self, chat: Chat, state: ChatState, *, title: str = "") -> None:
        """``title`` names a chat that has no name yet."""
        data = state.model_dump(mode="json", exclude_defaults=True)
        self._store.save_chat(chat.chat_id, chat.user_id, chat.title or title[:TITLE], data)


def loaded(record: ChatRecord) -> Chat:
    """Raises ``InputError`` where the state is of another version."""
    try:
        state = ChatState.model_validate(record.state)
    except ValidationError as error:
        raise InputError(
            f"chat {record.chat_id!r} was written by another version: {error.errors()[0]['msg']}",
            fix="Open a new chat.",
        ) from error
    return Chat(record.chat_id, record.user_id, record.title, state, record.share)
