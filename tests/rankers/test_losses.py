"""Losses against their formulas, samplers against their distributions."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn.functional import cross_entropy

from rankers import losses
from rankers.losses import bce, bpr, full_softmax, gbce, sampled_softmax
from rankers.sampling import build_sampler
from store.errors import InputError
from store.sampling import NegativeSampler

P, N, D = 7, 11, 4


@pytest.fixture
def data() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    states = torch.randn(P, D, generator=generator, dtype=torch.float64, requires_grad=True)
    items = torch.randn(N + 1, D, generator=generator, dtype=torch.float64, requires_grad=True)
    return states, torch.randint(1, N + 1, (P,), generator=generator), items


@pytest.mark.parametrize("block_scores", [1, 3 * N, 1_000])
def test_full_softmax_equals_cross_entropy_in_value_and_gradient(data, block_scores, monkeypatch):
    monkeypatch.setattr(losses, "_BLOCK_SCORES", block_scores)
    states, targets, items = data
    ours = full_softmax(states, targets, items)
    theirs = cross_entropy(states @ items[1:].T, targets - 1)
    torch.testing.assert_close(ours, theirs)
    for mine, expected in zip(
        torch.autograd.grad(2 * ours, (states, items)), torch.autograd.grad(2 * theirs, (states, items)), strict=True
    ):
        torch.testing.assert_close(mine, expected)


def test_full_softmax_by_hand():
    states, items = torch.tensor([[1.0]]), torch.tensor([[9.0], [0.0], [math.log(3.0)]])
    assert full_softmax(states, torch.tensor([2]), items).item() == pytest.approx(-math.log(3 / 4))


def test_sampled_softmax_equals_its_formula(data):
    states, targets, items = data
    q = torch.rand(N + 1, dtype=torch.float64)
    q[0] = 0
    q /= q.sum()
    negatives = torch.tensor([1, 2, 2, 5, 9])
    loss = sampled_softmax(states, targets, items, negatives=negatives, log_q=q.log())
    terms = []
    scores = (states @ items.T).detach()
    for row, target in zip(scores.tolist(), targets.tolist(), strict=True):
        positive = math.exp(row[target])
        others = sum(math.exp(row[j]) / (5 * q[j].item()) for j in negatives.tolist() if j != target)
        terms.append(-math.log(positive / (positive + others)))
    assert loss.item() == pytest.approx(sum(terms) / P)


def test_sampled_softmax_approaches_the_full_one_for_any_sampler(data):
    states, targets, items = data
    sampler = NegativeSampler(torch.arange(N + 1).float())
    negatives = sampler.sample(200_000, torch.Generator().manual_seed(1))
    sampled = sampled_softmax(states, targets, items, negatives=negatives, log_q=sampler.log_q)
    assert sampled.item() == pytest.approx(full_softmax(states, targets, items).item(), rel=0.01)


def log_sigmoid(score: float) -> float:
    return -math.log1p(math.exp(-score))


@pytest.mark.parametrize("calibration", [0.0, 0.75, 1.0])
def test_gbce_equals_its_formula(data, calibration):
    states, targets, items = data
    negatives = torch.tensor([1, 2, 2, 5, 9])
    rate = 5 / (N - 1)
    beta = rate * (calibration * (1 - 1 / rate) + 1 / rate)
    terms = []
    for row, target in zip((states @ items.T).tolist(), targets.tolist(), strict=True):
        others = sum(log_sigmoid(-row[j]) for j in negatives.tolist() if j != target)
        terms.append(-(beta * log_sigmoid(row[target]) + others) / 6)
    loss = gbce(states, targets, items, negatives=negatives, calibration=calibration)
    assert loss.item() == pytest.approx(sum(terms) / P)


def test_pairwise_losses_take_the_hardest_candidate_that_is_not_the_target(data):
    states, targets, items = data
    candidates = torch.randint(1, N + 1, (P, 4), generator=torch.Generator().manual_seed(2))
    candidates[0, 0] = targets[0]
    pointwise, pairwise = [], []
    for row, target, drawn in zip((states @ items.T).tolist(), targets.tolist(), candidates.tolist(), strict=True):
        hardest = max(row[j] for j in drawn if j != target)
        pointwise.append(-log_sigmoid(row[target]) - log_sigmoid(-hardest))
        pairwise.append(-log_sigmoid(row[target] - hardest))
    assert bce(states, targets, items, candidates=candidates).item() == pytest.approx(sum(pointwise) / P)
    assert bpr(states, targets, items, candidates=candidates).item() == pytest.approx(sum(pairwise) / P)


def test_a_target_drawn_as_its_only_candidate_teaches_nothing():
    states, items = torch.ones(1, 1, requires_grad=True), torch.tensor([[0.0], [2.0]])
    loss = bpr(states, torch.tensor([1]), items, candidates=torch.tensor([[1]]))
    loss.backward()
    assert (loss.item(), states.grad.item()) == (0.0, 0.0)


def test_sampler_draws_by_weight_and_never_padding():
    sampler = NegativeSampler(torch.tensor([100.0, 1.0, 0.0, 3.0, 0.0]))
    draws = sampler.sample(40_000, torch.Generator().manual_seed(0))
    shares = torch.bincount(draws, minlength=5) / 40_000
    torch.testing.assert_close(shares, torch.tensor([0.0, 0.25, 0.0, 0.75, 0.0]), atol=0.01, rtol=0)
    torch.testing.assert_close(sampler.log_q.exp(), torch.tensor([0.0, 0.25, 0.0, 0.75, 0.0]))


def test_named_samplers():
    counts = torch.tensor([0.0, 16.0, 0.0, 1.0])
    torch.testing.assert_close(build_sampler("uniform", counts).log_q.exp(), torch.tensor([0.0, 1 / 3, 1 / 3, 1 / 3]))
    torch.testing.assert_close(
        build_sampler("in_batch", counts).log_q.exp(), torch.tensor([0.0, 16 / 18, 1 / 18, 1 / 18])
    )
    torch.testing.assert_close(
        build_sampler("popularity", counts, power=0.5).log_q.exp(), torch.tensor([0.0, 4 / 6, 1 / 6, 1 / 6])
    )


def test_the_generator_decides_the_draws():
    sampler = build_sampler("uniform", torch.ones(100))
    first, again, other = (sampler.sample(50, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_sampler_without_weights_is_an_error():
    with pytest.raises(InputError, match="no item has a positive sampling weight"):
        NegativeSampler(torch.tensor([1.0, 0.0]))
