"""From an utterance to a typed request: slots by rules over the catalogue's own words, the intent by what was learned.

The order matters and is the design: what is unmistakable is claimed first (titles in quotes or capitals, phrases of the
language), then what a cue makes likely, then numbers, values, people, relative wishes; what remains is the mood. Rules
name an intent too; learned ones see that and the sentence, and have the last word where they are sure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from threading import Lock
from types import MappingProxyType

from agent import language as cue_labels
from agent.chinese import ChineseReader, is_chinese
from agent.corrections import take_corrections
from agent.counts import link_count
from agent.critiques import add_negated_words, link_critiques
from agent.doubts import doubts_of, prefer_known
from agent.english import ENGLISH
from agent.intent_features import Features, features
from agent.intent_model import LearnedIntents, settled
from agent.intents import intent_of, takes_back
from agent.language import Language
from agent.lexicon import Lexicon
from agent.misspelt_titles import link_misspelt
from agent.people_links import link_people
from agent.polarity import settle_polarity
from agent.ranges import link_ranges
from agent.reading import CONNECTORS, Context, Mention, Reading
from agent.references import link_references
from agent.request import FacetRef, Intent, Manner, RangeRef, Request
from agent.role_links import let_go, link_told_titles, settle_sides
from agent.title_frames import link_frames
from agent.title_links import link_quotes, link_slots, link_titles
from agent.tokens import clean, read, value_key
from agent.value_links import grouped, link_values
from pipeline.catalogue import Catalogue
from pipeline.query import Vocabulary
from store.records import Item

_BESIDES = frozenset(("besides", "other than", "apart from", "aside from", "except", "except for"))
_MAX_MOOD = 200
# Words between the start of a wish and the value that it is about.
_NEAR = 5


class Understander:
    """Understands utterances about one catalogue, and follows it as it changes. Safe to call from several threads.

    Args:
        vocabulary: gives the vocabulary in force.
        items: gives items by external id.
        language: word lists.
        intents: learned ones; None leaves the intent to the rules.
    """

    def __init__(
        self,
        vocabulary: Callable[[], Vocabulary],
        items: Callable[[Sequence[str]], Sequence[Item]],
        *,
        language: Language = ENGLISH,
        intents: LearnedIntents | None = None,
    ) -> None:
        self._vocabulary = vocabulary
        self._items = items
        self._language = language
        self._intents = intents
        self._rewrites = re.compile(rf"\b(?:{'|'.join(map(re.escape, language.rewrites))})\b", re.IGNORECASE)
        self._lexicon: Lexicon | None = None
        self._chinese: tuple[Lexicon, ChineseReader] | None = None
        self._building = Lock()

    @classmethod
    def over(
        cls,
        catalogue: Catalogue,
        *,
        intents: LearnedIntents | None = None,
        popularity: Mapping[str, int] = MappingProxyType({}),
    ) -> Understander:
        """For a catalogue that does not change; ``popularity`` by item, to choose among namesakes."""
        items = {item.item_id: item for item in catalogue.items}
        vocabulary = replace(catalogue.vocabulary, popularity=popularity)
        return cls(lambda: vocabulary, lambda ids: [items[item_id] for item_id in ids], intents=intents)

    @property
    def lexicon(self) -> Lexicon:
        """Tables over the vocabulary in force, rebuilt when it has changed."""
        vocabulary = self._vocabulary()
        lexicon = self._lexicon
        if lexicon is not None and lexicon.vocabulary is vocabulary:
            return lexicon
        with self._building:
            if self._lexicon is None or self._lexicon.vocabulary != vocabulary:
                self._lexicon = Lexicon(
                    vocabulary, self._items(list(vocabulary.titles)), self._language, previous=self._lexicon
                )
            return self._lexicon

    def _in_english(self, utterance: str, lexicon: Lexicon) -> tuple[str, tuple[str, ...]]:
        """A request in Chinese in English words, with the phrases that nothing is known of; others as they are."""
        if not is_chinese(utterance):
            return utterance, ()
        held = self._chinese
        if held is None or held[0] is not lexicon:
            held = self._chinese = (lexicon, ChineseReader(lexicon))
        return held[1].in_english(clean(utterance))

    def _rewritten(self, utterance: str) -> str:
        return self._rewrites.sub(lambda match: self._language.rewrites[match[0].casefold()], utterance)

    def understand(self, utterance: str, context: Context | None = None, *, wish: bool = False) -> Request:
        """The request of one utterance, not yet merged with what was asked before.

        Args:
            utterance: what was said.
            context: what was on the table.
            wish: it was typed as a part of the request, where nobody chats: intents are left to the rules.

        Raises:
            InputError: longer than ``tokens.MAX_CHARACTERS``.
        """
        linked = self.read(utterance, context)
        request = request_of(linked, None if wish else self._intents)
        doubts = doubts_of(linked.reading, request)
        return request.model_copy(update={"doubts": doubts}) if doubts else request

    def read(self, utterance: str, context: Context | None = None) -> Linked:
        """What the rules link. Raises ``InputError`` as ``understand`` does."""
        lexicon = self.lexicon
        utterance, unknown = self._in_english(utterance, lexicon)
        reading = Reading(read(self._rewritten(utterance)), lexicon, context or Context())
        if self._intents and self._intents.roles:
            reading.roles = self._intents.roles.of(reading)
        link_misspelt(reading)
        link_titles(reading)
        link_quotes(reading)
        link_told_titles(reading)
        reading.find_cues()
        link_slots(reading)
        link_frames(reading)
        reset = _reset(reading)
        ranges = link_ranges(reading)
        link_values(reading)
        link_people(reading)
        link_references(reading)
        take_corrections(reading)
        let_go(reading)
        link_critiques(reading)
        count = link_count(reading)
        add_negated_words(reading, settle_polarity(reading))
        settle_sides(reading)
        prefer_known(reading)
        return Linked(reading, ranges, count, reset, unknown)


@dataclass(frozen=True)
class Linked:
    """A reading when all linking is done."""

    reading: Reading
    ranges: tuple[RangeRef, ...]
    count: int | None
    reset: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    """Phrases of another language that nothing is known of."""

    @cached_property
    def mood(self) -> str:
        """What no slot covers."""
        return _mood(self.reading)

    @cached_property
    def constrained(self) -> bool:
        """Whether values, people, ranges or relative wishes were found."""
        found = self.reading.of_kind("value", "person")
        return bool(found or self.ranges or self.reading.critiques or self.reading.notes)

    @cached_property
    def rule(self) -> Intent:
        """The intent by the rules."""
        return intent_of(self.reading, mood=self.mood, count=self.count, constrained=self.constrained)

    def features(self) -> Features:
        """What learned intents see of it."""
        return features(self.reading, self.rule, mood=self.mood, count=self.count, constrained=self.constrained)


def request_of(linked: Linked, intents: LearnedIntents | None) -> Request:
    """The request; None for ``intents`` leaves the intent to the rules."""
    reading, reset, mood = linked.reading, linked.reset, linked.mood
    values = reading.of_kind("value")
    people = reading.of_kind("person")
    inside = grouped(reading, [mention for mention in values if not mention.negative])
    outside = tuple(dict.fromkeys(ref for mention in values if mention.negative for ref in mention.refs))
    inside = tuple(group for group in inside if not set(group) & set(outside))
    intent = settled(linked.rule, reading, linked.features(), intents) if intents else linked.rule
    if reset and intent not in (Intent.SIMILAR, Intent.COMPARE, Intent.DETAILS):
        intent = Intent.RECOMMEND if linked.constrained and "*" not in reset else Intent.UNDO
    if intent in (Intent.SMALL_TALK, Intent.OUT_OF_SCOPE):
        return Request(intent=intent)
    like, unlike, seen, refers = _items(reading, intent)
    if intent.asks and (like or unlike or refers):
        # "Is Heat a comedy?" asks about the genre and constrains nothing.
        return Request(intent=intent, items_like=like, items_unlike=unlike, refers_to=refers, seen=seen)
    either = _either_person(reading, people)
    return Request(
        intent=intent,
        facets_in=inside,
        facets_out=outside,
        ranges=linked.ranges,
        people_in=tuple(dict.fromkeys(m.text for m in people if not m.negative and not either)),
        people_out=tuple(dict.fromkeys(m.text for m in people if m.negative)),
        people_either=tuple(dict.fromkeys(m.text for m in people if not m.negative and either)),
        items_like=like,
        items_unlike=unlike,
        critiques=() if intent.asks else tuple(reading.critiques),
        mood=" ".join([mood, *(m.text for m in people if either and not m.negative)]).strip() if intent.wishes else "",
        count=linked.count,
        refers_to=refers,
        unresolved=tuple(dict.fromkeys((*reading.unresolved, *(linked.unknown if intent.wishes else ())))),
        seen=seen,
        judged=tuple(item for item in (*like, *unlike) if item in _judged(reading)),
        manner=_manner(reading, inside),
        reset=reset,
        references=tuple(m.text for m in reading.of_kind("reference")),
        notes=tuple(reading.notes),
    )


def _items(reading: Reading, intent: Intent) -> tuple[tuple[str, ...], ...]:
    """Items liked, disliked, known already, and referred to."""
    like: list[str] = []
    unlike: list[str] = []
    seen: list[str] = []
    refers: list[str] = []
    for mention in reading.of_kind("title", "reference"):
        if mention.compared:
            continue
        if mention.kind == "reference" or intent.asks:
            refers += mention.items
        if intent.asks and not (mention.negative and mention.kind == "title" and intent == Intent.DETAILS):
            continue
        if mention.cue == cue_labels.SEEN or (mention.negative and _set_aside(reading, mention)):
            seen += mention.items
        elif mention.negative:
            unlike += mention.items
        elif mention.kind == "title" or mention.cue in (cue_labels.LIKE, cue_labels.AS, cue_labels.MORE):
            like += mention.items
    like = [item for item in like if item not in unlike]
    seen = [item for item in seen if item not in like and item not in unlike]
    return tuple(tuple(dict.fromkeys(items)) for items in (like, unlike, seen, refers))


def _judged(reading: Reading) -> set[str]:
    cues = (cue_labels.LIKE, cue_labels.DISLIKE)
    return {item for mention in reading.of_kind("title", "reference") if mention.cue in cues for item in mention.items}


def _set_aside(reading: Reading, mention: Mention) -> bool:
    """ "besides Fargo": not again, but not disliked either."""
    return any(
        cue.end <= mention.start <= cue.end + 2 and " ".join(reading.folds[cue.start : cue.end]) in _BESIDES
        for cue in reading.cues
    )


def _either_person(reading: Reading, people: list[Mention]) -> bool:
    # Constraints on people are a conjunction: "Hanks or Hanks" would forbid what it asks for, so it steers by text.
    inside = [mention for mention in people if not mention.negative]
    return any("or" in reading.folds[a.end : b.start] for a, b in pairwise(inside))


def _mood(reading: Reading) -> str:
    """What remains: content words in their order, hyphens kept."""
    language = reading.lexicon.language
    # "Price below 60": the attribute's name was part of the range.
    names = {part for name in reading.lexicon.vocabulary.numeric for part in re.split(r"[^a-z]+", name.casefold())}
    kept: list[str] = []
    last = -2
    unminded = _unminded(reading)
    for place, word in enumerate(reading.utterance.words):
        neutral = word.fold in language.neutral_nouns and not (kept and last == place - 1 and word.gap == "-")
        if reading.taken[place] == "value" and _specific(reading, place):
            kept.append(word.text.casefold())
            continue
        if reading.taken[place] is not None or reading.cue_at(place) or reading.stop(place) or neutral:
            continue
        if place in unminded:
            continue
        if (
            word.fold in CONNECTORS | names
            or word.fold in language.articles
            or word.fold.isdigit()
            or len(word.fold) < 2
        ):
            continue
        text = word.text.casefold() if not word.capital or place == 0 else word.text
        if last == place - 1 and word.gap == "-":
            kept[-1] += f"-{text}"
        else:
            kept.append(text)
        last = place
    return " ".join(dict.fromkeys(kept))[:_MAX_MOOD].strip()


def _specific(reading: Reading, place: int) -> bool:
    """Whether this word belongs to a value that was said more precisely than the catalogue has it."""
    mention = next((m for m in reading.of_kind("value") if m.start <= place < m.end and not m.negative), None)
    said = " ".join(reading.folds[mention.start : mention.end]) if mention else ""
    return said in reading.lexicon.language.specific


def _unminded(reading: Reading) -> set[int]:
    """What follows "I don't mind": neither wanted nor unwanted."""
    places: set[int] = set()
    for cue in reading.cues:
        if cue.label == cue_labels.FILLER and {"mind", "care", "matter"} & set(reading.folds[cue.start : cue.end]):
            places |= set(range(cue.end, reading.run_end(cue.end, len(reading))))
    return places


def _reset(reading: Reading) -> tuple[str, ...]:
    """ "start over", "forget the genre", "any year", "drop Horror": what to forget."""
    if reading.has(cue_labels.RESET) and takes_back(reading):
        return ("*",)
    found: list[str] = []
    for cue in list(reading.cues):
        said = " ".join(reading.folds[cue.start : cue.end])
        if cue.label != cue_labels.FORGET and said not in ("remove", "skip", "skip the"):
            continue
        target, end = _forgotten(
            reading, cue.end, weak=said in ("any", "remove", "skip", "skip the", "clear", "ignore")
        )
        if target:
            found.append(target)
            reading.claim(cue.start, end, "reset")
            reading.cues.remove(cue)
    return tuple(dict.fromkeys(found))


def _forgotten(reading: Reading, place: int, *, weak: bool) -> tuple[str, int]:
    while place < len(reading) and reading.folds[place] in (
        "the",
        "my",
        "about",
        "no",
        "not",
        "in",
        "from",
        "with",
        "a",
    ):
        place += 1
    if place >= len(reading):
        return "", place
    lexicon = reading.lexicon
    word = reading.folds[place]
    end = place + 1
    if word in _ATTRIBUTE_WORDS:
        target = _ATTRIBUTE_WORDS[word]
        target = lexicon.numeric_roles.get(target, target)
    elif any(
        word in re.split(r"[^a-z]+", name.casefold())
        for name in (*lexicon.vocabulary.facets, *lexicon.vocabulary.numeric)
    ):
        names = (*lexicon.vocabulary.facets, *lexicon.vocabulary.numeric)
        target = next(name for name in names if word in re.split(r"[^a-z]+", name.casefold()))
    elif not weak:
        target, end = _forgotten_value(reading, place)
    else:
        target = ""
    while (
        target
        and end < len(reading)
        and reading.folds[end] in ("range", "filter", "constraint", "limit", "part", "is", "fine")
    ):
        end += 1
    return target, end


def _forgotten_value(reading: Reading, place: int) -> tuple[str, int]:
    stop = reading.run_end(place, 5)
    for end in range(stop, place, -1):
        refs: tuple[FacetRef, ...] = reading.lexicon.values.get(value_key(reading.folds[place:end]), ())
        if refs:
            return f"{refs[0].attribute}={refs[0].value}", end
    name = reading.lexicon.people.get(" ".join(reading.folds[place : place + 2]))
    return (f"person={name}", place + 2) if name else ("", place)


# What people call the parts of a request; roles of numeric attributes are looked up in the catalogue.
_ATTRIBUTE_WORDS = {
    "genre": "category",
    "genres": "category",
    "category": "category",
    "categories": "category",
    "type": "category",
    "year": "year",
    "years": "year",
    "decade": "year",
    "date": "year",
    "era": "year",
    "price": "price",
    "budget": "price",
    "cost": "price",
    "length": "duration",
    "runtime": "duration",
    "duration": "duration",
    "actor": "people",
    "actors": "people",
    "people": "people",
    "person": "people",
    "director": "people",
    "mood": "mood",
    "topic": "mood",
    "number": "count",
    "titles": "titles",
}


def _manner(reading: Reading, inside: tuple[tuple[FacetRef, ...], ...]) -> Manner:
    """How the request joins the one in force (see ``Request.manner``)."""
    if reading.has(cue_labels.INSTEAD):
        return "instead"
    if reading.has(cue_labels.ALSO):
        return "also"
    asks = (reading.has(cue_labels.WANT) or _opens_with_article(reading)) and not reading.has(
        cue_labels.ONLY, cue_labels.MORE
    )
    if asks and inside and not reading.has(cue_labels.CONTRAST, cue_labels.AS) and _names_the_wanted(reading):
        return "ask"
    return "more" if reading.has(cue_labels.MORE) and not inside else "refine"


def _opens_with_article(reading: Reading) -> bool:
    """ "A western from 1997", "five comedies": something of its own, not a change to what is there."""
    return bool(reading.folds) and (reading.folds[0] in ("a", "an", "some") or reading.taken[0] == "count")


def _names_the_wanted(reading: Reading) -> bool:
    """ "show me a western", "find comedies": a wanting word, and soon after it the value.

    "Please make it funny" and "something funny" narrow instead.
    """
    values = [mention for mention in reading.of_kind("value") if not mention.negative]
    wants = [cue for cue in reading.cues if cue.label == cue_labels.WANT and reading.folds[cue.start] != "please"]
    if _opens_with_article(reading) and any(value.start <= _NEAR for value in values):
        return True
    for cue in wants:
        for value in values:
            between = reading.folds[cue.end : value.start]
            if (
                value.start >= cue.end
                and len(between) <= _NEAR
                and "something" not in between
                and "ones" not in reading.folds
            ):
                return True
    return False
