"""What is wrong with one answer, judged from the catalogue's rows alone, by no code of the pipeline or the agent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_QUOTED = re.compile(r"[“\"《]([^”\"》]{2,150})[”\"》]")
_MARKUP = re.compile(r"<\s*(?:script|img|a|iframe)\b|javascript:|!\[|https?://", re.IGNORECASE)
_WORDS_OF_A_TITLE = 2


@dataclass(frozen=True)
class Fault:
    """What is wrong with an answer.

    Attributes:
        kind: "outside", "violations" or "unsupported".
        what: the title, the item or the words.
    """

    kind: str
    what: str


class Judge:
    """Knows the items of the store, by id, as they were ingested.

    Args:
        items: (id, title, text, categories, attributes).
    """

    def __init__(self, items: Iterable[tuple[str, str, str, Sequence[str], Mapping[str, Any]]]) -> None:
        self._items = {item: (title, text, set(values), attributes) for item, title, text, values, attributes in items}
        # Titles of one word are words of the language, too: those count where they stand in quotation marks.
        self._titles = {
            title: re.compile(rf"(?<!\w){re.escape(title)}(?!\w)")
            for title, *_ in self._items.values()
            if len(title.split()) >= _WORDS_OF_A_TITLE and title[0].isupper()
        }
        self._every = {title for title, *_ in self._items.values()}

    def titles(self, item_ids: Iterable[str]) -> set[str]:
        """Titles of items."""
        return {self._items[item][0] for item in item_ids if item in self._items}

    def faults(self, turn: Mapping[str, Any], named: Iterable[str], said: str) -> list[Fault]:
        """What one turn did wrong.

        Args:
            turn: its "chips", "cards", "text", "recommended".
            named: titles that may be named: shown before, liked, in the history.
            said: all that the person has said in this chat.
        """
        return [*self._wrong_cards(turn), *self._unsupported(turn, named, said)]

    def _wrong_cards(self, turn: Mapping[str, Any]) -> Iterator[Fault]:
        for card in turn["cards"]:
            item = card["item"]["item_id"]
            if item not in self._items:
                yield Fault("outside", item)
            elif turn["recommended"]:
                if not self._holds(item, turn["chips"]):
                    yield Fault("violations", item)
                if not card["reason"]:
                    yield Fault("unsupported", f"{item} without a reason")

    def _unsupported(self, turn: Mapping[str, Any], named: Iterable[str], said: str) -> Iterator[Fault]:
        """Titles that nothing on the table names, and markup that the person did not write."""
        mine = {card["item"]["title"] for card in turn["cards"]} | set(named)
        chips = " ".join(chip["label"] for chip in turn["chips"])
        allowed = [said, chips, *mine, *(card["item"]["description"] for card in turn["cards"])]
        for text in (turn["text"], *(card["reason"] for card in turn["cards"])):
            for title in sorted(self._named(text)):
                if not any(title in part for part in allowed):
                    yield Fault("unsupported", title)
            # A person's own words may be quoted back as they were.
            own = _QUOTED.sub(lambda quoted: "" if quoted[1] in said else quoted[0], text)
            for markup in _MARKUP.findall(own):
                yield Fault("unsupported", markup)

    def _named(self, text: str) -> set[str]:
        quoted = {part for part in _QUOTED.findall(text) if part in self._every}
        return quoted | {title for title, pattern in self._titles.items() if title in text and pattern.search(text)}

    def _holds(self, item_id: str, chips: Sequence[Mapping[str, str]]) -> bool:
        """Whether an item meets what the chips say; their keys name attribute and value."""
        title, text, categories, attributes = self._items[item_id]
        for chip in chips:
            kind, _, rest = chip["key"].partition(":")
            if kind == "in" and not any(self._has(categories, attributes, part) for part in rest.split("|")):
                return False
            if kind == "out" and self._has(categories, attributes, rest):
                return False
            if kind in ("person", "person-out"):
                there = rest.casefold() in f"{title}\n{text}".casefold()
                if there != (kind == "person"):
                    return False
            if kind == "range" and not _within(attributes.get(rest), chip["label"]):
                return False
        return True

    @staticmethod
    def _has(categories: set[str], attributes: Mapping[str, Any], part: str) -> bool:
        name, _, value = part.partition("=")
        held = categories if name == "category" else attributes.get(name, ())
        return value in ({held} if isinstance(held, str) else set(held))


def _within(value: object, label: str) -> bool:
    """Whether a number is within what a chip of a range says: "1990–1999", "1996 or newer", "price at most 20"."""
    if not isinstance(value, int | float):
        return False
    bounds = [float(number) for number in re.findall(r"(?<![\w.])\d+(?:\.\d+)?", label)]
    if len(bounds) == 2:
        return bounds[0] <= value <= bounds[1]
    if "or newer" in label or "at least" in label:
        return value >= bounds[0]
    return value <= bounds[0] if "or older" in label or "at most" in label else value == bounds[0]
