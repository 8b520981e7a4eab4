"""From words to the catalogue's titles: exact, by another name, and through slips of the pen."""

from __future__ import annotations

import re

from agent import language as cue_labels
from agent.lexicon import MAX_PART_WORDS, MAX_TITLE_WORDS
from agent.reading import CONNECTORS, Mention, Reading
from agent.recognition import Slot, ends_there, goes_on, part_of_person, recognisable
from agent.role_links import doubted, likely, unlikely
from agent.tokens import stem, value_key

# Similarities 0..100 of rapidfuzz.fuzz.ratio; short keys need more, for one letter changes them more.
FUZZY_CUTOFF = 86.0
SHORT_CUTOFF = 80.0
_YEAR = re.compile(r"(18|19|20)\d\d")
_SLOT_CUES = frozenset(
    (
        cue_labels.AS,
        cue_labels.LIKE,
        cue_labels.DISLIKE,
        cue_labels.SEEN,
        cue_labels.DETAILS,
        cue_labels.COMPARE,
        cue_labels.EXPLAIN,
        cue_labels.NEGATE,
    )
)
# After these cues an unknown phrase in lower case is still a title that we lack, not a mood.
_NAMING_CUES = frozenset((cue_labels.AS, cue_labels.LIKE, cue_labels.DISLIKE, cue_labels.SEEN, cue_labels.DETAILS))
_SKIPPED_TEXT = """
the movie film book product item called named titled watching seeing using buying reading both either was is are
did you me my old favorite favourite really recommend suggest not between picked chose recommended suggested
shown showed
"""
_SKIPPED = frozenset(_SKIPPED_TEXT.split())


def link_titles(reading: Reading) -> None:
    """Titles that are recognisable by themselves: quoted, with their year, capitalised, or of several telling words."""
    start = 0
    while start < len(reading):
        mention = _exact(reading, start, slot=None)
        mention = (_longer_part(reading, mention) or mention) if mention else None
        if mention and not doubted(reading, mention.start, mention.end, "title"):
            reading.add(mention)
            start = mention.end
        else:
            start += 1


def _longer_part(reading: Reading, mention: Mention) -> Mention | None:
    """ "Fear and Loathing" is the beginning of one title rather than all of "Fear"."""
    for stop in range(reading.run_end(mention.start, MAX_PART_WORDS), mention.end, -1):
        item = reading.lexicon.parts.get(reading.lexicon.key_of(reading.folds[mention.start : stop]))
        if item and likely(reading, mention.start, stop, "title"):
            return Mention("title", mention.start, stop, items=(item,))
    return None


def link_quotes(reading: Reading) -> None:
    """Whatever stands in quotation marks is a title, or a value, or nothing that we know."""
    for first, last in reading.utterance.quotes:
        places = [n for n, word in enumerate(reading.utterance.words) if first < word.start and word.end < last]
        if not places or not reading.free(places[0], places[-1] + 1):
            continue
        start, end = places[0], places[-1] + 1
        if value_key(reading.folds[start:end]) in reading.lexicon.values:
            continue
        mention = _fuzzy(reading, start, end)
        if mention:
            reading.add(mention)
        else:
            reading.unresolved.append(reading.utterance.said(start, end))
            reading.claim(start, end, "unresolved")


def link_slots(reading: Reading) -> None:
    """Titles where a cue says that one follows: "similar to fargoo", "I loved heat and casino"."""
    for cue in list(reading.cues):
        if cue.label in _SLOT_CUES or reading.folds[cue.end - 1] == "than":
            _fill_slot(reading, cue.end, cue.label, " ".join(reading.folds[cue.start : cue.end]))
    for place, word in enumerate(reading.folds):
        if word == "than" and reading.cue_at(place) is None:
            _fill_slot(reading, place + 1, cue_labels.COMPARE, word)


def _fill_slot(reading: Reading, place: int, label: str, said: str) -> None:
    opened = place
    while place < len(reading):
        if reading.break_before(place):
            return
        if reading.taken[place] == "title":
            place += 1
            continue
        if reading.taken[place] is not None:
            return
        if place != opened and not _joined(reading, place):
            return
        mention = _slot_mention(reading, place, label, said)
        if mention is None or doubted(reading, mention.start, mention.end, "title"):
            return
        if _strength(label, said) == "weak" and _only_a_word(reading, mention):
            return
        reading.add(mention)
        place = mention.end
        if place < len(reading) and reading.folds[place] in CONNECTORS | {"to", "with", "from"}:
            place += 1
            opened = place


