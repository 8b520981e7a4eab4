"""Whether words that spell a title mean the title, or just what they say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from agent import language as cue_labels
from agent.reading import CONNECTORS, Reading
from agent.title_names import TitleEntry, spoken_title
from agent.tokens import Word, title_key, value_key, words_of

Slot = Literal["strong", "weak"] | None
_CALENDAR_TEXT = """
monday tuesday wednesday thursday friday saturday sunday january february march april june july august september
october november december christmas halloween easter thanksgiving i english french german american british
italian oscar academy award awards marvel disney pixar spanish japanese korean chinese indian hollywood
bollywood netflix dvd ok tv
"""
_CALENDAR = frozenset(_CALENDAR_TEXT.split())
# One-word titles that in lower case always mean the word: pronouns and the like.
_VAGUE_TEXT = """
it her him this that them these those one ones something anything everything nothing all more some any up out us
me you i they other others another first second third last next movie movies film films new old good great fun
now then here there what who why how the a an to in on at of for and or but so too both either neither no not if
comedy drama horror action romance kids children music time life love friends people work home night day
tomorrow today tonight please watching being having
"""
VAGUE = frozenset(_VAGUE_TEXT.split())
_NAMING = frozenset(("film", "movie", "book", "item", "called", "titled", "named"))
_GOING = frozenset(("to", "in", "near"))
"""In front of a place: "the train to Philadelphia"."""


def recognisable(reading: Reading, start: int, stop: int, entries: list[TitleEntry], *, slot: Slot) -> bool:
    """Whether these words mean the title rather than what they say.

    Args:
        slot: whether a cue announces a title here: "strong" ("similar to"), "weak" ("seen", "tell me about"), or None.
    """
    words = reading.utterance.words[start:stop]
    language = reading.lexicon.language
    content = [word for word in words if word.fold not in language.articles] or list(words)
    folds = [word.fold for word in content]
    if all(word.quoted for word in words):
        return True
    keys = (value_key([word.fold for word in words]), value_key(folds))
    if any(key in reading.lexicon.values for key in keys) or part_of_person(reading, start, stop):
        return False
    verdict = len(words) == 1 and not words[0].capital and words[0].fold in reading.lexicon.judging
    if verdict or goes_on(reading, start, stop):
        return False  # "hated" is a title too
    grade = min(entry.grade for entry in entries)
    telling = len(folds) - reading.common(folds)
    subtitle = grade >= 3 and len(folds) < 3 and not (slot == "strong" and telling)
    if subtitle or (grade >= 2 and " ".join(folds) in reading.lexicon.people):
        return False
    capital = reading.utterance.cased and all(w.capital for w in content if w.fold not in language.stop_words)
    capital = capital and content[0].capital and content[-1].capital
    before = reading.folds[start - 1] if start else ""
    if len(folds) >= 4 and grade <= 1:
        return True
    if slot:
        if not capital and not telling and not ends_there(reading, stop):
            return False
        bare = len(folds) == len(words)
        return _recognisable_in_slot(folds, telling > 0, capital=capital, bare=bare, strong=slot == "strong")
    if _alone(reading, start, stop):
        return len(folds) > 1 or (telling > 0 and not folds[0].isdigit())
    if len(folds) == 1:
        return _one_word(reading, start, stop, folds[0], telling=telling > 0, capital=capital)
    if capital or (not reading.utterance.cased and _in_full(words, entries, reading)):
        return True
    if before in ("a", "an", "any", "some", "no") or words[0].fold in ("a", "an"):
        return False
    return telling >= 2 or (telling >= 1 and len(folds) >= 3)


def _in_full(words: Sequence[Word], entries: Sequence[TitleEntry], reading: Reading) -> bool:
    """ "the lion king": in a message without capitals, a title of more than a word with the article it has."""
    said = [word.fold for word in words]
    return said[0] in reading.lexicon.language.articles and any(
        words_of(spoken_title(reading.lexicon.vocabulary.titles[entry.item_id])) == said for entry in entries
    )


def _one_word(reading: Reading, start: int, stop: int, word: str, *, telling: bool, capital: bool) -> bool:
    """Titles of one word, such as "Heat": by their capital, and where that is not enough by what stands beside them."""
    inside = start > 0 and not reading.break_before(start)
    if capital and inside and reading.folds[start - 1] in _NAMING and reading.utterance.words[start].text[0].isupper():
        return True
    if word in reading.lexicon.language.neutral_nouns or word in VAGUE:
        return False
    if word in _CALENDAR or title_key([word]).isdigit() or len(word) < 2:
        return False
    before = reading.folds[start - 1] if start else ""
    after = reading.folds[stop] if stop < len(reading) else ""
    if before in _GOING and stop - start == 1 and reading.utterance.words[start].capital:
        return False
    if {before, after} & {"vs", "versus"}:
        return True
    judged = stop < len(reading) and reading.folds[stop] in ("was", "is", "sucks", "sucked", "rocks", "rocked")
    if not capital:
        opens = start == 0 or reading.comma_before(start) or reading.break_before(start)
        return _asked_for(reading, start, stop, telling=telling) or (
            judged and opens and (telling or rated(reading, stop))
        )
    if telling or judged:
        return True
    return inside and (before in CONNECTORS or _listed(reading, stop) or _capitals_are_rare(reading))


def rated(reading: Reading, place: int) -> bool:
    """Whether a verdict begins here: "was great", "was horrible"."""
    cue = reading.lexicon.cues.match(reading.folds, place) if place < len(reading) else None
    return cue is not None and cue[1] in (cue_labels.PRAISE, cue_labels.BLAME)


def part_of_person(reading: Reading, start: int, stop: int) -> bool:
    """ "Adam" in "Adam Sandler", "Hitchcock" after "directed by"."""
    people = reading.lexicon.people
    for first in range(max(0, start - 2), start + 1):
        for last in range(stop, min(len(reading), first + 4) + 1):
            if last - first > stop - start and " ".join(reading.folds[first:last]) in people:
                return True
    if (
        stop - start == 1
        and stop < len(reading)
        and reading.utterance.cased
        and not reading.utterance.words[stop].gap.strip()
    ):
        first, second = reading.utterance.words[start], reading.utterance.words[stop]
        whole = f"{first.text} {second.text}".casefold()
        if first.capital and second.capital and not reading.common([second.fold]) and whole in reading.lexicon.text:
            return True
    before = reading.folds[start - 1] if start else ""
    name = " ".join(reading.folds[start:stop])
    return before in ("by", "starring", "featuring", "with", "director") and (
        name in reading.lexicon.surnames or name in people
    )


def _asked_for(reading: Reading, start: int, stop: int, *, telling: bool) -> bool:
    """ "Give me the godfather": the end of a clause that asks to see something."""
    before = reading.folds[start - 1] if start else ""
    ends = stop == len(reading) or reading.break_before(stop) or reading.comma_before(stop)
    return ends and telling and before in ("me", "watch", "see", "rewatch", "want", "love", "try", "read", "play")


def _capitals_are_rare(reading: Reading) -> bool:
    later = [word for word in reading.utterance.words[1:] if word.fold != "i"]
    return len(later) > 2 and sum(word.capital for word in later) <= len(later) / 3


def _recognisable_in_slot(folds: list[str], telling: bool, *, capital: bool, bare: bool, strong: bool) -> bool:
    if len(folds) > 1:
        return True
    if folds[0].isdigit():
        return False
    return telling or capital or not bare or (strong and folds[0] not in VAGUE)


def goes_on(reading: Reading, start: int, stop: int) -> bool:
    """Whether a name begins earlier or goes on: "Brooklyn" in "Motherless Brooklyn", "Frozen" in "Frozen 2"."""
    words = reading.utterance.words
    if stop < len(words) and not words[stop].gap.strip() and words[stop].fold.isdigit() and len(words[stop].fold) < 3:
        return True
    if stop - start > 1 or not reading.utterance.cased or not words[start].capital:
        return False
    before = words[start - 1] if start and not words[start].gap.strip() else None
    after = words[stop] if stop < len(words) and not words[stop].gap.strip() else None
    opening = start == 1 or reading.break_before(start - 1)
    return (before is not None and not opening and _name_like(reading, start - 1)) or (
        after is not None and _name_like(reading, stop)
    )


def _name_like(reading: Reading, place: int) -> bool:
    word = reading.utterance.words[place]
    plain = reading.lexicon.language.neutral_nouns | reading.lexicon.language.stop_words
    return word.text[0].isupper() and word.fold not in plain and reading.taken[place] is None


def ends_there(reading: Reading, stop: int) -> bool:
    """Whether what a cue announced is over: by the end of the clause, or a word that no title goes on with."""
    if stop >= len(reading) or reading.break_before(stop) or reading.comma_before(stop):
        return True
    if reading.taken[stop] is not None or reading.stop(stop) or reading.cue_at(stop):
        return True
    return reading.folds[stop] in CONNECTORS | reading.lexicon.language.neutral_nouns


def _alone(reading: Reading, start: int, stop: int) -> bool:
    rest = [word for place, word in enumerate(reading.folds) if not start <= place < stop]
    return all(word in ("please", "the", "movie", "film", "again", "ok", "hi", "hello", "maybe") for word in rest)


def _listed(reading: Reading, stop: int) -> bool:
    return stop < len(reading) and reading.folds[stop] in CONNECTORS
