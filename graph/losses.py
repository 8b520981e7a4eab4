"""Losses of LightGCN. B pairs, D dimension, M negatives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import torch
from torch import Tensor

_BLOCK_SCORES = 1 << 20
"""Scores of a block: 4 MB, which stay in the processor's last cache."""


def shared_softmax(users: Tensor, positives: Tensor, negatives: Tensor, *, banned: tuple[Tensor, Tensor]) -> Tensor:
    """Mean of -ln softmax of each pair's positive against negatives that all pairs share (Wu et al. 2022, SSM).

    Args:
        users: float [B, D].
        positives: float [B, D], embeddings of the pairs' items.
        negatives: float [M, D].
        banned: ids of the positives int64 [B] and of the negatives int64 [M]; a negative that is the positive itself
            takes no part.
    """
    return cast(Tensor, _SharedSoftmax.apply(users, positives, negatives, *banned))


class _SharedSoftmax(torch.autograd.Function):
    """Computes the gradients on the way forward, a block of pairs at a time, so that no [B, M] scores are ever held."""

    @staticmethod
    def forward(
        ctx: Any, users: Tensor, positives: Tensor, negatives: Tensor, positive_ids: Tensor, negative_ids: Tensor
    ) -> Tensor:
        own = (users * positives).sum(dim=1)
        loss = users.new_zeros(())
        user_gradient, negative_gradient = torch.empty_like(users), torch.zeros_like(negatives)
        surplus = torch.empty_like(own)  # probability of the positive, less 1
        for rows, banned in _blocks(positive_ids, negative_ids):
            scores = users[rows] @ negatives.T
            scores[banned] = -torch.inf
            # Exponentials are what costs: one per score serves both the sum and the gradient.
            highest = torch.maximum(scores.amax(dim=1), own[rows])
            weights = scores.sub_(highest[:, None]).exp_()
            positive = torch.exp(own[rows] - highest)
            total = weights.sum(dim=1).add_(positive)
            loss += (total.log() + highest - own[rows]).sum()
            surplus[rows] = positive / total - 1.0
            torch.mm(weights, negatives, out=user_gradient[rows])
            user_gradient[rows] /= total[:, None]
            negative_gradient.addmm_(weights.T, users[rows] / total[:, None])
        user_gradient.addcmul_(surplus[:, None], positives)
        ctx.save_for_backward(user_gradient, surplus[:, None] * users, negative_gradient)
        ctx.count = len(users)
        return loss / len(users)

    @staticmethod
    def backward(ctx: Any, *outputs: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        scale = outputs[0] / ctx.count
        users, positives, negatives = ctx.saved_tensors
        return users * scale, positives * scale, negatives * scale, None, None


def _blocks(positives: Tensor, negatives: Tensor) -> Iterator[tuple[slice, tuple[Tensor, Tensor]]]:
    """Pairs a block at a time, and row and column, within the block, of each negative that is the positive itself.

    Comparing all with all would cost as much as their products; so few are alike that they are looked up instead.
    """
    ordered, order = torch.sort(negatives)
    first = torch.searchsorted(ordered, positives)
    counts = torch.searchsorted(ordered, positives, right=True) - first
    ends = torch.cumsum(counts, dim=0)
    rows = torch.repeat_interleave(counts)
    columns = order[torch.arange(len(rows), device=rows.device) - (ends - counts - first)[rows]]
    size = max(1, _BLOCK_SCORES // len(negatives))
    cuts = [0, *ends[size - 1 :: size].tolist(), len(rows)]
    for start, begin, end in zip(range(0, len(positives), size), cuts, cuts[1:], strict=False):
        yield slice(start, start + size), (rows[begin:end] - start, columns[begin:end])
