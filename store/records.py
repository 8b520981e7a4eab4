"""What the store keeps, as plain immutable records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

AttributeValue = str | int | float | bool | Sequence[str] | None
IMAGE_URL = "image_url"
"""Attribute that keeps the address of a picture that is not here; it says nothing of what an item is."""


class EventKind(StrEnum):
    """Kinds of event. All but ``DISLIKE``, ``SKIP`` and ``SET_ASIDE`` count as a positive interaction.

    ``SET_ASIDE``: the item no longer speaks for its reader, who does not dislike it.
    """

    RATING = "rating"
    VIEW = "view"
    CLICK = "click"
    PURCHASE = "purchase"
    LIKE = "like"
    DISLIKE = "dislike"
    SKIP = "skip"
    SET_ASIDE = "set_aside"

    @property
    def positive(self) -> bool:
        return self not in (EventKind.DISLIKE, EventKind.SKIP, EventKind.SET_ASIDE)


@dataclass(frozen=True)
class Item:
    """One item of the catalogue.

    Attributes:
        item_id: the owner's own id.
        title: what people call it.
        description: free text, may be empty.
        categories: genres, departments, subjects; in the owner's spelling.
        attributes: anything else, JSON values: ``{"year": 1995, "brand": "Acme"}``.
        image: path of a picture, or None.
        created_at: when it arrived, UTC.
        active: inactive items are kept but never recommended.
    """

    item_id: str
    title: str
    description: str = ""
    categories: tuple[str, ...] = ()
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    image: str | None = None
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    active: bool = True


@dataclass(frozen=True)
class User:
    """One person; ``name`` is what the page shows, the id where it is empty."""

    user_id: str
    name: str = ""
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True)
class ReaderVersion:
    """Differs between two moments wherever a user did something, or took something back, in between.

    Attributes:
        events: how many they did and did not take back.
        newest: row number of the newest they ever did, 0 without one.
    """

    events: int
    newest: int


@dataclass(frozen=True)
class Event:
    """One thing a user did with an item.

    Attributes:
        time: UTC.
        value: stars, seconds, price; None where the kind says it all.
        key: idempotency key. A second event with the same key is not stored. None derives one from user, item, kind
            and time, so that ingesting a file twice changes nothing.
    """

    user_id: str
    item_id: str
    kind: EventKind
    time: datetime
    value: float | None = None
    key: str | None = None


@dataclass(frozen=True)
class Impression:
    """One item that was shown to someone.

    Attributes:
        user_id: None for a reader without a name.
        rank: 1-based place in the list.
        time: UTC.
        snapshot_id: the models that chose it.
        source: where it was shown: "chat", "page", "api", "mcp".
    """

    item_id: str
    user_id: str | None
    rank: int
    time: datetime
    snapshot_id: str
    source: str


@dataclass(frozen=True)
class Verdict:
    """What a reader said of an explanation.

    Attributes:
        item_id: what was explained to them.
        because: the history item that was given as a reason; None for the explanation as a whole.
        agrees: whether that is why they would like it.
        time: UTC.
        snapshot_id: the models that explained.
    """

    user_id: str
    item_id: str
    because: str | None
    agrees: bool
    time: datetime
    snapshot_id: str


@dataclass(frozen=True)
class Agreement:
    """How many verdicts there are on something, and how many of them agree.

    Attributes:
        name: a snapshot's id, an item's id, or "" for all.
        title: of the item.
    """

    name: str
    said: int
    agreed: int
    title: str = ""

    @property
    def against(self) -> int:
        return self.said - self.agreed


@dataclass(frozen=True)
class VerdictCounts:
    """What all readers said of explanations, counted.

    Attributes:
        whole: of explanations as a whole.
        reasons: of history items that were given as a reason.
        by_snapshot: both, by the models that explained, newest first.
        disputed: history items that were most often said to be no reason, most often first.
    """

    whole: Agreement
    reasons: Agreement
    by_snapshot: tuple[Agreement, ...]
    disputed: tuple[Agreement, ...]


@dataclass(frozen=True)
class Rejected:
    """A row that was not stored, and why.

    Attributes:
        source: file name or endpoint it came from.
        line: 1-based line (or row) in the source.
        reason: value received, rule broken, fix.
        row: the row as text, shortened to 2,000 characters.
        rule, problem, fix: the parts of the reason; empty where it comes back from the quarantine.
    """

    source: str
    line: int
    reason: str
    row: str
    rule: str = field(default="", compare=False)
    problem: str = field(default="", compare=False)
    fix: str = field(default="", compare=False)
