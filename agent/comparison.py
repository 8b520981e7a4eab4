"""Two items side by side: what they share and how they differ, in facts of the catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agent.plain_text import clean
from agent.saying.voice import ChatVoice
from store.records import Item

Table = tuple[tuple[str, str, str], ...]
"""Rows of a comparison: what is compared, the first item's side, the second one's."""


@dataclass(frozen=True)
class Comparison:
    """Two items.

    Attributes:
        shared: values that both have, by attribute.
        only_first: values of the first alone, by attribute.
        only_second: values of the second alone.
        numbers: numeric attribute -> (first, second), where both have it and they differ.
    """

    first: Item
    second: Item
    shared: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    only_first: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    only_second: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    numbers: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def compared(first: Item, second: Item) -> Comparison:
    """Compare what the catalogue says of two items."""
    mine, yours = values_of(first), values_of(second)
    names = dict.fromkeys((*mine, *yours))
    shared = {n: tuple(v for v in mine.get(n, ()) if v in yours.get(n, ())) for n in names}
    only_first = {n: tuple(v for v in mine.get(n, ()) if v not in yours.get(n, ())) for n in names}
    only_second = {n: tuple(v for v in yours.get(n, ()) if v not in mine.get(n, ())) for n in names}
    ours, theirs = numbers_of(first), numbers_of(second)
    numbers = {n: (ours[n], theirs[n]) for n in ours if n in theirs and ours[n] != theirs[n]}
    return Comparison(first, second, _filled(shared), _filled(only_first), _filled(only_second), numbers)


def comparison_sentences(comparison: Comparison, voice: ChatVoice) -> Iterator[str]:
    """In words, from the facts alone."""
    first, second = (voice.quoted.format(clean(item.title)) for item in (comparison.first, comparison.second))
    if comparison.shared:
        yield voice.say("both", values=voice.join(_flat(comparison.shared)))
    for title, values in ((first, comparison.only_first), (second, comparison.only_second)):
        if values:
            yield voice.say("only", title=title, values=voice.join(_flat(values)))
    for name, (mine, yours) in comparison.numbers.items():
        name = name.replace("_", " ").capitalize()
        yield voice.say("number", name=name, first=first, second=second, mine=f"{mine:g}", yours=f"{yours:g}")
    if not (comparison.shared or comparison.only_first or comparison.only_second or comparison.numbers):
        yield voice.say("alike", first=first, second=second)


def comparison_table(comparison: Comparison, liked: Sequence[Item], voice: ChatVoice) -> Table:
    """What differs and for whom, as rows of three cells; the first row has the titles.

    Args:
        comparison: of two items.
        liked: what the reader liked; how many of them have what only one of the two has says whom it suits.
        voice: of the headings.
    """
    rows = [("", clean(comparison.first.title), clean(comparison.second.title))]
    for name in dict.fromkeys((*comparison.only_first, *comparison.only_second)):
        mine, yours = (voice.join(_cleaned(only.get(name, ()))) for only in _sides(comparison))
        rows.append((_heading(name), mine or "\u2013", yours or "\u2013"))
    rows += [(_heading(name), f"{mine:g}", f"{yours:g}") for name, (mine, yours) in comparison.numbers.items()]
    if comparison.shared:
        both = voice.join(_flat(comparison.shared))
        rows.append((voice.part("row_both"), both, both))
    suits = [_suits(only, liked, voice) for only in _sides(comparison)]
    if any(suits):
        rows.append((voice.part("row_for"), suits[0] or "\u2013", suits[1] or "\u2013"))
    return tuple(rows)


def _sides(comparison: Comparison) -> tuple[Mapping[str, tuple[str, ...]], Mapping[str, tuple[str, ...]]]:
    return comparison.only_first, comparison.only_second


def _suits(only: Mapping[str, tuple[str, ...]], liked: Sequence[Item], voice: ChatVoice) -> str:
    if not only:
        return ""
    wanting = voice.part("wants", values=voice.join(_flat(only), alternatives=True))
    alike = sum(
        any(set(values) & set(values_of(item).get(name, ())) for name, values in only.items()) for item in liked
    )
    return voice.part("like_yours", text=wanting, count=str(alike), of=str(len(liked))) if alike else wanting


def _heading(name: str) -> str:
    return clean(name.replace("_", " ").capitalize())


def _cleaned(values: Sequence[str]) -> list[str]:
    return [clean(value) for value in values]


def values_of(item: Item) -> dict[str, tuple[str, ...]]:
    """Text attributes of an item, categories first."""
    values: dict[str, tuple[str, ...]] = {"category": tuple(item.categories)} if item.categories else {}
    for name, value in item.attributes.items():
        if isinstance(value, str):
            values[name] = (value,)
        elif isinstance(value, (list, tuple)):
            values[name] = tuple(str(part) for part in value)
    return values


def numbers_of(item: Item) -> dict[str, float]:
    """Numeric attributes of an item."""
    return {
        name: float(value)
        for name, value in item.attributes.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    }


def _filled(values: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {name: found for name, found in values.items() if found}


def _flat(values: Mapping[str, tuple[str, ...]]) -> list[str]:
    return [clean(value) for found in values.values() for value in found]