def _only_a_word(reading: Reading, mention: Mention) -> bool:
    """ "What's the capital of Australia": an everyday word in lower case of which the sentence makes no title."""
    words = [n for n in range(mention.start, mention.end) if not reading.stop(n)]
    plain = (
        len(words) == 1 and reading.common([reading.folds[words[0]]]) and not reading.utterance.words[words[0]].capital
    )
    return bool(plain) and unlikely(reading, mention.start, mention.end, "title")


def _joined(reading: Reading, place: int) -> bool:
    return reading.comma_before(place) or reading.folds[place - 1] in CONNECTORS


def _slot_mention(reading: Reading, place: int, label: str, said: str) -> Mention | None:
    indefinite = False
    while place < len(reading) and reading.folds[place] in _SKIPPED | reading.lexicon.language.articles:
        mention = _exact(reading, place, slot=_strength(label, said))
        if mention:
            return mention
        indefinite = indefinite or reading.folds[place] in ("a", "an")
        place += 1
        if place < len(reading) and reading.break_before(place):
            return None
    if place >= len(reading) or not reading.free(place, place + 1):
        return None
    mention = _exact(reading, place, slot=None if indefinite else _strength(label, said))
    if mention or label == cue_labels.NEGATE or indefinite:
        return mention
    if part_of_person(reading, place, place + 1):
        return None
    end = reading.run_end(place, 8)
    if not _titleworthy(reading, place, end):
        return None
    if part := _part(reading, place, end):
        return part
    for stop in range(end, place, -1):
        if (mention := _fuzzy(reading, place, stop)) and _titleworthy(reading, place, stop):
            return mention
    _report_unknown(reading, place, label, said)
    return None


def _part(reading: Reading, place: int, end: int) -> Mention | None:
    """ "Ferris Bueller" for "Ferris Bueller's Day Off": telling words that one title alone has."""
    for stop in range(end, place, -1):
        words = reading.folds[place:stop]
        known = " ".join(words) in reading.lexicon.people or value_key(words) in reading.lexicon.values
        item = reading.lexicon.parts.get(reading.lexicon.key_of(words))
        if item and not known and ends_there(reading, stop):
            return Mention("title", place, stop, items=(item,))
    return None


def _strength(label: str, said: str) -> Slot:
    """How surely a title follows a cue."""
    # "My favourite comedian" is followed by a noun more often than by a title.
    weak = label in (cue_labels.SEEN, cue_labels.DETAILS, cue_labels.NEGATE) or said.split()[-1] in (
        "favorite",
        "favourite",
    )
    return "weak" if weak else "strong"


def _titleworthy(reading: Reading, start: int, end: int) -> bool:
    """Whether the words could be a title at all: not a value, not everyday words in lower case."""
    words = reading.folds[start:end]
    if not words or (words[0] in reading.lexicon.language.stop_words and not reading.utterance.words[start].capital):
        return False
    if value_key(words[:1]) in reading.lexicon.values or value_key(words[:2]) in reading.lexicon.values:
        return False
    language = reading.lexicon.language
    if words[0].isdigit() or words[0] in language.neutral_nouns or words[0] in language.ordinals:
        return False
    if words[0] in ("number", "option"):
        return False
    named = reading.utterance.words[start].capital and reading.utterance.cased
    if words[0] in reading.lexicon.judging and not named:
        return False
    return named or reading.common(words) < len(words)


def _exact(reading: Reading, start: int, *, slot: Slot) -> Mention | None:
    if dated := _after_year(reading, start):
        return dated
    end = reading.run_end(start, MAX_TITLE_WORDS, commas=True)
    for stop in range(end, start, -1):
        key = reading.lexicon.key_of(reading.folds[start:stop])
        entries = reading.lexicon.titles.get(key)
        if not entries:
            continue
        year, after = _year_after(reading, stop)
        entry = reading.lexicon.best(entries, year=year) if year is not None else None
        if entry:
            return Mention("title", start, after, items=(entry.item_id,))
        if recognisable(reading, start, stop, entries, slot=slot) and (entry := reading.lexicon.best(entries)):
            return Mention("title", start, stop, items=(entry.item_id,))
    return None


