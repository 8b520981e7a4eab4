"""Constraints on numeric attributes: "under 20 euros", "from the 90s", "newer than Fargo"."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from agent import language as cue_labels
from agent.numbers import Number, beyond, lexicon_role, number_at, small_number
from agent.reading import Mention, Reading
from agent.request import RangeRef
from agent.role_links import no_constraint

_AROUND = frozenset(("around", "about", "roughly", "approximately", "circa", "ca", "near"))
_ALTERNATIVES = frozenset(("or", "the", "from", "early", "late", "in"))
_ASKING = frozenset(("is", "was", "are", "were", "does", "do", "did"))
_NEXT = frozenset(("try", "watch", "see", "read", "next", "do", "get", "buy", "play", "take"))
"""Before "after Fargo": what comes next for me, not what came out later."""
_BETWEEN_TEXT = "from made released spending costing paying going growing spend cost pay go grow get gets be"
_BETWEEN = frozenset(_BETWEEN_TEXT.split())
"""What may stand between a negation and the comparison that it turns round: "without spending more than 10 euros"."""
_TURNING_TEXT = """
no not nothing without never none isnt arent wasnt dont doesnt wont cant cannot shouldnt mustnt wouldnt
"""
_TURNING = frozenset(_TURNING_TEXT.split())
_YEAR_SLACK = 3
_AROUND_SHARE = 0.2


def link_ranges(reading: Reading) -> tuple[RangeRef, ...]:
    """Every numeric constraint; the words that say it are claimed. Later ones narrow earlier ones."""
    found: list[RangeRef] = []
    place, last = 0, -1
    while place < len(reading):
        result = _comparison(reading, place) or _plain_number(reading, place) or _relative_span(reading, place)
        if result and not no_constraint(reading, result[1], result[2]):
            ranges, start, end = result
            if last >= 0 and ranges and reading.folds[last:start] and set(reading.folds[last:start]) <= _ALTERNATIVES:
                ranges = _hull(found, ranges)
            found += ranges
            last = end
            reading.claim(start, end, "number")
            reading.cues = [cue for cue in reading.cues if cue.end <= start or cue.start >= end]
            place = end
        else:
            place += 1
    return tuple(merge_ranges(found))


def _hull(found: list[RangeRef], ranges: list[RangeRef]) -> list[RangeRef]:
    """ "The 80s or 90s": from the first to the last. Takes the earlier range of the attribute out of ``found``."""
    old = next((bounds for bounds in found if bounds.attribute == ranges[0].attribute), None)
    if old is None:
        return ranges
    found.remove(old)
    lows, highs = [old.low, ranges[0].low], [old.high, ranges[0].high]
    low = None if None in lows else min(value for value in lows if value is not None)
    high = None if None in highs else max(value for value in highs if value is not None)
    return [RangeRef(attribute=old.attribute, low=low, high=high)]


def merge_ranges(ranges: list[RangeRef]) -> list[RangeRef]:
    """One range per attribute: the overlap, or the later one where they do not overlap."""
    merged: dict[str, RangeRef] = {}
    for new in ranges:
        old = merged.get(new.attribute)
        if old:
            low = max((v for v in (old.low, new.low) if v is not None), default=None)
            high = min((v for v in (old.high, new.high) if v is not None), default=None)
            if low is None or high is None or low <= high:
                new = RangeRef(attribute=new.attribute, low=low, high=high)
        merged[new.attribute] = new
    return list(merged.values())


def _comparison(reading: Reading, place: int) -> tuple[list[RangeRef], int, int] | None:
    """ "under 20 euros", "between 1990 and 1995", "newer than Fargo", "not before 1990"."""
    if reading.taken[place] is not None:
        return None
    if pair := _between(reading, place):
        return pair
    matched = _comparator(reading, place)
    if not matched:
        return None
    length, kind = matched
    said = " ".join(reading.folds[place : place + length])
    after = _skip(reading, place + length)
    if said == "after" and place and reading.folds[place - 1] in _NEXT:
        return None
    if compared := _compared_title(reading, after):
        if reading.folds[0] in _ASKING and any(title.end <= place for title in reading.of_kind("title")):
            return None  # "is Heat longer than Fargo?" compares the two and wants neither
        return _beyond_title(reading, place, compared, kind, said)
    number = number_at(reading, after)
    if number is None or (said in ("by", "on", "past", "within") and number.role != "year"):
        return None
    if said == "within" or (said == "up to" and number.role is None):
        return None
    start, kind = _negated(reading, place, kind)
    ranges, end = _resolve(reading, number, kind, comparator=said)
    return (ranges, start, end) if ranges is not None else None


def _negated(reading: Reading, place: int, kind: str) -> tuple[int, str]:
    """ "nothing made before 1990", "no movies after 2000": the comparison turns round."""
    back = place - 1
    while back >= 0 and reading.folds[back] in reading.lexicon.language.neutral_nouns | _BETWEEN:
        back -= 1
    if back >= 0 and reading.folds[back] in _TURNING:
        flip = {"below": "at_least", "at_most": "above", "above": "at_most", "at_least": "below"}
        return back, flip[kind]
    return place, kind


def _comparator(reading: Reading, place: int) -> tuple[int, str] | None:
    language = reading.lexicon.language
    best: tuple[int, str] | None = None
    for kind in ("at_most", "below", "at_least", "above"):
        for phrase in getattr(language, kind):
            words = phrase.split()
            if reading.folds[place : place + len(words)] == words and (best is None or len(words) > best[0]):
                best = (len(words), kind)
    return best


def _between(reading: Reading, place: int) -> tuple[list[RangeRef], int, int] | None:
    start = place
    if reading.folds[place] in ("between", "from"):
        place = _skip(reading, place + 1)
    first = number_at(reading, place)
    if first is None or first.end >= len(reading):
        return None
    joined = reading.folds[first.end] in ("to", "and", "until", "till", "through", "thru")
    dashed = "-" in reading.utterance.words[first.end].gap or "\u2013" in reading.utterance.words[first.end].gap
    if not joined and not dashed:
        return None
    if reading.folds[first.end] == "and" and reading.folds[start] != "between":
        return None
    second = number_at(reading, _skip(reading, first.end + 1) if joined else first.end)
    if second is None:
        return None
    role = second.role or first.role
    if {first.role, second.role} == {"year", None} or (
        role is None and not dashed and reading.folds[start] not in ("between", "from")
    ):
        return None
    factor = second.low / _bare(reading, second) if second.role not in (None, "year") and first.role is None else 1.0
    both = Number(
        first.start, second.end, min(first.low * factor, second.low), max(first.high * factor, second.high), role
    )
    ranges, end = _resolve(reading, both, "exact", comparator="between")
    return (ranges, start, end) if ranges is not None else None


def _bare(reading: Reading, number: Number) -> float:
    """The number without its unit's factor."""
    return (
        next((float(w) for w in reading.folds[number.start : number.end] if re.fullmatch(r"\d+", w)), number.low) or 1.0
    )


