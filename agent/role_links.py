"""Where learned roles of words and rules meet: what is linked or let go because of how the sentence speaks of it."""

from __future__ import annotations

from agent import language as cue_labels
from agent.lexicon import MAX_TITLE_WORDS
from agent.reading import Mention, Reading
from agent.tokens import value_key

SURE, DOUBT = 0.6, 0.12
"""Mean probability of a role over a mention's words: from the first it is linked without a rule, below the second not
at all. In between the rules decide."""
SURE_OF_SIDE = 0.75
"""Probability from which a mention is wanted, or unwanted, whatever the cues say."""
_WITHDRAWN, _IDLE_WORD, _ASKED = 0.5, 0.25, 0.5
_SLIP = 78.0
"""Similarity of a misspelt title that the sentence makes a title of, 0..100."""
_LIKELY, _EVEN = 0.35, 0.5
_LONGEST_CUE = 5
"""Words of a phrase before the one that could be a title."""
_KINDS = ("title", "value", "person")


def told(reading: Reading, start: int, stop: int, kind: str) -> bool:
    """Whether the sentence alone makes a title, value or person of these words."""
    return reading.roles is not None and _chance(reading, start, stop, kind) >= SURE


def likely(reading: Reading, start: int, stop: int, kind: str) -> bool:
    """Whether a slip of the pen may be looked for here: without learned roles always."""
    return reading.roles is None or _chance(reading, start, stop, kind) >= _LIKELY


def doubted(reading: Reading, start: int, stop: int, kind: str) -> bool:
    """Whether the sentence speaks against it."""
    return reading.roles is not None and _chance(reading, start, stop, kind) < DOUBT


def unlikely(reading: Reading, start: int, stop: int, kind: str) -> bool:
    """Whether the sentence rather makes something else of these words."""
    return reading.roles is not None and _chance(reading, start, stop, kind) < _EVEN


def _chance(reading: Reading, start: int, stop: int, kind: str) -> float:
    roles = reading.roles
    if roles is None:
        return 0.0
    # An article or a year at the edge of a title says little.
    places = [n for n in range(start, stop) if not reading.stop(n) and not reading.folds[n].isdigit()]
    places = places or list(range(start, stop))
    return sum(roles.kind(n, n + 1, kind) + roles.of(n, n + 1, "withdrawn") for n in places) / len(places)


def link_told_titles(reading: Reading) -> None:
    """Exact titles, parts of one and slips of the pen where the sentence makes a title of a run of words."""
    for start, stop in _runs(reading):
        if whole := _whole(reading, start, stop):
            reading.add(whole)
            continue
        place = start
        while place < stop:
            mention = _longest(reading, place, stop)
            if mention:
                reading.add(mention)
            place = mention.end if mention else place + 1
        if reading.free(start, stop) and (mention := _near(reading, start, stop)):
            reading.add(mention)


def _runs(reading: Reading) -> list[tuple[int, int]]:
    """Free words that are each more likely part of a title than not, side by side."""
    runs: list[tuple[int, int]] = []
    for place in range(len(reading)):
        if reading.taken[place] is not None or reading.roles is None:
            continue
        if reading.roles.kind(place, place + 1, "title") + reading.roles.of(place, place + 1, "withdrawn") < 0.5:
            continue
        if runs and runs[-1][1] == place and not reading.break_before(place):
            runs[-1] = runs[-1][0], place + 1
        else:
            runs.append((place, place + 1))
    return runs


def _whole(reading: Reading, start: int, stop: int) -> Mention | None:
    """A title of all words of a run, and of up to two beside it that the network took for something else; or a part of
    one title: in "eternal sunshine" no film of the name "Sunshine" is meant."""
    lexicon = reading.lexicon
    spans = [(a, b) for a in range(max(0, start - 2), start + 1) for b in range(stop, min(len(reading), stop + 2) + 1)]
    for first, last in sorted(spans, key=lambda span: span[0] - span[1]):
        if last - first < 2 or not reading.free(first, last) or _broken(reading, first, last):
            continue
        key = lexicon.key_of(reading.folds[first:last])
        entry = lexicon.best(lexicon.titles.get(key, ()))
        subtitle = entry is not None and entry.grade >= 3 and (first, last) != (start, stop)
        if entry and not subtitle and _chance(reading, first, last, "title") >= _LIKELY:
            return None if _describes(reading, first, last) else Mention("title", first, last, items=(entry.item_id,))
    item = lexicon.parts.get(lexicon.key_of(reading.folds[start:stop]))
    known = value_key(reading.folds[start:stop]) in lexicon.values
    return Mention("title", start, stop, items=(item,)) if item and not known else None


