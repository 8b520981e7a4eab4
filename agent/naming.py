"""What the things of a catalogue are called, and lists and counts in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.plain_text import clean
from store.errors import InputError
from store.records import Item

NAMED = 2
"""How many items or values one line names."""

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@dataclass(frozen=True)
class CatalogueWords:
    """What the things of this catalogue are called.

    Attributes:
        noun: one of them: "film", "book", "item".
        plural: several.
    """

    noun: str = "item"
    plural: str = "items"

    def __post_init__(self) -> None:
        if not self.noun.strip() or not self.plural.strip():
            raise InputError(f"nouns {self.noun!r}, {self.plural!r} are empty", fix='Write "film" and "films".')

    def count(self, number: int) -> str:
        """ "one film", "five films", "12 films"."""
        return f"{number_word(number)} {self.noun if number == 1 else self.plural}"


NEUTRAL_WORDS = CatalogueWords()
"""For a catalogue that has not said what its things are called."""


def number_word(number: int) -> str:
    """ "five"; digits above ten."""
    return _NUMBERS[number] if 0 <= number < len(_NUMBERS) else str(number)


def join_and(parts: Sequence[str], last: str = "and") -> str:
    """ "a", "a and b", "a, b and c"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {last} {parts[-1]}" if parts else ""


def named(items: Sequence[Item]) -> str:
    """Titles of the strongest items, joined."""
    return join_and([clean(item.title) for item in items[:NAMED]])
