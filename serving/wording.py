"""An explanation in the words that a request asks for: what the command line and the HTTP API share."""

from __future__ import annotations

from dataclasses import replace

from agent.answering import liked_items
from agent.explaining.telling import Style, Told, tell
from agent.words import WordsSettings
from pipeline.explanation import Explanation
from serving.service import Service
from store.errors import InputError

LIKES = 500
"""Newest events in which likes are looked for, for the words."""

_WORDS = WordsSettings(deadline=20.0)  # nothing streams here, and a small model on a busy machine takes that long


def in_words(
    service: Service, explanation: Explanation, *, style: Style, language: str = "en", by_model: bool = False
) -> Told:
    """Tell an explanation.

    Args:
        style: "line", "paragraph" or "full".
        language: code of a language that there are templates for.
        by_model: whether the language model words a paragraph; where it cannot, templates do and ``degraded`` says so.

    Raises:
        InputError: there is no such language, or a model is to word something else than a paragraph.
    """
    if by_model and style != "paragraph":
        raise InputError(f"style {style!r} is not paraphrased", fix="Ask for a paragraph, or leave the paraphrase out.")
    events = service.store.history(explanation.user_id, limit=LIKES) if explanation.user_id else ()
    liked = liked_items((event.item_id, event.kind) for event in events)
    llm = service.llm if by_model else None
    told = tell(explanation, style=style, language=language, liked=liked, llm=llm, settings=_WORDS)
    return replace(told, degraded=("llm",)) if by_model and llm is None else told
