"""What an explanation says of the graph, over the small real catalogue (tests/conftest.py)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipeline.explanation import Explanation
from pipeline.query import Query
from serving.service import Service
from store.records import Event, EventKind, Item


@pytest.fixture(scope="module")
def recommender(trained_service: Service):
    return trained_service.recommender


def parts(explanation: Explanation) -> float:
    graph = explanation.graph
    return graph.own + graph.items + sum(graph.people) + graph.echo + graph.new


@pytest.mark.parametrize("query", [Query(user_id="1"), Query(history=("50", "172", "181"))])
def test_depths_sum_to_the_graph_score_and_paths_are_counted(recommender, query: Query) -> None:
    for recommendation in recommender.recommend(query).items[:3]:
        explanation = recommender.explain(query, recommendation.item.item_id)
        graph = explanation.graph
        assert parts(explanation) == pytest.approx(explanation.channels["lightgcn"].raw, rel=1e-4, abs=1e-5)
        assert graph.own == pytest.approx(explanation.own_term)
        assert (graph.own == 0) == (query.user_id is None)
        assert (graph.echo == 0) == (query.user_id is None)
        assert graph.paths >= len(explanation.paths) > 0
        assert graph.shown == pytest.approx(sum(path.share for path in explanation.paths))
        assert [path.value for path in explanation.paths] == sorted((p.value for p in explanation.paths), reverse=True)


def test_paths_end_at_the_item_where_the_person_met_it(trained_service: Service, recommender) -> None:
    top = recommender.recommend(Query(user_id="1", k=1)).items[0].item.item_id
    explanation = recommender.explain(Query(user_id="1"), top)
    history = {part.item.item_id for part in explanation.contributions}
    for path in explanation.paths:
        you, item, person, *end = path.steps
        assert (you.label, person.kind) == ("You", "user")
        assert person.label.startswith("Reader ")
        assert person.item_id is None
        assert item.item_id in history
        assert path.met == bool(end and end[0].item_id == top)
        assert end == [] or end[0].item_id != item.item_id


def test_an_item_that_no_one_met_is_reached_by_what_is_like_it(trained_service: Service, recommender) -> None:
    recommender.publish(Item(item_id="paths-cold", title="A quiet war", categories=("War", "Drama")))
    explanation = recommender.explain(Query(user_id="1"), "paths-cold")
    recommender.deactivate("paths-cold")
    assert explanation.is_new
    assert explanation.paths
    assert not any(path.met for path in explanation.paths)
    assert parts(explanation) == pytest.approx(explanation.channels["lightgcn"].raw, rel=1e-4, abs=1e-5)


def test_what_came_after_training_has_no_depth(trained_service: Service, recommender) -> None:
    recommender.publish(Item(item_id="paths-new", title="A loud war", categories=("War",)))
    trained_service.store.ensure_user("paths-reader")
    now = datetime(2026, 1, 1, tzinfo=UTC)
    events = [Event("paths-reader", item, EventKind.LIKE, now) for item in ("paths-new", "50")]
    trained_service.store.add_events(events)
    top = recommender.recommend(Query(user_id="paths-reader", k=1)).items[0].item.item_id
    explanation = recommender.explain(Query(user_id="paths-reader"), top)
    exact = {part.item.item_id: part.exact for part in explanation.contributions}
    assert explanation.graph.new == pytest.approx(exact["paths-new"], abs=1e-9)
    recommender.deactivate("paths-new")
