"""Whether words that spell a title mean the title, or just what they say."""

from __future__ import annotations

from agent.lexicon import TitleEntry
from agent.reading import CONNECTORS, Reading
from agent.tokens import value_key

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
_VAGUE = frozenset(_VAGUE_TEXT.split())


def recognisable(reading: Reading, start: int, stop: int, entries: list[TitleEntry], *, slot: bool) -> bool:
    """Whether these words mean the title rather than what they say."""
    words = reading.utterance.words[start:stop]
    language = reading.lexicon.language
    content = [word for word in words if word.fold not in language.articles] or list(words)
    folds = [word.fold for word in content]
    if all(word.quoted for word in words):
        return True
    keys = (value_key([word.fold for word in words]), value_key(folds))
    if any(key in reading.lexicon.values for key in keys) or part_of_person(reading, start, stop):
        return False
    grade = min(entry.grade for entry in entries)
    if grade >= 3 and len(folds) < 3:
        return False
    capital = reading.utterance.cased and all(w.capital for w in content if w.fold not in language.stop_words)
    capital = capital and content[0].capital and content[-1].capital
    telling = len(folds) - reading.common(folds)
    before = reading.folds[start - 1] if start else ""
    if len(folds) >= 4 and grade <= 1:
        return True
    if slot:
        return _recognisable_in_slot(folds, telling, capital=capital, article=folds != [w.fold for w in words])
    if _alone(reading, start, stop):
        return len(folds) > 1 or (telling > 0 and not folds[0].isdigit())
    if len(folds) == 1:
        return _one_word(reading, start, stop, folds[0], telling=telling > 0, capital=capital)
    if capital and (telling > 0 or start > 0):
        return True
    if before in ("a", "an", "any", "some", "no") or words[0].fold in ("a", "an"):
        return False
    return telling >= 2 or (telling >= 1 and len(folds) >= 3)


def _one_word(reading: Reading, start: int, stop: int, word: str, *, telling: bool, capital: bool) -> bool:
    """Titles of one word, such as "Heat": by their capital, and where that is not enough by what stands beside them."""
    inside = start > 0 and not reading.break_before(start)
    if word in reading.lexicon.language.neutral_nouns or (word in _VAGUE and not inside):
        return False
    if word in _CALENDAR or word.isdigit() or len(word) < 2:
        return False
    if not capital:
        return _asked_for(reading, start, stop, telling=telling)
    judged = stop < len(reading) and reading.folds[stop] in ("was", "is", "sucks", "sucked", "rocks", "rocked")
    if telling or (judged and word not in _VAGUE):
        return True
    before = reading.folds[start - 1] if start else ""
    return inside and (before in CONNECTORS or _listed(reading, stop) or _capitals_are_rare(reading))


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
    return ends and telling and before in ("me", "watch", "see", "rewatch", "want", "read", "play")


def _capitals_are_rare(reading: Reading) -> bool:
    later = [word for word in reading.utterance.words[1:] if word.fold != "i"]
    return len(later) > 2 and sum(word.capital for word in later) <= len(later) / 3


def _recognisable_in_slot(folds: list[str], telling: int, *, capital: bool, article: bool) -> bool:
    if folds[0].isdigit() and len(folds) == 1:
        return False
    if len(folds) == 1 and telling == 0:
        return capital or article or folds[0] not in _VAGUE
    return telling > 0 or capital or len(folds) >= 2


def _alone(reading: Reading, start: int, stop: int) -> bool:
    rest = [word for place, word in enumerate(reading.folds) if not start <= place < stop]
    return all(word in ("please", "the", "movie", "film", "again", "ok", "hi", "hello", "maybe") for word in rest)


def _listed(reading: Reading, stop: int) -> bool:
    return stop < len(reading) and reading.folds[stop] in CONNECTORS
