"""What the learned roles see of a word beside the encoder's state: what the catalogue and the language know of it."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from agent import language as cue_labels
from agent.lexicon import MAX_PART_WORDS, MAX_TITLE_WORDS, MAX_VALUE_WORDS
from agent.reading import CONNECTORS, Reading
from agent.tokens import stem, value_key

_LABELS = tuple(value for name, value in sorted(vars(cue_labels).items()) if name.isupper() and isinstance(value, str))
_YEAR = re.compile(r"(1[89]|20)\d\d|'?\d0s")
_LONG_TITLE = 3
_MAX_NAME_WORDS = 4
_PLAIN = 31
WORD_FEATURES = _PLAIN + len(_LABELS)
"""F of `word_features`."""

WordFeatures = NDArray[np.float32]


def word_features(reading: Reading) -> WordFeatures:
    """float32 [W, F] of zeros and ones, of a reading of which nothing is claimed yet."""
    lexicon, language = reading.lexicon, reading.lexicon.language
    utterance = reading.utterance
    found = np.zeros((len(reading), WORD_FEATURES), dtype=np.float32)
    _mark_spans(reading, found)
    numbers = language.numbers
    for place, word in enumerate(utterance.words):
        common = bool(reading.common([word.fold]))
        capital = word.capital and utterance.cased and not word.text[0].isdigit()
        found[place, 12:_PLAIN] = (
            capital and place > 0 and not word.opens_sentence,
            capital,
            utterance.cased,
            word.fold.isdigit(),
            word.fold in numbers,
            bool(_YEAR.fullmatch(word.fold)),
            word.fold in language.stop_words,
            common,
            word.fold in lexicon.words,
            not common and word.fold not in lexicon.words,
            word.opens_sentence,
            reading.comma_before(place),
            reading.comma_before(place + 1) or reading.break_before(place + 1),
            word.quoted,
            place == 0,
            place + 1 == len(reading),
            "?" in (utterance.words[place + 1].gap if place + 1 < len(reading) else utterance.tail),
            word.fold in language.neutral_nouns or word.fold in CONNECTORS,
            word.fold in language.comparatives or word.fold in language.scales or word.fold in language.qualities,
        )
    place = 0
    while place < len(reading):
        cue = lexicon.cues.match(reading.folds, place)
        length = cue[0] if cue else 1
        if cue:
            found[place : place + length, _PLAIN + _LABELS.index(cue[1])] = 1
        place += length
    return found


def _mark_spans(reading: Reading, found: WordFeatures) -> None:
    """Columns 0..11: runs that are a title, a part of one, a value or a name."""
    lexicon, folds = reading.lexicon, reading.folds
    surnames = lexicon.surnames
    for start in range(len(folds)):
        for stop in range(start + 1, min(len(folds), start + MAX_TITLE_WORDS) + 1):
            if stop - start > 1 and reading.break_before(stop - 1):
                break
            words, length = folds[start:stop], stop - start
            key = lexicon.key_of(words)
            entries = lexicon.titles.get(key)
            if entries:
                grade = min(entry.grade for entry in entries)
                telling = reading.common(words) < length
                found[start:stop, 0 if grade <= 1 else 1] = 1
                found[start:stop, 2 if telling else 3] = 1
                found[start:stop, 4 if length == 1 else 5 if length < _LONG_TITLE else 6] = 1
            elif length <= MAX_PART_WORDS and key in lexicon.parts:
                found[start:stop, 7] = 1
            if length <= MAX_VALUE_WORDS and value_key(words) in lexicon.values:
                found[start:stop, 8] = 1
            if length <= _MAX_NAME_WORDS and " ".join(words) in lexicon.people:
                found[start:stop, 9] = 1
    for place, word in enumerate(folds):
        found[place, 10] = word in surnames or word.removesuffix("s") in surnames
        found[place, 11] = stem(word) in lexicon.values
