"""The words of one natural language that understanding needs; another language is another ``Language``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

# Labels of cues: what the words around a mention say about it.
NEGATE = "negate"  # "no", "without", "anything but"
LIKE = "like"  # "loved", "my favourite is"
DISLIKE = "dislike"  # "hated", "can't stand"
SEEN = "seen"  # "already watched"
AS = "as"  # "something like", "similar to"
PERSON = "person"  # "starring", "directed by"
WANT = "want"  # "recommend", "looking for"
ONLY = "only"  # "only", "nothing but"
CONTRAST = "contrast"  # "but", "however"
INSTEAD = "instead"  # "instead", "actually"
ALSO = "also"  # "also", "as well"
MORE = "more"  # "others", "what else"
EXPLAIN = "explain"  # "why"
COMPARE = "compare"  # "difference between"
DETAILS = "details"  # "tell me about"
UNDO = "undo"  # "go back"
RESET = "reset"  # "start over"
FORGET = "forget"  # "forget the", "drop the"
PRAISE = "praise"  # after a mention: "was great"
BLAME = "blame"  # after a mention: "is not my thing"
FILLER = "filler"  # negations and likes that mean nothing: "no problem", "I'd like"


@dataclass(frozen=True)
class Language:
    """Word lists, all case-folded, without apostrophes and accents ("dont", "cafe").

    Attributes:
        stop_words: words that never carry content.
        common_words: everyday words that do carry content but do not make a title recognisable by themselves.
        neutral_nouns: names of "an item" of any catalogue, singular and plural.
        articles: dropped at the start of titles.
        cues: label -> phrases; the longest phrase wins where several begin at one word.
        synonyms: phrase -> catalogue values it may mean, first existing one acts.
        specific: synonyms that say more than the value: they stay in the mood as well.
        rewrites: phrase -> what it stands for, before anything is read.
        corrections: phrases behind which stands what was meant in place of what was said.
        small_talk: phrases of which an utterance may consist without wanting anything.
        out_of_scope: regular expressions for what no catalogue answers.
        numbers: number words.
        vague_counts: phrase -> number.
        ordinals: word -> 1-based position, -1 for the last.
        pronouns: words that mean the item in focus.
        plural_pronouns: words that mean all shown items.
        decades: word -> first two or last two digits of a decade ("nineties" -> 90).
        roles: role of a numeric attribute -> words found in such an attribute's name.
        units: unit word -> (role, factor to the role's base unit: minutes, euros, grams, ...).
        scales: adjective -> (role, direction): "cheap" -> ("price", "less").
        comparatives: comparative -> plain adjective, where it is a quality and not on a numeric scale.
        opposites: quality -> words for its opposite, used where less of it is wanted.
        qualities: plain adjectives that may follow "too", "not", "less", "more".
        at_most, below, at_least, above: comparators; the second and fourth are strict.
        or_less, or_more: suffix comparators ("or less").
    """

    stop_words: frozenset[str]
    common_words: frozenset[str]
    neutral_nouns: frozenset[str]
    articles: frozenset[str]
    cues: Mapping[str, tuple[str, ...]]
    synonyms: Mapping[str, tuple[str, ...]]
    specific: frozenset[str]
    rewrites: Mapping[str, str]
    corrections: tuple[str, ...]
    small_talk: tuple[str, ...]
    out_of_scope: tuple[str, ...]
    numbers: Mapping[str, int]
    vague_counts: Mapping[str, int]
    ordinals: Mapping[str, int]
    pronouns: frozenset[str]
    plural_pronouns: frozenset[str]
    decades: Mapping[str, int]
    roles: Mapping[str, tuple[str, ...]]
    units: Mapping[str, tuple[str, float]]
    scales: Mapping[str, tuple[str, str]]
    comparatives: Mapping[str, str]
    opposites: Mapping[str, str]
    qualities: frozenset[str]
    at_most: tuple[str, ...]
    below: tuple[str, ...]
    at_least: tuple[str, ...]
    above: tuple[str, ...]
    or_less: tuple[str, ...]
    or_more: tuple[str, ...]


class PhraseTable:
    """Longest-match lookup of phrases (sequences of folded words) with a label each."""

    def __init__(self, phrases: Iterable[tuple[str, str]]) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for phrase, label in phrases:
            words = tuple(phrase.split())
            self._by_first.setdefault(words[0], []).append((words, label))
        for entries in self._by_first.values():
            entries.sort(key=lambda entry: -len(entry[0]))

    def match(self, words: Sequence[str], start: int) -> tuple[int, str] | None:
        """(number of words, label) of the longest phrase that begins at ``start``."""
        for phrase, label in self._by_first.get(words[start], ()):
            if tuple(words[start : start + len(phrase)]) == phrase:
                return len(phrase), label
        return None
