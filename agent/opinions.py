"""Likes and dislikes of a chat as events: written with a key of their own, retracted by undo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

from agent.state import ChatState, Memory, Opinion
from agent.tools import FeedbackArguments, Tools
from store.database import Store

Kind = Literal["like", "dislike", "set_aside"]


class Opinions:
    """Writes one chat's opinions."""

    def __init__(self, store: Store, tools: Tools, chat_id: str) -> None:
        self._store = store
        self._tools = tools
        self._chat_id = chat_id

    def given(
        self,
        opinions: Mapping[str, Opinion],
        serial: int,
        *,
        likes: Sequence[str] = (),
        dislikes: Sequence[str] = (),
        neither: Sequence[str] = (),
        forgotten: Sequence[str] = (),
    ) -> dict[str, Opinion]:
        """Opinions after some more were given; the newest of an item counts, its earlier event is retracted.

        Args:
            neither: what this chat holds of these is taken back.
            forgotten: these no longer speak for the reader, wherever they did something with them.
        """
        changed = dict(opinions)
        wanted: dict[str, Kind | None] = dict.fromkeys(likes, "like")
        wanted |= dict.fromkeys(dislikes, "dislike")
        wanted |= dict.fromkeys(neither)
        wanted |= dict.fromkeys(forgotten, "set_aside")
        for item, kind in wanted.items():
            old = changed.get(item)
            if old and old.kind == kind:
                continue
            if old:
                self._store.retract([old.key])
                del changed[item]
            if kind:
                changed[item] = self._written(item, kind, serial)
        return changed

    def restored(self, now: Mapping[str, Opinion], state: ChatState) -> Memory:
        """Memory of an undone state with the events brought back to it: what came since is retracted, what went is
        written again."""
        before = state.memory.opinions
        gone = [opinion.key for item, opinion in now.items() if before.get(item) != opinion]
        if gone:
            self._store.retract(gone)
        opinions = {
            item: opinion if now.get(item) == opinion else self._written(item, opinion.kind, state.serial)
            for item, opinion in before.items()
        }
        return state.memory.model_copy(update={"opinions": opinions})

    def _written(self, item: str, kind: Kind, serial: int) -> Opinion:
        key = f"chat:{self._chat_id}:{serial}:{item}:{kind}"
        time: datetime = self._tools.record_feedback(FeedbackArguments(item_id=item, kind=kind, key=key))
        return Opinion(kind=kind, key=key, time=time.astimezone(UTC))
