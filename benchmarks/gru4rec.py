"""The recurrent baseline: GRU4Rec, Hidasi et al. 2016, "Session-based Recommendations with Recurrent Neural Networks".

With SASRec's item table, softmax loss, training and scoring, so that it differs from SASRec by the network and the
random start of its items.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout

from rankers.sasrec import SASRec, SASRecSettings


class GRU4Rec(SASRec):
    """A gated recurrent unit in place of the attention blocks."""

    def __init__(self, num_items: int, settings: SASRecSettings, *, generator: torch.Generator) -> None:
        super().__init__(num_items, replace(settings, positions="none"), generator=generator)
        del self.blocks
        self.recurrent = nn.GRU(settings.dim, settings.dim, num_layers=1, batch_first=True)

    def forward(self, sequences: Tensor, lengths: Tensor, *, items: Tensor | None = None) -> Tensor:
        """States at every position: float [B, L, D], as ``SASRec.forward``."""
        table = self.items if items is None else items
        x = table[sequences] * self.settings.dim**0.5
        states, _ = self.recurrent(dropout(x, self.settings.dropout, self.training))
        return self.norm(dropout(states, self.settings.dropout, self.training))
