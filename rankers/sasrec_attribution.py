"""Integrated gradients of SASRec: which of the items it read carry a score, at the price of a few forward passes.

Sundararajan et al. 2017, "Axiomatic Attribution for Deep Networks", eq. 1 and 3: along the straight path from inputs
that say nothing (zero embeddings, positions kept) to those of the history,

    part_j = x_j . (integral over a in 0..1 of dF(a x) / dx_j)

The parts sum to F(x) - F(0); what the sum over a few steps misses is the completeness gap. Attention weights are no
such parts: they say where a layer looked, not what came of it (Jain and Wallace 2019, "Attention is not Explanation").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rankers.arrays import Vectors
from rankers.sasrec_scorer import SASRecScorer
from store.errors import InputError
from store.ids import IndexArray


@dataclass(frozen=True)
class IntegratedGradients:
    """Parts of K sums of scores.

    Attributes:
        parts: float64 [K, H] by history position; 0 where the model does not read.
        scores: float64 [K], F(x).
        baselines: float64 [K], F(0).
    """

    parts: NDArray[np.float64]
    scores: NDArray[np.float64]
    baselines: NDArray[np.float64]

    @property
    def gaps(self) -> NDArray[np.float64]:
        """|sum of the parts - (F(x) - F(0))| relative to |F(x) - F(0)|, float64 [K]."""
        change = self.scores - self.baselines
        missed = np.abs(self.parts.sum(axis=1) - change)
        return np.divide(missed, np.abs(change), out=np.zeros_like(missed), where=change != 0)


def integrated_gradients(
    scorer: SASRecScorer, history: IndexArray, directions: Vectors, *, steps: int = 16
) -> IntegratedGradients:
    """Split sums of scores over one history.

    Args:
        scorer: of the scores.
        history: int64 [H], oldest first.
        directions: float32 [K, D], item embeddings or weighted sums of them; their inner product with the state is F.
        steps: of the midpoint rule.

    Raises:
        InputError: ``steps`` is below 1.
    """
    if steps < 1:
        raise InputError(f"steps is {steps!r}, below 1", fix="Take one step or more.")
    parts = np.zeros((len(directions), len(history)))
    positions = scorer.read_positions(history)
    if not len(positions) or not len(directions):
        nothing = np.zeros(len(directions))
        return IntegratedGradients(parts, nothing, nothing)
    own, wanted = _tensor(scorer.item_rows[history[positions]]), _tensor(directions)
    middles = torch.arange(steps).add(0.5) / steps
    path = (middles[:, None, None] * own).repeat(len(wanted), 1, 1).requires_grad_()
    states = _last_states(scorer, torch.cat((path, own[None], torch.zeros_like(own)[None])))
    along = states[:-2] * wanted.repeat_interleave(steps, dim=0)
    (slopes,) = torch.autograd.grad(along.sum(), path)
    mean = slopes.unflatten(0, (len(wanted), steps)).mean(dim=1)
    parts[:, positions] = (mean * own).sum(dim=2).numpy()
    scores, baselines = (states[-2:].detach() @ wanted.T).double().numpy()
    return IntegratedGradients(parts, scores, baselines)


def _last_states(scorer: SASRecScorer, embeddings: Tensor) -> Tensor:
    """States after sequences that are given by their embeddings, [B, L, D] -> [B, D]."""
    count, length = embeddings.shape[:2]
    places = torch.arange(count * length).reshape(count, length)
    return scorer.model.last_states(places, torch.full((count,), length), items=embeddings.flatten(0, 1))


def _tensor(vectors: Vectors) -> Tensor:
    return torch.from_numpy(np.asarray(vectors, dtype=np.float32))
