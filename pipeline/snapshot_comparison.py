"""One reader under two snapshots: what enters a list, what leaves it, what moves, and where one item stands."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.api import RecommenderApi
from pipeline.explanation import Standing
from pipeline.query import Query, Recommendation
from store.records import Item


@dataclass(frozen=True)
class Move:
    """One item of either list.

    Attributes:
        before, after: 1-based place in the first and in the second list; None where the list does not hold it.
        score_before, score_after: place by score, before the rerank, in the lists that do not hold it; else None.
    """

    item: Item
    before: int | None
    after: int | None
    score_before: int | None = None
    score_after: int | None = None


@dataclass(frozen=True)
class SnapshotComparison:
    """Two snapshots over the catalogue and the history of this moment: only the models differ.

    Attributes:
        first, second: ids of the snapshots.
        before, after: their lists.
        moves: every item of either list, those of the second in its order, then what left.
        item: where the item that was asked about stands in the first and in the second; None where none was.
    """

    user_id: str | None
    k: int
    first: str
    second: str
    before: tuple[Recommendation, ...]
    after: tuple[Recommendation, ...]
    moves: tuple[Move, ...]
    item: tuple[Standing, Standing] | None = None

    @property
    def entered(self) -> tuple[Move, ...]:
        return tuple(move for move in self.moves if move.before is None)

    @property
    def left(self) -> tuple[Move, ...]:
        return tuple(move for move in self.moves if move.after is None)

    @property
    def moved(self) -> tuple[Move, ...]:
        """In both lists, at another place."""
        return tuple(move for move in self.moves if move.before and move.after and move.before != move.after)

    @property
    def stayed(self) -> tuple[Move, ...]:
        return tuple(move for move in self.moves if move.before == move.after)


def compare_snapshots(
    first: RecommenderApi, second: RecommenderApi, query: Query, *, item_id: str | None = None
) -> SnapshotComparison:
    """Ask two snapshots the same.

    Args:
        item_id: an item to follow, whether or not a list holds it.

    Raises:
        UnknownUser, UnknownItem: an id does not exist.
    """
    item = None
    if item_id is not None:
        item = (first.standings(query, [item_id])[0], second.standings(query, [item_id])[0])
    before, after = first.recommend(query).items, second.recommend(query).items
    places_before = {one.item.item_id: one.rank for one in before}
    places_after = {one.item.item_id: one.rank for one in after}
    entered = _by_score(first, query, [one for one in places_after if one not in places_before])
    left = _by_score(second, query, [one for one in places_before if one not in places_after])
    moves = [
        Move(one.item, places_before.get(one.item.item_id), one.rank, score_before=entered.get(one.item.item_id))
        for one in after
    ]
    moves += [
        Move(one.item, one.rank, None, score_after=left[one.item.item_id])
        for one in before
        if one.item.item_id not in places_after
    ]
    return SnapshotComparison(
        user_id=query.user_id,
        k=query.k,
        first=first.snapshot_id,
        second=second.snapshot_id,
        before=before,
        after=after,
        moves=tuple(moves),
        item=item,
    )


def _by_score(recommender: RecommenderApi, query: Query, item_ids: list[str]) -> dict[str, int | None]:
    """Places by score of items that a list does not hold; one pass through the models."""
    if not item_ids:
        return {}
    return {one.item.item_id: one.rank for one in recommender.standings(query, item_ids)}
