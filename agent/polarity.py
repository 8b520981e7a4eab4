"""Who governs what: the scope of negations, likes and dislikes over the mentions of an utterance."""

from __future__ import annotations

from agent import language as cue_labels
from agent.reading import CONNECTORS, NEGATIVE, Cue, Reading

# These end a negation even before anything was negated: "nothing but comedies".
_ENDING = frozenset((cue_labels.ONLY, cue_labels.CONTRAST, cue_labels.INSTEAD))
_PASSIVE = frozenset((cue_labels.FILLER, cue_labels.PRAISE, cue_labels.BLAME))
_RESTARTS = frozenset(("something", "some", "lots", "a", "an", "maybe", "then", "give", "show"))


def settle_polarity(reading: Reading) -> set[int]:
    """Set ``negative`` and ``cue`` of every mention; returns the places of free words under a negation.

    A negation reaches over "or", "nor", "and" and over a list of commas that goes on to the end of its clause. It ends
    with the sentence, with "but" and "only", and, once it has negated something, with the next cue ("no horror, I want
    ...", "without romance from the 90s").
    """
    negated: set[int] = set()
    starts = {mention.start: mention for mention in reading.mentions}
    negative, consumed, governing = False, False, None
    place = 0
    while place < len(reading):
        if reading.break_before(place):
            negative, governing = False, None
        if negative and consumed and _ends_at(reading, place):
            negative, governing = False, None
        cue = reading.cue_at(place)
        if cue and cue.start == place:
            if cue.label in NEGATIVE:
                negative, consumed, governing = True, False, cue.label
            elif cue.label not in _PASSIVE:
                if cue.label in _ENDING or consumed:
                    negative = False
                governing = _governs(cue, governing, negative=negative)
            place = max(cue.end, place + 1)
            continue
        if mention := starts.get(place):
            mention.negative, mention.cue = negative, governing
            consumed = consumed or negative
            place = mention.end
            continue
        if negative and reading.taken[place] is None and not _light(reading, place):
            negated.add(place)
            consumed = True
        elif negative and reading.taken[place] is not None:
            consumed = True
        place += 1
    _settle_afterthoughts(reading)
    return negated


def _governs(cue: Cue, governing: str | None, *, negative: bool) -> str | None:
    # Inside a negation, "with" and "like" do not take over: "nothing with ...", "not like ...".
    if negative:
        return governing
    return None if cue.label in _ENDING else cue.label


def _light(reading: Reading, place: int) -> bool:
    language = reading.lexicon.language
    return reading.stop(place) or reading.folds[place] in language.neutral_nouns | CONNECTORS | language.articles


def _ends_at(reading: Reading, place: int) -> bool:
    """Whether a negation that has done its work stops in front of this word."""
    if reading.folds[place] in _RESTARTS:
        return True
    return reading.comma_before(place) and not _list_goes_on(reading, place)


def _list_goes_on(reading: Reading, place: int) -> bool:
    closed = False
    while place < len(reading) and not reading.break_before(place):
        closed = closed or reading.folds[place] in ("or", "nor")
        linked = reading.taken[place] in ("value", "title", "person")
        if not linked and reading.folds[place] not in CONNECTORS | reading.lexicon.language.neutral_nouns:
            return closed
        place += 1
    return True


def _closes(reading: Reading, cue: Cue) -> bool:
    """Whether a clause ends with a cue."""
    return cue.end == len(reading) or reading.break_before(cue.end) or reading.comma_before(cue.end)


def _settle_afterthoughts(reading: Reading) -> None:
    """ "Heat was boring", "horror is not my thing", "drama no": the verdict follows."""
    for cue in reading.cues:
        if cue.label == cue_labels.NEGATE and reading.folds[cue.start : cue.end] == ["no"] and _closes(reading, cue):
            for mention in reading.of_kind("value", "title", "person"):
                if mention.end == cue.start and not reading.comma_before(cue.start):
                    mention.negative, mention.cue = True, cue_labels.NEGATE
        if cue.label not in (cue_labels.PRAISE, cue_labels.BLAME):
            continue
        before = [
            mention for mention in reading.of_kind("value", "title", "person", "reference") if mention.end <= cue.start
        ]
        for mention in reversed(before):
            if any(reading.break_before(place) for place in range(mention.end, cue.start + 1)):
                break
            if mention.cue in (None, cue_labels.SEEN, cue_labels.DETAILS, cue_labels.WANT):
                mention.cue = cue_labels.LIKE if cue.label == cue_labels.PRAISE else cue_labels.DISLIKE
                mention.negative = cue.label == cue_labels.BLAME
