"""Takes the passages that may be repeated word for word out of a sentence, so that the rest can be judged by words.

A passage is replaced by one private-use character. Input has been through ``clean`` and holds none of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from agent.grounding.evidence import Evidence
from agent.plain_text import clean
from store.records import Item

_FIRST_MARK = 0xE000
_LAST_MARK = 0xF8FF
MARKS = f"{chr(_FIRST_MARK)}-{chr(_LAST_MARK)}"
"""Range of marks, for character classes of regular expressions."""


@dataclass(frozen=True)
class Passage:
    """A passage that may be repeated.

    Attributes:
        text: as it may be written.
        shown: recommended items of this title.
        known: items of this title that evidence or request name.
        value: whether it is a value that a reason carries.
    """

    text: str
    shown: tuple[Item, ...] = ()
    known: tuple[Item, ...] = ()
    value: bool = False


@dataclass(frozen=True)
class MaskedSentence:
    """A sentence with its passages behind marks.

    Attributes:
        original: the sentence.
        text: the sentence with marks.
        passages: mark -> passage.
        spans: where the passages stand in ``original``.
    """

    original: str
    text: str
    passages: Mapping[str, Passage]
    spans: tuple[tuple[int, int], ...]

    def unmask(self, text: str) -> str:
        return "".join(self.passages[c].text if c in self.passages else c for c in text)


def passages_of(evidence: Evidence) -> dict[str, Passage]:
    """All passages that the evidence allows, by their text. A title wins over a value of the same text."""
    shown: dict[str, list[Item]] = {}
    known: dict[str, list[Item]] = {}
    for item in evidence.items:
        shown.setdefault(clean(item.title), []).append(item)
    for item in evidence.known_items():
        known.setdefault(clean(item.title), []).append(item)
    passages = {clean(text): Passage(clean(text)) for text in evidence.texts}
    for reasons in evidence.reasons.values():
        for value in (value for reason in reasons for value in reason.values):
            passages[clean(value)] = Passage(clean(value), value=True)
    for title in {*shown, *known}:
        passages[title] = Passage(title, tuple(shown.get(title, ())), tuple(known.get(title, ())))
    passages.pop("", None)
    return passages


def mask(sentence: str, passages: Mapping[str, Passage]) -> MaskedSentence:
    """Longest passages first; a passage inside a longer word is not one."""
    if not passages:
        return MaskedSentence(sentence, sentence, {}, ())
    by_length = sorted(passages, key=len, reverse=True)
    pattern = re.compile("|".join(_bounded(text) for text in by_length))
    marks: dict[str, str] = {}
    spans: list[tuple[int, int]] = []

    def replace(match: re.Match[str]) -> str:
        spans.append(match.span())
        return marks.setdefault(match.group(), chr(_FIRST_MARK + len(marks)))

    text = pattern.sub(replace, sentence)
    return MaskedSentence(sentence, text, {mark: passages[found] for found, mark in marks.items()}, tuple(spans))


def _bounded(text: str) -> str:
    if not any(character.isalnum() for character in text):
        return rf"(?<!\S){re.escape(text)}(?=[\s,;:.]|$)"  # a title such as "." is no full stop
    before = r"(?<!\w)" if text[0].isalnum() else ""
    after = r"(?!\w)" if text[-1].isalnum() else ""
    return f"{before}{re.escape(text)}{after}"
