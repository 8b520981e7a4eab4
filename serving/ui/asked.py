"""What was asked in a chat as the pipeline's query, so that Why explains a card as it was recommended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pydantic import ValidationError

from agent.request import Request
from agent.state import ChatState, Memory
from agent.tools import Filter
from pipeline.query import Query
from serving.ui.api import UiService
from store.errors import TastemakerError
from store.records import Item


def asked_query(service: UiService, *, user_id: str, chat_id: str, item_id: str) -> Query:
    """The reader's history with the request in force in their chat; the history alone where there is no chat."""
    memory = _memory(service, user_id=user_id, chat_id=chat_id)
    # As when it was recommended: what had been shown before stood aside.
    aside = frozenset(memory.shown) - {item_id, *memory.cards}
    query = query_of(service, memory.wish, user_id=user_id, aside=aside)
    leaning = service.dialogues.leaning(chat_id, about=item_id) if memory.heard else {}
    name = memory.wish.picture
    picture = (service.dialogues.picture(chat_id, name) if name else None) or b""
    seeds = tuple(one for one in query.seeds if one != item_id)
    return replace(query, seeds=seeds, leaning=leaning, picture=picture)


def query_of(service: UiService, wish: Request, *, user_id: str, aside: frozenset[str] = frozenset()) -> Query:
    """A request as the pipeline takes it.

    Args:
        user_id: whose history goes with it; "" for nobody's.
        aside: items that must not come back.
    """
    constraints = Filter(
        facets_in=wish.facets_in,
        facets_out=wish.facets_out,
        ranges=wish.ranges,
        people_in=wish.people_in,
        people_out=wish.people_out,
        exclude_items=aside,
    ).constraints()
    return Query(
        user_id=user_id or None,
        history=None if user_id else (),
        seeds=tuple(item.item_id for item in still_there(service, wish.items_like)),
        disliked=tuple(item.item_id for item in still_there(service, wish.items_unlike)),
        text=wish.mood,
        constraints=constraints,
    )


def _memory(service: UiService, *, user_id: str, chat_id: str) -> Memory:
    record = service.store.load_chat(chat_id) if chat_id else None
    if record is None or record.user_id != user_id:
        return Memory()
    try:
        return ChatState.model_validate(record.state).memory
    except ValidationError:  # written by another version: the chat says so itself
        return Memory()


def still_there(service: UiService, ids: Sequence[str]) -> tuple[Item, ...]:
    """Those of some items that the catalogue has: a chat or a page may be older than it."""
    found = []
    for item_id in ids:
        try:
            found.append(service.recommender.item(item_id))
        except TastemakerError:
            continue
    return tuple(found)
