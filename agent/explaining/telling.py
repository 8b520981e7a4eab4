"""Tells an explanation: in one of three styles, in a language that there is a voice for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from agent.explaining.account import Section, full, paragraph
from agent.explaining.paraphrase import ParaphraseTrace, Sentence, paraphrase
from agent.explaining.statements import Statement, reason_statements
from agent.explaining.voice import Voice
from agent.explaining.voices import voice_of
from agent.llm.protocol import LLM, Cancelled
from agent.words import WordsSettings
from pipeline.explanation import Explanation
from store.errors import InputError

Style = Literal["line", "paragraph", "full"]
STYLES: tuple[Style, ...] = get_args(Style)


@dataclass(frozen=True)
class Passage:
    """Sentences under one heading; "" where there is none."""

    heading: str
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True)
class Told:
    """An explanation in words.

    Attributes:
        style: "line", "paragraph" or "full".
        language: its code.
        passages: one without a heading, or several of a full account.
        text: all of it; headings and passages on lines of their own.
        degraded: ("llm",) where a model was asked for the words and could not give them.
    """

    style: Style
    language: str
    passages: tuple[Passage, ...]
    text: str
    degraded: tuple[str, ...] = ()


def checked_style(style: str) -> Style:
    """A style by its name. Raises ``InputError`` where there is none of it."""
    if style not in STYLES:
        raise InputError(f"style {style!r} is none of {', '.join(STYLES)}", fix="Name one of them.")
    return style


def tell(
    explanation: Explanation,
    *,
    style: Style = "paragraph",
    language: str = "en",
    liked: Collection[str] = frozenset(),
    llm: LLM | None = None,
    settings: WordsSettings | None = None,
    cancelled: Cancelled | None = None,
    trace: ParaphraseTrace | None = None,
) -> Told:
    """Say what the evidence holds, and nothing else.

    Args:
        explanation: the evidence.
        style: how much of it.
        language: of the words; titles and values stay as the catalogue has them.
        liked: ids of items that the reader is known to have liked.
        llm: words a paragraph, sentence by sentence, where its sentences pass the check; None for templates, of which
            the other styles consist in any case.
        settings: how the model is asked, and what the catalogue calls its items.
        cancelled: stops the model.
        trace: filled in with what the model did.

    Raises:
        InputError: there is no such language.
    """
    settings = settings or WordsSettings()
    voice = voice_of(language).naming(settings.catalogue)
    if style == "line":
        line = voice.line(reason_statements(explanation.reasons, liked=liked)[0])
        return Told(style, language, (Passage("", (Sentence(line),)),), line)
    if style == "full":
        sections = full(explanation, liked=liked)
        return _told(style, voice, [Passage(_heading(part, voice), _by_template(part, voice)) for part in sections])
    (section,) = paragraph(explanation, liked=liked)
    return _paragraph(section, voice, llm, settings, cancelled, trace)


def tell_found(
    statements: Sequence[Statement],
    *,
    language: str = "en",
    llm: LLM | None = None,
    settings: WordsSettings | None = None,
    cancelled: Cancelled | None = None,
    trace: ParaphraseTrace | None = None,
) -> Told:
    """Say, as one paragraph, what was found when an answer was taken apart. The other arguments are those of ``tell``.

    Args:
        statements: of ``agent.explaining.findings``.

    Raises:
        InputError: there is no such language.
    """
    settings = settings or WordsSettings()
    voice = voice_of(language).naming(settings.catalogue)
    return _paragraph(Section("", tuple(statements)), voice, llm, settings, cancelled, trace)


def _paragraph(
    section: Section,
    voice: Voice,
    llm: LLM | None,
    settings: WordsSettings,
    cancelled: Cancelled | None,
    trace: ParaphraseTrace | None,
) -> Told:
    if llm is None:
        return _told("paragraph", voice, [Passage("", _by_template(section, voice))])
    trace = trace if trace is not None else ParaphraseTrace()
    sentences = paraphrase(llm, section.statements, voice, settings=settings, cancelled=cancelled, trace=trace)
    return _told("paragraph", voice, [Passage("", sentences)], degraded=("llm",) if trace.error else ())


def _told(style: Style, voice: Voice, passages: Sequence[Passage], degraded: tuple[str, ...] = ()) -> Told:
    blocks = []
    for passage in passages:
        text = voice.between.join(sentence.text for sentence in passage.sentences)
        blocks.append(f"{passage.heading}\n{text}" if passage.heading else text)
    return Told(style, voice.code, tuple(passages), "\n\n".join(blocks), degraded)


def _heading(section: Section, voice: Voice) -> str:
    return voice.headings[section.heading]


def _by_template(section: Section, voice: Voice) -> tuple[Sentence, ...]:
    return tuple(Sentence(voice.say(statement)) for statement in section.statements)
