"""What a language needs in order to hold a chat. Another language is another ``ChatVoice``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agent.naming import CatalogueWords, number_word
from agent.plain_text import clean
from agent.state import Asked


@dataclass(frozen=True)
class ChatVoice:
    """One language.

    Attributes:
        code: ISO 639-1.
        sentences: name -> template; every voice has the same names.
        openings: ways to open an answer that names what was asked for, the plainest first.
        plain_openings: the same where nothing was asked for.
        parts: parts of a request, parts of a comparison: templates by name.
        places: of the first items.
        comma, last_and, last_or: between parts of a list.
        quoted: a title in a sentence.
        between: sentences.
        counted: "{number} {noun}" in this language.
        digits: whether numbers stay digits.
        suggestions: what to say next: each is understood.
        answers: replies to a question.
        notes: what the pipeline notes -> this language's words for it; what it has none for stays.
    """

    code: str
    sentences: Mapping[str, str]
    openings: tuple[str, ...]
    plain_openings: tuple[str, ...]
    parts: Mapping[str, str]
    places: tuple[str, ...]
    comma: str
    last_and: str
    last_or: str
    quoted: str
    between: str
    counted: str
    digits: bool
    suggestions: Mapping[str, str]
    answers: Mapping[str, str]
    notes: Mapping[str, str] = field(default_factory=dict)

    def say(self, name: str, /, **fields: str) -> str:
        """One sentence."""
        return self.sentences[name].format(**fields)

    def part(self, name: str, /, **fields: str) -> str:
        """One part of a request or of a table."""
        return self.parts[name].format(**fields)

    def note(self, note: str) -> str:
        """A note of the pipeline."""
        return self.notes.get(note, note)

    def count(self, number: int, words: CatalogueWords) -> str:
        """How many, with the noun where the language takes the catalogue's."""
        noun = words.noun if number == 1 else words.plural
        return self.counted.format(number=str(number) if self.digits else number_word(number), noun=noun)

    def join(self, parts: Sequence[str], *, alternatives: bool = False) -> str:
        """A list in words."""
        last = self.last_or if alternatives else self.last_and
        return parts[0] if len(parts) == 1 else f"{self.comma.join(parts[:-1])}{last}{parts[-1]}" if parts else ""

    def open_with(self, number: int, parts: Sequence[str], words: CatalogueWords) -> tuple[str, ...]:
        """Ways to open an answer with so many items."""
        count = self.count(number, words)
        here = self.sentences["here_one" if number == 1 else "here_many"]
        fields = {"count": count, "Count": _capital(count), "here": here, "Here": _capital(here)}
        ways = self.openings if parts else self.plain_openings
        return tuple(way.format(parts=self.comma.join(parts), **fields) for way in ways)

    def ask(self, asked: Asked) -> str:
        """A question in words."""
        if asked.bound is not None:
            kind = "ask_decade" if asked.decade else "ask_number"
            return self.say(kind, bound=f"{asked.bound:g}", attribute=clean(asked.attribute.replace("_", " ")))
        values = [clean(value) for value in asked.values]
        return self.say("ask_value" if len(values) == 1 else "ask_values", values=self.join(values, alternatives=True))

    def replies(self, asked: Asked) -> tuple[str, ...]:
        """What can be clicked; each is understood when it is typed, too."""
        if len(asked.values) > 1:
            return (*(clean(value) for value in asked.values), self.answers["either"], self.answers["skip"])
        if asked.bound is not None:
            return (
                self.answers["from"].format(bound=f"{asked.bound:g}"),
                self.answers["below"].format(bound=f"{asked.bound:g}"),
                self.answers["skip"],
            )
        return self.answers["yes"], self.answers["no"], self.answers["skip"]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
