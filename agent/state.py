"""What a chat remembers between turns.

It is saved whole after each turn, so everything in it is bounded; and it is read before each turn, so that old messages
are kept as text that only the page takes apart: turn 200 costs what turn 2 costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter

from agent.picture_words import beside_picture
from agent.request import Doubt, FacetRef, Request

CHUNK = 80
"""Messages that go to the archive together; undo never reaches back that far."""

MAX_CHUNKS = 8
LABEL = 80
"""Characters of what was said or clicked that name an undo entry."""
MAX_SHOWN = 2_000
MAX_UNDO = 20
MAX_TRACE = 30
MAX_ASKED = 100
MAX_HEARD = 8
"""Messages of the reader that lead to items (`agent.leaning`)."""


class _Stored(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StoredCard(_Stored):
    """A card of a message; the item itself is read again from the catalogue."""

    item_id: str
    reason: str = ""


class StoredMessage(_Stored):
    """A message; ``serial`` ties the two sides of a turn together, ``picture`` names one that was sent with it."""

    serial: int
    role: Literal["user", "assistant"]
    text: str
    picture: str = ""
    cards: tuple[StoredCard, ...] = ()
    table: tuple[tuple[str, str, str], ...] = ()


_MESSAGES = TypeAdapter(tuple[StoredMessage, ...])


class Opinion(_Stored):
    """A like or dislike of this chat, or that neither holds any more, with the event that holds it."""

    kind: Literal["like", "dislike", "set_aside"]
    key: str
    time: datetime


class Asked(_Stored):
    """A question that was put beside the cards.

    Attributes:
        attribute: what it is about.
        values: one or two values of it, in the catalogue's spelling; none where it is about a number.
        bound: of a number: "from here on, or below?".
        decade: whether the bound is the beginning of a decade.
    """

    attribute: str
    values: tuple[str, ...] = ()
    bound: float | None = None
    decade: bool = False

    @property
    def key(self) -> str:
        """Names the first side; a question is put once."""
        return f"{self.attribute}={self.values[0] if self.values else 'number'}"

    @property
    def keys(self) -> tuple[str, ...]:
        """Of all sides."""
        return tuple(f"{self.attribute}={value}" for value in self.values) or (self.key,)

    @property
    def below(self) -> float | None:
        """Upper end of the other side: the year before the decade; ranges are closed, so elsewhere the bound."""
        return self.bound - 1 if self.decade and self.bound is not None else self.bound


class OpenDoubt(_Stored):
    """What was said and how it was understood, with a name in it that may mean something else: its first doubt."""

    text: str
    request: Request

    @property
    def doubt(self) -> Doubt:
        """The one that is asked about."""
        return self.request.doubts[0]


class Memory(_Stored):
    """The part of the state that undo brings back.

    Attributes:
        wish: the request in force. ``items_like`` are what it is about, ``count`` and ``mood`` as there.
        focus: the item last talked about.
        cards: items of the last cards, in order.
        shown: every item shown so far, oldest first.
        seen: items that the reader said to know already.
        opinions: external id -> like or dislike said or clicked in this chat.
        question: what stands open beside the cards.
        doubt: the name that the last answer asked about; a reply says what it means.
        asked: keys of the questions that were put, oldest first: none is put again.
        vetoes: what somebody in company does not want; it stays out until the chip is taken away.
        language: ISO 639-1 code of the language of the newest message.
        heard: serials of the newest messages in which the reader said what they look for, oldest first.
    """

    wish: Request = Request()
    focus: str | None = None
    cards: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    opinions: dict[str, Opinion] = {}
    question: Asked | None = None
    doubt: OpenDoubt | None = None
    asked: tuple[str, ...] = ()
    vetoes: tuple[FacetRef, ...] = ()
    language: str = "en"
    heard: tuple[int, ...] = ()

    def hearing(self, serial: int) -> Memory:
        """With one more message heard."""
        return self.model_copy(update={"heard": (*self.heard, serial)[-MAX_HEARD:]})


class UndoEntry(_Stored):
    """What one turn changed.

    ``shown`` and ``messages`` only grow within a turn: their lengths before it are enough. ``memory`` holds the rest.
    """

    memory: Memory
    shown: int
    messages: int
    label: str


class ChatState(_Stored):
    """A whole chat.

    Attributes:
        serial: counts turns and clicks, never goes back, and makes event keys unique.
        messages: the newest, at most twice ``CHUNK``.
        archive: older ones as JSON, ``CHUNK`` each, oldest first; the oldest fall off behind ``MAX_CHUNKS``.
        earlier: how many messages came before ``messages``.
    """

    version: Literal[1] = 1
    serial: int = 0
    memory: Memory = Memory()
    messages: tuple[StoredMessage, ...] = ()
    archive: tuple[str, ...] = ()
    earlier: int = 0
    undo: tuple[UndoEntry, ...] = ()
    suggestions: tuple[str, ...] = ()
    trace: tuple[str, ...] = ()

    def remembering(self, label: str) -> ChatState:
        """With an undo entry for what comes next, and the next serial."""
        entry = UndoEntry(
            memory=self.memory.model_copy(update={"shown": ()}),
            shown=len(self.memory.shown),
            messages=self.earlier + len(self.messages),
            label=label[:LABEL],
        )
        return self.model_copy(update={"serial": self.serial + 1, "undo": (*self.undo, entry)[-MAX_UNDO:]})

    def undone(self, index: int = -1) -> ChatState:
        """As before an undo entry, the last one by default; the serial stays ahead. There must be the entry."""
        entry = self.undo[index]
        memory = entry.memory.model_copy(update={"shown": self.memory.shown[: entry.shown]})
        kept = self.messages[: max(0, entry.messages - self.earlier)]
        return self.model_copy(
            update={"serial": self.serial + 1, "memory": memory, "messages": kept, "undo": self.undo[:index]}
        )

    def saying(self, *messages: StoredMessage) -> ChatState:
        """With more messages."""
        every = (*self.messages, *messages)
        if len(every) <= 2 * CHUNK:
            return self.model_copy(update={"messages": every})
        archive = (*self.archive, _MESSAGES.dump_json(every[:CHUNK], exclude_defaults=True).decode())
        return self.model_copy(
            update={"messages": every[CHUNK:], "archive": archive[-MAX_CHUNKS:], "earlier": self.earlier + CHUNK}
        )

    def said(self, serials: Sequence[int]) -> tuple[str, ...]:
        """What the reader said in some turns, of those whose messages are not in the archive.

        Words that point at a picture say nothing without it.
        """
        mine = (message for message in self.messages if message.role == "user" and message.serial in serials)
        said = (beside_picture(message.text) if message.picture else message.text for message in mine)
        return tuple(text for text in said if text)

    def all_messages(self) -> tuple[StoredMessage, ...]:
        """What the page shows, the archive included."""
        return (*(message for chunk in self.archive for message in _MESSAGES.validate_json(chunk)), *self.messages)

    def with_text(self, serial: int, text: str) -> ChatState:
        """With the words of an answer, once they are known. Nothing happens where an undo took the message away."""
        messages = tuple(
            message.model_copy(update={"text": text})
            if message.serial == serial and message.role == "assistant"
            else message
            for message in self.messages
        )
        return self.model_copy(update={"messages": messages})
