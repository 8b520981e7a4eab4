"""Titles where nothing but the sentence tells: in lower case, made of everyday words.

"is dead calm longer than the fly": no capital, no telling word. But a title stands where an item is spoken of: behind a
verb of asking or judging, in front of a verdict, beside another title.
"""

from __future__ import annotations

from agent.lexicon import MAX_TITLE_WORDS
from agent.reading import CONNECTORS, Mention, Reading
from agent.recognition import VAGUE, part_of_person, rated
from agent.role_links import doubted
from agent.tokens import value_key

_BEFORE_TEXT = """
is was are were does did do why like liked loved love hated hate enjoyed enjoy adore adored than choose chose picked
after versus vs between compare saw seen watched own have had finished finish thought regret resemble beat recommended
suggested recommend made about or
"""
_BEFORE = frozenset(_BEFORE_TEXT.split())
"""Words behind which an item may be named."""
_AFTER_TEXT = """
is was were did does had has or and vs versus but than with come bored made there because which already again beat
differ compare instead too please last yesterday died broke exceeded ended longer shorter better worse cheaper newer
older in get side end a to up
"""
_AFTER = frozenset(_AFTER_TEXT.split())
_OPENING_TEXT = "is was were did made bored died broke exceeded or vs versus and had"
_OPENING = frozenset(_OPENING_TEXT.split())
"""Words in front of which a sentence may begin with an item."""
_BESIDE = tuple(
    tuple(joint.split()) for joint in ("or", "and", "vs", "versus", "than", "from", "with", "differ from", "apart from")
)


def link_frames(reading: Reading) -> None:
    """Links what the sentence makes a title of."""
    _in_frames(reading)
    for title in reading.of_kind("title"):
        _beside(reading, title)


def _in_frames(reading: Reading) -> None:
    start = 0
    while start < len(reading):
        mention = _framed(reading, start)
        if mention and not doubted(reading, mention.start, mention.end, "title"):
            reading.add(mention)
        start = mention.end if mention else start + 1


def _framed(reading: Reading, start: int) -> Mention | None:
    if not _may_begin(reading, start):
        return None
    for stop in range(reading.run_end(start, MAX_TITLE_WORDS, commas=True), start, -1):
        if not _may_end(reading, stop) or (start == 0 and not _opens(reading, stop)):
            continue
        capital = reading.utterance.cased and start > 0 and not reading.break_before(start)
        if mention := _named(reading, start, stop, telling=not capital):
            return mention
    return None


def _may_begin(reading: Reading, start: int) -> bool:
    if reading.taken[start] is not None or (reading.utterance.cased and not reading.utterance.words[start].capital):
        return False
    place = start - 1
    if place >= 0 and reading.folds[place] in reading.lexicon.language.articles:
        return False
    return place < 0 or reading.break_before(start) or reading.folds[place] in _BEFORE or reading.comma_before(start)


def _may_end(reading: Reading, stop: int) -> bool:
    if stop >= len(reading) or reading.break_before(stop) or reading.comma_before(stop):
        return True
    return reading.taken[stop] is not None or reading.folds[stop] in _AFTER


def _opens(reading: Reading, stop: int) -> bool:
    """Whether the first words of an utterance are spoken of: "platoon was great", "lolita or fargo?"."""
    if stop >= len(reading) or reading.folds[stop] in _OPENING or reading.comma_before(stop):
        return True
    return "?" in reading.utterance.words[stop].gap


def _named(reading: Reading, start: int, stop: int, *, telling: bool) -> Mention | None:
    """The item of these words, where they are its title; ``telling``: one word alone must be no everyday one."""
    language = reading.lexicon.language
    words = reading.folds[start:stop]
    content = [word for word in words if word not in language.articles]
    entries = reading.lexicon.titles.get(reading.lexicon.key_of(words)) if content else None
    if not entries or not reading.free(start, stop) or (len(content) == 1 and content[0] in VAGUE):
        return None
    if value_key(content) in reading.lexicon.values or part_of_person(reading, start, stop):
        return None
    if " ".join(words) in reading.lexicon.people or content[0].isdigit():
        return None
    common = reading.common(content)
    if all(word in language.stop_words | language.neutral_nouns for word in content):
        return None
    if telling and len(content) == 1 and common and not rated(reading, stop):
        return None
    entry = reading.lexicon.best(entries)
    return Mention("title", start, stop, items=(entry.item_id,)) if entry and entry.grade < 3 else None


def _beside(reading: Reading, title: Mention) -> None:
    """ "Little women versus F/X": next to a title, everyday words are one too."""
    for joint in _BESIDE:
        after = title.end + len(joint)
        if tuple(reading.folds[title.end : after]) == joint and after < len(reading):
            stops = range(reading.run_end(after, MAX_TITLE_WORDS, commas=True), after, -1)
            found = (_named(reading, after, stop, telling=False) for stop in stops if _may_end(reading, stop))
            mention = next((one for one in found if one), None)
            if mention and not doubted(reading, mention.start, mention.end, "title"):
                reading.add(mention)
        before = title.start - len(joint)
        if before > 0 and tuple(reading.folds[before : title.start]) == joint and joint[0] in CONNECTORS:
            starts = range(max(0, before - MAX_TITLE_WORDS), before)
            found = (_named(reading, start, before, telling=False) for start in starts)
            mention = next((one for one in found if one), None)
            if mention and not doubted(reading, mention.start, mention.end, "title"):
                reading.add(mention)
