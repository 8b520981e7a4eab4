"""The catalogue's own words: which values, titles, people and numbers an utterance can mean.

Built once per vocabulary; 10,000 items take about a second. Everything that understanding links, it links through here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from rapidfuzz import fuzz, process

from agent.language import DISLIKE, LIKE, SEEN, Language, PhraseTable
from agent.request import FacetRef
from agent.title_names import TitleEntry, bare_title, instalments, title_names, year_in
from agent.tokens import fold, stem, title_key, value_key, words_of
from pipeline.query import Vocabulary
from store.records import Item

MAX_VALUE_WORDS = 6
MAX_TITLE_WORDS = 14
MAX_PART_WORDS, MIN_PART_LETTERS = 4, 6
"""Of a part of a title that stands for the whole."""

# A dot belongs to an initial or a "Jr.", otherwise it ends the sentence and the name with it.
_NAME_WORD = r"(?:(?:[A-Z]|Jr|Sr|St|Dr|Mr|Mrs)\.|[A-Z][\w'\u2019\-]*)"
_NAME = rf"{_NAME_WORD}(?: (?:{_NAME_WORD}|de|da|del|van|von|der|la|le|di)){{1,3}}"
_CREDITS = re.compile(
    r"(?i:directed by|director|starring|stars|featuring|features|cast including|cast includes|cast of|including|"
    r"alongside|performances by|performances from|actors?|actress(?:es)?|written by|works? of|played by|"
    rf"portrayed by) (?:the )?(?:[a-z]+ ){{0,2}}({_NAME})"
)
_LISTED = re.compile(rf"(?i:and|,) (?:the )?(?:[a-z]+ ){{0,2}}({_NAME})")
"""Beside somebody who is credited, or beside another title."""
_DIRECTED = re.compile(rf"(?i:directed by|director) ({_NAME})")
_NAMES = re.compile(rf"(?<![.!?\"“] )({_NAME})")
_WORDS = re.compile(r"[^\W_]+")
_OUTSHINES = 5
"""Times as many readers: by whom a title is meant whose whole name it is not."""
_FAR_MORE = 2
"""Times as often as another of the same surname: who is then meant by it."""
_CREDITED = 3
"""Credits that make a name of what looks like the beginning of a sentence."""


class _Told(NamedTuple):
    """The texts of an item, the names that credits in them give (``starred``: without those of a list), all capitalised
    names, and all words."""

    title: str
    description: str
    starred: frozenset[str]
    credited: frozenset[str]
    named: frozenset[str]
    words: frozenset[str]

    @classmethod
    def read(cls, item: Item) -> _Told:
        text = item.description
        words = frozenset(_WORDS.findall(fold(f"{item.title} {text}".casefold())))
        starred = _names(_CREDITS, text)
        return cls(item.title, text, starred, starred | _names(_LISTED, text), _names(_NAMES, text), words)


class Lexicon:
    """Tables over one vocabulary.

    Attributes:
        values: stemmed key -> values it means (several where it is the common head of several).
        titles: key without leading article -> entries.
        numeric_roles: role ("year", "price") -> attribute of this catalogue.
        single_valued: attributes of which an item has at most one value.
    """

    def __init__(
        self, vocabulary: Vocabulary, items: Iterable[Item], language: Language, *, previous: Lexicon | None = None
    ) -> None:
        self.vocabulary = vocabulary
        self.language = language
        self.items: dict[str, Item] = {item.item_id: item for item in items}
        self.numeric_roles = _numeric_roles(vocabulary, language)
        self.single_valued = _single_valued(vocabulary)
        # In the vocabulary's order, for whoever needs the first one.
        self.single_valued_order = tuple(name for name in vocabulary.facets if name in self.single_valued)
        self.values = _values(vocabulary)
        self._add_synonyms()
        whole = {value_key(words_of(ref.value)) for refs in self.values.values() for ref in refs}
        self.kinds = frozenset(noun for noun in language.neutral_nouns if value_key([noun]) in whole)
        """What names any item elsewhere and only some of this catalogue's: "tool" where there are plants too."""
        self._value_words = [key for key in self.values if len(key) >= 5]
        self._two_word_values = [key for key in self.values if key.count(" ") == 1]
        self.titles = self._titles()
        self._keys_by_word = _by_word(self.titles, language)
        known = previous._parts_by_key if previous else {}
        self._parts_by_key = {key: known[key] if key in known else _parts_of(key, language) for key in self.titles}
        self.parts = _own_parts(self.titles, self._parts_by_key)
        self._fuzzy_keys = [key for key in self.titles if len(key) >= 4]
        self.cues = PhraseTable((phrase, label) for label, phrases in language.cues.items() for phrase in phrases)
        self.judging = frozenset(phrase for label in (LIKE, DISLIKE, SEEN) for phrase in language.cues[label])
        self.small_talk = frozenset(language.small_talk)
        self.text = "\n".join(f"{item.title} {item.description}".casefold() for item in self.items.values())
        self._told = self._told_by_item(previous)
        self.words = frozenset().union(*(told.words for told in self._told.values()))
        """Every word of a title or description."""
        self._mentions = self._counted_names()
        """How many items' texts have a name, by its key."""
        self.people = self._people()
        self._lengthen_names()
        self.namesakes = _bearers(self.people, self._mentions, language)
        """Last names, and how many texts name each of those who have it, the most first."""
        self.surnames = _surnames(self.namesakes)
        self.first_names = frozenset(key.split()[0] for key in self.people)

    # -- values

    def _add_synonyms(self) -> None:
        for phrase, targets in self.language.synonyms.items():
            key = value_key(phrase.split())
            if key in self.values:
                continue
            for target in targets:
                found = self.values.get(value_key(target.split()))
                if found:
                    self.values[key] = found
                    break

    def names_value(self, word: str) -> bool:
        """Whether a word is a value's own name, not a synonym of it."""
        key = value_key([word])
        return any(key in value_key(words_of(ref.value)).split() for ref in self.values.get(key, ()))

    def nearest_value(self, word: str) -> tuple[FacetRef, ...]:
        """Values whose key is a slip of the pen away from one word of at least five letters."""
        key = stem(word)
        if 3 <= len(key) < 5 and word not in self.language.common_words:
            begun = [name for name in self._value_words if name.startswith(key) and len(name) >= 2 * len(key)]
            return self.values[begun[0]] if len(begun) == 1 else ()
        if len(key) < 5:
            return ()
        near = process.extractOne(key, self._value_words, scorer=fuzz.ratio, score_cutoff=82)
        return self.values[near[0]] if near and near[0][0] == key[0] else ()

    def nearest_of_two(self, first: str, second: str) -> tuple[FacetRef, ...]:
        """Values of two words that are a slip of the pen in one of them away: "ful sun"."""
        key = value_key([first, second])
        near = process.extractOne(key, self._two_word_values, scorer=fuzz.ratio, score_cutoff=88)
        one_right = near is not None and set(key.split()) & set(near[0].split())
        return self.values[near[0]] if near and one_right and near[0][0] == key[0] else ()

    # -- titles

    def _titles(self) -> dict[str, list[TitleEntry]]:
        table: dict[str, list[TitleEntry]] = {}
        for item_id, title in self.vocabulary.titles.items():
            seen: set[str] = set()
            for name, grade in title_names(title):
                key = self.key_of(words_of(name))
                if key and key not in seen:
                    seen.add(key)
                    table.setdefault(key, []).append(TitleEntry(item_id, key, grade))
                joined = key.replace(" ", "")
                # "E.T." and "Wall-E" are also written in one word.
                if " " in key and len(joined) <= 9 and joined not in seen and any(len(w) == 1 for w in key.split()):
                    seen.add(joined)
                    table.setdefault(joined, []).append(TitleEntry(item_id, joined, 1))
        for entry in list(instalments(table, year_of=self.year_of, common=self.language.common_words)):
            table[entry.key] = [entry]
        return table

    def spoken(self, item_id: str) -> str:
        """A title as a person would say it, in quotation marks, so that it is taken for a title."""
        return f'"{bare_title(self.vocabulary.titles[item_id])}"'

    def key_of(self, words: Sequence[str]) -> str:
        """Key of a title's words, leading article dropped."""
        words = list(words)
        if len(words) > 1 and words[0] in self.language.articles:
            words = words[1:]
        return title_key(words)

    def year_of(self, item_id: str) -> float | None:
        """From the catalogue's year attribute, or the "(1995)" of the title."""
        attribute = self.numeric_roles.get("year")
        value = self.number(item_id, attribute) if attribute else None
        return year_in(self.vocabulary.titles.get(item_id, "")) if value is None else value

    def number(self, item_id: str, attribute: str) -> float | None:
        """An item's value of a numeric attribute, None where it has none."""
        item = self.items.get(item_id)
        value = item.attributes.get(attribute) if item else None
        return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None

    def quantile(self, attribute: str, share: float) -> float | None:
        """The value below which ``share`` of the items lie."""
        found = (self.number(item_id, attribute) for item_id in self.items)
        numbers = sorted(number for number in found if number is not None)
        return numbers[min(int(share * len(numbers)), len(numbers) - 1)] if numbers else None

    def best(self, entries: Sequence[TitleEntry], *, year: float | None = None) -> TitleEntry | None:
        """One of several items that answer to a name.

        By year where it was said, then the plainest name, then popularity, then whether its texts describe it, then
        the most recent; of a series that a name begins, the first. Far more popular is who is called by a shorter name
        too: "The Lord of the Rings".
        """
        if year is not None:
            entries = [entry for entry in entries if self._close(self.year_of(entry.item_id), year)]
        if not entries:
            return None
        popularity = self.vocabulary.popularity

        def rank(entry: TitleEntry) -> tuple[int, int, bool, float, str]:
            item, year = self.items.get(entry.item_id), self.year_of(entry.item_id) or 0.0
            described = bool(item and item.description)
            age = year if entry.grade <= 1 else -year
            return -entry.grade, popularity.get(entry.item_id, 0), described, age, entry.item_id

        best = max(entries, key=rank)
        rival = max(entries, key=lambda entry: popularity.get(entry.item_id, 0))
        outshone = popularity.get(rival.item_id, 0) > _OUTSHINES * (popularity.get(best.item_id, 0) + 1)
        return rival if outshone and rival.grade <= 2 else best

    @staticmethod
    def _close(known: float | None, said: float) -> bool:
        # People are a year off: release and premiere differ.
        return known is not None and abs(known - said) <= 1

    def near_titles(self, key: str) -> set[str]:
        """Keys of as many words as a key, or one more or less, that share one with it; of one word, all of one."""
        words = key.split()
        if len(words) == 1:
            return {name for name in self._keys_by_word[""] if abs(len(name) - len(key)) <= 2}
        near = {name for word in words for name in self._keys_by_word.get(word, ())}
        return {name for name in near if abs(len(name) - len(key)) <= 3}

    def titles_with(self, words: Iterable[str]) -> set[str]:
        """Keys of several words that share a telling one with some words."""
        return {name for word in words for name in self._keys_by_word.get(word, ())}

    def similar_keys(self, key: str, *, cutoff: float) -> list[tuple[str, float]]:
        """Up to five title keys near a key, best first, with similarity 0..100."""
        found = process.extract(key, self._fuzzy_keys, scorer=fuzz.ratio, score_cutoff=cutoff, limit=5)
        return [(name, score) for name, score, _ in found]

    # -- people

    def _told_by_item(self, previous: Lexicon | None) -> dict[str, _Told]:
        """What each item's texts tell; what has not changed is not read again."""
        known = previous._told if previous else {}
        found = {}
        for item_id, item in self.items.items():
            old = known.get(item_id)
            if old is None or (old.title, old.description) != (item.title, item.description):
                old = _Told.read(item)
            found[item_id] = old
        return found

    def _people(self) -> dict[str, str]:
        credited: Counter[str] = Counter()
        named: Counter[str] = Counter()
        starred = frozenset().union(*(told.starred for told in self._told.values()))
        for told in self._told.values():
            credited.update(told.credited)
            named.update(told.named)
        people: dict[str, str] = {}
        for name, count in (*credited.most_common(), *named.most_common()):
            words = words_of(name)
            # "Will Smith" begins with a word that begins many a sentence; credits tell.
            known = credited[name] >= _CREDITED and words[-1] not in self.language.common_words
            opener = words[0] in self.language.stop_words and not known
            everyday = opener or (name not in credited and self._is_no_name(words, count))
            # Texts name other titles as they name people: "such as Dead Calm and Rain Man".
            key = self.key_of(words)
            is_title = any(not entry.grade for entry in self.titles.get(key, ()))
            # "Close Encounters", "Butch Cassidy": the beginning of a title, and nobody whom a credit gives.
            is_title = is_title or (name not in starred and (key in self.titles or key in self.parts))
            if len(words) > 1 and not is_title and not everyday and (count > 1 or len(words) == 2):
                people.setdefault(" ".join(words), name)
        return people

    def people_of(self, item_id: str) -> list[str]:
        """People whom an item's texts name, in order of the alphabet."""
        told = self._told[item_id]
        keys = (" ".join(words_of(name)) for name in told.credited | told.named)
        return sorted({self.people[key] for key in keys if key in self.people})

    def together(self, first: str, second: str) -> bool:
        """Whether the text of some item names both people."""
        return any({first, second} <= told.credited | told.named for told in self._told.values())

    def _counted_names(self) -> Counter[str]:
        counted: Counter[str] = Counter()
        for told in self._told.values():
            counted.update({" ".join(words_of(name)) for name in told.credited | told.named})
        return counted

    def _lengthen_names(self) -> None:
        """ "De Niro" is Robert De Niro where no longer name that ends so is said more often."""
        longer: dict[str, str] = {}
        for key in self.people:
            words = key.split()
            for start in range(1, len(words) - 1):
                tail = " ".join(words[start:])
                if tail not in longer or self._mentions[key] > self._mentions[longer[tail]]:
                    longer[tail] = key
        for tail, key in longer.items():
            if tail in self.people and self._mentions[key] > 1:
                self.people[tail] = self.people[key]

    def _is_no_name(self, words: Sequence[str], count: int) -> bool:
        """A capitalised phrase that no credit names: rare, or made of everyday words."""
        return count < 3 or any(word in self.language.common_words for word in words)

    def nearest_person(self, words: Sequence[str]) -> str | None:
        """A person whose name is a slip of the pen away."""
        near = process.extractOne(" ".join(words), self.people.keys(), scorer=fuzz.ratio, score_cutoff=88)
        return self.people[near[0]] if near else None

    def credits(self, item_id: str, *, director: bool = False) -> tuple[str, ...]:
        """People whom an item's description credits and the catalogue knows, in the order in which they are named.

        Args:
            director: whoever directed it comes first.
        """
        told = self._told.get(item_id)
        known = set(self.people.values())
        names = sorted(told.credited & known, key=told.description.find) if told else []
        if director and told and (match := _DIRECTED.search(told.description)):
            names.sort(key=lambda name: not match[1].startswith(name))
        return tuple(names)

    def occurs(self, phrase: str) -> bool:
        """Whether the phrase stands in any title or description."""
        phrase = phrase.casefold()
        # A regular expression over all texts takes a hundred times as long as finding and looking around.
        place = self.text.find(phrase)
        while place >= 0:
            around = self.text[max(0, place - 1) : place] + self.text[place + len(phrase) : place + len(phrase) + 1]
            if not any(mark.isalnum() for mark in around):
                return True
            place = self.text.find(phrase, place + 1)
        return False


