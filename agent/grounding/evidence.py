"""What an answer may draw on, and what a check finds wrong with it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.query import Reason, Recommendation
from store.records import Item


@dataclass(frozen=True)
class Evidence:
    """All that a sentence of one answer may name or claim.

    Attributes:
        items: what is shown, in order; only these may be named as recommended.
        reasons: item id -> its reasons.
        new: ids of items that no one has met yet.
        liked: ids of items that the reader is known to have liked.
        asked: items that the reader named in the request.
        asked_text: whether the reader described a mood or topic.
        asked_picture: whether they sent a picture.
        texts: passages that may be repeated word for word: notes, the reader's own phrases.
        small_talk: whether words of courtesy are allowed too.
    """

    items: tuple[Item, ...] = ()
    reasons: Mapping[str, tuple[Reason, ...]] = field(default_factory=dict)
    new: frozenset[str] = frozenset()
    liked: frozenset[str] = frozenset()
    asked: tuple[Item, ...] = ()
    asked_text: bool = False
    asked_picture: bool = False
    texts: tuple[str, ...] = ()
    small_talk: bool = False

    @classmethod
    def of(
        cls,
        recommendations: Sequence[Recommendation],
        *,
        liked: Collection[str] = (),
        asked: Sequence[Item] = (),
        asked_text: bool = False,
        asked_picture: bool = False,
        texts: Sequence[str] = (),
    ) -> Evidence:
        """Evidence that recommendations carry."""
        return cls(
            items=tuple(recommendation.item for recommendation in recommendations),
            reasons={recommendation.item.item_id: recommendation.reasons for recommendation in recommendations},
            new=frozenset(r.item.item_id for r in recommendations if r.is_new),
            liked=frozenset(liked),
            asked=tuple(asked),
            asked_text=asked_text,
            asked_picture=asked_picture,
            texts=tuple(texts),
        )

    def reasons_of(self, item: Item) -> tuple[Reason, ...]:
        return self.reasons.get(item.item_id, ())

    def known_items(self) -> Iterator[Item]:
        """Items that carry a reason or were named in the request."""
        yield from self.asked
        for reasons in self.reasons.values():
            for reason in reasons:
                yield from reason.items


@dataclass(frozen=True)
class Violation:
    """One thing that a sentence says and the evidence does not hold.

    Attributes:
        kind: "title", "quote", "name", "number", "value", "claim", "negation", "characters" or "word".
        text: the words at fault.
        sentence: where they stand.
    """

    kind: str
    text: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.text!r} in {self.sentence!r}"
