"""The spectral filter against the formula on dense matrices."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.power_law import power_law
from graph.spectral import SpectralScorer, SpectralSettings, choose_spectral
from store.errors import InputError, TrainingError
from store.interactions import Audience, Interactions

USERS, ITEMS = 40, 24
LONELY = 24
"""An item of the catalogue that nobody has met."""


@pytest.fixture(scope="module")
def data() -> Interactions:
    """Readers of two kinds, each with eleven items of its own and some of the other's."""
    generator = np.random.default_rng(3)
    users = np.repeat(np.arange(1, USERS + 1), 7)
    taste = users % 2 * 12 + generator.integers(0, 11, len(users))
    items = np.where(generator.random(len(users)) < 0.9, taste, generator.integers(0, LONELY - 1, len(users))) + 1
    return Interactions.build(users, items, np.arange(len(users)), num_users=USERS, num_items=ITEMS)


def by_the_formula(data: Interactions, history: list[int], settings: SpectralSettings) -> np.ndarray:
    """x (V V^T + linear P) D^out_power, by a full eigendecomposition."""
    met = data.matrix.toarray().astype(np.float64)
    user_degrees, degrees = met.sum(axis=1), met.sum(axis=0)
    adjacency = met / np.sqrt(np.maximum(user_degrees, 1))[:, None] / np.sqrt(np.maximum(degrees, 1))[None, :]
    graph = adjacency.T @ adjacency
    vectors = np.linalg.eigh(graph)[1][:, ::-1][:, : settings.rank]
    signal = np.zeros(ITEMS + 1)
    signal[history] = 1 / np.sqrt(degrees[history])
    outward = np.where(degrees > 0, degrees**settings.out_power, 0)
    return signal @ (vectors @ vectors.T + settings.linear * graph) * outward


@pytest.mark.parametrize(("rank", "linear", "out_power"), [(2, 0.0, 0.5), (2, 1.0, 0.4), (7, 3.0, 0.0)])
def test_scores_are_the_formula(data: Interactions, rank: int, linear: float, out_power: float) -> None:
    settings = SpectralSettings(rank=rank, linear=linear, out_power=out_power, iterations=60)
    scores = SpectralScorer.fit(data, settings).score(Audience.of_history([3, 9, 20]))[0]
    np.testing.assert_allclose(scores[1:], by_the_formula(data, [3, 9, 20], settings)[1:], atol=1e-4)


def test_contributions_sum_to_the_score(data: Interactions) -> None:
    scorer = SpectralScorer.fit(data, SpectralSettings(rank=5))
    history = np.array([3, 999, 9, 20, 9])
    scores = scorer.score(Audience.of_history(history))[0]
    candidates = np.array([1, 9, 17, LONELY, ITEMS + 5])
    parts = scorer.contributions(history, candidates)
    np.testing.assert_allclose(parts[:-1].sum(axis=1), scores[candidates[:-1]], atol=1e-5)
    assert not parts[:, 1:3].any()
    assert not parts[-1].any()


def test_the_rank_is_what_the_graph_can_have(data: Interactions) -> None:
    assert SpectralScorer.fit(data, SpectralSettings(rank=500)).rank == ITEMS


def test_the_choice_is_the_best_of_what_was_tried_and_beats_the_plain_filter(data: Interactions) -> None:
    rest, held = data.leave_last_out()
    scorer, choice = choose_spectral(rest, held)
    assert choice.value == max(choice.tried.values())
    settings = choice.settings
    assert choice.tried[settings.rank, settings.linear, settings.out_power] == choice.value
    audience = Audience.of_users(np.arange(1, USERS + 1), rest)
    again = SpectralScorer.fit(rest, SpectralSettings(**{**vars(settings), "iterations": 60}))
    np.testing.assert_allclose(scorer.score(audience)[:, 1:], again.score(audience)[:, 1:], atol=2e-3)
    assert (scorer.score(audience)[np.arange(USERS), held[1:]] > np.median(scorer.score(audience), axis=1)).mean() > 0.7


def test_nothing_held_out_is_said(data: Interactions) -> None:
    with pytest.raises(TrainingError, match="the spectral filter has 0 held-out items"):
        choose_spectral(data, np.zeros(USERS + 1, dtype=np.int64))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"rank": 0}, "rank is 0"), ({"linear": -1.0}, "linear is -1.0"), ({"out_power": 2.0}, "out_power is 2.0")],
)
def test_settings_outside_their_range_are_refused(wrong: dict[str, float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        SpectralSettings(**wrong)  # type: ignore[arg-type]


def test_the_dense_product_of_the_linear_part_is_the_sparse_one(monkeypatch) -> None:
    data = power_law(2_000, seed=0)
    scorer = SpectralScorer.fit(data, SpectralSettings(rank=4))
    signals = scorer.signals(Audience.of_users(np.arange(1, 20), data))
    parts = []
    for share in (0.0, 2.0):
        monkeypatch.setattr("graph.spectral._DENSE_FROM", share)
        parts.append(scorer.linear_part(signals))
    np.testing.assert_allclose(*parts, rtol=1e-4, atol=1e-7)


def test_scores_of_few_items_are_those_of_all(data: Interactions, monkeypatch) -> None:
    scorer = SpectralScorer.fit(data, SpectralSettings(rank=4, linear=0.5))
    audience = Audience(np.zeros(2, dtype=np.int64), (np.array([1, 5, 9]), np.array([2])))
    candidates = np.array([[3, 7, 0], [7, 11, 3]])
    few = scorer.score(audience, candidates)
    everything = scorer.score(audience)
    np.testing.assert_allclose(few, np.take_along_axis(everything, candidates, axis=1), rtol=1e-5, atol=1e-7)
    monkeypatch.setattr(scorer, "linear_part", None)  # it would score all items
    np.testing.assert_array_equal(scorer.score(audience, candidates), few)
