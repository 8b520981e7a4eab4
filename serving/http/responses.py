"""What the API answers: the records of the layers below, with nothing of this machine in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import quote

from pydantic.dataclasses import dataclass as validated

from agent.explaining.telling import Told
from pipeline.explanation import Contrast, Explanation, SmallestRemoval
from pipeline.query import Neighbour
from pipeline.taste import Taste
from store.records import Item

PREFIX = "/api/v1"

_PLAIN = frozenset({str, int, float, bool, type(None), datetime})


@cache
def _names(record: type) -> tuple[str, ...]:
    """Names of the fields of a kind of record."""
    return tuple(field.name for field in fields(record))


def image_url(item: Item) -> str | None:
    """Where a page finds the picture of an item."""
    return f"{PREFIX}/items/{quote(item.item_id, safe='')}/image" if item.image else None


def public(value: Any) -> Any:
    """A record as plain values; an item's picture becomes an address instead of a path on this machine."""
    kind = type(value)
    if kind in _PLAIN:  # nearly all are; asking whether something is a mapping takes longer than all the rest
        return value
    if kind is tuple or kind is list:
        return [public(part) for part in value]
    if kind is dict:
        return {key: public(part) for key, part in value.items()}
    if is_dataclass(value):
        plain = {name: public(getattr(value, name)) for name in _names(kind)}
        return plain | {"image": image_url(value)} if isinstance(value, Item) else plain
    if isinstance(value, Mapping):
        return {key: public(part) for key, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [public(part) for part in value]
    return value


@validated(frozen=True)
class ExplanationInWords(Explanation):
    """An explanation, and its words where a style was asked for."""

    words: Told | None = None


@validated(frozen=True)
class ContrastInWords(Contrast):
    """A contrast, and its words where a language was asked for."""

    words: Told | None = None


@validated(frozen=True)
class RemovalInWords(SmallestRemoval):
    """A smallest removal, and its words where a language was asked for."""

    words: Told | None = None


@validated(frozen=True)
class TasteInWords(Taste):
    """A taste, and its words where a language was asked for."""

    words: Told | None = None


@dataclass(frozen=True)
class SimilarItems:
    """Items close to one item, closest first."""

    item_id: str
    neighbours: tuple[Neighbour, ...]


@dataclass(frozen=True)
class FoundItems:
    """Items that match words, best first."""

    items: tuple[Item, ...]


@dataclass(frozen=True)
class StoredEvents:
    """What became of a batch: stored now, and known before by their keys."""

    stored: int
    duplicates: int


@dataclass(frozen=True)
class SnapshotSummary:
    """Trained models: when, whether they answer now, and their figures on validation data."""

    id: str
    created: datetime
    in_service: bool
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Liveness:
    """The process answers."""

    status: str
    version: str
