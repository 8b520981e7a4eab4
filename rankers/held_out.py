"""Where a held-out item stands among all items that the reader has not seen: the validation of every ranker."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rankers.arrays import Scores
from store.ids import IndexArray
from store.interactions import Audience

CUT = 10


def held_out_ranks(scores: Scores, held: IndexArray, seen: Audience) -> IndexArray:
    """1-based rank of each reader's held-out item by full ranking.

    Ties count against the held-out item: a scorer that scores everything alike gains nothing. A held-out item that the
    reader had seen before ranks last, as it would never be recommended.

    Args:
        scores: float32 [B, N+1], -inf at padding.
        held: int64 [B], 1..N.
        seen: the readers with the histories to filter out.

    Returns:
        int64 [B].
    """
    rows = np.arange(len(held))
    histories = seen.matrix(scores.shape[1] - 1).tocoo()
    open_scores = scores.copy()
    open_scores[histories.row, histories.col] = -np.inf
    return (open_scores >= open_scores[rows, held][:, None]).sum(axis=1)


def ndcg(ranks: IndexArray, cut: int = CUT) -> NDArray[np.float64]:
    """1/log2(1 + rank) of the one relevant item, 0 behind the cut: [B]."""
    return np.where(ranks <= cut, 1.0 / np.log2(1.0 + ranks), 0.0)
