"""The languages that there are voices for, and the line of a card in each.

Adding one: a module with a ``Voice``, and its name here. The tests then hold it against every kind of statement.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from agent.explaining.chinese import CHINESE
from agent.explaining.english import ENGLISH
from agent.explaining.statements import reason_statement
from agent.explaining.voice import Voice
from pipeline.query import Reason
from store.errors import InputError

_VOICES: Mapping[str, Voice] = {voice.code: voice for voice in (ENGLISH, CHINESE)}
LANGUAGES = tuple(_VOICES)
"""ISO 639-1 codes of the languages that there are templates for."""


def voice_of(language: str) -> Voice:
    """The voice of a language. Raises ``InputError`` where there is none."""
    if language not in _VOICES:
        raise InputError(f"language {language!r} is none of {', '.join(LANGUAGES)}", fix="Name one of them.")
    return _VOICES[language]


def reason_line(reason: Reason, *, liked: Collection[str] = frozenset(), language: str = "en") -> str:
    """What one piece of evidence says, as it stands on a card; "" where it holds nothing that can be said.

    Raises:
        InputError: the kind of reason, or the language, is unknown.
    """
    statement = reason_statement(reason, liked=liked)
    return "" if statement is None else voice_of(language).line(statement)


def card_reason(reasons: Sequence[Reason], *, liked: Collection[str] = frozenset(), language: str = "en") -> str:
    """Line of the strongest reason that says something, "" where none does."""
    lines = (reason_line(reason, liked=liked, language=language) for reason in reasons)
    return next((line for line in lines if line), "")
