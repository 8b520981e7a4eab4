"""Relative wishes: "newer", "less violent", "too long", "more like a comedy"."""

from __future__ import annotations

from agent import language as cue_labels
from agent.numbers import lexicon_role
from agent.reading import NEGATIVE, Mention, Reading
from agent.request import Critique
from agent.role_links import idle, no_wish
from agent.tokens import stem, value_key

_FLIP = {"more": "less", "less": "more"}
_MAX_CRITIQUES = 4


def link_critiques(reading: Reading) -> None:
    """Find them, claim their words, and take the values that they contain out of the plain mentions."""
    for place, word in enumerate(reading.folds):
        if word in ("less", "more", "too", "enough"):
            _with_adverb(reading, place, word)
    for place in range(len(reading)):
        if reading.taken[place] is None or reading.taken[place] == "value":
            _single(reading, place)


def _with_adverb(reading: Reading, place: int, word: str) -> None:
    if reading.taken[place] is not None:
        return
    cue = reading.cue_at(place)
    if word == "enough":
        _enough(reading, place)
        return
    if word == "too" and cue and cue.label in NEGATIVE:
        return
    if cue and cue.label == cue_labels.NEGATE and cue.end == place + 1 and word == "more":
        return
    if cue and cue.label in (cue_labels.AS, cue_labels.DETAILS):
        return
    direction = "more" if word == "more" else "less"
    target = place + 1
    while target < len(reading) and reading.folds[target] in ("of", "much", "many", "a", "focus", "on"):
        target += 1
    while target < len(reading) and not reading.break_before(target):
        end = _one(reading, target, direction, adverb=word)
        if end is None:
            return
        reading.claim(place, place + 1, "critique")
        _drop_cues(reading, place)
        # "less violent and gory"
        if end + 1 < len(reading) and reading.folds[end] in ("and", "or") and _is_quality(reading, end + 1):
            target = end + 1
        else:
            return


def _one(reading: Reading, place: int, direction: str, *, adverb: str) -> int | None:
    """One critique at ``place``; returns the word behind it, None where there is none."""
    mention = next((m for m in reading.mentions if m.kind == "value" and m.start == place), None)
    if mention:
        plural = stem(reading.folds[mention.end - 1]) != reading.folds[mention.end - 1]
        if adverb == "more" and plural:
            return None  # "more comedies" wants others of these
        reading.mentions.remove(mention)
        if mention.end == place + 1 and not reading.lexicon.names_value(reading.folds[place]):
            _add(reading, reading.folds[place], direction)
            reading.claim(place, mention.end, "critique")
            return mention.end
        _add_value(reading, mention, direction)
        return mention.end
    if reading.taken[place] is not None:
        return None
    word = reading.folds[place]
    role = lexicon_role(reading.lexicon, word)
    if role:
        # "too old": less of old, which is more of year.
        own = reading.lexicon.language.scales[word][1]
        _add(reading, reading.lexicon.numeric_roles[role], own if direction == "more" else _FLIP[own])
    elif _is_quality(reading, place) or (adverb == "less" and not reading.stop(place) and not _noun(reading, place)):
        _add(reading, word, direction)
    else:
        return None
    reading.claim(place, place + 1, "critique")
    _drop_cues(reading, place)
    return place + 1


def _enough(reading: Reading, place: int) -> None:
    """ "not funny enough"."""
    before = place - 1
    if before < 1:
        return
    cue = reading.cue_at(before - 1)
    mention = next((m for m in reading.mentions if m.kind == "value" and m.end == place), None)
    if not cue or cue.label != cue_labels.NEGATE or not (mention or _is_quality(reading, before)):
        return
    if _one(reading, mention.start if mention else before, "more", adverb="enough") is not None:
        reading.claim(cue.start, cue.end, "critique")
        reading.claim(place, place + 1, "critique")
        _drop_cues(reading, place)
        reading.cues.remove(cue)


def _single(reading: Reading, place: int) -> None:
    """One word: "newer", "cheap", "darker"."""
    word = reading.folds[place]
    lexicon = reading.lexicon
    base = lexicon.language.comparatives.get(word)
    if reading.taken[place] == "value" and base is None:
        return
    before = reading.folds[place - 1] if place else ""
    cue = reading.cue_at(place - 1) if place else None
    negated = cue is not None and cue.label == cue_labels.NEGATE and cue.end == place
    role = lexicon_role(lexicon, word)
    plain = role is not None and word not in lexicon.language.comparatives and not word.endswith("er")
    if plain and no_wish(reading, place):
        return
    if role and before not in ("year", "years") and not _part_of_name(reading, place):
        own = lexicon.language.scales[word][1]
        _add(reading, lexicon.numeric_roles[role], _FLIP[own] if negated else own)
        if negated and cue:
            reading.claim(cue.start, cue.end, "critique")
            reading.cues.remove(cue)
    elif base:
        # "Funnier" is a shade of what is there, "more comedy" another kind: synonyms of a value stay words.
        refs = lexicon.values.get(value_key([base])) if lexicon.names_value(base) else ()
        mention = next((m for m in reading.mentions if m.start == place and m.kind == "value"), None)
        if mention:
            reading.mentions.remove(mention)
        if refs:
            _add_value(reading, Mention("value", place, place + 1, refs=refs), "more")
        else:
            _add(reading, base, "less" if negated else "more")
    elif word.endswith("er") and word in lexicon.language.scales:
        # A scale that this catalogue has no numbers for: kept, so that it can be said.
        _add(reading, *lexicon.language.scales[word])
    else:
        return
    reading.claim(place, place + 1, "critique")
    _drop_cues(reading, place)


def add_negated_words(reading: Reading, places: set[int]) -> None:
    """Words under a negation that are no value: "not too violent", "no gore" ask for less of them."""
    for place in sorted(places):
        if reading.taken[place] is None and not idle(reading, place):
            role, own = reading.lexicon.language.scales.get(reading.folds[place], (reading.folds[place], "more"))
            _add(reading, reading.lexicon.numeric_roles.get(role, role), _FLIP[own])
            reading.claim(place, place + 1, "critique")


def _part_of_name(reading: Reading, place: int) -> bool:
    """ "New York": a capital that goes on with a capital."""
    words = reading.utterance.words
    following = words[place + 1] if place + 1 < len(words) else None
    inside = words[place].capital and place > 0 and reading.utterance.cased
    return inside and following is not None and following.capital


def _is_quality(reading: Reading, place: int) -> bool:
    word = reading.folds[place]
    language = reading.lexicon.language
    return word in language.qualities or word in language.opposites


def _noun(reading: Reading, place: int) -> bool:
    return reading.folds[place] in reading.lexicon.language.neutral_nouns or reading.folds[place] == "than"


def _add_value(reading: Reading, mention: Mention, direction: str) -> None:
    for ref in mention.refs[:1]:
        _append(reading, Critique(attribute=ref.attribute, direction=direction, value=ref.value))


def _add(reading: Reading, attribute: str, direction: str) -> None:
    _append(reading, Critique(attribute=attribute, direction=direction))


def _append(reading: Reading, critique: Critique) -> None:
    if critique not in reading.critiques and len(reading.critiques) < _MAX_CRITIQUES:
        reading.critiques.append(critique)


def _drop_cues(reading: Reading, place: int) -> None:
    reading.cues = [cue for cue in reading.cues if not cue.start <= place < cue.end]
