"""Two items side by side: what they share and how they differ, in facts of the catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from agent.naming import join_and
from agent.plain_text import clean
from store.records import Item


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


def comparison_sentences(comparison: Comparison) -> Iterator[str]:
    """In words, from the facts alone."""
    first, second = clean(comparison.first.title), clean(comparison.second.title)
    if comparison.shared:
        yield f"Both are {join_and(_flat(comparison.shared))}."
    for title, values in ((first, comparison.only_first), (second, comparison.only_second)):
        if values:
            yield f"Only {title} is {join_and(_flat(values))}."
    for name, (mine, yours) in comparison.numbers.items():
        yield f"{name.replace('_', ' ').capitalize()}: {mine:g} for {first}, {yours:g} for {second}."
    if not (comparison.shared or comparison.only_first or comparison.only_second or comparison.numbers):
        yield f"The catalogue says nothing that tells {first} and {second} apart."


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
