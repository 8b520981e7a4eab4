"""Lists without evidence, places of given items, and two snapshots side by side, over a small real catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from pipeline.explanation import Standing
from pipeline.query import Query, Recommendation, Recommendations
from pipeline.snapshot_comparison import compare_snapshots
from serving.service import Service
from store.errors import InputError, UnknownItem, UnknownUser
from store.records import Event, EventKind, Item


def test_lists_are_those_that_are_recommended(trained_service: Service) -> None:
    store, recommender = trained_service.store, trained_service.recommender
    store.ensure_user("lists-dislikes")
    when = store.history("1")[0].time
    kinds = (EventKind.LIKE, EventKind.LIKE, EventKind.DISLIKE)
    store.add_events(
        Event("lists-dislikes", item, kind, when) for item, kind in zip(("50", "172", "181"), kinds, strict=True)
    )
    store.ensure_user("lists-empty")
    users = ["2", "lists-dislikes", "1", "lists-empty", "13"]
    batches = list(recommender.lists(users, k=7, batch_size=3))
    catalogue = batches[0].state.catalogue
    lists = np.concatenate([batch.lists for batch in batches])
    histories = [history for batch in batches for history in batch.histories]
    for user, listed, history in zip(users, lists, histories, strict=True):
        expected = [one.item.item_id for one in recommender.recommend(Query(user_id=user, k=7)).items]
        assert [catalogue.at(int(item)).item_id for item in listed] == expected, user
        assert not set(listed.tolist()) & set(history.tolist())
    assert catalogue.ids.index("181") not in histories[1], "what was disliked is no part of the history"
    assert len(histories[3]) == 0


def test_lists_of_nobody_and_of_someone_unknown(trained_service: Service) -> None:
    recommender = trained_service.recommender
    assert list(recommender.lists([], k=5)) == []
    with pytest.raises(UnknownUser):
        list(recommender.lists(["1", "nobody-at-all"], k=5))
    with pytest.raises(InputError, match="k is 0"):
        list(recommender.lists(["1"], k=0))


def test_longer_lists_than_there_are_items_are_padded(trained_service: Service) -> None:
    recommender = trained_service.recommender
    (batch,) = recommender.lists(["1"], k=900)
    found = recommender.recommend(Query(user_id="1", k=900)).items
    assert (batch.lists > 0).sum() == len(found) < 900


def test_a_standing_is_what_an_explanation_says(trained_service: Service) -> None:
    recommender = trained_service.recommender
    query = Query(user_id="1")
    first = recommender.recommend(query).items[0].item.item_id
    (standing,) = recommender.standings(query, [first])
    explanation = recommender.explain(query, first)
    assert (standing.rank, standing.score) == (explanation.rank, pytest.approx(explanation.score, abs=1e-4))
    assert standing.score == pytest.approx(sum(part.contribution for part in standing.channels.values()), abs=1e-4)
    met = trained_service.store.history("1")[0].item_id
    assert recommender.standings(query, [met])[0].rank is not None, "as if it had not been met"
    with pytest.raises(UnknownItem):
        recommender.standings(query, ["no-such-item"])


@dataclass
class Planted:
    """A recommender with a fixed order of items."""

    snapshot_id: str
    order: str
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def recommend(self, query: Query) -> Recommendations:
        items = tuple(
            Recommendation(Item(name, name.upper()), rank, 1.0 / rank, {}, (), False)
            for rank, name in enumerate(self.order[: query.k], start=1)
        )
        return Recommendations(items, self.snapshot_id)

    def standings(self, query: Query, item_ids: Sequence[str]) -> tuple[Standing, ...]:
        self.asked.append(tuple(item_ids))
        return tuple(Standing(Item(name, name.upper()), self.order.index(name) + 1, 0.5, {}) for name in item_ids)


def test_who_enters_leaves_and_moves() -> None:
    before, after = Planted("s1", "abcdef"), Planted("s2", "aecdfb")
    found = compare_snapshots(before, after, Query(user_id="u", k=4), item_id="f")  # type: ignore[arg-type]
    assert (found.first, found.second, found.user_id, found.k) == ("s1", "s2", "u", 4)
    places = [(one.item.item_id, one.before, one.after, one.score_before, one.score_after) for one in found.moves]
    assert places == [
        ("a", 1, 1, None, None),
        ("e", None, 2, 5, None),
        ("c", 3, 3, None, None),
        ("d", 4, 4, None, None),
        ("b", 2, None, None, 6),
    ]
    assert [one.item.item_id for one in found.entered] == ["e"]
    assert [one.item.item_id for one in found.left] == ["b"]
    assert found.moved == ()
    assert [one.item.item_id for one in found.stayed] == ["a", "c", "d"]
    assert found.item is not None
    assert [standing.rank for standing in found.item] == [6, 5]
    # One pass for the item that is followed, one for all that a list lacks.
    assert before.asked == [("f",), ("e",)]
    assert after.asked == [("f",), ("b",)]


def test_equal_lists_ask_for_nothing_more() -> None:
    before, after = Planted("s1", "abc"), Planted("s2", "acb")
    found = compare_snapshots(before, after, Query(k=3))  # type: ignore[arg-type]
    assert [one.item.item_id for one in found.moved] == ["c", "b"]
    assert before.asked == after.asked == []
    assert found.item is None
