"""From words to attribute values of the catalogue, and the grouping of alternatives and conjunctions."""

from __future__ import annotations

from itertools import product

from agent import language as cue
from agent.lexicon import MAX_VALUE_WORDS
from agent.reading import CONNECTORS, Mention, Reading
from agent.request import FacetRef
from agent.role_links import doubted, likely
from agent.tokens import stem, value_key

MAX_GROUPS = 8


def link_values(reading: Reading) -> None:
    """Exact values and synonyms first, longest first; then slips of the pen in what is left."""
    start = 0
    while start < len(reading):
        mention = _exact(reading, start)
        if mention and not doubted(reading, mention.start, mention.end, "value"):
            _absorb_cues(reading, mention)
            reading.add(mention)
        start = mention.end if mention else start + 1
    _link_pairs(reading)
    for place, word in enumerate(reading.utterance.words):
        if reading.taken[place] is not None or reading.cue_at(place) or _plain_word(reading, place):
            continue
        refs = reading.lexicon.nearest_value(word.fold)
        if refs and likely(reading, place, place + 1, "value"):
            reading.add(Mention("value", place, place + 1, refs=refs))


def _link_pairs(reading: Reading) -> None:
    """Values of two words of which one is misspelt: a word that neither the catalogue's texts nor the language has."""
    for place in range(len(reading) - 1):
        pair = reading.folds[place : place + 2]
        strange = [word for word in pair if word not in reading.lexicon.words and not reading.common([word])]
        if len(strange) != 1 or reading.run_end(place, 2) != place + 2 or reading.cue_at(place):
            continue
        if refs := reading.lexicon.nearest_of_two(pair[0], pair[1]):
            reading.add(Mention("value", place, place + 2, refs=refs))


def _exact(reading: Reading, start: int) -> Mention | None:
    end = reading.run_end(start, MAX_VALUE_WORDS)
    for stop in range(end, start, -1):
        words = reading.folds[start:stop]
        refs = reading.lexicon.values.get(value_key(words))
        if not refs or (stop - start == 1 and (words[0].isdigit() or _only_a_cue(reading, start))):
            continue
        return Mention("value", start, stop, refs=refs)
    return None


def _only_a_cue(reading: Reading, place: int) -> bool:
    """ "Like" is also a brand somewhere; in lower case a cue or stop word stays one."""
    word = reading.utterance.words[place]
    language = reading.lexicon.language
    kinds = language.neutral_nouns - reading.lexicon.kinds
    neutral = word.fold in kinds | language.stop_words
    return neutral and not (word.capital and place > 0 and reading.utterance.cased)


def _absorb_cues(reading: Reading, mention: Mention) -> None:
    """A cue inside a value ("Power Tools for Kids") says nothing."""
    reading.cues = [cue for cue in reading.cues if not (mention.start <= cue.start and cue.end <= mention.end)]


def _plain_word(reading: Reading, place: int) -> bool:
    word = reading.utterance.words[place]
    language = reading.lexicon.language
    if word.fold in language.common_words or stem(word.fold) in language.common_words:
        return True
    if word.fold in language.neutral_nouns or word.fold in language.opposites or word.fold in language.comparatives:
        return True
    # A capital inside a sentence is a name.
    return word.capital and place > 0 and reading.utterance.cased and not word.opens_sentence


def grouped(reading: Reading, mentions: list[Mention]) -> tuple[tuple[FacetRef, ...], ...]:
    """Conjunction of alternatives.

    "Action comedy" is both, "horror or thriller" is either, "crime dramas or mysteries" distributes. "And" between two
    plurals ("comedies and thrillers"), between values that no item can have together, and in a list of what someone
    likes ("I like crime, drama and westerns") means either.
    """
    groups: list[tuple[FacetRef, ...]] = []
    terms: list[list[Mention]] = []
    for mention in mentions:
        joint = _joint(reading, terms[-1][-1], mention) if terms else "apart"
        if joint == "or":
            terms.append([mention])
        elif joint == "and" and terms:
            terms[-1].append(mention)
        else:
            groups += _distribute(terms)
            terms = [[mention]]
    groups += _distribute(terms)
    return tuple(dict.fromkeys(groups))[:MAX_GROUPS]


def _distribute(terms: list[list[Mention]]) -> list[tuple[FacetRef, ...]]:
    choices = product(*terms) if terms else ()
    return [tuple(dict.fromkeys(ref for mention in choice for ref in mention.refs)) for choice in choices]


def _joint(reading: Reading, left: Mention, right: Mention) -> str:
    """How two neighbouring values belong together: "or", "and" (adjacent: one term), or "apart" (both, separately)."""
    between = reading.folds[left.end : right.start]
    words = [word for word in between if word not in reading.lexicon.language.neutral_nouns]
    allowed = CONNECTORS | reading.lexicon.language.articles | {"either", "maybe", "even", "some"}
    if reading.break_before(right.start) or any(word not in allowed for word in words):
        return "apart"
    comma = any(reading.comma_before(place) for place in range(left.end, right.start + 1))
    if "or" in words or "/" in reading.utterance.words[right.start].gap:
        return "or"
    if not words and not comma:
        return "and" if not _exclusive(reading, left, right) else "or"
    if comma and _ends_in_or(reading, right):
        return "or"
    plural = all(stem(reading.folds[m.end - 1]) != reading.folds[m.end - 1] for m in (left, right))
    return "or" if plural or _exclusive(reading, left, right) or _likes(reading, left) else "apart"


def _likes(reading: Reading, mention: Mention) -> bool:
    """Whether the last cue before a value, in its sentence, says what someone likes."""
    before = [found for found in reading.cues if found.end <= mention.start]
    nearest = max(before, key=lambda found: (found.end, -found.start), default=None)
    if nearest is None or nearest.label != cue.LIKE:
        return False
    return not any(reading.break_before(place) for place in range(nearest.end, mention.start + 1))


def _exclusive(reading: Reading, left: Mention, right: Mention) -> bool:
    attributes = {ref.attribute for ref in left.refs + right.refs}
    return len(attributes) == 1 and attributes <= reading.lexicon.single_valued


def _ends_in_or(reading: Reading, mention: Mention) -> bool:
    """Whether a comma list goes on to "... or x"."""
    later = [m for m in reading.of_kind("value") if m.start >= mention.end]
    place = mention.end
    for following in later:
        between = reading.folds[place : following.start]
        if "or" in between:
            return True
        if any(word not in reading.lexicon.language.neutral_nouns | {"and"} for word in between):
            return False
        place = following.end
    return False
