"""Which column of a table holds what: found by name, or given as a mapping.

Case, spaces, dots, dashes and underscores do not matter: "Item ID", "itemId" and "item_id" are one name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from store.errors import InputError


@dataclass(frozen=True)
class ItemColumns:
    """Which column of a table holds what; None where none does.

    Attributes:
        title: without one, ids are the titles.
        categories: a list, or a text separated by ``|``, ``;`` or else ``,``.
        image: path of a picture, relative to the folder of the file.
        year: stored as the attribute "year" whatever the column is called.
        active: false, 0 or no takes an item out of recommendations.
    """

    item_id: str
    title: str | None = None
    description: str | None = None
    categories: str | None = None
    image: str | None = None
    year: str | None = None
    created_at: str | None = None
    active: str | None = None


@dataclass(frozen=True)
class EventColumns:
    """Which column of a table holds what; None where none does.

    Attributes:
        kind: a name of ``EventKind``. Without one, rows with a value are ratings, and the others views.
        time: see ``rules.time_of``.
        key: idempotency key.
    """

    user_id: str
    item_id: str
    kind: str | None = None
    value: str | None = None
    time: str | None = None
    key: str | None = None


ITEM_NAMES: Mapping[str, tuple[str, ...]] = {
    "item_id": ("item_id", "item", "id", "movie_id", "book_id", "product_id", "parent_asin", "asin", "sku", "isbn"),
    "title": ("title", "name", "item_name", "product_name", "movie_title", "book_title", "product_title"),
    "description": ("description", "text", "summary", "overview", "plot", "abstract", "body"),
    "categories": ("categories", "genres", "category", "genre", "tags", "subjects", "class"),
    "image": ("image", "image_path", "picture", "poster", "cover", "photo", "thumbnail"),
    "year": ("year", "release_year", "publication_year", "original_publication_year", "year_of_publication"),
    "created_at": ("created_at", "created", "added_at", "date_added"),
    "active": ("active", "is_active", "available"),
}
EVENT_NAMES: Mapping[str, tuple[str, ...]] = {
    "user_id": ("user_id", "user", "customer_id", "reviewer_id", "visitor_id", "account_id", "member_id"),
    "item_id": ITEM_NAMES["item_id"],
    "kind": ("kind", "event", "event_type", "action", "type", "behavior", "behaviour"),
    "value": ("value", "rating", "stars", "score", "price", "weight"),
    "time": ("time", "timestamp", "date", "datetime", "created_at", "unix_review_time", "event_time"),
    "key": ("key", "idempotency_key", "event_id"),
}


NOWHERE = ""
"""Given as the column of a field that no column holds, whatever the columns are called."""


def find_event_columns(names: Sequence[str], given: Mapping[str, str]) -> EventColumns | None:
    """Columns of a table of events, or None: it needs a user and an item.

    Args:
        names: what the table has.
        given: fields of ``EventColumns`` to columns, before any guess.
    """
    found = _find(names, EVENT_NAMES, given)
    return EventColumns(**found) if "user_id" in found and "item_id" in found else None


def find_item_columns(names: Sequence[str], given: Mapping[str, str]) -> ItemColumns | None:
    """Columns of a table of items, or None: it needs an id.

    Args:
        names: what the table has.
        given: fields of ``ItemColumns`` to columns, before any guess.
    """
    found = _find(names, ITEM_NAMES, given)
    return ItemColumns(**found) if "item_id" in found else None


def given_column(text: str) -> tuple[str, str]:
    """A field and its column from ``FIELD=COLUMN``, as people write it; ``FIELD=`` where no column holds it.

    Raises:
        InputError: there is no "=".
    """
    field, equals, column = text.partition("=")
    if not equals:
        raise InputError(f"column {text[:60]!r} has no '='", fix="Write it as FIELD=COLUMN, such as item_id=sku.")
    return field.strip(), column.strip()


def _find(names: Sequence[str], known: Mapping[str, tuple[str, ...]], given: Mapping[str, str]) -> dict[str, str]:
    by_plain_name = {_plain(name): name for name in reversed(names)}
    found = {}
    for field, aliases in known.items():
        if given.get(field) == NOWHERE:
            continue
        if given.get(field) in names:
            found[field] = given[field]
            continue
        match = next((by_plain_name[_plain(alias)] for alias in aliases if _plain(alias) in by_plain_name), None)
        if match is not None:
            found[field] = match
    return found


def _plain(name: str) -> str:
    return re.sub(r"[\s_.-]", "", name).lower()
