"""The one path from a person to recommendations, as its callers see it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from pipeline.explanation import ContentMatch, Contrast, Explanation, SmallestRemoval, Standing
from pipeline.item_profile import ItemProfile
from pipeline.query import (
    Constraints,
    Neighbour,
    Preview,
    Query,
    Recommendation,
    Recommendations,
    Vocabulary,
)
from pipeline.taste import Taste
from store.records import Item


class RecommenderApi(Protocol):
    """What the agent and the service see. Safe to call from several threads."""

    @property
    def snapshot_id(self) -> str: ...

    def recommend(self, query: Query) -> Recommendations:
        """Recall, rank, rerank.

        Raises:
            UnknownUser, UnknownItem: an id in the query does not exist.
        """
        ...

    def matching(self, query: Query) -> int:
        """How many items ``recommend`` could choose from; nothing is ranked. Raises as ``recommend`` does."""
        ...

    def recommend_all(self, *, k: int = 10, batch_size: int = 256) -> Iterator[tuple[str, tuple[Recommendation, ...]]]:
        """Batch recommendation for every user of the store."""
        ...

    def similar(self, item_id: str, *, k: int = 10, constraints: Constraints = Constraints()) -> tuple[Neighbour, ...]:
        """Items close to one item by behaviour and content. Raises ``UnknownItem``."""
        ...

    def search(self, text: str, *, k: int = 10, constraints: Constraints = Constraints()) -> tuple[Item, ...]:
        """Items by words: titles first, then content."""
        ...

    def explain(self, query: Query, item_id: str) -> Explanation:
        """Why this item for this reader; ``query.without`` answers what-if. Raises ``UnknownUser``, ``UnknownItem``."""
        ...

    def content_match(self, item_id: str, other_id: str) -> ContentMatch:
        """What of two items' contents makes them alike. Takes up to seconds, once. Raises ``UnknownItem``."""
        ...

    def item_profile(self, item_id: str) -> ItemProfile:
        """Who gets an item, and for which of theirs. Takes seconds at first. Raises ``UnknownItem``."""
        ...

    def taste(self, query: Query) -> Taste:
        """A reader's history in groups, and what each leads to. Raises ``UnknownUser``, ``UnknownItem``."""
        ...

    def contrast(self, query: Query, item_id: str, other_id: str) -> Contrast:
        """Why one item rather than the other for this reader. Raises ``UnknownUser``, ``UnknownItem``."""
        ...

    def standings(self, query: Query, item_ids: Sequence[str]) -> tuple[Standing, ...]:
        """Where items stand for a reader as if none of them had been met, in the given order; one pass for all.

        Raises:
            UnknownUser, UnknownItem: an id does not exist.
        """
        ...

    def smallest_removal(self, query: Query, item_id: str) -> SmallestRemoval:
        """The fewest history items without which an item is not among the ``query.k`` best. Takes seconds.

        Raises:
            UnknownUser, UnknownItem: an id does not exist.
        """
        ...

    def preview(self, draft: Item) -> Preview:
        """What publishing a draft would do, or changing the item of the draft's id; stores nothing."""
        ...

    def publish(self, item: Item) -> Item:
        """Store an item and recommend it from the next request on. Replaces an item with the same id.

        Returns:
            the item as stored, without invisible characters. Raises ``InputError`` where its title has no others.
        """
        ...

    def publish_all(self, items: Sequence[Item]) -> None:
        """``publish`` for many at once. Requests are answered meanwhile, by the catalogue of before."""
        ...

    def deactivate(self, item_id: str) -> None:
        """Take an item out of every answer from the next request on. Raises ``UnknownItem``."""
        ...

    def item(self, item_id: str) -> Item:
        """Raises ``UnknownItem``."""
        ...

    def items(self, item_ids: Sequence[str]) -> tuple[Item, ...]:
        """In the given order. Raises ``UnknownItem``."""
        ...

    def vocabulary(self) -> Vocabulary: ...
