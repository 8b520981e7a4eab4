"""From turns to questions about a catalogue."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from agent.leaning.habits import Example
from agent.leaning.heard import Listener
from agent.tokens import words_of
from benchmarks.dialogues.protocol import Question
from benchmarks.dialogues.turns import Named, Turn
from pipeline.catalogue import Catalogue
from store.readers.titles import natural_title

_TITLE_AND_YEAR = re.compile(r"(?P<title>.+) \((?P<year>\d{4})\)")


class Known(Protocol):
    """A catalogue, and who reads what is said about it."""

    @property
    def catalogue(self) -> Catalogue: ...

    @property
    def listener(self) -> Listener: ...


def questions_of(turns: Sequence[Turn], films: Known, *, first: int = 0) -> list[Question]:
    """Turns with a target that the catalogue has and that nobody had named before.

    Args:
        first: number of the first dialogue.
    """
    by_title = _by_title(films.catalogue)
    numbers: dict[str, int] = {}
    questions = []
    for place, turn in enumerate(turns):
        dialogue = numbers.setdefault(turn.dialogue_id, first + len(numbers))
        found = [(item, target.title) for target in turn.targets if (item := _item(target, films.catalogue, by_title))]
        if not found:
            continue
        heard = films.listener.hear(turn.context)
        said = "\n".join(turn.context)
        mentioned = {item for item, _, _ in heard.items} | {item for item, title in found if title in said}
        targets = sorted({item for item, _ in found} - mentioned)
        if targets:
            questions.append(
                Question(
                    place, dialogue, np.array(sorted(mentioned), dtype=np.int64), np.array(targets, dtype=np.int64)
                )
            )
    return questions


def examples_of(turns: Sequence[Turn], questions: Sequence[Question], films: Known) -> list[Example]:
    """The same turns as something to learn from."""
    return [Example(one.dialogue, films.listener.hear(turns[one.turn].context), one.targets) for one in questions]


def _item(target: Named, catalogue: Catalogue, by_title: dict[tuple[str, int], int]) -> int:
    """Index of a target, 0 where the catalogue does not have it."""
    if target.item_id is not None:
        return catalogue.ids.get(target.item_id)
    film = _TITLE_AND_YEAR.fullmatch(target.title)
    return by_title.get((" ".join(words_of(film["title"])), int(film["year"])), 0) if film else 0


def _by_title(catalogue: Catalogue) -> dict[tuple[str, int], int]:
    found: dict[tuple[str, int], int] = {}
    for index, item in enumerate(catalogue.items, start=1):
        year = item.attributes.get("year")
        for title in (item.title, natural_title(item.title)):
            found.setdefault((" ".join(words_of(title)), year if isinstance(year, int) else 0), index)
    return found
