"""Measures of the explanation benchmark on scores whose answers are known; its explainers on a small catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

import benchmarks.explanations.__main__ as benchmark
from benchmarks.explanations.__main__ import ROWS, row_of
from benchmarks.explanations.cases import Case, Sample
from benchmarks.explanations.explainers import EXPLAINERS, attention
from benchmarks.explanations.measures import STEPS, figures, random_removals, step_sizes
from pipeline.models import Models
from pipeline.ranking import Ranker, RankingSettings
from pipeline.state import ServingState
from pipeline.training import TrainingData
from serving.service import Service


class Planted:
    """The explained item is carried by the first of 20 history items most, by the last least; 19 rivals by none."""

    target = 0

    def __init__(self) -> None:
        self.history = np.arange(1, 21)
        self.parts = np.arange(20, 0, -1) / 210  # they sum to 1
        self.before = self.without([()])[0]

    def without(self, removed: Sequence[Sequence[int]]) -> np.ndarray:
        self.scored = len(removed)
        own = [1.0 - self.parts[list(one)].sum() for one in removed]
        rivals = np.tile(np.linspace(0.06, 0.96, 19), (len(removed), 1))
        return np.column_stack((own, rivals)).astype(np.float32)


def test_figures_by_hand() -> None:
    case = Planted()
    randoms = random_removals(case, np.random.default_rng(0))
    found = figures(case, {"ours": case.parts}, randoms)["ours"]
    assert found["comprehensiveness@3"] == pytest.approx((20 + 19 + 18) / 210, rel=1e-5)
    assert found["sufficiency@3"] == pytest.approx(1 - (20 + 19 + 18) / 210, rel=1e-5)
    assert found["above_random@3"] == 1.0
    # Two items a step, in order and in reverse: what stays, as shares of 1.
    kept = 1 - np.cumsum(case.parts.reshape(10, 2).sum(axis=1))
    kept_reverse = 1 - np.cumsum(case.parts[::-1].reshape(10, 2).sum(axis=1))
    assert found["pos_auc@10"] == pytest.approx(kept.mean(), rel=1e-4)
    assert found["neg_auc@10"] == pytest.approx(kept_reverse.mean(), rel=1e-4)
    # Rivals stand .05 apart, the tenth from above at .51: in front of it is among the ten best.
    assert found["pos_p@10"] == pytest.approx((kept > 0.51).mean())
    assert found["neg_p@10"] == pytest.approx((kept_reverse > 0.51).mean())
    assert found["pn_s@10"] == 0.0
    assert found["chance@3"] == pytest.approx(3 / 20, rel=0.2)
    assert found["chance@3"] == pytest.approx(np.mean([case.parts[one].sum() for one in randoms]), rel=1e-5)


def test_explainers_are_judged_together_as_each_by_itself() -> None:
    case, rng = Planted(), np.random.default_rng(2)
    randoms = random_removals(case, rng)
    importances = {"right": case.parts, "wrong": rng.permutation(case.parts), "too": case.parts.copy()}
    together = figures(case, importances, randoms)
    scored_together = case.scored
    alone = {name: figures(case, {name: one}, randoms)[name] for name, one in importances.items()}
    assert together == alone
    assert together["right"] == together["too"] != together["wrong"]
    assert scored_together < 20 + 2 * 22  # what two explainers agree on is scored once


def test_a_wrong_order_fails_every_figure() -> None:
    case, rng = Planted(), np.random.default_rng(1)
    randoms = random_removals(case, rng)
    right = figures(case, {"right": case.parts}, randoms)["right"]
    wrong = figures(case, {str(row): rng.permutation(case.parts) for row in range(50)}, randoms).values()

    def mean(name: str) -> float:
        return float(np.mean([one[name] for one in wrong]))

    assert mean("comprehensiveness@3") < 1.2 * right["chance@3"] < right["comprehensiveness@3"]
    assert mean("above_random@3") < 0.8
    assert mean("pos_auc@10") > right["pos_auc@10"] + 0.1
    assert mean("neg_auc@10") < right["neg_auc@10"] - 0.1
    assert mean("sufficiency@3") > right["sufficiency@3"] + 0.1


@pytest.mark.parametrize(("count", "first", "last"), [(10, 1, 1), (13, 2, 1), (29, 3, 2)])
def test_steps_cover_the_history_the_larger_ones_first(count: int, first: int, last: int) -> None:
    sizes = step_sizes(count)
    assert sizes.sum() == count
    assert (sizes[0], sizes[-1], len(sizes)) == (first, last, STEPS)
    assert (np.diff(sizes) <= 0).all()


def test_rows_hold_means_intervals_and_times() -> None:
    values = {
        "comprehensiveness@3": [0.2, 0.4],
        "chance@3": [0.1, 0.1],
        "explain_s": [0.001, 0.003],
        "explain_cpu_s": [0.001] * 2,
    }
    row = row_of("ours", values | {"additivity_error": [1e-7, 3e-7]})
    assert row["comprehensiveness@3"] == 0.3
    assert row["comprehensiveness@3_ci"] == [0.2, 0.4]
    assert row["ratio@3"] == 3.0
    assert row["p50_ms"] == 2.0
    assert row["p99_cpu_ms"] == 1.0
    assert row["additivity_error_max"] == 3e-7
    assert {"ours", "lightgcn_oracle", "spectral_shuffled", "card"} <= set(ROWS)


@pytest.fixture(scope="module")
def state(trained_service: Service) -> ServingState:
    return trained_service.recommender.state


@pytest.fixture(scope="module")
def cases(state: ServingState) -> dict[str, Case]:
    ranker = Ranker(state, RankingSettings())
    user = int(Sample.draw(state, 1, seed=0).users[0])
    return {scope: Case(state, ranker, scope, user) for scope in ("blend", "lightgcn", "spectral")}


def test_every_seed_has_a_training_and_users_of_its_own(
    trained_service: Service, state: ServingState, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    data = TrainingData.read(trained_service.store, trained_service.encoder, on_progress=lambda title, share: None)
    asked: list[tuple[int, Path]] = []

    def trained(data: TrainingData, *, seed: int, epochs: int, kept: Path) -> Models:
        asked.append((seed, kept))
        return state.models

    monkeypatch.setattr(benchmark, "trained", trained)
    values = benchmark.measured(data, ("card", "page"), seeds=(3, 5), users=2, epochs=1, models=tmp_path)
    assert asked == [(3, tmp_path / "seed-3"), (5, tmp_path / "seed-5")]
    assert [len(values[row]["explain_s"]) for row in ("card", "page")] == [4, 4]


def test_fifty_users_or_a_few_more_are_fitted_again_over_all_seeds(
    trained_service: Service, state: ServingState, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = TrainingData.read(trained_service.store, trained_service.encoder, on_progress=lambda title, share: None)
    monkeypatch.setattr(benchmark, "_RETRAINED_USERS", 5)
    monkeypatch.setattr(benchmark, "trained", lambda data, *, seed, epochs, kept: state.models)
    found = benchmark.measured(data, ("spectral_ours",), seeds=(3, 5), users=4, epochs=1, models=None)["spectral_ours"]
    assert len(found["retrained@3"]) == 6
    assert len(found["comprehensiveness@3"]) == len(found["explain_cpu_s"]) == 8


@pytest.mark.parametrize("scope", ["lightgcn", "spectral"])
def test_exact_parts_order_a_linear_score_as_leaving_out_does(cases: dict[str, Case], scope: str) -> None:
    case, rng = cases[scope], np.random.default_rng(0)
    ours, oracle = (EXPLAINERS[name](case, rng) for name in ("ours", "oracle"))
    near = np.abs(np.subtract.outer(oracle, oracle)) < 1e-5 * np.abs(oracle).max()
    agree = np.sign(np.subtract.outer(ours, ours)) == np.sign(np.subtract.outer(oracle, oracle))
    assert (agree | near).all()
    surrogate = EXPLAINERS["surrogate"](case, rng)
    assert np.corrcoef(surrogate, oracle)[0, 1] > 0.5


@pytest.mark.parametrize("scope", ["blend", "lightgcn", "spectral"])
def test_every_explainer_numbers_every_item(cases: dict[str, Case], scope: str) -> None:
    for name, explainer in EXPLAINERS.items():
        importance = explainer(cases[scope], np.random.default_rng(0))
        assert importance.shape == cases[scope].history.shape, name
        assert np.isfinite(importance).all(), name


def test_attention_is_what_the_last_layer_gives_the_newest_position(
    state: ServingState, cases: dict[str, Case]
) -> None:
    """Attention over values that are unit vectors is the weights themselves."""
    weights = attention(cases["blend"], np.random.default_rng(0))
    assert weights.sum() == pytest.approx(1.0, rel=1e-5)
    model, history = state.sasrec.model, cases["blend"].history
    positions = state.sasrec.read_positions(history)
    inputs: list[torch.Tensor] = []
    last = model.blocks[-1]
    hook = last.norm_attention.register_forward_hook(lambda module, args, output: inputs.append(output))
    with torch.inference_mode():
        model(torch.from_numpy(history[positions])[None, :], torch.tensor([len(positions)]))
        hook.remove()
        parts = last.query_key_value(inputs[0]).unflatten(-1, (3, last.heads, -1)).movedim(-3, 0).transpose(-2, -3)
        eye = torch.eye(len(positions)).expand(1, last.heads, -1, -1)
        seen = torch.nn.functional.scaled_dot_product_attention(parts[0], parts[1], eye, is_causal=True)
    np.testing.assert_allclose(weights[positions], seen[0, :, -1].mean(dim=0).numpy(), rtol=1e-3, atol=1e-5)
