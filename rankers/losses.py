"""Losses of next-item prediction. P positions, D dimension, N items, M shared negatives, C candidates per position."""

from __future__ import annotations

import math
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, softplus

_BLOCK_SCORES = 1 << 20
"""Scores of a block of the full softmax: 4 MB."""


def full_softmax(states: Tensor, targets: Tensor, items: Tensor) -> Tensor:
    """Cross-entropy over all items, mean over positions: -s_t + ln sum_j exp s_j.

    Args:
        states: float [P, D].
        targets: int64 [P], 1..N.
        items: float [N+1, D]; the padding row takes no part.
    """
    with torch.autocast(states.device.type, enabled=False):  # a sum of thousands of exponentials needs float32
        return cast(Tensor, _FullSoftmax.apply(states.to(items.dtype), targets, items))


class _FullSoftmax(torch.autograd.Function):
    """Computes the gradients on the way forward, a block of positions at a time.

    The [P, N] scores are then never held at once: a block stays in the processor's cache, and the memory does not grow
    with the catalogue times the batch. The arithmetic is that of `cross_entropy`.
    """

    @staticmethod
    def forward(ctx: Any, states: Tensor, targets: Tensor, items: Tensor) -> Tensor:
        table = items[1:]
        block = max(1, _BLOCK_SCORES // len(table))
        loss = states.new_zeros(())
        state_gradient, item_gradient = torch.empty_like(states), torch.zeros_like(items)
        for start in range(0, len(states), block):
            rows = slice(start, start + block)
            scores = states[rows] @ table.T
            target = targets[rows, None] - 1
            normaliser = scores.logsumexp(dim=1, keepdim=True)
            loss += (normaliser - scores.gather(1, target)).sum()
            gradient = scores.sub_(normaliser).exp_()
            gradient.scatter_add_(1, target, gradient.new_full(target.shape, -1.0))
            state_gradient[rows] = gradient @ table
            item_gradient[1:].addmm_(gradient.T, states[rows])
        ctx.save_for_backward(state_gradient, item_gradient)
        ctx.count = len(states)
        return loss / len(states)

    @staticmethod
    def backward(ctx: Any, *outputs: Tensor) -> tuple[Tensor, None, Tensor]:
        state_gradient, item_gradient = ctx.saved_tensors
        scale = outputs[0] / ctx.count
        return state_gradient * scale, None, item_gradient * scale


def sampled_softmax(states: Tensor, targets: Tensor, items: Tensor, *, negatives: Tensor, log_q: Tensor) -> Tensor:
    """Cross-entropy with the normaliser estimated from negatives that all positions share.

    The sum over the other items is an importance-weighted mean over the draws (Bengio and Senecal 2008, "Adaptive
    importance sampling to accelerate training of a neural probabilistic language model"): exp(s_j) / (M q_j). The
    target enters the sum once, uncorrected, because it is there with certainty; a draw that hits it is left out. So the
    normaliser is unbiased for every q, and popular items are not pushed down for being drawn often.

    Args:
        states: float [P, D].
        targets: int64 [P], 1..N.
        items: float [N+1, D].
        negatives: int64 [M], drawn with replacement.
        log_q: ln of the probability with which each item is drawn, float [N+1].
    """
    positive = (states * items[targets]).sum(dim=1, keepdim=True)
    correction = log_q[negatives] + math.log(len(negatives))
    negative = _against_shared(states, targets, items, negatives) - correction
    return cross_entropy(torch.cat((positive, negative), dim=1), torch.zeros_like(targets))


def gbce(states: Tensor, targets: Tensor, items: Tensor, *, negatives: Tensor, calibration: float = 0.75) -> Tensor:
    """Binary cross-entropy over many negatives, less sure of itself (Petrov and Macdonald 2023, gSASRec, eq. 8 to 10).

    A model that sees few negatives learns probabilities that are too high. The positive's likelihood is raised to

        beta = a (t (1 - 1/a) + 1/a),    a = M / (N - 1)

    Args:
        states: float [P, D].
        targets: int64 [P], 1..N.
        items: float [N+1, D].
        negatives: int64 [M], drawn uniformly.
        calibration: t; 0 is plain binary cross-entropy, 1 ends at the probabilities of a full softmax.
    """
    rate = min(1.0, len(negatives) / max(len(items) - 2, 1))
    beta = rate * (calibration * (1 - 1 / rate) + 1 / rate)
    positive = softplus(-(states * items[targets]).sum(dim=1))
    negative = softplus(_against_shared(states, targets, items, negatives)).sum(dim=1)
    return ((beta * positive + negative) / (len(negatives) + 1)).mean()


def bce(states: Tensor, targets: Tensor, items: Tensor, *, candidates: Tensor) -> Tensor:
    """Binary cross-entropy of each target and its hardest candidate (Kang and McAuley 2018, sec. III-E, with C = 1).

    Args:
        states: float [P, D].
        targets: int64 [P], 1..N.
        items: float [N+1, D].
        candidates: int64 [P, C].
    """
    positive, negative = _pairs(states, targets, items, candidates)
    return (softplus(-positive) + softplus(negative)).mean()


def bpr(states: Tensor, targets: Tensor, items: Tensor, *, candidates: Tensor) -> Tensor:
    """-ln sigmoid of the target's score less that of its hardest candidate (Rendle et al. 2009, sec. 4.1, with C = 1).

    Arguments as for ``bce``.
    """
    positive, negative = _pairs(states, targets, items, candidates)
    return softplus(negative - positive).mean()


def _against_shared(states: Tensor, targets: Tensor, items: Tensor, negatives: Tensor) -> Tensor:
    """Scores of the shared negatives, [P, M]; -inf where one is the target itself."""
    scores = states @ items[negatives].T
    return scores.masked_fill(targets[:, None] == negatives[None, :], -torch.inf)


def _pairs(states: Tensor, targets: Tensor, items: Tensor, candidates: Tensor) -> tuple[Tensor, Tensor]:
    """Scores [P] of each target and of the candidate with the highest score that is not the target."""
    positive = (states * items[targets]).sum(dim=1)
    scores = torch.bmm(items[candidates], states[:, :, None]).squeeze(2)
    return positive, scores.masked_fill(candidates == targets[:, None], -torch.inf).amax(dim=1)
