"""The sentences of a paragraph in a model's words, each shown only if it passes ``verify``; else its template."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from agent.explaining.slotting import Slotted, slotted
from agent.explaining.statements import Statement
from agent.explaining.verify import violations
from agent.explaining.voice import Voice
from agent.grounding import Violation
from agent.llm.members import members
from agent.llm.protocol import LLM, Cancelled, Message
from agent.slots import Slots
from agent.words import WordsSettings
from store.errors import BackendError

_CHOOSE = """You explain why something is recommended. Of each sentence there are several versions that say the same. \
Pick one of each so that together they read well. [A], [B] and so on stand for names and numbers."""

_WRITE = """You explain why something is recommended. You get sentences in a JSON object and answer with the same \
object, each sentence said in other simple words, in {language}.
- [A], [B] and so on stand for names and numbers: write each exactly once, as it is.
- Say all that the sentence says and nothing else: no opinions, no names, no numbers, no reasons of your own."""


@dataclass(frozen=True)
class Sentence:
    """One sentence of an explanation, and whether a model worded it."""

    text: str
    by_model: bool = False


@dataclass(frozen=True)
class Written:
    """What a model wrote for one statement, filled in. What was not shown is for measurements, not for readers."""

    kind: str
    text: str
    shown: bool


@dataclass
class ParaphraseTrace:
    """What happened while a paragraph was paraphrased.

    Attributes:
        asked: statements that the model was asked to word.
        written: what it wrote, in their order.
        violations: why sentences were not shown.
        error: what the backend failed with; templates took over from there.
    """

    asked: int = 0
    written: list[Written] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    error: str = ""


def paraphrase(
    llm: LLM,
    statements: Sequence[Statement],
    voice: Voice,
    *,
    settings: WordsSettings,
    cancelled: Cancelled | None = None,
    trace: ParaphraseTrace | None = None,
) -> tuple[Sentence, ...]:
    """One sentence for each statement, in their order. Never raises for the model's sake: ``trace`` tells what failed.

    Args:
        llm: the model. It sees slots in place of all names and numbers.
        statements: what is to be said.
        voice: the language.
        settings: "choose" lets the model pick among true sentences, "free" lets it write.
        cancelled: stops the model; templates say the rest.
        trace: filled in.
    """
    trace = trace if trace is not None else ParaphraseTrace()
    slots = Slots()
    said = {
        f"s{number}": slotted(statement, voice, slots)
        for number, statement in enumerate(statements, start=1)
        if voice.sentences[statement.kind].patterns
    }
    trace.asked = len(said)
    shown: dict[str, str] = {}
    try:
        for name, sentence in _asked(llm, said, voice, settings, cancelled) if said else ():
            filled = slots.fill(sentence)
            found = violations(sentence, said[name], voice)
            trace.written.append(Written(said[name].statement.kind, filled, shown=not found))
            trace.violations.extend(found)
            if not found:
                shown[name] = filled[:1].upper() + filled[1:]
    except BackendError as error:
        trace.error = str(error)
    return tuple(
        Sentence(shown[name], by_model=True) if (name := f"s{number}") in shown else Sentence(voice.say(statement))
        for number, statement in enumerate(statements, start=1)
    )


def _asked(
    llm: LLM, said: dict[str, Slotted], voice: Voice, settings: WordsSettings, cancelled: Cancelled | None
) -> Iterator[tuple[str, str]]:
    """What the model makes of each statement, by name."""
    system = _CHOOSE if settings.style == "choose" else _WRITE.format(language=voice.name)
    prompt = [Message("system", system)]
    if settings.style == "free":  # an example helps small models more than any rule
        prompt += [Message("user", _draft(voice.example)), Message("assistant", _draft(voice.example_reworded))]
    prompt.append(Message("user", _draft([one.ways[0] for one in said.values()], names=list(said))))
    choices = {name: one.ways if settings.style == "choose" else () for name, one in said.items()}
    longest = sum(max(len(way) for way in one.ways) + 10 for one in said.values())
    yield from members(
        llm,
        prompt,
        choices,
        max_tokens=max(settings.max_tokens, round(longest * voice.tokens)),
        deadline=settings.deadline,
        cancelled=cancelled,
    )


def _draft(sentences: Sequence[str], names: Sequence[str] = ()) -> str:
    """Sentences as the JSON object that the model reads and answers with."""
    names = names or [f"s{number}" for number in range(1, len(sentences) + 1)]
    return json.dumps(dict(zip(names, sentences, strict=True)), ensure_ascii=False)
