"""What a turn of the dialogue sends to whoever shows it: chips first, then cards, then words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from agent.comparison import Table
from pipeline.query import Recommendation
from store.records import Item

Verdict = Literal["like", "dislike", "none", "forget"]
"""What a button says of an item; see ``DialoguesApi.feedback``."""


@dataclass(frozen=True)
class Chip:
    """One constraint or preference in force; removing it re-runs the request.

    Attributes:
        key: stable name, passed back to ``remove_chip``.
        kind: "like", "unlike", "in", "out", "range", "person", "mood", "picture", "count".
        label: what the page shows: "not: Horror", "1996 or newer".
        picture: name of the chat's picture that it stands for.
    """

    key: str
    kind: str
    label: str
    picture: str = ""


@dataclass(frozen=True)
class Question:
    """What may be answered beside the cards, and what can be clicked; each answer is an utterance like any other."""

    text: str
    answers: tuple[str, ...]


@dataclass(frozen=True)
class Card:
    """One item as shown, with a one-line reason that its evidence supports ("" where nothing was recommended)."""

    item: Item
    reason: str
    subtitle: str
    recommendation: Recommendation | None = None
    feedback: Literal["like", "dislike"] | None = None


@dataclass(frozen=True)
class Understood:
    """The request in force after this turn."""

    chips: tuple[Chip, ...]
    summary: str


@dataclass(frozen=True)
class Cards:
    """Items of this turn; they never wait for words. ``table``: of a comparison, rows of three cells, titles first."""

    cards: tuple[Card, ...]
    milliseconds: float
    table: Table = ()


@dataclass(frozen=True)
class Words:
    """The next piece of the answer's text, already checked against the evidence."""

    text: str


@dataclass(frozen=True)
class Finished:
    """End of a turn.

    Attributes:
        suggestions: things to say next that follow from the state.
        degraded: what could not run ("llm").
        question: what would help to know, where asking is worth it.
        trace: what was done: request, tools with arguments, milliseconds, for the "What I did" pane.
    """

    turn: int
    suggestions: tuple[str, ...]
    degraded: tuple[str, ...]
    milliseconds: Mapping[str, float]
    trace: tuple[str, ...] = ()
    question: Question | None = None


TurnEvent = Understood | Cards | Words | Finished


@dataclass(frozen=True)
class Message:
    """One message of a chat as stored and shown again after a restart.

    Attributes:
        place: of the message in the chat, from 0.
        editable: whether the chat can branch here: it is the reader's, and not too long ago.
        picture: name of the chat's picture that was sent with it.
    """

    role: Literal["user", "assistant"]
    text: str
    cards: tuple[Card, ...] = ()
    place: int = 0
    editable: bool = False
    table: Table = ()
    picture: str = ""


@dataclass(frozen=True)
class Profile:
    """What is known of the reader: newest likes and dislikes, and attribute values by share of the likes (0..1)."""

    likes: tuple[Item, ...]
    dislikes: tuple[Item, ...]
    taste: Mapping[str, float]


@dataclass(frozen=True)
class ChatView:
    """All that a page needs to draw a chat.

    Attributes:
        can_retry: whether the last answer was one to a question, which can be answered again.
    """

    chat_id: str
    user_id: str
    messages: tuple[Message, ...]
    chips: tuple[Chip, ...]
    profile: Profile
    suggestions: tuple[str, ...]
    can_undo: bool
    trace: tuple[str, ...] = field(default=())
    can_retry: bool = False
    question: Question | None = None
