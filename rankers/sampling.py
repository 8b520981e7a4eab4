"""Negative samplers: which items a sampled softmax compares the target with."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from store.sampling import NegativeSampler


def build_sampler(
    kind: Literal["uniform", "popularity", "in_batch"], counts: Tensor, *, power: float = 0.75
) -> NegativeSampler:
    """The sampler of a name.

    Args:
        kind: "uniform"; "popularity" for counts^power (Mikolov et al. 2013 use 0.75); "in_batch" for counts, the
            distribution of the targets of a batch.
        counts: readers per item, float [N+1].
        power: tempers popularity; items without readers count as having one.
    """
    if kind == "uniform":
        return NegativeSampler(torch.ones_like(counts))
    return NegativeSampler(counts.clamp(min=1.0) ** (1.0 if kind == "in_batch" else power))
