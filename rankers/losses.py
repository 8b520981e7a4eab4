"""Losses of next-item prediction. P positions, D dimension, N items, M negatives."""

from __future__ import annotations

import math
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

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
    negative = states @ items[negatives].T - correction
    negative = negative.masked_fill(targets[:, None] == negatives[None, :], -torch.inf)
    return cross_entropy(torch.cat((positive, negative), dim=1), torch.zeros_like(targets))