def _broken(reading: Reading, start: int, stop: int) -> bool:
    return any(reading.break_before(place) for place in range(start + 1, stop))


def _describes(reading: Reading, start: int, stop: int) -> bool:
    """Whether words only say what kind is wanted, or belong to a phrase: "an old black and white crime movie", "a
    superhero movie", "not a big fan of"."""
    lexicon = reading.lexicon
    nouns = lexicon.language.neutral_nouns
    for place in range(max(0, start - _LONGEST_CUE), start + 1):
        cue = lexicon.cues.match(reading.folds, place)
        if cue and place + cue[0] > stop:
            return True
    if any(word.capital for word in reading.utterance.words[max(start, 1) : stop]):
        return False
    indefinite = any(word in ("a", "an", "some", "any") for word in reading.folds[max(0, start - 2) : start + 1])
    if indefinite and reading.folds[stop - 1] in nouns:
        return True
    after = reading.folds[stop] if stop < len(reading) else ""
    noun = after in nouns or value_key([after]) in lexicon.values
    return indefinite and noun and reading.common(reading.folds[start:stop]) == stop - start


def _longest(reading: Reading, place: int, stop: int) -> Mention | None:
    lexicon = reading.lexicon
    for end in range(min(stop, place + MAX_TITLE_WORDS), place, -1):
        if not reading.free(place, end) or not told(reading, place, end, "title"):
            continue
        words = reading.folds[place:end]
        key = lexicon.key_of(words)
        if key.isdigit() and not words[-1].isdigit():
            continue  # the "III" of a title whose other words are not its
        entries = lexicon.titles.get(key)
        if entries and (entry := lexicon.best(entries)) and entry.grade < 3:
            return None if _describes(reading, place, end) else Mention("title", place, end, items=(entry.item_id,))
        if end - place > 1 and (item := lexicon.parts.get(key)):
            return Mention("title", place, end, items=(item,))
    return None


def _near(reading: Reading, start: int, stop: int) -> Mention | None:
    lexicon = reading.lexicon
    if not told(reading, start, stop, "title") or _describes(reading, start, stop):
        return None
    key = lexicon.key_of(reading.folds[start:stop])
    if item := lexicon.parts.get(key):
        return Mention("title", start, stop, items=(item,))
    if len(key) < 5:
        return None
    near = lexicon.similar_keys(key, cutoff=_SLIP)
    entry = lexicon.best(lexicon.titles[near[0][0]]) if near else None
    return Mention("title", start, stop, items=(entry.item_id,)) if entry else None


def settle_sides(reading: Reading) -> None:
    """Wanted or unwanted, where the sentence says it more surely than its cues."""
    roles = reading.roles
    if roles is None:
        return
    for mention in reading.of_kind(*_KINDS):
        if mention.negative and roles.of(mention.start, mention.end, f"{mention.kind}_about") >= _ASKED:
            mention.negative, mention.cue = False, None
            continue
        against = roles.against(mention.start, mention.end)
        if against >= SURE_OF_SIDE and not mention.negative:
            mention.negative = True
            mention.cue = cue_labels.DISLIKE if mention.cue in (None, cue_labels.LIKE) else mention.cue
        elif against <= 1 - SURE_OF_SIDE and mention.negative:
            mention.negative = False
            mention.cue = cue_labels.LIKE if mention.cue == cue_labels.DISLIKE else None


def let_go(reading: Reading) -> None:
    """Mentions taken back within the sentence, where another of their kind is left."""
    roles = reading.roles
    if roles is None:
        return
    for kind in _KINDS:
        mentions = reading.of_kind(kind)
        back = [mention for mention in mentions if roles.of(mention.start, mention.end, "withdrawn") >= _WITHDRAWN]
        if len(back) < len(mentions):
            reading.mentions = [mention for mention in reading.mentions if mention not in back]


def no_constraint(reading: Reading, start: int, stop: int) -> bool:
    """Whether a number only tells a story: "ten years ago", "a 40 cm gap"."""
    roles = reading.roles
    if roles is None or any(reading.taken[place] == "title" for place in range(start, stop)):
        return False
    return max(roles.of(n, n + 1, "year", "range", "withdrawn") for n in range(start, stop)) < DOUBT


def no_wish(reading: Reading, place: int) -> bool:
    """Whether an adjective that could be a relative wish is none: "an old film from the 40s", "a metre tall"."""
    return reading.roles is not None and reading.roles.of(place, place + 1, "critique") < _IDLE_WORD


def idle(reading: Reading, place: int) -> bool:
    """Whether a word under a negation is only a manner of speaking: "never managed to", "wipe the slate"."""
    return reading.roles is not None and reading.roles.of(place, place + 1, "critique", "mood") < _IDLE_WORD
