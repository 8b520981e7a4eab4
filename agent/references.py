"""Words for items that are on the table: "the second one", "it", "the first two"."""

from __future__ import annotations

from agent import language as cue_labels
from agent.reading import Mention, Reading

_NOT_ITEMS_TEXT = """
time times place world half week night year years season part day days of weekend month minute chance class
decade century few couple
"""
_NOT_ITEMS = frozenset(_NOT_ITEMS_TEXT.split())
_GOVERNING = frozenset(
    (
        cue_labels.LIKE,
        cue_labels.DISLIKE,
        cue_labels.SEEN,
        cue_labels.AS,
        cue_labels.DETAILS,
        cue_labels.EXPLAIN,
        cue_labels.COMPARE,
        cue_labels.NEGATE,
        cue_labels.FORGET,
    )
)


def link_references(reading: Reading) -> None:
    """Resolve against what was shown; a title in the same utterance comes before the cards ("saw Heat, hated it")."""
    place = 0
    while place < len(reading):
        mention = _position(reading, place) or _pronoun(reading, place)
        if mention:
            reading.cues = [
                c for c in reading.cues if c.end <= mention.start or c.start >= mention.end or c.start < mention.start
            ]
            reading.add(mention)
        place = mention.end if mention else place + 1


def _position(reading: Reading, place: int) -> Mention | None:
    language = reading.lexicon.language
    if reading.taken[place] is not None:
        return None
    word = reading.folds[place]
    after = reading.folds[place + 1] if place + 1 < len(reading) else ""
    before = reading.folds[place - 1] if place else ""
    if word in ("number", "option", "nr", "no") and (position := _numeral(reading, place + 1)):
        return _at(reading, place, place + 2, [position])
    if "#" in reading.utterance.words[place].gap and word.isdigit():
        return _at(reading, place, place + 1, [int(word)])
    position = language.ordinals.get(word)
    if position is None or after in _NOT_ITEMS:
        return None
    start = place - 1 if before == "the" else place
    if ((amount := language.numbers.get(after)) and after != "one") or (amount := int(after) if after.isdigit() else 0):
        shown = len(reading.context.shown) or amount
        chosen = range(1, amount + 1) if position == 1 else range(shown - amount + 1, shown + 1)
        end = place + 2
        return _at(
            reading, start, end + (end < len(reading) and reading.folds[end] in language.neutral_nouns), list(chosen)
        )
    noun = after in language.neutral_nouns
    if position == -1 and not (
        after == "one" or (noun and bool(reading.context.shown)) or (before == "the" and not after)
    ):
        return None
    if not noun and before not in ("the", "and", "or") and len(reading) > 3:
        return None
    if position == -1 and place + 2 < len(reading) and reading.folds[place + 2] in ("i", "we", "that"):
        return None
    return _at(reading, start, place + 1 + noun, [position])


def _numeral(reading: Reading, place: int) -> int | None:
    if place >= len(reading):
        return None
    word = reading.folds[place]
    number = int(word) if word.isdigit() else reading.lexicon.language.numbers.get(word, 0)
    return number if 0 < number <= 50 else None


def _at(reading: Reading, start: int, end: int, positions: list[int]) -> Mention:
    shown = reading.context.shown
    items = [
        shown[position - 1 if position > 0 else position]
        for position in positions
        if (0 < position <= len(shown)) or (position < 0 and shown)
    ]
    return Mention("reference", start, end, items=tuple(items), text=reading.utterance.said(start, end))


def _pronoun(reading: Reading, place: int) -> Mention | None:
    language = reading.lexicon.language
    word = reading.folds[place]
    if reading.taken[place] is not None or word not in language.pronouns | language.plural_pronouns:
        return None
    cue = reading.cue_at(place)
    if cue and cue.label not in (cue_labels.DETAILS, cue_labels.SEEN):
        return None
    after = reading.folds[place + 1] if place + 1 < len(reading) else ""
    with_noun = after in ("one", "ones") or (
        after in language.neutral_nouns and word in ("that", "this", "these", "those")
    )
    governed = _governed(reading, place) or (cue is not None)
    verdict = any(
        c.start == place + 1 + with_noun and c.label in (cue_labels.PRAISE, cue_labels.BLAME) for c in reading.cues
    )
    if not (governed or verdict or (with_noun and len(reading) <= 4)):
        return None
    if word in ("that", "this") and not with_noun and after and not verdict and not _clause_ends(reading, place + 1):
        return None
    if word in ("all", "they") and not verdict and word != "all":
        return None
    end = place + 1 + with_noun
    said = reading.utterance.said(place, end)
    return Mention("reference", place, end, items=_meant(reading, word, place), text=said)


def _governed(reading: Reading, place: int) -> bool:
    """Whether a cue stands right in front, or one that questions what is on the table opens the sentence."""
    for cue in reading.cues:
        if cue.end == place and cue.label in _GOVERNING:
            return True
        if cue.label in (cue_labels.EXPLAIN, cue_labels.COMPARE) and cue.end <= place:
            return True
    return place > 0 and reading.folds[place - 1] in ("than", "is", "was", "does", "to")


def _clause_ends(reading: Reading, place: int) -> bool:
    if place >= len(reading) or reading.break_before(place) or reading.comma_before(place):
        return True
    return reading.folds[place] in (
        "but",
        "and",
        "or",
        "already",
        "please",
        "again",
        "too",
        "before",
        "with",
        "without",
        "from",
    )


def _meant(reading: Reading, word: str, place: int) -> tuple[str, ...]:
    earlier = [mention for mention in reading.of_kind("title") if mention.end <= place]
    context = reading.context
    if word in reading.lexicon.language.plural_pronouns:
        if earlier:
            return tuple(item for mention in earlier for item in mention.items)
        return context.shown[:2] if word == "both" else context.shown
    if earlier:
        return earlier[-1].items
    if context.focus:
        return (context.focus,)
    return context.shown if len(context.shown) == 1 else ()
