"""Places by score and as shown: by hand, and over the small real catalogue (tests/conftest.py)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pipeline.explanation import RerankEvidence
from pipeline.exposure import ExposureSettings, Placed
from pipeline.query import Constraints, Facet, Query
from pipeline.ranking import Ranked, RankingSettings
from pipeline.recommender import Recommender
from pipeline.rerank_evidence import rerank_evidence
from serving.service import Service
from store.records import Event, EventKind, Item

SCORES = [5.0, 4.0, 3.0, 2.0, 1.0]
"""Of items 1 to 5; items 1 and 2 are twins."""


def moved(position: int, chosen: list[int], shown: list[int] | None = None) -> RerankEvidence | None:
    ranked = Ranked(np.array([[1, 2, 3, 4, 5]]), np.array([SCORES], dtype=np.float32), {}, {}, {})
    vectors = np.zeros((6, 2), dtype=np.float32)
    vectors[[1, 2]], vectors[3:] = (1, 0), (0.6, 0.8)
    state: Any = SimpleNamespace(
        item_vectors=vectors,
        models=SimpleNamespace(diversity=0.5),
        catalogue=SimpleNamespace(at=lambda index: Item(str(index), str(index))),
    )
    places = np.array(shown or chosen)
    placed = Placed(places[None, :], np.array([[place == 4 for place in places]]) & (shown is not None))
    return rerank_evidence(state, ranked, position, chosen=np.array(chosen), placed=placed, trial_share=0.25)


def ids(items: tuple[Item, ...]) -> list[str]:
    return [item.item_id for item in items]


def test_a_twin_went_down() -> None:
    found = moved(1, [0, 2, 1])
    assert found is not None
    assert (found.by_score, found.diverse, found.shown, found.k, found.diversity) == (2, 3, 3, 3, 0.5)
    assert ids(found.before) == ["3"]
    assert found.behind == ()
    assert [(alike.item.item_id, alike.cosine) for alike in found.alike] == [
        ("1", pytest.approx(1.0)),
        ("3", pytest.approx(0.6)),
    ]
    assert (found.on_trial, found.trials_before) == (False, 0)


def test_something_else_went_up() -> None:
    found = moved(2, [0, 2, 1])
    assert found is not None
    assert (found.by_score, found.diverse, found.shown) == (3, 2, 2)
    assert ids(found.behind) == ["2"]
    assert found.before == ()


def test_a_twin_went_out_of_the_list() -> None:
    found = moved(1, [0, 2])
    assert found is not None
    assert (found.by_score, found.diverse, found.shown) == (2, None, None)
    assert ids(found.before) == ["3"]
    assert found.behind == ()
    entered = moved(2, [0, 2])
    assert entered is not None
    assert ids(entered.behind) == ["2"]


def test_nothing_moved() -> None:
    assert moved(0, [0, 2, 1]) is None
    assert moved(4, [0, 2, 1]) is None
    assert moved(1, [0, 1, 2]) is None


def test_a_place_kept_for_trying_out() -> None:
    tried = moved(4, [0, 1, 2], [0, 4, 1])
    assert tried is not None
    assert (tried.by_score, tried.diverse, tried.shown, tried.on_trial, tried.trials_before) == (5, None, 2, True, 0)
    assert tried.trial_share == 0.25
    lower = moved(1, [0, 1, 2], [0, 4, 1])
    assert lower is not None
    assert (lower.by_score, lower.diverse, lower.shown, lower.on_trial, lower.trials_before) == (2, 2, 3, False, 1)
    out = moved(2, [0, 1, 2], [0, 4, 1])
    assert out is not None
    assert (out.diverse, out.shown, out.trials_before) == (3, None, 1)


@pytest.fixture(scope="module")
def diverse(trained_service: Service) -> Recommender:
    """Serves very diverse lists, a third of them new items, to someone who rejected what they would get."""
    service = trained_service
    service.recommender.publish(Item("rerank-new", "A rerank of war", categories=("War", "Action")))
    service.store.ensure_user("rerank-reader")
    now = datetime(2026, 1, 1, tzinfo=UTC)
    likes = [Event("rerank-reader", item, EventKind.LIKE, now) for item in ("50", "172", "181")]
    service.store.add_events(likes)
    best = service.recommender.recommend(Query(user_id="rerank-reader", k=4)).items
    service.store.add_events(
        [Event("rerank-reader", found.item.item_id, EventKind.DISLIKE, now) for found in best[::2]]
    )
    state = service.recommender.state
    return Recommender(
        store=service.store,
        snapshots=service.snapshots,
        encoder=service.encoder,
        settings=RankingSettings(),
        exposure=ExposureSettings(share=0.3),
        state=replace(state, models=replace(state.models, diversity=0.6)),
    )


@pytest.mark.parametrize(
    "query",
    [
        Query(user_id="rerank-reader", k=10),
        Query(user_id="rerank-reader", k=250),
        Query(user_id="rerank-reader", k=10, include_seen=True),
        Query(user_id="rerank-reader", k=8, constraints=Constraints(include=(frozenset({Facet("category", "War")}),))),
        Query(user_id="1", k=10, disliked=("50", "181")),
    ],
)
def test_places_agree_with_the_list(diverse: Recommender, query: Query) -> None:
    answer = diverse.recommend(query)
    moves = 0
    seen = {"50", "172", "181"}
    for recommendation in answer.items[:10]:
        if recommendation.item.item_id in seen:
            continue  # explained as it was before it was met
        explanation = diverse.explain(query, recommendation.item.item_id)
        assert explanation.of == answer.matching
        assert explanation.score == pytest.approx(recommendation.score, abs=1e-4)
        if explanation.rerank is None:
            assert explanation.rank == recommendation.rank
            continue
        moves += 1
        assert explanation.rerank.by_score == explanation.rank
        assert explanation.rerank.shown == recommendation.rank
        assert explanation.rerank.on_trial == any(reason.kind == "trial" for reason in recommendation.reasons)
    assert moves > 0


def test_what_was_rejected_has_no_place(trained_service: Service, diverse: Recommender) -> None:
    rejected = [event.item_id for event in trained_service.store.history("rerank-reader") if event.kind == "dislike"]
    explanation = diverse.explain(Query(user_id="rerank-reader"), rejected[0])
    assert (explanation.rank, explanation.rerank) == (None, None)
    assert "It was rejected, so it is not recommended." in explanation.notes