def _plain_number(reading: Reading, place: int) -> tuple[list[RangeRef], int, int] | None:
    """ "1994", "from the 90s", "around 50 euros", "90 minutes or less"."""
    number = number_at(reading, place)
    if number is None or number.role is None:
        return None
    before = reading.folds[place - 1] if place else ""
    suffix = _suffix(reading, number.end)
    if suffix:
        ranges, end = _resolve(reading, number, suffix[1], comparator="")
        return (ranges, place, end + suffix[0]) if ranges is not None else None
    if before in ("not", "no") or (before in ("from", "the") and _under_negation(reading, place)):
        said = reading.utterance.said(place, number.end)
        reading.notes.append(f"I can leave out what is before or after {said}, but not {said} itself")
        return [], place, number.end
    if before in _AROUND:
        slack = _YEAR_SLACK if number.role == "year" else _AROUND_SHARE * number.low
        number = Number(number.start, number.end, number.low - slack, number.high + slack, number.role)
    # "I have 40 euros to spend", "for 20 pounds": as much, or less.
    budget = number.role == "price" and number.low == number.high and before != "exactly"
    ranges, end = _resolve(reading, number, "at_most" if budget else "exact", comparator=before)
    return (ranges, place, end) if ranges is not None else None


def _under_negation(reading: Reading, place: int) -> bool:
    back = place - 1
    skipped = reading.lexicon.language.neutral_nouns | {"from", "the", "in", "of"}
    while back >= 0 and reading.folds[back] in skipped:
        back -= 1
    cue = reading.cue_at(back) if back >= 0 else None
    return cue is not None and cue.label == cue_labels.NEGATE


def _relative_span(reading: Reading, place: int) -> tuple[list[RangeRef], int, int] | None:
    """ "the last five years", "this century", "this year": counted from the newest item or today."""
    attribute = reading.lexicon.numeric_roles.get("year")
    if attribute is None or reading.folds[place] not in ("last", "past", "this", "recent", "previous"):
        return None
    newest = min(reading.lexicon.vocabulary.numeric[attribute][1], float(datetime.now(UTC).year))
    words = reading.folds[place + 1 : place + 3]
    if words[:1] == ["century"]:
        start = newest // 100 * 100
        if reading.folds[place] == "this":
            return [RangeRef(attribute=attribute, low=start)], place, place + 2
        return [RangeRef(attribute=attribute, low=start - 100, high=start - 1)], place, place + 2
    if words[:1] == ["decade"]:
        return [RangeRef(attribute=attribute, low=newest - 10)], place, place + 2
    if words[:1] == ["year"]:
        back = 0 if reading.folds[place] == "this" else 1
        return [RangeRef(attribute=attribute, low=newest - back)], place, place + 2
    amount = small_number(reading.lexicon, words[0]) if words else None
    if words[:2] == ["few", "years"] or words[:2] == ["couple", "years"]:
        amount = 5
    if len(words) == 2 and amount and words[1] in ("years", "decades"):
        return (
            [RangeRef(attribute=attribute, low=newest - amount * (10 if words[1] == "decades" else 1))],
            place,
            place + 3,
        )
    return None