def _own_parts(titles: Mapping[str, Sequence[TitleEntry]], parts: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Parts of the titles of one item only that are no title themselves -> that item."""
    owners: dict[str, set[str]] = {}
    for key, entries in titles.items():
        for part in parts[key]:
            owners.setdefault(part, set()).update(entry.item_id for entry in entries)
    return {part: next(iter(found)) for part, found in owners.items() if len(found) == 1 and part not in titles}


def _parts_of(key: str, language: Language) -> tuple[str, ...]:
    """Words side by side in a title, telling ones among them, with and without an "s" at the end."""
    words = key.split()
    parts = (
        words[start:stop]
        for start in range(len(words))
        for stop in range(start + 1, min(len(words), start + MAX_PART_WORDS) + 1)
        if stop - start < len(words)
    )
    spelled = [" ".join(part) for part in parts if _telling(part, language)]
    return tuple(dict.fromkeys((*spelled, *(part.removesuffix("s") for part in spelled))))


def _by_word(titles: Iterable[str], language: Language) -> dict[str, set[str]]:
    """Title keys by each of their words that tell something; those of one word under ""."""
    found: dict[str, set[str]] = {"": set()}
    for key in titles:
        words = key.split()
        for word in {""} if len(words) == 1 else {*words} - language.stop_words or {*words}:
            found.setdefault(word, set()).add(key)
    return found


def _telling(words: Sequence[str], language: Language) -> bool:
    if len(words) == 1:
        return len(words[0]) >= MIN_PART_LETTERS and words[0] not in language.common_words
    return words[0] not in language.stop_words and any(word not in language.common_words for word in words)


def _names(pattern: re.Pattern[str], text: str) -> frozenset[str]:
    return frozenset(name.rstrip(".'\u2019").removesuffix("'s") for name in pattern.findall(text))


def _numeric_roles(vocabulary: Vocabulary, language: Language) -> dict[str, str]:
    roles: dict[str, str] = {}
    for role, names in language.roles.items():
        for attribute in vocabulary.numeric:
            if role not in roles and set(re.split(r"[^a-z]+", fold(attribute))) & set(names):
                roles[role] = attribute
    return roles


def _single_valued(vocabulary: Vocabulary) -> frozenset[str]:
    """By count: where values are no more than items, an item can hardly have two of them."""
    return frozenset(
        attribute for attribute, counts in vocabulary.facets.items() if sum(counts.values()) <= len(vocabulary.titles)
    ) - {"category"}


def _values(vocabulary: Vocabulary) -> dict[str, tuple[FacetRef, ...]]:
    exact: dict[str, tuple[FacetRef, ...]] = {}
    parts: dict[str, list[FacetRef]] = {}
    # Categories first: where one word is a value of two attributes, a category is what people mean.
    for attribute in sorted(vocabulary.facets, key=lambda name: name != "category"):
        for value in vocabulary.facets[attribute]:
            words = words_of(value)
            if not words or len(words) > MAX_VALUE_WORDS:
                continue
            ref = FacetRef(attribute=attribute, value=value)
            exact.setdefault(value_key(words), (ref,))
            joined = "".join(words)
            if len(words) == 2 and len(joined) > 4:
                exact.setdefault(stem(joined), (ref,))
            if attribute == "category":
                pieces = re.split(r"[&/,]|\band\b", value)
                for piece in pieces if len(pieces) > 1 else ():
                    if words_of(piece):
                        parts.setdefault(value_key(words_of(piece)), []).append(ref)
                if len(words) > 1:
                    parts.setdefault(stem(words[-1]), []).append(ref)
    for key, refs in parts.items():
        exact.setdefault(key, tuple(dict.fromkeys(refs)))
    return exact


def _bearers(people: Mapping[str, str], mentions: Mapping[str, int], language: Language) -> dict[str, dict[str, int]]:
    bearers: dict[str, dict[str, int]] = {}
    for key, spelled in people.items():
        last = key.split()[-1]
        if len(last) > 3 and last not in language.common_words:
            found = bearers.setdefault(last, {})
            found[spelled] = max(found.get(spelled, 0), mentions.get(" ".join(words_of(spelled)), 0))
    return {last: dict(sorted(found.items(), key=lambda one: (-one[1], one[0]))) for last, found in bearers.items()}


def _surnames(bearers: Mapping[str, Mapping[str, int]]) -> dict[str, str]:
    """Last names that say enough by themselves: the whole name of who has it alone, or is named far more often than
    the others who have it; or else as spelled."""
    surnames: dict[str, str] = {}
    for last, names in bearers.items():
        first, *others = names
        plain = others and names[first] < _FAR_MORE * names[others[0]]
        surnames[last] = first.split()[-1] if plain else first
    return surnames
