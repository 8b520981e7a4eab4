"""Titles with slips of the pen: words that neither the catalogue nor the language has, and what is written around them.

They are looked for before whole titles are: in "spidder-man 2" there is a "man", but no film of that name is meant.
"""

from __future__ import annotations

from typing import NamedTuple

from rapidfuzz import fuzz, process

from agent.reading import Mention, Reading
from agent.role_links import likely, told

_SLIP, _SLIGHT = 84.0, 88.0
"""Similarity 0..100 of a misspelt title where the sentence makes a title of the words, and where it only may."""
_SLIP_LETTERS, _SLIP_WORDS, _SLIPS = 6, 7, 5
"""Letters and words of a misspelt title, and words of a message that are looked at as one."""
_PER_WORD = 1.0
"""What a word more is worth in similarity: all of "hrry potter and the goblet of fire" rather than its end."""


class _Found(NamedTuple):
    worth: float
    score: float
    start: int
    stop: int
    key: str


def link_misspelt(reading: Reading) -> None:
    """Link them, of a reading of which nothing else is claimed yet."""
    strange = [place for place, word in enumerate(reading.folds) if not word.isdigit() and not _known(reading, word)]
    for place in strange[:_SLIPS]:
        found = _nearest(reading, place) if reading.taken[place] is None else None
        entry = reading.lexicon.best(reading.lexicon.titles[found.key]) if found else None
        if found and entry and _may_be(reading, found):
            reading.add(Mention("title", found.start, found.stop, items=(entry.item_id,)))


def _known(reading: Reading, word: str) -> bool:
    lexicon = reading.lexicon
    return len(word) < 3 or word in lexicon.words or bool(reading.common([word]))


def _may_be(reading: Reading, found: _Found) -> bool:
    if told(reading, found.start, found.stop, "title") or reading.roles is None:
        return True
    return found.score >= _SLIGHT and likely(reading, found.start, found.stop, "title")


def _nearest(reading: Reading, place: int) -> _Found | None:
    best: _Found | None = None
    for start in range(max(0, place - _SLIP_WORDS + 1), place + 1):
        for stop in range(place + 1, min(len(reading), start + _SLIP_WORDS) + 1):
            if not reading.free(start, stop) or any(reading.break_before(at) for at in range(start + 1, stop)):
                continue
            key = reading.lexicon.key_of(reading.folds[start:stop])
            if len(key) < _SLIP_LETTERS:
                continue
            near = process.extractOne(key, reading.lexicon.near_titles(key), scorer=fuzz.ratio, score_cutoff=_SLIP)
            if near is None or [w for w in key.split() if w.isdigit()] != [w for w in near[0].split() if w.isdigit()]:
                continue  # "Rocky 3" is not a misspelt "Rocky 2"
            found = _Found(near[1] + _PER_WORD * (stop - start), near[1], start, stop, near[0])
            best = found if best is None or found.worth > best.worth else best
    return best
