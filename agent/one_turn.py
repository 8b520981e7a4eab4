"""One turn of a chat, while it is worked on and when it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import perf_counter

from agent.comparison import Table
from agent.grounding import Grounder
from agent.leaning.conversation import ConversationLeaning
from agent.lexicon import Lexicon
from agent.opinions import Opinions
from agent.saying import ChatVoice, chat_voice
from agent.state import ChatState, Memory, OpenDoubt
from agent.tools import Tools
from agent.turns import Card, Question, Understood
from agent.words import WordsTrace

Sentences = Callable[[WordsTrace], Iterator[str]]


@dataclass
class Turn:
    """One turn while it is worked on. ``state`` and ``memory`` are replaced as it goes on."""

    chat_id: str
    utterance: str
    state: ChatState
    memory: Memory
    tools: Tools
    opinions: Opinions
    lexicon: Lexicon
    grounder: Grounder
    liked: frozenset[str]
    leaning: ConversationLeaning | None = None
    started: float = field(default_factory=perf_counter)
    notes: list[str] = field(default_factory=list)
    offers: list[str] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    unresolved: tuple[str, ...] = ()
    answered: bool = False
    """Whether it replies to the question that stood open."""
    picture: str = ""
    """Name of the picture that was sent with it."""
    doubt: OpenDoubt | None = None
    """A name in it that may mean something else."""

    @property
    def voice(self) -> ChatVoice:
        """Of the language of this turn."""
        return chat_voice(self.memory.language)

    def lean(self, *, about: str = "") -> None:
        """Have the tools lean to what was said, as it is now; ``about`` is no item that was named."""
        if (leaning := self.leaning) is not None:
            self.tools.lean(lambda: leaning.of(self.state, self.memory, about=about))


@dataclass(frozen=True)
class Answer:
    """What a turn came to; ``sentences`` may ask a model and are read last."""

    state: ChatState
    understood: Understood
    cards: tuple[Card, ...]
    sentences: Sentences
    suggestions: tuple[str, ...]
    degraded: tuple[str, ...]
    milliseconds: dict[str, float]
    trace: tuple[str, ...]
    question: Question | None = None
    table: Table = ()
