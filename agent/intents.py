"""What kind of answer an utterance wants, from its cues and what it links to."""

from __future__ import annotations

import re

from agent import language as cue_labels
from agent.reading import Reading
from agent.request import Intent


def intent_of(reading: Reading, *, mood: str, count: int | None, constrained: bool) -> Intent:
    """Decide. ``constrained``: whether ranges, values, people or critiques were found."""
    titles = [mention for mention in reading.of_kind("title") if not mention.compared]
    references = reading.of_kind("reference")
    linked = bool(titles or references or constrained)
    if not reading.folds:
        return Intent.SMALL_TALK
    if takes_back(reading) and not constrained and not titles:
        return Intent.UNDO
    if _out_of_scope(reading, linked=bool(titles) or constrained):
        return Intent.OUT_OF_SCOPE
    if _only_small_talk(reading) and not linked:
        return Intent.SMALL_TALK
    if _compares(reading, things=len(titles) + sum(len(m.items) or 1 for m in references)):
        return Intent.COMPARE
    if _explains(reading):
        return Intent.EXPLAIN
    if _details(reading, titles=bool(titles), references=bool(references), constrained=constrained):
        return Intent.DETAILS
    if _feedback(reading, titles=bool(titles), references=bool(references), other=constrained or count is not None):
        return Intent.FEEDBACK
    if _similar(reading):
        return Intent.SIMILAR
    if constrained or count is not None or reading.has(cue_labels.WANT, cue_labels.MORE):
        return Intent.RECOMMEND
    if titles:
        return Intent.SIMILAR
    return Intent.DETAILS if references else _unlinked(reading, mood)


def takes_back(reading: Reading) -> bool:
    """ "undo", "start over": the phrase opens the utterance, and little else is said."""
    for cue in reading.cues:
        if cue.label in (cue_labels.UNDO, cue_labels.RESET):
            rest = [n for n in range(len(reading)) if not cue.start <= n < cue.end and not reading.stop(n)]
            rest = [n for n in rest if reading.folds[n] not in reading.lexicon.language.neutral_nouns]
            if len(rest) <= 1:
                return True
    return False


def _out_of_scope(reading: Reading, *, linked: bool) -> bool:
    said = " ".join(reading.folds)
    if not any(re.search(pattern, said) for pattern in reading.lexicon.language.out_of_scope):
        return False
    return not linked or re.search(r"\b(prompt|instructions|user \d+|customer \d+|password)\b", said) is not None


def _only_small_talk(reading: Reading) -> bool:
    """Whether the utterance is a run of small-talk phrases."""
    place = 0
    while place < len(reading):
        length = _small_talk_length(reading, place)
        if not length:
            return False
        place += length
    return True


def _small_talk_length(reading: Reading, place: int) -> int:
    for length in range(min(8, len(reading) - place), 0, -1):
        if " ".join(reading.folds[place : place + length]) in reading.lexicon.small_talk:
            return length
    return 1 if reading.folds[place] in ("i", "you", "and", "the", "so", "for", "that", "to") else 0


def _compares(reading: Reading, *, things: int) -> bool:
    if reading.has(cue_labels.COMPARE) and (
        things >= 1 or reading.context.shown or _opens(reading, cue_labels.COMPARE)
    ):
        return True
    places = reading.of_kind("title", "reference")
    if len(places) != 2 or things > 3:
        return False
    between = reading.folds[places[0].end : places[1].start]
    wanting = reading.has(cue_labels.LIKE, cue_labels.AS, cue_labels.DISLIKE, cue_labels.SEEN, cue_labels.EXPLAIN)
    return between in (["or"], ["vs"], ["versus"]) and not wanting


def _opens(reading: Reading, *labels: str) -> bool:
    """Whether such a cue begins the utterance, greetings and fillers aside."""
    for cue in sorted(reading.cues, key=lambda cue: cue.start):
        if cue.label in labels:
            return all(reading.stop(n) or reading.taken[n] is not None for n in range(cue.start))
    return False


def _explains(reading: Reading) -> bool:
    return _opens(reading, cue_labels.EXPLAIN) or (reading.has(cue_labels.EXPLAIN) and reading.utterance.question)


