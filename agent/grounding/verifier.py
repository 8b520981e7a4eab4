"""Checks a sentence against the evidence before anyone sees it.

The check is closed: a sentence passes only if each of its words is a name that may be named, a value that the items
have, a number that is true of them, a claim whose evidence is there, or one of a small set of words that claim nothing.
What it does not know, it refuses; the caller then says a template sentence instead.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from agent.grounding.claims import false_numbers, false_places, scope, unsupported_claims
from agent.grounding.evidence import Evidence, Violation
from agent.grounding.masking import MARKS, MaskedSentence, Passage, mask, passages_of
from agent.grounding.neutral import CHAT, NEGATIONS, NEUTRAL, NUMBER_WORDS
from agent.grounding.titles import TitleIndex, TitleMatch, Token, title_keys, tokens
from agent.naming import NEUTRAL_WORDS, CatalogueWords
from agent.plain_text import clean
from agent.turns import Card
from pipeline.query import Vocabulary
from store.records import AttributeValue, Item

_PLAIN = re.compile(rf"[\w\s.,;:?'\u2018\u2019\u201c\u201d\"()\u2013\u2014%&/\u2026{MARKS}-]")
_QUOTED = re.compile(r"[“\"]([^“”\"]*)[”\"]")
_SENTENCE_END = re.compile(r"(?<=[.?!…])\s+")
_REACH = 2
"""Words that may stand between a negation and the value that it denies: "no other Horror"."""

_Chain = tuple[tuple[TitleMatch, ...], bool]
"""Values that stand together, and whether one of them is enough."""


class Grounder:
    """Judges sentences by one catalogue.

    Args:
        vocabulary: titles, values and numbers of the catalogue.
        words: what its items are called.
    """

    def __init__(self, vocabulary: Vocabulary, *, words: CatalogueWords = NEUTRAL_WORDS) -> None:
        self._titles = TitleIndex(vocabulary.titles.values())
        self._values = TitleIndex(value for values in vocabulary.facets.values() for value in values)
        self._attributes = tuple(vocabulary.numeric)
        own = f"{words.noun} {words.plural} {' '.join((*vocabulary.facets, *vocabulary.numeric))}".replace("_", " ")
        self._neutral = NEUTRAL | NEGATIONS | {token.key for token in tokens(own)}

    def verify(self, sentence: str, evidence: Evidence) -> tuple[Violation, ...]:
        """What is wrong with one sentence; () where it may be shown.

        Args:
            sentence: through ``clean`` already; invisible characters count as a violation.
            evidence: what it may draw on.
        """
        if sentence != clean(sentence):
            return (Violation("characters", "invisible or untrimmed characters", sentence),)
        passages = passages_of(evidence)
        for text in [text for text, passage in passages.items() if passage.value and self._is_value(text)]:
            del passages[text]  # checked against the items themselves
        found = self._violations(sentence, passages, evidence)
        doubtful = self._ambiguous(sentence, passages) if found else frozenset()
        for plain in (*({title} for title in doubtful), doubtful) if doubtful else ():
            others = {text: passage for text, passage in passages.items() if text not in plain}
            if not self._violations(sentence, others, evidence):
                return ()
        return found

    def _violations(self, sentence: str, passages: Mapping[str, Passage], evidence: Evidence) -> tuple[Violation, ...]:
        masked = mask(sentence, passages)
        return tuple(Violation(kind, text, sentence) for kind, text in self._problems(masked, evidence))

    def _is_value(self, text: str) -> bool:
        words = tokens(text)
        return any(match.tokens == tuple(words) for match in self._values.find(words))

    def _ambiguous(self, sentence: str, passages: Mapping[str, Passage]) -> frozenset[str]:
        """Titles that may be meant as plain words: "Here" in "Here are two films", "Crime" where it is a value too.

        One true reading is enough.
        """
        there = {text: tokens(text) for text in passages if text in sentence}
        return frozenset(text for text, words in there.items() if self._all_plain(words) or self._is_value(text))

    def _problems(self, masked: MaskedSentence, evidence: Evidence) -> Iterator[tuple[str, str]]:
        if strange := "".join(sorted({c for c in masked.text if not _PLAIN.match(c)} | set(_underscores(masked.text)))):
            yield "characters", strange
        words = tokens(masked.text)
        values = [match for match in self._values.find(words) if self._is_named(match, masked.text)]
        yield from (("title", text) for text in self._foreign_titles(masked, values))
        yield from (("quote", text) for text in _foreign_quotes(masked))
        claims = _without(values, masked)
        yield from (("claim", text) for text in unsupported_claims(claims, evidence))
        yield from (("claim", text) for text in false_places(tokens(claims.text), claims, evidence))
        yield from (("number", text) for text in false_numbers(tokens(claims.text), claims, evidence, self._attributes))
        yield from (("value", text) for text in _foreign_reason_values(masked, evidence))
        chains = list(_chains(values, words))
        yield from (("value", text) for text in _false_values(chains, words, scope(masked, evidence)))
        if evidence.items:  # "nothing fits" is true where nothing is shown
            yield from (("negation", text) for text in _loose_negations(chains, words))
        yield from self._unknown_words(words, values, small_talk=evidence.small_talk)

    def _foreign_titles(self, masked: MaskedSentence, values: Sequence[TitleMatch]) -> Iterator[str]:
        value_words = {token.key for match in values for token in match.tokens}
        for match in self._titles.find(tokens(masked.original)):
            rest = [token for token in match.tokens if not _within(token, masked.spans)]
            if not rest:
                continue
            partly_ours = len(rest) < len(match.tokens) and all(token.key in self._neutral for token in rest)
            quoted = _is_quoted(match, masked.original)
            if partly_ours or (not quoted and all(token.key in value_words for token in rest)):
                continue
            if quoted or self._is_named(match, masked.original):
                yield masked.original[match.start : match.end]

    def _is_named(self, match: TitleMatch, text: str) -> bool:
        """Whether a match is meant as a name: words that claim nothing need capitals within the sentence."""
        if not self._all_plain(match.tokens):
            return True
        inner = [token for token in match.tokens if token.start != _first_word(text)]  # any first word has a capital
        return any(token.capitalised for token in inner) and all(
            token.capitalised for token in inner if len(token.text) > 3
        )

    def _all_plain(self, words: Sequence[Token]) -> bool:
        """Whether all words are ones that a sentence may hold without naming anything."""
        return all(word.key in self._neutral or word.key in NUMBER_WORDS for word in words)

    def _unknown_words(
        self, words: Sequence[Token], values: Sequence[TitleMatch], *, small_talk: bool
    ) -> Iterator[tuple[str, str]]:
        in_values = {token.start for match in values for token in match.tokens}
        neutral = self._neutral | CHAT if small_talk else self._neutral
        for i, word in enumerate(words):
            known = word.key in neutral or word.text.casefold() in neutral
            number = word.text.isdigit() or word.key in NUMBER_WORDS
            if not known and not number and word.start not in in_values:
                yield ("name" if i and word.capitalised else "word"), word.text


def sentences(text: str, evidence: Evidence) -> list[str]:
    """Sentences of a text; a full stop or question mark within a known title ends none."""
    masked = mask(clean(text), passages_of(evidence))
    return [masked.unmask(part) for part in _SENTENCE_END.split(masked.text) if part]


def audit(
    answer: str,
    cards: Sequence[Card],
    grounder: Grounder,
    *,
    liked: Collection[str] = (),
    asked: Sequence[Item] = (),
    asked_text: bool = False,
    asked_picture: bool = False,
    texts: Sequence[str] = (),
) -> tuple[Violation, ...]:
    """What a whole answer says beyond the cards it came with; for tests over sampled answers.

    Args:
        answer: the text of the turn.
        cards: what was shown with it.
        grounder: of the catalogue.
        liked: ids that the reader liked.
        asked: items that the reader named.
        asked_text: whether the reader described a mood or topic.
        asked_picture: whether they sent a picture.
        texts: passages that the answer may repeat: notes, the reader's own phrases.
    """
    shown = [card.recommendation for card in cards if card.recommendation is not None]
    seeds = [item for r in shown for reason in r.reasons if reason.kind == "seed" for item in reason.items]
    asked = (*asked, *seeds)
    evidence = Evidence.of(
        shown, liked=liked, asked=asked, asked_text=asked_text, asked_picture=asked_picture, texts=texts
    )
    evidence = replace(evidence, small_talk=not cards)
    return tuple(v for sentence in sentences(answer, evidence) for v in grounder.verify(sentence, evidence))


def _without(values: Sequence[TitleMatch], masked: MaskedSentence) -> MaskedSentence:
    """The sentence with its values blanked: a value such as "Popular Science" claims nothing."""
    text = masked.text
    for match in values:
        text = text[: match.start] + "_" * (match.end - match.start) + text[match.end :]
    return replace(masked, text=text)


def _underscores(text: str) -> str:
    return "_" if "_" in text else ""


def _within(token: Token, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start <= token.start and token.end <= end for start, end in spans)


def _first_word(text: str) -> int:
    words = tokens(text)
    return words[0].start if words else 0


def _is_quoted(match: TitleMatch, text: str) -> bool:
    return text[match.start - 1 : match.start] in ('"', "“") and match.start > 0


def _foreign_quotes(masked: MaskedSentence) -> Iterator[str]:
    for match in _QUOTED.finditer(masked.text):
        if not re.fullmatch(rf"[{MARKS}]", match.group(1).strip()):
            yield masked.unmask(match.group())


def _foreign_reason_values(masked: MaskedSentence, evidence: Evidence) -> Iterator[str]:
    """Values of reasons that some item in scope does not have, neither as a reason nor as its own value."""
    for mark in dict.fromkeys(masked.text):
        passage = masked.passages.get(mark)
        if passage is None or not passage.value:
            continue
        for item in scope(masked, evidence):
            carried = {clean(value) for reason in evidence.reasons_of(item) for value in reason.values}
            if passage.text not in carried and not title_keys(passage.text) & _value_keys(item):
                yield passage.text
                break


def _chains(values: Sequence[TitleMatch], words: Sequence[Token]) -> Iterator[_Chain]:
    """Runs of values joined by "or", "and" or commas, with whether one of them is enough ("or")."""
    position = {token.start: i for i, token in enumerate(words)}
    chain: list[TitleMatch] = []
    any_of = False
    for match in values:
        if chain and position[match.start] < position[chain[-1].tokens[-1].start] + 1:
            continue  # lies within the value before it
        between = words[position[chain[-1].tokens[-1].start] + 1 : position[match.start]] if chain else []
        if chain and not (len(between) <= 1 and all(word.key in ("or", "and") for word in between)):
            yield tuple(chain), any_of
            chain, any_of = [], False
        any_of = any_of or any(word.key == "or" for word in between)
        chain.append(match)
    if chain:
        yield tuple(chain), any_of


def _denied(chain: Sequence[TitleMatch], words: Sequence[Token], chains: Sequence[_Chain]) -> Token | None:
    """The negation in front of a chain of values, if there is one and no other value stands between."""
    first = next(i for i, word in enumerate(words) if word.start == chain[0].start)
    in_values = {token.start for other, _ in chains for match in other for token in match.tokens}
    for word in reversed(words[max(0, first - 1 - _REACH) : first]):
        if word.start in in_values:
            return None
        if word.key in NEGATIONS:
            return word
    return None


def _false_values(chains: Sequence[_Chain], words: Sequence[Token], items: Sequence[Item]) -> Iterator[str]:
    for chain, any_of in chains:
        keys = [match.key for match in chain]
        for item in items:
            has = [bool(title_keys(" ".join(key)) & _value_keys(item)) for key in keys]
            denied = _denied(chain, words, chains) is not None
            true = not any(has) if denied else any(has) if any_of else all(has)
            if not true:
                yield ", ".join(" ".join(key) for key in keys)
                break


def _loose_negations(chains: Sequence[_Chain], words: Sequence[Token]) -> Iterator[str]:
    """Negations that deny no value: "not popular", "none of these fit"."""
    used = {token.start for chain, _ in chains if (token := _denied(chain, words, chains)) is not None}
    return (word.text for word in words if word.key in NEGATIONS and word.start not in used)


def _value_keys(item: Item) -> frozenset[tuple[str, ...]]:
    texts = [*item.categories, *(text for value in item.attributes.values() for text in _texts(value))]
    return frozenset(key for text in texts for key in title_keys(text))


def _texts(value: AttributeValue) -> Sequence[str]:
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, Sequence) else ()
