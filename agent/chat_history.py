"""What is done with whole chats: listed, renamed, deleted, branched from a message, shared, written out.

A branch begins as its chat was before a message. As with undo, that goes for preferences too: opinions that were given
after the message are taken back, in the branch and in the chat that it leaves, which otherwise stays as it is.
"""

from __future__ import annotations

import secrets
import uuid
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from agent.chat_storage import Chat, ChatStorage, loaded
from agent.lexicon import Lexicon
from agent.messages import messages_of
from agent.opinions import Opinions
from agent.shared_view import for_others
from agent.state import LABEL, ChatState, Opinion, StoredMessage
from agent.tools import Tools
from agent.turns import Message
from pipeline.api import RecommenderApi
from store.chats import Share
from store.database import Store
from store.errors import InputError

MAX_TITLE = 120
"""Characters of a title that someone gives."""
_TOKEN_BYTES = 24


@dataclass(frozen=True)
class ChatLine:
    """One chat in a list.

    Attributes:
        updated_at: when something was said last, UTC.
        share: token under which others may read it; None where nobody may.
    """

    chat_id: str
    title: str
    updated_at: datetime
    share: str | None


@dataclass(frozen=True)
class ReadableChat:
    """A chat to be read and not to be gone on with: without who it is of, what is known of them, or how it was made.

    Attributes:
        pictures: those that were sent, by name, JPEG in base64; only where the chat is written out.
    """

    title: str
    messages: tuple[Message, ...]
    pictures: Mapping[str, str] = field(default_factory=dict)


class ChatHistory:
    """Implements ``agent.api.ChatHistoryApi``.

    Args:
        store: keeps chats and events.
        recommender: knows the items of cards.
        chats: shared with whoever answers in them.
        lexicon: of the catalogue as it is now.
    """

    def __init__(
        self, store: Store, recommender: RecommenderApi, chats: ChatStorage, lexicon: Callable[[], Lexicon]
    ) -> None:
        self._store = store
        self._recommender = recommender
        self._chats = chats
        self._lexicon = lexicon

    def chats(self, user_id: str) -> tuple[ChatLine, ...]:
        return tuple(
            ChatLine(record.chat_id, record.title, record.updated_at, record.share.token if record.share else None)
            for record in self._store.chats(user_id)
        )

    def rename(self, chat_id: str, title: str) -> None:
        title = " ".join(title.split())[:MAX_TITLE]
        if not title:
            raise InputError("the title is empty", fix="Type a few words.")
        with self._chats.lock(chat_id):
            self._chats.check(chat_id)
            self._store.rename_chat(chat_id, title)

    def delete(self, chat_id: str) -> None:
        with self._chats.lock(chat_id):
            self._store.delete_chat(chat_id)

    def branch(self, chat_id: str, place: int) -> str:
        with self._chats.lock(chat_id):
            chat = self._chats.load(chat_id)
            before = chat.state.undone(entry_of(chat.state, place))
            tools = Tools(self._recommender, self._store, chat.user_id, chat_id)
            memory = Opinions(self._store, tools, chat_id).restored(chat.state.memory.opinions, before)
            left = chat.state.memory.model_copy(update={"opinions": memory.opinions})
            self._chats.save(chat, chat.state.model_copy(update={"memory": left, "serial": before.serial}))
            begun = before.model_copy(update={"memory": memory, "suggestions": (), "trace": ()})
            branch = Chat(uuid.uuid4().hex, chat.user_id, "", begun)
            self._chats.save(branch, begun)
            self._store.copy_chat_pictures(chat_id, branch.chat_id)
        return branch.chat_id

    def share(self, chat_id: str) -> str:
        with self._chats.lock(chat_id):
            state = self._chats.load(chat_id).state
            if not state.messages:
                raise InputError(f"nothing was said in chat {chat_id!r}", fix="Ask for something first.")
            return self._store.share_chat(chat_id, Share(secrets.token_urlsafe(_TOKEN_BYTES), state.serial)).token

    def unshare(self, chat_id: str) -> None:
        self._chats.check(chat_id)
        self._store.unshare_chat(chat_id)

    def shared(self, token: str) -> ReadableChat | None:
        record = self._store.shared_chat(token)
        if record is None or record.share is None:
            return None
        chat = loaded(record)
        readable = self._readable(chat, until=record.share.until)
        met = self._store.met_titles(chat.user_id)
        return replace(readable, messages=for_others(readable.messages, chat.state, met))

    def written_out(self, chat_id: str) -> ReadableChat:
        chat = self._readable(self._chats.load(chat_id))
        found = {one.picture: self._store.chat_picture(chat_id, one.picture) for one in chat.messages if one.picture}
        pictures = {name: b64encode(content).decode() for name, content in found.items() if content}
        return replace(chat, pictures=pictures)

    def _readable(self, chat: Chat, *, until: int | None = None) -> ReadableChat:
        return ReadableChat(chat.title, messages_of(chat.state, self._lexicon(), {}, until=until))


def editable_places(state: ChatState) -> frozenset[int]:
    """Places of the messages that a chat can branch from: what a reader said as far back as undo reaches."""
    entries = {(entry.messages, entry.label) for entry in state.undo}
    return frozenset(
        place
        for place, message in enumerate(state.messages, start=state.earlier)
        if message.role == "user" and (place, message.text[:LABEL]) in entries
    )


def entry_of(state: ChatState, place: int) -> int:
    """Index of the undo entry that was made just before a message.

    Raises:
        InputError: there is none: the message is not the reader's, or too long ago.
    """
    if place not in editable_places(state):
        raise InputError(
            f"message {place} cannot be said differently",
            fix="Take one of the reader's own messages, of the last twenty turns.",
        )
    return max(index for index, entry in enumerate(state.undo) if entry.messages == place)


def answers_question(state: ChatState) -> bool:
    """Whether the last answer was one to a question, which can be answered again."""
    return state.earlier + len(state.messages) - 2 in editable_places(state)


def last_question(state: ChatState) -> StoredMessage:
    """What the last answer was an answer to.

    Raises:
        InputError: it was an answer to a click, or there is none.
    """
    if not answers_question(state):
        raise InputError("there is no question to answer again", fix="Ask something first.")
    return state.messages[-2]


def before_last_question(state: ChatState) -> ChatState:
    """As before the last question, with the opinions clicked since the answer. Raises as ``last_question``."""
    last_question(state)
    index = entry_of(state, state.earlier + len(state.messages) - 2)
    before = state.undone(index)
    now = state.memory.opinions
    answered = state.undo[index + 1].memory.opinions if index + 1 < len(state.undo) else now
    opinions = _with_changes(before.memory.opinions, answered, now)
    return before.model_copy(update={"memory": before.memory.model_copy(update={"opinions": opinions})})


def _with_changes(
    opinions: Mapping[str, Opinion], old: Mapping[str, Opinion], new: Mapping[str, Opinion]
) -> dict[str, Opinion]:
    """``opinions`` with what turns ``old`` into ``new``."""
    kept = {item: opinion for item, opinion in opinions.items() if item in new or item not in old}
    return kept | {item: opinion for item, opinion in new.items() if old.get(item) != opinion}