def _after_year(reading: Reading, place: int) -> Mention | None:
    """ "The 2002 Insomnia": a year in front of a title that came out then."""
    if not _YEAR.fullmatch(reading.folds[place]) or not reading.free(place, place + 1):
        return None
    for stop in range(reading.run_end(place, MAX_TITLE_WORDS), place + 1, -1):
        entries = reading.lexicon.titles.get(reading.lexicon.key_of(reading.folds[place + 1 : stop]))
        entry = reading.lexicon.best(entries, year=float(reading.folds[place])) if entries else None
        if entry:
            return Mention("title", place, stop, items=(entry.item_id,))
    return None


def _year_after(reading: Reading, place: int) -> tuple[float | None, int]:
    """A year straight after a title, as in "Heat (1995)", "heat 1995" or "heat from 1995"."""
    dated = place + 1 < len(reading) and reading.folds[place] in ("from", "of") and reading.free(place, place + 2)
    if dated and _YEAR.fullmatch(reading.folds[place + 1]) and not reading.comma_before(place):
        return float(reading.folds[place + 1]), place + 2
    if place < len(reading) and _YEAR.fullmatch(reading.folds[place]):
        gap = reading.utterance.words[place].gap
        if "(" in gap or not gap.strip() or gap.strip() == ",":
            after = place + 1
            # "(1999 film)"
            if after < len(reading) and reading.folds[after] in ("film", "movie") and "(" in gap:
                after += 1
            return float(reading.folds[place]), after
    return None, place


def _fuzzy(reading: Reading, start: int, stop: int) -> Mention | None:
    capital = reading.utterance.words[start].capital and reading.utterance.cased
    if goes_on(reading, start, stop) or (stop - start == 1 and not capital and not ends_there(reading, stop)):
        return None
    key = reading.lexicon.key_of(reading.folds[start:stop])
    if key in reading.lexicon.titles:
        entry = reading.lexicon.best(reading.lexicon.titles[key])
        return Mention("title", start, stop, items=(entry.item_id,)) if entry else None
    if len(key) < 5 or (stop - start == 1 and key in reading.lexicon.language.common_words):
        return None
    near = reading.lexicon.similar_keys(key, cutoff=SHORT_CUTOFF if len(key) > 8 else FUZZY_CUTOFF)
    near = [(name, score) for name, score in near if _same_numbers(name, key) and (capital or stem(key) != stem(name))]
    if not near or (near[0][1] < FUZZY_CUTOFF and not capital):
        return None
    best = [entry for name, score in near if score == near[0][1] for entry in reading.lexicon.titles[name]]
    year, after = _year_after(reading, stop)
    entry = (reading.lexicon.best(best, year=year) if year else None) or reading.lexicon.best(best)
    return Mention("title", start, after, items=(entry.item_id,)) if entry else None


def _same_numbers(name: str, key: str) -> bool:
    # "Rocky 3" is not a misspelt "Rocky 2".
    return re.findall(r"\d+", name) == re.findall(r"\d+", key)


def _report_unknown(reading: Reading, place: int, label: str, said: str) -> None:
    """A phrase that should be a title but is none of this catalogue's."""
    words = reading.utterance.words
    end = place
    capital = words[place].capital and reading.utterance.cased
    while end < len(reading) and reading.free(end, end + 1):
        if end > place and (reading.break_before(end) or reading.comma_before(end)):
            break
        if capital and not words[end].capital and words[end].fold not in ("of", "the", "and", "in", "for", "to", "a"):
            break
        if not capital and (reading.cue_at(end) or reading.folds[end] in CONNECTORS or reading.stop(end)):
            break
        end += 1
    while end > place and reading.stop(end - 1):
        end -= 1
    if end == place or label not in _NAMING_CUES:
        return
    nouns = reading.lexicon.language.neutral_nouns
    if not capital and any(word in nouns for word in reading.folds[place : end + 1]):
        return  # "superhero movies" are a kind, not a title
    if not capital and label == cue_labels.DETAILS and not said.startswith(("tell me", "more about", "info")):
        return
    if not capital and (said in ("i like", "we like", "like", "into", "prefer") or end - place > 5):
        return
    # People are liked too: they are linked later.
    if " ".join(reading.folds[place:end]) in reading.lexicon.people or reading.folds[place] in reading.lexicon.surnames:
        return
    reading.unresolved.append(reading.utterance.said(place, end))
    reading.claim(place, end, "unresolved")
