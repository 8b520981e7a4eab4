"""What a language needs in order to tell an explanation. Another language is another ``Voice`` and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from agent.explaining.statements import Statement
from agent.naming import NEUTRAL_WORDS, CatalogueWords
from agent.plain_text import clean

Written = Callable[[str, str, bool], str]
"""(field, text, whether it is a title) -> what stands in the sentence."""


@dataclass(frozen=True)
class Wording:
    """How one kind of statement is said.

    Fields of a statement stand in braces; ``{items:goes|go}`` is "goes" for one and "go" for several.

    Attributes:
        ways: sentences that say exactly this, the plainest first.
        patterns: how else it may be said: regular expressions of whole sentences, lower-cased and without the full
            stop, with ``<field>`` where a field's slots are. All that match must be as true as ``ways``; they match
            those too. Without any, a model may not word it.
    """

    ways: tuple[str, ...]
    patterns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Voice:
    """One language.

    Attributes:
        code: ISO 639-1.
        name: what it is called in English, for prompts.
        sentences: kind of statement -> its wording; ``{things}`` is the noun of the catalogue.
        lines: kind of reason -> what stands on a card: no whole sentence.
        headings: of the sections of a full account.
        terms: what the pipeline names -> words for it: channels, modalities, notes. A key may hold one ``{...}``.
        noun: of the catalogue.
        comma, last: between parts of a list.
        quote: a title in a sentence.
        between: sentences of a paragraph.
        full_stop: end of a sentence.
        tokens: of a model for one character, at most; room for its replies.
        example, example_reworded: sentences with slots and other words for them, to show a model what is asked.
    """

    code: str
    name: str
    sentences: Mapping[str, Wording]
    lines: Mapping[str, str]
    headings: Mapping[str, str]
    terms: Mapping[str, str]
    comma: str
    last: str
    quote: str
    between: str
    full_stop: str
    tokens: float
    example: tuple[str, ...]
    example_reworded: tuple[str, ...]
    noun: CatalogueWords = field(default_factory=CatalogueWords)

    def naming(self, words: CatalogueWords) -> Voice:
        """This voice for a catalogue that says what its things are called, in the reader's language."""
        return self if words == NEUTRAL_WORDS else replace(self, noun=words)

    def say(self, statement: Statement) -> str:
        """The plainest sentence for a statement."""
        return self.ways(statement)[0]

    def ways(self, statement: Statement, written: Written | None = None) -> tuple[str, ...]:
        """All sentences for a statement.

        Args:
            written: what stands for a text, for slots; None writes it out.
        """
        fields = self._fields(statement, written or self.write)
        return tuple(way.format_map(fields) for way in self.sentences[statement.kind].ways)

    def line(self, statement: Statement) -> str:
        """What a card says of a reason."""
        return self.lines[statement.kind].format_map(self._fields(statement, self.write))

    def write(self, name: str, text: str, is_title: bool) -> str:
        """A text as it stands in a sentence."""
        return self.quote.format(text) if is_title else text

    def term(self, text: str) -> str:
        """This language's words for a channel, a modality or a note; what it has none for stays."""
        if text in self.terms:
            return self.terms[text]
        for pattern, words in self.terms.items():
            before, brace, rest = pattern.partition("{")
            after = rest.partition("}")[2]
            if brace and text.startswith(before) and text.endswith(after):
                return words.format(text[len(before) : len(text) - len(after)])
        plain = clean(text)
        return plain if " " in plain else plain.replace("_", " ")

    def join(self, parts: Sequence[str]) -> str:
        """A list in words."""
        return parts[0] if len(parts) == 1 else f"{self.comma.join(parts[:-1])}{self.last}{parts[-1]}"

    def _fields(self, statement: Statement, written: Written) -> dict[str, _Shown]:
        shown = {"things": _Shown(self.noun.plural, one=False)}
        for name, parts in statement.titles.items():
            shown[name] = _Shown(self.join([written(name, part, True) for part in parts]), one=len(parts) == 1)
        for name, parts in statement.texts.items():
            text = self.comma.join(written(name, part, False) for part in parts)
            shown[name] = _Shown(text, one=parts == ("1",))
        for name, parts in statement.terms.items():
            text = self.comma.join(self.term(part) for part in parts)
            shown[name] = _Shown(text, one=len(parts) == 1)
        return shown


class _Shown(str):
    """A field in a template: ``{items}`` writes it, ``{items:goes|go}`` chooses by whether it is one."""

    __slots__ = ("one",)
    one: bool

    def __new__(cls, text: str, *, one: bool) -> _Shown:
        shown = super().__new__(cls, text)
        shown.one = one
        return shown

    def __format__(self, choice: str) -> str:
        if not choice:
            return str(self)
        singular, _, plural = choice.partition("|")
        return singular if self.one else plural
