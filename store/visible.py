"""Texts without characters that nobody sees: they can hide instructions, or make two texts look the same."""

from __future__ import annotations

import re
from dataclasses import replace

from store.errors import InputError
from store.records import AttributeValue, Item

INVISIBLE_NOTE = "invisible characters removed"

_INVISIBLE = re.compile(
    "[\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff9-\ufffb\U000e0000-\U000e0fff"  # tags, and variation selectors that can spell hidden text
    "\u0001-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]"
    # Joiners are part of the spelling in Persian, Indic scripts and emoji: kept singly between such characters.
    "|(?<![^\u0000-\u007f\u200c\u200d])[\u200c\u200d]|[\u200c\u200d](?![^\u0000-\u007f\u200c\u200d])"
)


def visible(text: str) -> str:
    """The text without controls but tabs and line ends, tags, direction marks and other characters of no width."""
    return _INVISIBLE.sub("", text)


def visible_item(item: Item) -> Item:
    """The item with all its texts as they can be seen; itself where nothing was hidden. Ids stay what they are.

    Raises:
        InputError: nothing of the title can be seen.
    """
    shown = replace(
        item,
        title=visible(item.title),
        description=visible(item.description),
        categories=tuple(visible(category) for category in item.categories),
        attributes={visible(name): _visible_value(value) for name, value in item.attributes.items()},
    )
    if not shown.title.strip():
        raise InputError(f"the title {item.title[:40]!a} shows nothing", fix="Name the item as people do.")
    return item if shown == item else shown


def _visible_value(value: AttributeValue) -> AttributeValue:
    if isinstance(value, str):
        return visible(value)
    return type(value)(visible(one) for one in value) if isinstance(value, list | tuple) else value
