"""Numbers in words: years, decades, amounts with their units."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.lexicon import Lexicon
from agent.reading import Reading
from agent.request import RangeRef

_ELSEWHERE = {"duration": ("pages", "size")}
"""What "shorter" is about where nothing has a duration: books, plants."""


@dataclass(frozen=True)
class Number:
    """A number in the utterance: its words, its value from ``low`` to ``high``, and the role that its unit gives it."""

    start: int
    end: int
    low: float
    high: float
    role: str | None


def number_at(reading: Reading, place: int) -> Number | None:
    """A year, a decade, or an amount with or without a unit that begins here."""
    if not 0 <= place < len(reading) or reading.taken[place] is not None:
        return None
    return _decade(reading, place) or _short_year(reading, place) or _amount(reading, place)


def _short_year(reading: Reading, place: int) -> Number | None:
    """ "'94"."""
    word = reading.utterance.words[place]
    if not re.fullmatch(r"\d\d", word.fold) or not word.gap.endswith("'"):
        return None
    year = _century(reading.lexicon, int(word.fold)) + int(word.fold)
    return Number(place, place + 1, year, year, "year")


def _decade(reading: Reading, place: int) -> Number | None:
    part, start = "", place
    if reading.folds[place] in ("early", "mid", "late") and place + 1 < len(reading):
        part, place = reading.folds[place], place + 1
    word = reading.folds[place]
    match = re.fullmatch(r"(18|19|20)?(\d0)s", word)
    if match:
        number = int((match[1] or "") + match[2])
    elif word in reading.lexicon.language.decades:
        number = reading.lexicon.language.decades[word]
    else:
        return None
    if number < 100:
        number += _century(reading.lexicon, number)
    low, high = {"early": (0, 4), "mid": (3, 6), "late": (5, 9)}.get(part, (0, 9))
    return Number(start, place + 1, number + low, number + high, "year")


def _century(lexicon: Lexicon, decade: int) -> int:
    attribute = lexicon.numeric_roles.get("year")
    newest = lexicon.vocabulary.numeric[attribute][1] if attribute else 2029.0
    return 2000 if decade + 2000 <= newest and decade < 30 else 1900


def _amount(reading: Reading, place: int) -> Number | None:
    start = place
    word = reading.folds[place]
    match = re.fullmatch(r"(\d+)([a-z]*)", word)
    language = reading.lexicon.language
    role: str | None = None
    factor, end = 1.0, place + 1
    if match:
        value = float(match[1])
        if match[2]:
            if match[2] not in language.units:
                return None
            role, factor = language.units[match[2]]
        else:
            value, end = decimals(reading, value, end)
    else:
        small = small_number(reading.lexicon, word)
        if small is None:
            return None
        value = float(small)
    if reading.folds[end : end + 3] == ["and", "a", "half"]:
        value, end = value + 0.5, end + 3
    sign = reading.utterance.words[place].gap.strip()[-1:]
    if sign in language.units:
        role, factor = language.units[sign]
    elif role is None and (unit := _unit(reading, end)):
        role, factor, end = unit
    if role is None and match and len(match[1]) == 4 and _is_year(reading.lexicon, value):
        role = "year"
    low = value * factor
    return Number(start, end, low, low, role)


def decimals(reading: Reading, value: float, end: int) -> tuple[float, int]:
    """ "9.99" and "1,000" are split at their mark by the word reader."""
    while end < len(reading) and reading.folds[end].isdigit() and reading.utterance.words[end].gap in (".", ","):
        digits = reading.folds[end]
        if reading.utterance.words[end].gap == "," and len(digits) == 3:
            value = value * 1000 + int(digits)
        else:
            value += int(digits) / 10 ** len(digits)
        end += 1
    return value, end


def _unit(reading: Reading, place: int) -> tuple[str, float, int] | None:
    language = reading.lexicon.language
    mark = reading.utterance.words[place].gap if place < len(reading) else reading.utterance.tail
    if mark.strip()[:1] in ("€", "$", "£"):
        role, factor = language.units[mark.strip()[0]]
        return role, factor, place
    if place < len(reading) and reading.folds[place] in language.units and not reading.break_before(place):
        role, factor = language.units[reading.folds[place]]
        return role, factor, place + 1
    return None


def small_number(lexicon: Lexicon, word: str) -> int | None:
    """A number in digits or in one word."""
    if word.isdigit():
        return int(word)
    return lexicon.language.numbers.get(word)


def _is_year(lexicon: Lexicon, value: float) -> bool:
    attribute = lexicon.numeric_roles.get("year")
    if attribute is None:
        return False
    low, high = lexicon.vocabulary.numeric[attribute]
    return min(low, 1870) - 10 <= value <= max(high, 2030) + 10


def lexicon_role(lexicon: Lexicon, word: str) -> str | None:
    """Role of a scale's adjective that this catalogue has an attribute for."""
    scale = lexicon.language.scales.get(word)
    roles = (scale[0], *_ELSEWHERE.get(scale[0], ())) if scale else ()
    return next((role for role in roles if role in lexicon.numeric_roles), None)


def beyond(attribute: str, value: float, *, above: bool) -> RangeRef:
    """Strictly above or below a value: the next whole number, or the next hundredth where values have decimals."""
    step = 1.0 if float(value).is_integer() else 0.01
    limit = round(value + step if above else value - step, 2)
    return RangeRef(attribute=attribute, low=limit) if above else RangeRef(attribute=attribute, high=limit)
