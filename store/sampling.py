"""Draws of items, for graph/ and rankers/, which may not import one another."""

from __future__ import annotations

import torch
from torch import Tensor

from store.errors import InputError


class NegativeSampler:
    """Draws items 1..N with replacement, from any distribution.

    Args:
        weights: float [N+1], not negative, how often each item is drawn; the padding row is ignored.

    Raises:
        InputError: no item has a positive weight.
    """

    def __init__(self, weights: Tensor) -> None:
        weights = weights.double().clone()
        weights[0] = 0.0
        total = weights.sum()
        if not total > 0:
            raise InputError("no item has a positive sampling weight", fix="Give at least one item a weight > 0.")
        self._cumulative = torch.cumsum(weights / total, dim=0)
        self._last = int(torch.nonzero(weights).max())
        self.log_q = torch.log(weights / total).float()
        """ln of the probability of each item, float32 [N+1]; -inf for those that are never drawn."""

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """int64 [count]."""
        draws = torch.rand(count, generator=generator, dtype=torch.float64)
        # right=True skips items of zero width; the clamp catches a draw above a total that rounding left below 1.
        return torch.searchsorted(self._cumulative, draws, right=True).clamp_(max=self._last)
