"""What a dialogue leaned to, as the pipeline takes it: one more list and one more part of the score."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.query import Constraints, Facet, Query, Recommendation
from pipeline.recommender import Recommender
from serving.service import Service

QUERY = Query(user_id="1", k=20)


@pytest.fixture(scope="module")
def recommender(trained_service: Service) -> Recommender:
    return trained_service.recommender


@pytest.fixture(scope="module")
def last(recommender: Recommender) -> list[str]:
    """Ids of the items that the reader would be shown last of all."""
    return [one.item.item_id for one in recommender.recommend(replace(QUERY, k=1_000)).items[-5:]]


def by_id(found: tuple[Recommendation, ...]) -> dict[str, Recommendation]:
    return {one.item.item_id: one for one in found}


def test_what_a_dialogue_led_to_is_recalled_and_says_so(recommender: Recommender, last: list[str]) -> None:
    leaning = {item_id: 30.0 + place for place, item_id in enumerate(last)} | {"1": -5.0}
    found = by_id(recommender.recommend(replace(QUERY, leaning=leaning)).items)
    assert set(last) <= set(found)
    best = found[last[-1]]
    assert best.rank == 1
    assert best.channels["dialogue"].recall_rank == 1
    assert best.reasons[0].kind == "dialogue"
    others = [one for item_id, one in found.items() if item_id not in leaning]
    assert others
    assert not any(reason.kind == "dialogue" for one in others for reason in one.reasons)


def test_its_part_is_the_log_odds_around_their_mean_and_adds_up(recommender: Recommender, last: list[str]) -> None:
    leaning = {last[0]: 3.0, last[1]: 1.0, last[2]: 0.0}
    found = by_id(recommender.recommend(replace(QUERY, k=1_000, leaning=leaning)).items)
    parts = {item_id: one.channels["dialogue"].contribution for item_id, one in found.items()}
    weight = recommender._settings.leaning_weight
    assert parts[last[0]] - parts[last[1]] == pytest.approx(2.0 * weight, abs=1e-4)
    assert parts[last[3]] == pytest.approx(parts[last[2]])  # silence counts as the least
    for one in found.values():
        assert sum(channel.contribution for channel in one.channels.values()) == pytest.approx(
            one.score, rel=1e-4, abs=1e-4
        )


def test_hard_constraints_and_what_was_seen_stay_out(recommender: Recommender, trained_service: Service) -> None:
    seen = [event.item_id for event in trained_service.store.history("1")]
    leaning = {item.item_id: float(len(item.title)) for item in recommender.state.catalogue.items}
    constraints = Constraints(include=(frozenset({Facet("category", "Comedy")}),))
    found = recommender.recommend(replace(QUERY, constraints=constraints, leaning=leaning)).items
    assert found
    assert all("Comedy" in one.item.categories and one.item.item_id not in seen for one in found)


def test_an_explanation_has_the_same_part(recommender: Recommender, last: list[str]) -> None:
    query = replace(QUERY, leaning={item_id: 30.0 * place for place, item_id in enumerate(last)})
    found = recommender.recommend(query).items[0]
    explained = recommender.explain(query, found.item.item_id)
    assert (found.item.item_id, explained.rank) == (last[-1], 1)
    assert explained.channels["dialogue"].contribution == pytest.approx(found.channels["dialogue"].contribution)
    assert sum(channel.contribution for channel in explained.channels.values()) == pytest.approx(
        explained.score, rel=1e-4, abs=1e-4
    )
    assert "dialogue" in {reason.kind for reason in explained.reasons}


def test_without_a_word_nothing_changes_and_unknown_items_are_passed_over(recommender: Recommender) -> None:
    plain = recommender.recommend(QUERY).items
    for leaning in ({}, {"of another catalogue": 3.0}):
        same = recommender.recommend(replace(QUERY, leaning=leaning)).items
        assert [one.item.item_id for one in same] == [one.item.item_id for one in plain]
        np.testing.assert_allclose([one.score for one in same], [one.score for one in plain])
        assert "dialogue" not in same[0].channels
