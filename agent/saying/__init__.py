"""The chat's own sentences, by language; explanations have voices of their own in ``agent.explaining``."""

from __future__ import annotations

from collections.abc import Mapping

from agent.saying.chinese import CHINESE
from agent.saying.english import ENGLISH
from agent.saying.voice import ChatVoice

_VOICES: Mapping[str, ChatVoice] = {voice.code: voice for voice in (ENGLISH, CHINESE)}


def chat_voice(language: str) -> ChatVoice:
    """The voice of a language that chats are answered in (``Memory.language``)."""
    return _VOICES[language]


__all__ = ["ChatVoice", "chat_voice"]
