"""The page's building blocks on Gradio: drawn parts that send events, and fields with suggestions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypedDict

import gradio as gr

from serving.ui.api import UiService
from serving.ui.render import Renderer, person, subtitle
from serving.ui.theme import script
from store.errors import SnapshotError, UnknownItem
from store.records import Item

OFFERED = 8
"""Suggestions under a field."""
MAX_SENT = 2_000
"""Characters of one value in an event."""
MAX_TYPED = 120
"""Characters of a suggestion field that are looked at."""


class Offer(TypedDict):
    """One suggestion: ``key`` comes back in the "pick" event."""

    key: str
    label: str
    detail: str


def drawn(
    value: str = "",
    *,
    events: Sequence[str] = (),
    name: str,
    finder: Callable[[str], list[Offer]] | None = None,
    server: Sequence[Callable[..., object]] = (),
    scripts: Sequence[str] = (),
) -> gr.HTML:
    """A part drawn by a template. Its template for Gradio is constant: the value is inserted, never compiled.

    Args:
        events: what its controls may send.
        finder: suggestions of its field.
        server: what its scripts may call besides.
        scripts: files beside ``page.js`` that it runs.
    """
    return gr.HTML(
        value,
        html_template="${value}",
        js_on_load=script(*events, files=scripts),
        apply_default_css=False,
        elem_id=name,
        server_functions=[*([finder] if finder else ()), *server] or None,
    )


def user_finder(service: UiService, *, create: bool) -> Callable[[str], list[Offer]]:
    """Suggestions of users; with ``create`` also one that makes a new user of that name."""

    def find(text: str) -> list[Offer]:
        typed = str(text).strip()[:MAX_TYPED]
        found = service.store.users(search=typed.removeprefix("User "), limit=OFFERED)
        offers = [
            Offer(key=user.user_id, label=person(user), detail=user.user_id if user.name else "") for user in found
        ]
        known = {user.user_id for user in found} | {person(user).casefold() for user in found}
        if create and typed and typed not in known and typed.casefold() not in known:
            offers.append(Offer(key=NEW + typed, label=typed, detail="create"))
        return offers

    return find


def sent(event: gr.EventData, name: str) -> str:
    """One value that a control of the page sent, as short text: anything can come from outside."""
    data = event._data
    value = data.get(name) if isinstance(data, dict) else None
    return value[:MAX_SENT] if isinstance(value, str) else ""


NEW = "new:"
"""Prefix of the key of a user who is to be created."""


def item_finder(service: UiService, *, taken_out: bool = False) -> Callable[[str], list[Offer]]:
    """Suggestions of items by words; with ``taken_out`` also an inactive one, whose id has to be written out."""

    def find(text: str) -> list[Offer]:
        typed = str(text).strip()[:MAX_TYPED]
        if not typed:
            return []
        try:
            found = [*service.recommender.search(typed, k=OFFERED)]
        except SnapshotError:  # nothing is trained: the page says so elsewhere
            return []
        if taken_out:
            with suppress(UnknownItem):
                item = service.recommender.item(typed)
                found = [item, *(other for other in found if other.item_id != item.item_id)]
        return [_offer(item) for item in found]

    return find


def _offer(item: Item) -> Offer:
    detail = subtitle(item) if item.active else "taken out"
    return Offer(key=item.item_id, label=item.title[:MAX_TYPED], detail=detail)


def picker(renderer: Renderer, *, name: str, label: str, placeholder: str, value: str = "") -> str:
    """HTML of a field with suggestions."""
    return renderer("picker.html", name=name, label=label, placeholder=placeholder, value=value)
