"""Records to HTML. The only way in is a Jinja template with autoescape, so item, user and model text stays text.

``gr.HTML`` is given a constant template (``${value}``) and the rendered page part as its value: Gradio compiles the
template as Handlebars and JavaScript, never the value.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from serving.figures import percent, signed
from serving.http.responses import PREFIX
from serving.ui.pictures import Pictures
from serving.ui.placeholder import cover
from serving.ui.theme import channel_colour, channel_label
from store.records import Item, User

MAX_TITLE = 120
"""Longer titles are cut on the page; the full one is in the tooltip."""


class Renderer:
    """Renders the templates of this folder.

    Args:
        pictures: where thumbnails come from.
    """

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures
        self._environment = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(
            picture=self.picture,
            sent_picture=sent_picture,
            channel_label=channel_label,
            channel_colour=channel_colour,
            subtitle=subtitle,
        )
        self._environment.filters.update(signed=signed, percent=percent)

    def __call__(self, template: str, **values: object) -> str:
        return self._environment.get_template(template).render(**values)

    def picture(self, item: Item) -> Markup:
        """The item's picture in its own ratio, or its drawn cover."""
        source = self._pictures.thumbnail(item)
        if source is None:
            return cover(item.title[:MAX_TITLE], item.categories)
        return Markup('<img class="photo" src="{}" alt="" loading="lazy">').format(source)


def sent_picture(chat_id: str, name: str) -> str:
    """Where the page finds a picture that was sent in a chat."""
    return f"{PREFIX}/chats/{quote(chat_id, safe='')}/pictures/{quote(name, safe='')}"


def subtitle(item: Item) -> str:
    """Year-like numbers first, then two categories: what tells two items of one title apart."""
    numbers = [
        str(value) for value in item.attributes.values() if isinstance(value, int) and not isinstance(value, bool)
    ]
    return " · ".join([*numbers[:1], *item.categories[:2]])


def person(user: User) -> str:
    """What the page calls a user."""
    return user.name or f"User {user.user_id}"
