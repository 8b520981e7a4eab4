"""One utterance while it is being understood: its words, what has been claimed, and the mentions found so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent import language as cue_labels
from agent.lexicon import Lexicon
from agent.request import Critique, FacetRef
from agent.tokens import Utterance, stem

if TYPE_CHECKING:
    from agent.word_roles import WordRoles

CONNECTORS = frozenset(("and", "or", "nor", "vs", "versus", "plus"))
# Cues that put what follows on the negative side.
NEGATIVE = frozenset((cue_labels.NEGATE, cue_labels.DISLIKE))


@dataclass(frozen=True)
class Context:
    """What was on the table when the utterance was said.

    Attributes:
        shown: items of the last cards, in order.
        focus: the item last talked about, None where there is none.
        seeds: items that the request in force is about.
    """

    shown: tuple[str, ...] = ()
    focus: str | None = None
    seeds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cue:
    """A phrase that says something about what follows (or, for praise and blame, about what precedes)."""

    label: str
    start: int
    end: int


@dataclass
class Mention:
    """A run of words that links to something.

    Attributes:
        kind: "value", "title", "person", "reference" or "quality".
        refs: alternatives of a value.
        items: external ids of a title or reference.
        text: a person or quality in the spelling to use.
        negative: under a negation.
        cue: the cue that governs it, None where there is none.
        compared: part of a numeric comparison ("newer than Fargo"): neither liked nor disliked.
    """

    kind: str
    start: int
    end: int
    refs: tuple[FacetRef, ...] = ()
    items: tuple[str, ...] = ()
    text: str = ""
    negative: bool = False
    cue: str | None = None
    compared: bool = False


@dataclass
class Reading:
    """Working state; each linking step claims words and adds mentions.

    Attributes:
        roles: learned roles of the words, None where there are none.
    """

    utterance: Utterance
    lexicon: Lexicon
    context: Context
    folds: list[str] = field(init=False)
    taken: list[str | None] = field(init=False)
    cues: list[Cue] = field(default_factory=list)
    mentions: list[Mention] = field(default_factory=list)
    critiques: list[Critique] = field(default_factory=list)
    unresolved: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    roles: WordRoles | None = None

    def __post_init__(self) -> None:
        self.folds = self.utterance.folds
        self.taken = [None] * len(self.folds)

    def __len__(self) -> int:
        return len(self.folds)

    def free(self, start: int, end: int) -> bool:
        return start >= 0 and end <= len(self) and all(self.taken[place] is None for place in range(start, end))

    def claim(self, start: int, end: int, kind: str) -> None:
        for place in range(start, end):
            self.taken[place] = kind

    def add(self, mention: Mention) -> None:
        self.claim(mention.start, mention.end, mention.kind)
        self.mentions.append(mention)

    def break_before(self, place: int) -> bool:
        """Whether a sentence begins at this word."""
        return place < len(self) and self.utterance.words[place].opens_sentence

    def comma_before(self, place: int) -> bool:
        return place < len(self) and any(mark in self.utterance.words[place].gap for mark in ",:()")

    def run_end(self, start: int, longest: int, *, commas: bool = False) -> int:
        """Last place + 1 of free words from ``start`` that stay within one sentence (and, by default, one comma)."""
        end = start
        while end < len(self) and end - start < longest and self.taken[end] is None:
            if end > start and (self.break_before(end) or (not commas and self.comma_before(end))):
                break
            end += 1
        return end

    def find_cues(self) -> None:
        """Mark cues among the words that no title has claimed."""
        place = 0
        while place < len(self):
            found = self.lexicon.cues.match(self.folds, place) if self.taken[place] is None else None
            if found and self.free(place, place + found[0]):
                self.cues.append(Cue(found[1], place, place + found[0]))
                place += found[0]
            else:
                place += 1

    def cue_at(self, place: int) -> Cue | None:
        return next((cue for cue in self.cues if cue.start <= place < cue.end), None)

    def has(self, *labels: str) -> bool:
        return any(cue.label in labels for cue in self.cues)

    def of_kind(self, *kinds: str) -> list[Mention]:
        return sorted((m for m in self.mentions if m.kind in kinds), key=lambda mention: mention.start)

    def stop(self, place: int) -> bool:
        return self.folds[place] in self.lexicon.language.stop_words

    def common(self, words: Sequence[str]) -> int:
        """How many of the words are everyday words."""
        known = self.lexicon.language.common_words
        return sum(word in known or stem(word) in known for word in words)
