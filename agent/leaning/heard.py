"""What was said in a dialogue, in the catalogue's terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from agent.chinese import is_chinese
from agent.reading import Mention, Reading
from agent.request import FacetRef
from agent.understanding import Understander
from pipeline.catalogue import CATEGORY
from store.ids import PADDING, IdMap, ItemId

WINDOWS = (1, 3, 99)
"""Messages at the end of a dialogue that are embedded as one text."""
MAX_WORDS = 170
"""Of such a text, the last ones; the encoder reads no more."""


KEPT = 5_000
"""Messages that a listener has at hand."""


@dataclass(frozen=True)
class LinkedMessage:
    """One message, in English where it is in Chinese.

    ``items``, ``values`` and ``people`` with whether they stood under a negation.
    """

    text: str
    items: tuple[tuple[str, bool], ...]
    values: tuple[tuple[FacetRef, bool], ...]
    people: tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class Heard:
    """A dialogue up to now.

    Attributes:
        items: (index, age in messages, whether it was turned down), newest mention of each.
        values: (value of the categories, age, whether it was turned down).
        people: (name, age) of those asked for.
        texts: the end of the dialogue, one text for each of ``WINDOWS``.
    """

    items: tuple[tuple[int, int, bool], ...]
    values: tuple[tuple[str, int, bool], ...]
    people: tuple[tuple[str, int], ...]
    texts: tuple[str, ...]


class Listener:
    """Reads dialogues about one catalogue. A message is linked once, however often it is read again, while it is kept.

    Args:
        understander: links words.
        ids: of the catalogue.
    """

    def __init__(self, understander: Understander, ids: IdMap[ItemId]) -> None:
        self._understander = understander
        self._ids = ids
        self._link = lru_cache(KEPT)(self._linked)

    def hear(self, messages: Sequence[str]) -> Heard:
        """Messages of both sides, oldest first."""
        items: dict[int, tuple[int, bool]] = {}
        values: dict[tuple[str, bool], int] = {}
        people: dict[str, int] = {}
        every = [self.linked(text) for text in messages]
        for age, linked in reversed(list(enumerate(reversed(every)))):
            items.update({self._ids.get(item): (age, negative) for item, negative in linked.items})
            values.update({(ref.value, no): age for ref, no in linked.values if ref.attribute == CATEGORY})
            people.update({name: age for name, negative in linked.people if not negative})
        items.pop(PADDING, None)  # what came into the catalogue since
        said = [linked.text for linked in every]
        return Heard(
            tuple((item, age, negative) for item, (age, negative) in items.items()),
            tuple((value, age, negative) for (value, negative), age in values.items()),
            tuple(people.items()),
            tuple(" ".join(" ".join(said[-window:]).split()[-MAX_WORDS:]) for window in WINDOWS),
        )

    def linked(self, text: str) -> LinkedMessage:
        """One message, read as a first turn."""
        return self._link(text)

    def _linked(self, text: str) -> LinkedMessage:
        reading = self._understander.read(text).reading
        titles = [mention for mention in reading.of_kind("title") if not _of_another_year(reading, mention)]
        return LinkedMessage(
            reading.utterance.text if is_chinese(text) else text,
            tuple((mention.items[0], mention.negative) for mention in titles),
            tuple((ref, m.negative) for m in reading.of_kind("value") for ref in m.refs),
            tuple((m.text, m.negative) for m in reading.of_kind("person")),
        )


def _of_another_year(reading: Reading, mention: Mention) -> bool:
    """ "Jumanji (2017)" where the catalogue only has that of 1995: the year was left over."""
    if mention.end >= len(reading):
        return False
    after = reading.utterance.words[mention.end]
    return "(" in after.gap and len(after.fold) == 4 and after.fold.isdigit()
