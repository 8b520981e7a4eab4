"""Categories and attributes of items as numbers, in terms learned from the items that a model was trained on."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from store.records import Item

Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class FeatureSpec:
    """Columns: one per known value (multi-hot), then the knots of each numeric attribute.

    A number lies between two knots and is shared among them by its distance (linear interpolation), so that 1994 and
    1995 look alike and the two ends of the range do not. Values that training never saw, and attributes that an item
    lacks, leave their columns at zero.

    Attributes:
        values: "name=value" -> column; categories have the name "category".
        knots: numeric attribute -> increasing knots.
    """

    values: dict[str, int]
    knots: dict[str, tuple[float, ...]]

    @classmethod
    def learn(cls, items: Sequence[Item], *, minimum: int, most_values: int, most_knots: int) -> FeatureSpec:
        """Terms that are worth a column.

        Args:
            items: training items.
            minimum: items that must have a value, or a numeric attribute.
            most_values: columns for values at most; the most frequent are taken.
            most_knots: knots per numeric attribute, at quantiles of its values.
        """
        counts: Counter[str] = Counter()
        numbers: dict[str, list[float]] = {}
        for item in items:
            counts.update(set(_values(item)))
            for name, number in _numbers(item):
                numbers.setdefault(name, []).append(number)
        frequent = sorted((-count, value) for value, count in counts.items() if count >= minimum)[:most_values]
        quantiles = np.linspace(0, 1, most_knots)
        knots = {
            name: tuple(float(knot) for knot in np.unique(np.quantile(numbers[name], quantiles)))
            for name in sorted(numbers)
            if len(numbers[name]) >= minimum
        }
        return cls(
            values={value: column for column, (_, value) in enumerate(frequent)},
            knots={name: places for name, places in knots.items() if len(places) > 1},
        )

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.values) + sum(len(places) for places in self.knots.values())

    def encode(self, items: Sequence[Item]) -> Matrix:
        """float32 [N, width]."""
        matrix = np.zeros((len(items), self.width), dtype=np.float32)
        starts: dict[str, int] = {}
        start = len(self.values)
        for name, places in self.knots.items():
            starts[name] = start
            start += len(places)
        for row, item in enumerate(items):
            columns = [self.values[value] for value in _values(item) if value in self.values]
            matrix[row, columns] = 1.0
            for name, number in _numbers(item):
                if name in starts:
                    places = self.knots[name]
                    position = np.interp(number, places, np.arange(len(places)))
                    shares = np.maximum(0.0, 1.0 - np.abs(position - np.arange(len(places))))
                    matrix[row, starts[name] : starts[name] + len(places)] = shares
        return matrix

    def to_json(self) -> str:
        return json.dumps({"values": self.values, "knots": self.knots}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> FeatureSpec:
        raw = json.loads(text)
        return cls(raw["values"], {name: tuple(places) for name, places in raw["knots"].items()})


def _values(item: Item) -> Iterator[str]:
    yield from (f"category={category}" for category in item.categories)
    for name, value in item.attributes.items():
        if isinstance(value, str | bool):
            yield f"{name}={value}"
        elif isinstance(value, Sequence):
            yield from (f"{name}={one}" for one in value)


def _numbers(item: Item) -> Iterator[tuple[str, float]]:
    for name, value in item.attributes.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield name, float(value)
