"""An explanation in the words that a request asks for: what the command line and the HTTP API share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from agent.answering import liked_items
from agent.explaining.findings import contrasted, removed, tasted
from agent.explaining.telling import Style, Told, tell, tell_found
from agent.words import WordsSettings
from pipeline.explanation import Contrast, Explanation, SmallestRemoval
from pipeline.taste import Taste
from serving.service import Service
from store.errors import InputError
from store.records import Event, Item

LIKES = 500
"""Newest events in which likes are looked for, for the words."""

_WORDS = WordsSettings(deadline=20.0)  # nothing streams here, and a small model on a busy machine takes that long


class Histories(Protocol):
    """Where events are."""

    def history(self, user_id: str, *, limit: int | None = None) -> Sequence[Event]: ...


class Named(Protocol):
    """Where items are."""

    def item(self, item_id: str) -> Item: ...

    def items(self, item_ids: Sequence[str]) -> tuple[Item, ...]: ...


def liked_by(store: Histories, user_id: str | None) -> frozenset[str]:
    """Items that a reader is known to like; nobody's where there is no reader. Raises ``UnknownUser``."""
    events = store.history(user_id, limit=LIKES) if user_id else ()
    return liked_items((event.item_id, event.kind) for event in events)


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
    liked = liked_by(service.store, explanation.user_id)
    llm = service.llm if by_model else None
    told = tell(explanation, style=style, language=language, liked=liked, llm=llm, settings=_WORDS)
    return replace(told, degraded=("llm",)) if by_model and llm is None else told


def contrast_in_words(catalogue: Named, found: Contrast, *, language: str = "en") -> Told:
    """Tell a contrast by templates. Raises ``InputError`` where there is no such language."""
    ids = [max(found.history, key=lambda one: sign * found.history[one]) for sign in (1, -1) if found.history]
    known = {item.item_id: item for item in catalogue.items(list(dict.fromkeys(ids)))}
    return tell_found(contrasted(found, known), language=language)


def removal_in_words(catalogue: Named, found: SmallestRemoval, item_id: str, *, language: str = "en") -> Told:
    """Tell a smallest removal by templates. Raises ``InputError`` where there is no such language."""
    return tell_found(removed(found, catalogue.item(item_id)), language=language)


def taste_in_words(found: Taste, *, language: str = "en") -> Told:
    """Tell a taste by templates. Raises ``InputError`` where there is no such language."""
    return tell_found(tasted(found), language=language)