def _details(reading: Reading, *, titles: bool, references: bool, constrained: bool) -> bool:
    asked = [cue for cue in reading.cues if cue.label == cue_labels.DETAILS]
    if asked:
        if titles or references or reading.unresolved:
            return not reading.has(cue_labels.AS) and not (reading.has(cue_labels.WANT) and constrained)
        about_cards = bool(reading.context.shown) or reading.context.focus is not None
        weak = {"is it", "was it", "does it", "is that", "is this", "what is", "whats", "what are", "is there anything"}
        said = {" ".join(reading.folds[cue.start : cue.end]) for cue in asked}
        if about_cards or said - weak - {"more on", "are they", "what was", "detail", "have you seen", "do you know"}:
            return not constrained and not reading.has(cue_labels.WANT, cue_labels.AS) and _points(reading)
    verb = reading.folds[0] in ("is", "was", "does", "did", "has", "are", "were")
    if verb and titles and not reading.has(cue_labels.WANT, cue_labels.AS, cue_labels.LIKE):
        return True
    alone = titles and reading.utterance.question and len(reading.cues) == 0 and not constrained
    return alone and all(reading.taken[n] == "title" or reading.stop(n) for n in range(len(reading)))


def _points(reading: Reading) -> bool:
    """Whether the question is about something on the table rather than about the world."""
    free = [n for n in range(len(reading)) if reading.taken[n] is None and not reading.cue_at(n)]
    return (
        not any(reading.utterance.words[n].capital and n > 0 and not reading.stop(n) for n in free) and len(free) <= 6
    )


def _feedback(reading: Reading, *, titles: bool, references: bool, other: bool) -> bool:
    """A statement of taste or of having seen something, with nothing asked for."""
    if reading.has(cue_labels.WANT, cue_labels.MORE, cue_labels.ALSO) and reading.has(cue_labels.WANT, cue_labels.MORE):
        return False
    if other or reading.has(cue_labels.INSTEAD):
        return False
    judged = {cue_labels.LIKE, cue_labels.DISLIKE, cue_labels.SEEN}
    about = reading.of_kind("title", "reference")
    if any(m.cue in judged for m in about) and not any(m.cue == cue_labels.AS for m in about):
        return True
    verdicts = reading.has(cue_labels.PRAISE, cue_labels.BLAME)
    if verdicts and (titles or references or bool(reading.context.shown) or len(reading) <= 5):
        return True
    unknown = bool(reading.unresolved) and reading.has(*judged) and not reading.has(cue_labels.AS)
    bare = reading.has(cue_labels.SEEN, cue_labels.DISLIKE) and len(reading) <= 5 and not reading.unresolved
    return unknown or (bare and not titles and all(reading.stop(n) or reading.cue_at(n) for n in range(len(reading))))


def _similar(reading: Reading) -> bool:
    about = [m for m in reading.of_kind("title", "reference") if not m.negative and not m.compared]
    if any(m.cue in (cue_labels.AS, cue_labels.LIKE, cue_labels.MORE) for m in about):
        return True
    if any("than" in reading.folds[max(0, m.start - 2) : m.start] for m in about):
        return True  # "less scary than The Shining"
    unknown = bool(reading.unresolved) and reading.has(cue_labels.AS)
    words = " ".join(reading.folds)
    return unknown or (
        bool(re.search(r"\b(more|something|anything) (like|similar)", words)) and not about and not reading.mentions
    )


def _unlinked(reading: Reading, mood: str) -> Intent:
    """Nothing links: a wish in free words, or a question about the world."""
    said = " ".join(reading.folds)
    neutral = any(word in reading.lexicon.language.neutral_nouns for word in reading.folds)
    world = re.match(
        r"(who|when|where|how|what|which|can you|could you|will you|do you|did|does|is|are|should)\b", said
    )
    if not mood:
        return Intent.RECOMMEND if neutral or reading.unresolved else Intent.SMALL_TALK
    return Intent.OUT_OF_SCOPE if world and not neutral else Intent.RECOMMEND
