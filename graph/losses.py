"""Losses of LightGCN. B pairs, D dimension, M negatives, X entries."""

from __future__ import annotations

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
        banned: pairs and negatives, two int64 [X] ordered by pair: what takes no part, such as items that the user of
            the pair has met.
    """
    return cast(Tensor, _SharedSoftmax.apply(users, positives, negatives, *banned))


class _SharedSoftmax(torch.autograd.Function):
    """Computes the gradients on the way forward, a block of pairs at a time, so that no [B, M] scores are ever held."""

    @staticmethod
    def forward(
        ctx: Any, users: Tensor, positives: Tensor, negatives: Tensor, banned_pairs: Tensor, banned_negatives: Tensor
    ) -> Tensor:
        own = (users * positives).sum(dim=1)
        loss = users.new_zeros(())
        user_gradient, negative_gradient = torch.empty_like(users), torch.zeros_like(negatives)
        surplus = torch.empty_like(own)  # probability of the positive, less 1
        size = max(1, _BLOCK_SCORES // len(negatives))
        starts = torch.arange(0, len(users) + size, size, device=users.device)
        cuts = torch.searchsorted(banned_pairs, starts).tolist()
        for start, begin, end in zip(starts.tolist(), cuts, cuts[1:], strict=False):
            rows = slice(start, start + size)
            scores = users[rows] @ negatives.T
            scores[banned_pairs[begin:end] - start, banned_negatives[begin:end]] = -torch.inf
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
