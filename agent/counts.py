"""How many items are wanted."""

from __future__ import annotations

import math

from agent.numbers import decimals, small_number
from agent.reading import Reading
from agent.role_links import DOUBT, SURE

MAX_COUNT = 50
_BEFORE_TEXT = "top me us just only another best give show recommend suggest list find"
_BEFORE = frozenset(_BEFORE_TEXT.split())


def link_count(reading: Reading) -> int | None:
    """ "five movies", "top 3", "a couple of thrillers". More than 50 is cut, and noted."""
    for phrase, value in reading.lexicon.language.vague_counts.items():
        words = phrase.split()
        for place in range(len(reading) - len(words)):
            end = place + len(words)
            if reading.folds[place:end] == words and reading.free(place, end) and _counts_items(reading, end):
                reading.claim(place, end, "count")
                return value
    for place, word in enumerate(reading.folds):
        number = small_number(reading.lexicon, word)
        if number is None or reading.taken[place] is not None or _is_position(reading, place):
            continue
        value, end = decimals(reading, float(number), place + 1) if word.isdigit() else (float(number), place + 1)
        while end < len(reading) and reading.folds[end] in ("hundred", "thousand", "million"):
            value, end = value * reading.lexicon.language.numbers[reading.folds[end]], end + 1
        before = reading.folds[place - 1] if place else ""
        chance = None if reading.roles is None else reading.roles.of(place, place + 1, "count")
        if chance is not None and chance < DOUBT:
            continue  # "ten years ago"; or taken back: "three, no, four"
        sure = chance is not None and chance >= SURE
        if before not in _BEFORE and not sure and not _counts_items(reading, end):
            continue
        if word == "one" and not sure and before not in ("just", "only", "me") and not _counts_items(reading, end):
            continue
        reading.claim(place, end, "count")
        return _limited(reading, value, place, end)
    return None


def _limited(reading: Reading, value: float, start: int, end: int) -> int:
    if value > MAX_COUNT:
        asked = reading.utterance.said(start, end)
        reading.notes.append(f"you asked for {asked}: I show at most {MAX_COUNT} at once")
        return MAX_COUNT
    if value < 1:
        reading.notes.append(f"you asked for {reading.utterance.said(start, end)}: I show one")
        return 1
    return math.floor(value)


def _is_position(reading: Reading, place: int) -> bool:
    before = reading.folds[place - 1] if place else ""
    gap = reading.utterance.words[place].gap
    return before in ("number", "no", "nr", "option", "user", "the", "that", "this", "which", "first") or "#" in gap


def _counts_items(reading: Reading, place: int) -> bool:
    """Whether a noun of the catalogue follows within four words."""
    nouns = reading.lexicon.language.neutral_nouns
    for ahead in range(place, min(place + 4, len(reading))):
        if reading.break_before(ahead):
            return False
        if reading.folds[ahead] in nouns and reading.folds[ahead] not in ("night", "mood", "works"):
            return True
        if reading.taken[ahead] == "value" and (ahead + 1 == len(reading) or reading.taken[ahead + 1] != "value"):
            return True
        if reading.folds[ahead] in ("more", "others", "please") or reading.taken[ahead] == "number":
            return ahead == place
    return False
