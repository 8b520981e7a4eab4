"""What one turn has to say, and the template sentences that say it.

A template sentence is built from the request in force and the evidence of the recommendations, and from nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from agent.explaining.voices import card_reason
from agent.grounding import Evidence
from agent.naming import NAMED, NEUTRAL_WORDS, CatalogueWords
from agent.plain_text import clean
from agent.saying import ChatVoice, chat_voice
from pipeline.query import Facet, Query, Range, Recommendation
from store.records import Item

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
        language: ISO 639-1 code of what the answer is said in.
    """

    query: Query
    recommendations: tuple[Recommendation, ...]
    asked: tuple[Item, ...] = ()
    liked: frozenset[str] = frozenset()
    unresolved: tuple[str, ...] = ()
    relaxed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    utterance: str = ""
    language: str = "en"

    @property
    def voice(self) -> ChatVoice:
        """Of the language."""
        return chat_voice(self.language)

    def evidence(self) -> Evidence:
        """What a sentence of this turn may say."""
        return Evidence.of(
            self.recommendations,
            liked=self.liked,
            asked=self.asked,
            asked_text=bool(self.query.text),
            asked_picture=bool(self.query.picture),
            texts=(*remarks(self), *_verbatim_parts(self)),
        )


def template_answer(facts: TurnFacts, words: CatalogueWords = NEUTRAL_WORDS) -> tuple[str, ...]:
    """The whole answer by template, sentence by sentence."""
    return (*opening_sentences(facts, words)[:1], *focus_sentences(facts)[:1], *remarks(facts))


def opening_sentences(facts: TurnFacts, words: CatalogueWords = NEUTRAL_WORDS) -> tuple[str, ...]:
    """Ways to open the answer, the plainest first; all say the same: how many, and what was asked."""
    if not facts.recommendations:
        return (facts.voice.say("none_fits"),)
    return facts.voice.open_with(len(facts.recommendations), request_parts(facts), words)


def focus_sentences(facts: TurnFacts) -> tuple[str, ...]:
    """A sentence on each of the first items that has a reason to state."""
    found = []
    for place, recommendation in zip(facts.voice.places, facts.recommendations, strict=False):
        line = card_reason(recommendation.reasons, liked=facts.liked, language=facts.language)
        if line:
            manner = "focus_because" if line.startswith("because") else "focus"
            title = facts.voice.quoted.format(clean(recommendation.item.title))
            found.append(facts.voice.say(manner, title=title, place=place, line=line))
    return tuple(found)


def remarks(facts: TurnFacts) -> tuple[str, ...]:
    """What must be said whatever else is: phrases that link to nothing, parts of the request given up, notes."""
    voice = facts.voice
    found = [voice.say("unknown", phrase=clean(phrase, limit=60)) for phrase in facts.unresolved]
    if facts.relaxed:
        found.append(voice.say("relaxed", parts=voice.comma.join(clean(part) for part in facts.relaxed)))
    return (*found, *(_ended(clean(note)) for note in facts.notes))


def _ended(note: str) -> str:
    return note if note.endswith("。") else f"{note.rstrip('.')}."


def request_parts(facts: TurnFacts) -> tuple[str, ...]:
    """The request in force, part by part: "close to Fargo", "Crime or Drama", "no Horror", "year from 1990 to 1999"."""
    voice = facts.voice
    titles = [voice.quoted.format(clean(item.title)) for item in facts.asked[:NAMED]]
    seeds = (voice.part("close", titles=voice.join(titles)),) if titles else ()
    mood = (voice.part("mood"),) if facts.query.text else ()
    picture = (voice.part("picture"),) if facts.query.picture else ()
    return (*seeds, *picture, *_constraint_parts(facts.query, voice), *mood)


def _constraint_parts(query: Query, voice: ChatVoice) -> tuple[str, ...]:
    constraints = query.constraints
    included = [voice.join(_values(group), alternatives=True) for group in constraints.include if group]
    out = voice.join(_values(constraints.exclude), alternatives=True)
    excluded = [voice.part("out", values=out)] if out else []
    return (*included, *excluded, *_range_and_phrase_parts(query, voice))


def _verbatim_parts(facts: TurnFacts) -> tuple[str, ...]:
    """Parts that a check can't take apart into values: hard constraints, so they hold for whatever is shown."""
    known = (*facts.asked, *(recommendation.item for recommendation in facts.recommendations))
    titles = {clean(item.title) for item in known}
    opaque = [
        p for p in _constraint_parts(facts.query, facts.voice) if _ODD.search(p) or any(title in p for title in titles)
    ]
    return (*_range_and_phrase_parts(facts.query, facts.voice), *opaque)


def _range_and_phrase_parts(query: Query, voice: ChatVoice) -> tuple[str, ...]:
    constraints = query.constraints
    ranges = [_range(name, bounds, voice) for name, bounds in constraints.ranges.items()]
    phrases = [voice.part("with", name=clean(phrase)) for phrase in sorted(constraints.phrases_in)]
    without = [voice.part("without", name=clean(phrase)) for phrase in sorted(constraints.phrases_out)]
    return tuple(part for part in (*ranges, *phrases, *without) if part)


def _values(facets: Iterable[Facet]) -> list[str]:
    return [clean(facet.value) for facet in sorted(facets)]


def _range(attribute: str, bounds: Range, voice: ChatVoice) -> str:
    name = clean(attribute.replace("_", " "))
    low, high = (f"{bound:g}" if bound is not None else "" for bound in (bounds.low, bounds.high))
    if low and high:
        return voice.part("equal" if low == high else "range", name=name, low=low, high=high)
    if low:
        return voice.part("least", name=name, low=low)
    return voice.part("most", name=name, high=high) if high else ""
