"""Faithfulness of explanations over a small real catalogue: what is cited beats chance, and what is not does not."""

from __future__ import annotations

import numpy as np
import pytest

import evaluation.faithfulness as measured
from evaluation.faithfulness import FaithfulnessSettings, faithfulness
from evaluation.results import Faithfulness
from pipeline.attribution import Attribution, attribution
from pipeline.ranking import Ranker, RankingSettings
from pipeline.state import ServingState
from serving.service import Service
from store.errors import InputError

SETTINGS = FaithfulnessSettings(readers=25, removals=5)


@pytest.fixture(scope="module")
def state(trained_service: Service) -> ServingState:
    return trained_service.recommender.state


def tried(state: ServingState, settings: FaithfulnessSettings = SETTINGS) -> Faithfulness | None:
    interactions = state.models.interactions
    users = np.arange(1, interactions.num_users + 1)
    return faithfulness(state, Ranker(state, RankingSettings()), interactions, users, settings)


def test_cited_items_cost_more_than_random_ones(state: ServingState) -> None:
    found = tried(state)
    assert found is not None
    assert found.readers == len(found.drops) == 25
    assert found.ratio is not None
    assert found.ratio.low > 1.5
    assert found.above_chance > 0.8
    assert found.comprehensiveness.mean == pytest.approx(np.mean([drop.cited for drop in found.drops]))
    assert found.ratio.mean == pytest.approx(found.comprehensiveness.mean / found.chance.mean)
    assert 0 <= found.additivity_error < 1e-5
    assert tried(state) == found


def test_a_citation_that_says_nothing_is_seen(state: ServingState, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)

    def shuffled(*arguments: object) -> Attribution:
        said = attribution(*arguments)  # type: ignore[arg-type]
        return Attribution(said.names, rng.permutation(said.parts, axis=2))

    monkeypatch.setattr(measured, "attribution", shuffled)
    found = tried(state)
    monkeypatch.undo()
    honest = tried(state)
    assert found is not None
    assert honest is not None
    assert found.comprehensiveness.mean < 0.6 * honest.comprehensiveness.mean
    assert found.above_chance < 0.7


def test_readers_with_too_little_history_are_left_out(state: ServingState) -> None:
    assert tried(state, FaithfulnessSettings(least=100_000)) is None


def test_settings_are_checked() -> None:
    with pytest.raises(InputError, match="readers is 0, below 1"):
        FaithfulnessSettings(readers=0)
    with pytest.raises(InputError, match="least is 3, not above the 3 cited"):
        FaithfulnessSettings(least=3)
