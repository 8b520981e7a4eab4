"""Explainers: each gives every history item a number, the larger the more it is said to help the explained item."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.explanations.cases import Case
from pipeline.attribution import attribution

Importance = NDArray[np.float64]
Explainer = Callable[[Case, np.random.Generator], Importance]

SAMPLES = 150
"""Of the surrogate, as LIME-RS takes in CFExpRec."""
_RIDGE = 1.0
_KERNEL_WIDTH = 0.25


def ours(case: Case, rng: np.random.Generator) -> Importance:
    """What the product says: the attribution of the blended score, or the exact parts of a linear one."""
    state, history = case.state, case.history
    if case.ranked is not None:
        return attribution(state, case.ranked, case.reader, np.array([case.target])).by_item[0].astype(np.float64)
    if case.scope == "lightgcn":
        split = state.lightgcn.split_pairs(case.reader.audience, np.array([case.item]))[0]
        parts = np.zeros(len(history))
        parts[np.isin(history, split.history)] = split.by_item[0]
        return parts
    return state.models.spectral.contributions(history, np.array([case.item]))[0].astype(np.float64)


def random(case: Case, rng: np.random.Generator) -> Importance:
    """Any order."""
    return rng.random(len(case.history))


def popularity(case: Case, rng: np.random.Generator) -> Importance:
    """Readers of the history item."""
    return case.state.models.interactions.item_counts[case.history].astype(np.float64)


def attention(case: Case, rng: np.random.Generator) -> Importance:
    """Weights of the newest position in SASRec's last layer, mean over heads; 0 for what it does not read."""
    scorer = case.state.sasrec
    positions = scorer.read_positions(case.history)
    read = torch.from_numpy(case.history[positions])[None, :]
    seen: list[torch.Tensor] = []
    last = scorer.model.blocks[-1]
    hook = last.query_key_value.register_forward_hook(lambda module, inputs, output: seen.append(output))
    with torch.inference_mode():
        scorer.model(read, torch.tensor([len(positions)]))
        hook.remove()
        query, key, _ = seen[0][0].unflatten(-1, (3, last.heads, -1)).movedim(-3, 0)  # each [L, heads, D / heads]
        logits = torch.einsum("hd,lhd->hl", query[-1], key) / query.shape[-1] ** 0.5
        if last.relative:
            logits = logits + last.distances[:, : len(positions)].flip(1)
        weights = logits.softmax(dim=1).mean(dim=0)
    result = np.zeros(len(case.history))
    result[positions] = weights.numpy()
    return result


def cosine(case: Case, rng: np.random.Generator) -> Importance:
    """Cosine of the history item to the explained one in LightGCN's space."""
    vectors = case.state.item_vectors
    own, target = vectors[case.history], vectors[case.item]
    norms = np.linalg.norm(own, axis=1) * np.linalg.norm(target)
    return (own @ target / np.maximum(norms, 1e-12)).astype(np.float64)


def surrogate(case: Case, rng: np.random.Generator) -> Importance:
    """Weighted ridge regression of the score on which items stay (Ribeiro et al. 2016, LIME; Nobrega, Marinho 2019).

    Each sample removes a random number of random items; it weighs exp(-d^2 / width^2), d the cosine distance of what
    stays to the whole history.
    """
    size = len(case.history)
    removed = [rng.permutation(size)[: rng.integers(1, size)] for _ in range(SAMPLES)]
    stays = np.ones((SAMPLES, size))
    for row, positions in enumerate(removed):
        stays[row, positions] = 0.0
    scores = case.without(removed)[:, case.target].astype(np.float64)
    distance = 1.0 - np.sqrt(stays.mean(axis=1))
    weights = np.exp(-np.square(distance / _KERNEL_WIDTH))
    weights /= weights.sum()
    centred, wanted = stays - weights @ stays, scores - weights @ scores
    weighted = centred * weights[:, None] * SAMPLES
    return np.linalg.solve(weighted.T @ centred + _RIDGE * np.eye(size), weighted.T @ wanted)


def oracle(case: Case, rng: np.random.Generator) -> Importance:
    """Leave-one-out: the score lost without the item, by scoring again."""
    scores = case.without([(position,) for position in range(len(case.history))])[:, case.target]
    return (case.before[case.target] - scores).astype(np.float64)


def shuffled(case: Case, rng: np.random.Generator) -> Importance:
    """The control: our numbers on the wrong items."""
    return rng.permutation(ours(case, rng))


EXPLAINERS: dict[str, Explainer] = {
    "ours": ours,
    "random": random,
    "popularity": popularity,
    "attention": attention,
    "cosine": cosine,
    "surrogate": surrogate,
    "oracle": oracle,
    "shuffled": shuffled,
}
