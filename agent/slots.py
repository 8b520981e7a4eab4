"""Stands short slots in for every text that comes from items, so that a model never reads them and can't obey them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from agent.facts import TurnFacts
from agent.plain_text import clean
from pipeline.query import Reason, Recommendation
from store.records import Item

SLOT = re.compile(r"\[[A-Z]\d*\]")
"""A slot in a sentence."""

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass
class Slots:
    """Slots of one turn: ``[A]``, ``[B]`` ... for titles and values, given out in order of appearance.

    Attributes:
        texts: text -> its slot, of those that have one slot only.
        filled: slot -> text.
    """

    texts: dict[str, str] = field(default_factory=dict)
    filled: dict[str, str] = field(default_factory=dict)

    def of(self, text: str) -> str:
        """The slot of a text; the same text has the same slot."""
        text = clean(text)
        if text not in self.texts:
            self.texts[text] = self.fresh(text)
        return self.texts[text]

    def fresh(self, text: str) -> str:
        """A new slot for a text, whatever slots it has."""
        number = len(self.filled)
        slot = f"[{_LETTERS[number % 26]}{number // 26 or ''}]"
        self.filled[slot] = clean(text)
        return slot

    def fill(self, sentence: str) -> str:
        """A sentence with its slots replaced by their texts; unknown slots stay, and a check refuses them."""
        return SLOT.sub(lambda match: self.filled.get(match.group(), match.group()), sentence)


def slotted(facts: TurnFacts) -> tuple[TurnFacts, Slots]:
    """The same facts with slots for titles and for values of reasons.

    Template sentences of the result are those of ``facts`` with slots: ``slots.fill`` turns the one into the other.
    """
    slots = Slots()

    def item(original: Item) -> Item:
        return replace(original, title=slots.of(original.title))

    def reason(original: Reason) -> Reason:
        return replace(
            original,
            items=tuple(item(known) for known in original.items),
            values=tuple(slots.of(value) for value in original.values),
        )

    def recommendation(original: Recommendation) -> Recommendation:
        return replace(original, item=item(original.item), reasons=tuple(reason(r) for r in original.reasons))

    recommendations = tuple(recommendation(r) for r in facts.recommendations)
    return replace(facts, recommendations=recommendations, asked=tuple(item(seed) for seed in facts.asked)), slots
