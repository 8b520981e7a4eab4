"""Losses of LightGCN. B pairs, D dimension, M negatives."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor

_BLOCK_SCORES = 1 << 19
"""Scores of a block: 2 MB, which stay in the processor's cache."""


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
        block = max(1, _BLOCK_SCORES // len(negatives))
        own = (users * positives).sum(dim=1)
        loss = users.new_zeros(())
        user_gradient, negative_gradient = torch.empty_like(users), torch.zeros_like(negatives)
        surplus = torch.empty_like(own)  # probability of the positive, less 1
        for start in range(0, len(users), block):
            rows = slice(start, start + block)
            scores = users[rows] @ negatives.T
            scores.masked_fill_(positive_ids[rows, None] == negative_ids[None, :], -torch.inf)
            normaliser = torch.logaddexp(scores.logsumexp(dim=1), own[rows])
            loss += (normaliser - own[rows]).sum()
            surplus[rows] = torch.expm1(own[rows] - normaliser)
            shares = scores.sub_(normaliser[:, None]).exp_()
            user_gradient[rows] = shares @ negatives
            negative_gradient.addmm_(shares.T, users[rows])
        user_gradient.addcmul_(surplus[:, None], positives)
        ctx.save_for_backward(user_gradient, surplus[:, None] * users, negative_gradient)
        ctx.count = len(users)
        return loss / len(users)

    @staticmethod
    def backward(ctx: Any, *outputs: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        scale = outputs[0] / ctx.count
        users, positives, negatives = ctx.saved_tensors
        return users * scale, positives * scale, negatives * scale, None, None