def _suffix(reading: Reading, place: int) -> tuple[int, str] | None:
    if place < len(reading) and "+" in reading.utterance.words[place].gap:
        return 0, "at_least"
    if place >= len(reading):
        return (0, "at_least") if "+" in reading.utterance.tail else None
    for kind, phrases in (
        ("at_most", reading.lexicon.language.or_less),
        ("at_least", reading.lexicon.language.or_more),
    ):
        for phrase in sorted(phrases, key=len, reverse=True):
            words = phrase.split()
            if reading.folds[place : place + len(words)] == words:
                return len(words), kind
    return None


def _skip(reading: Reading, place: int) -> int:
    while place < len(reading) and reading.folds[place] in (
        "the",
        "year",
        "years",
        "of",
        "a",
        "around",
        "about",
        "price",
    ):
        place += 1
    return place


def _resolve(reading: Reading, number: Number, kind: str, *, comparator: str) -> tuple[list[RangeRef] | None, int]:
    """The range in the catalogue's own attribute and unit; None where the words were no constraint."""
    suffix = _suffix(reading, number.end) if kind == "exact" and comparator != "between" else None
    end = number.end
    if suffix and comparator in ("from", ""):
        kind, end = suffix[1], end + suffix[0]
    attribute, factor = _attribute(reading, number, comparator)
    if attribute is None:
        if number.role is not None:
            reading.unresolved.append(reading.utterance.said(number.start, number.end))
            return [], end
        return None, end
    low, high = number.low * factor, number.high * factor
    step = 1.0 if attribute == reading.lexicon.numeric_roles.get("year") else 0.0
    bounds = {
        "exact": (low, high),
        "at_most": (None, high),
        "below": (None, low - step),
        "at_least": (low, None),
        "above": (high + step, None),
    }[kind]
    return [RangeRef(attribute=attribute, low=bounds[0], high=bounds[1])], end


def _attribute(reading: Reading, number: Number, comparator: str) -> tuple[str | None, float]:
    lexicon = reading.lexicon
    if number.role is None:
        return _named_attribute(reading, number, comparator), 1.0
    attribute = lexicon.numeric_roles.get(number.role)
    if attribute is None:
        return None, 1.0
    _, highest = lexicon.vocabulary.numeric[attribute]
    name = attribute.casefold()
    if number.role == "duration" and ("hour" in name or ("min" not in name and highest <= 12)):
        return attribute, 1 / 60
    if number.role == "weight" and (
        "kg" in name or ("gram" not in name and not name.endswith("_g") and highest <= 100)
    ):
        return attribute, 1 / 1000
    if number.role == "power" and "kw" in name:
        return attribute, 1 / 1000
    if number.role == "size" and ("cm" in name or ("mm" not in name and highest <= 500)):
        return attribute, 1 / 10
    return attribute, 1.0


def _named_attribute(reading: Reading, number: Number, comparator: str) -> str | None:
    """Without a unit: an attribute named nearby ("rating above 4"), or what the comparator itself is about."""
    lexicon = reading.lexicon
    near = reading.folds[max(0, number.start - 5) : number.end + 2]
    for attribute in lexicon.vocabulary.numeric:
        words = [w for w in re.split(r"[^a-z]+", attribute.casefold()) if len(w) > 2]
        if any(word in near for word in words):
            return attribute
    for role, names in lexicon.language.roles.items():
        if role in lexicon.numeric_roles and (role in near or set(names) & set(near) or f"{role}d" in near):
            return lexicon.numeric_roles[role]
    first = comparator.split()
    for word in first:
        if word in lexicon.language.scales and (role := lexicon.language.scales[word][0]) in lexicon.numeric_roles:
            return lexicon.numeric_roles[role]
    # "under 20" in a catalogue with prices and no other unit said.
    if comparator in (
        "under",
        "below",
        "less than",
        "at most",
        "up to",
        "max",
        "over",
        "above",
        "between",
        "no more than",
    ):
        return lexicon.numeric_roles.get("price")
    return None


def _compared_title(reading: Reading, place: int) -> Mention | None:
    while place < len(reading) and reading.folds[place] in ("the", "movie", "film"):
        place += 1
    return next((m for m in reading.of_kind("title") if m.start == place or m.start == place - 1), None)


def _beyond_title(
    reading: Reading, place: int, compared: Mention, kind: str, said: str
) -> tuple[list[RangeRef], int, int] | None:
    """ "newer than Fargo": that item's own value, strictly beyond."""
    word = said.split()[0] if said not in ("more recent than", "more expensive than") else said.split()[1]
    role = lexicon_role(reading.lexicon, word) or "year"
    attribute = reading.lexicon.numeric_roles.get(role)
    if attribute is None or said in ("over", "under", "above", "by", "up to", "on", "max"):
        return None
    value = (
        reading.lexicon.year_of(compared.items[0])
        if role == "year"
        else reading.lexicon.number(compared.items[0], attribute)
    )
    compared.compared = True
    if value is None:
        return [], place, compared.start
    start, kind = _negated(reading, place, kind)
    return [beyond(attribute, value, above=kind in ("above", "at_least"))], start, compared.start
