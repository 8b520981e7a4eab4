"""What one turn has to say, and the template sentences that say it.

A template sentence is built from the request in force and the evidence of the recommendations, and from nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from agent.explaining.voices import card_reason
from agent.grounding import Evidence
from agent.naming import NEUTRAL_WORDS, CatalogueWords, join_and, named
from agent.plain_text import clean
from pipeline.query import Facet, Query, Range, Recommendation
from store.records import Item

_PLACES = ("comes first", "comes second", "comes third")
"""From among this many of the first items, one gets a sentence of its own."""

_ODD = re.compile(r"[^\w\s,&/'-]|_")


@dataclass(frozen=True)
class TurnFacts:
    """One turn that answers with recommendations, possibly none.

    Attributes:
        query: the request in force.
        recommendations: what is shown, best first.
        asked: the items behind ``query.seeds``.
        liked: ids of items that the reader is known to have liked.
        unresolved: phrases of the reader that link to nothing in the catalogue.
        relaxed: parts of the request that were given up so that something fits, in the manner of ``request_parts``.
        notes: whole sentences that the reader should hear, from the pipeline or the dialogue.
        utterance: what the reader said; a model may see it, delimited.
    """

    query: Query
    recommendations: tuple[Recommendation, ...]
    asked: tuple[Item, ...] = ()
    liked: frozenset[str] = frozenset()
    unresolved: tuple[str, ...] = ()
    relaxed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    utterance: str = ""

    def evidence(self) -> Evidence:
        """What a sentence of this turn may say."""
        return Evidence.of(
            self.recommendations,
            liked=self.liked,
            asked=self.asked,
            asked_text=bool(self.query.text),
            texts=(*remarks(self), *_verbatim_parts(self)),
        )


def template_answer(facts: TurnFacts, words: CatalogueWords = NEUTRAL_WORDS) -> tuple[str, ...]:
    """The whole answer by template, sentence by sentence."""
    return (*opening_sentences(facts, words)[:1], *focus_sentences(facts)[:1], *remarks(facts))


def opening_sentences(facts: TurnFacts, words: CatalogueWords = NEUTRAL_WORDS) -> tuple[str, ...]:
    """Ways to open the answer, the plainest first; all say the same: how many, and what was asked."""
    number = len(facts.recommendations)
    if not number:
        return ("Nothing in the catalogue fits all of that.",)
    count = words.count(number)
    here = "here is" if number == 1 else "here are"
    parts = ", ".join(request_parts(facts))
    if not parts:
        return f"{_capital(here)} {count} for you.", f"{_capital(count)} for you."
    return (
        f"{_capital(here)} {count}, as you asked: {parts}.",
        f"{_capital(count)} for what you asked: {parts}.",
        f"You asked for this: {parts}; {here} {count}.",
    )


def focus_sentences(facts: TurnFacts) -> tuple[str, ...]:
    """A sentence on each of the first items that has a reason to state."""
    found = []
    for place, recommendation in zip(_PLACES, facts.recommendations, strict=False):
        line = card_reason(recommendation.reasons, liked=facts.liked)
        if line:
            joint = " " if line.startswith("because") else ": "
            found.append(f"{clean(recommendation.item.title)} {place}{joint}{line}.")
    return tuple(found)


def remarks(facts: TurnFacts) -> tuple[str, ...]:
    """What must be said whatever else is: phrases that link to nothing, parts of the request given up, notes."""
    found = [f"I found nothing called “{clean(phrase, limit=60)}”." for phrase in facts.unresolved]
    if facts.relaxed:
        found.append(f"Nothing fits all of it, so I left out: {', '.join(clean(part) for part in facts.relaxed)}.")
    return (*found, *(f"{clean(note).rstrip('.')}." for note in facts.notes))


def request_parts(facts: TurnFacts) -> tuple[str, ...]:
    """The request in force, part by part: "close to Fargo", "Crime or Drama", "no Horror", "year from 1990 to 1999"."""
    seeds = (f"close to {named(facts.asked)}",) if facts.asked else ()
    mood = ("matching your words",) if facts.query.text else ()
    return (*seeds, *_constraint_parts(facts.query), *mood)


def _constraint_parts(query: Query) -> tuple[str, ...]:
    constraints = query.constraints
    included = [join_and(_values(group), last="or") for group in constraints.include if group]
    excluded = [f"no {join_and(_values(constraints.exclude), last='or')}"] if constraints.exclude else []
    return (*included, *excluded, *_range_and_phrase_parts(query))


def _verbatim_parts(facts: TurnFacts) -> tuple[str, ...]:
    """Parts that a check can't take apart into values: hard constraints, so they hold for whatever is shown."""
    known = (*facts.asked, *(recommendation.item for recommendation in facts.recommendations))
    titles = {clean(item.title) for item in known}
    opaque = [p for p in _constraint_parts(facts.query) if _ODD.search(p) or any(title in p for title in titles)]
    return (*_range_and_phrase_parts(facts.query), *opaque)


def _range_and_phrase_parts(query: Query) -> tuple[str, ...]:
    constraints = query.constraints
    ranges = [_range(name, bounds) for name, bounds in constraints.ranges.items()]
    phrases = [f"with {clean(phrase)}" for phrase in sorted(constraints.phrases_in)]
    without = [f"without {clean(phrase)}" for phrase in sorted(constraints.phrases_out)]
    return tuple(part for part in (*ranges, *phrases, *without) if part)


def _values(facets: Iterable[Facet]) -> list[str]:
    return [clean(facet.value) for facet in sorted(facets)]


def _range(attribute: str, bounds: Range) -> str:
    name = clean(attribute.replace("_", " "))
    if bounds.low is not None and bounds.high is not None:
        return f"{name} {bounds.low:g}" if bounds.low == bounds.high else f"{name} {bounds.low:g} to {bounds.high:g}"
    if bounds.low is not None:
        return f"{name} at least {bounds.low:g}"
    return f"{name} at most {bounds.high:g}" if bounds.high is not None else ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
