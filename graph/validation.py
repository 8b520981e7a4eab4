"""What validation of a graph scorer counts. B readers, N items."""

from __future__ import annotations

import torch
from torch import Tensor

from store.ids import PADDING

CUT = 10


def held_out_gains(scores: Tensor, held: Tensor, closed: tuple[Tensor, Tensor]) -> Tensor:
    """ndcg@10 of each reader's held-out item among all items that the reader has not seen, [B].

    1/log2(1 + rank) within the cut, 0 behind it. Ties count against the held-out item, so that a scorer that scores
    everything alike gains nothing.

    Args:
        scores: float [B, N+1]; what may not be recommended is overwritten.
        held: int64 [B, 1], 1..N.
        closed: row and column of each item that a reader has seen.
    """
    scores[:, PADDING] = -torch.inf
    scores[closed] = -torch.inf
    rank = (scores >= scores.gather(1, held)).sum(dim=1)
    return torch.where(rank <= CUT, 1.0 / torch.log2(1.0 + rank), 0.0)
