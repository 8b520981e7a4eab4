"""Scorers that add up, over the reader's history, a sparse weight from each history item to the candidate."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
import scipy.sparse as sp

from rankers.arrays import Arrays, Scores, Vectors, packed, picked, unpacked
from store.ids import PADDING, IndexArray
from store.interactions import Audience, Sparse

_ALIKE, _MANY = 2, 32
"""Histories whose distinct items, at least so many, are at most so many times what one of them holds are variants of
one: a dense product over these items then takes a fraction of the time."""


class NeighbourhoodScorer:
    """score(reader, j) = sum over the history of decay^age * W[i, j]; the newest known item has age 0.

    Linear in the history, so the contribution of each history item is exact.

    Args:
        weights: W, sparse [N+1, N+1], row and column 0 empty.
        decay: factor per step into the past, 0 < decay <= 1.
        recent: history items that count, the newest ones.
    """

    name: ClassVar[str]

    def __init__(self, weights: Sparse, *, decay: float, recent: int) -> None:
        self._weights = weights
        self._decay = decay
        self._recent = recent

    @property
    def num_items(self) -> int:
        return self._weights.shape[0] - 1

    def score(self, audience: Audience, candidates: IndexArray | None = None) -> Scores:
        histories = self._weighted_histories(audience)
        items = np.unique(histories.indices)
        if len(audience) > 1 and len(items) >= _MANY and len(items) * len(audience) <= _ALIKE * histories.nnz:
            scores = (self._weights[items].T @ histories[:, items].toarray().T).T
        else:
            scores = (histories @ self._weights).toarray()
        return picked(scores.astype(np.float32, copy=False), candidates)

    def contributions(self, history: IndexArray, candidates: IndexArray) -> Scores:
        """What each position of one history adds to the scores of C candidates.

        Returns:
            float32 [C, len(history)], whose rows sum to the scores; 0 for unknown and for too old items.
        """
        kept = self._kept_positions(history)
        inside = (candidates > PADDING) & (candidates <= self.num_items)
        result = np.zeros((len(candidates), len(history)), dtype=np.float32)
        linked = self._weights[history[kept]][:, candidates[inside]].toarray()
        result[np.ix_(inside, kept)] = linked.T * self._age_weights(len(kept))
        return result

    def losses(self, history: IndexArray, candidates: IndexArray, weights: Vectors) -> Vectors:
        """What weighted sums of scores lose when one history item is taken out, exact.

        Those that are older than it count more then, by one step of decay, and one that was too old may come in.

        Args:
            history: int64 [H], each item once.
            candidates: int64 [C], 0 at padding.
            weights: float32 [K, C], one sum per row.

        Returns:
            float32 [K, H].
        """
        result = np.zeros((len(weights), len(history)), dtype=np.float32)
        known = np.flatnonzero((history > PADDING) & (history <= self.num_items))[-self._recent - 1 :]
        if not len(known):
            return result
        kept = known[-self._recent :]
        linked = (self._weights[history[known]][:, candidates] @ weights.T).T
        entering = linked[:, :1] * self._decay ** (self._recent - 1) if len(known) > len(kept) else 0.0
        parts = linked[:, -len(kept) :] * self._age_weights(len(kept))
        older = np.cumsum(parts, axis=1) - parts
        result[:, kept] = parts - (1.0 / self._decay - 1.0) * older - entering
        return result

    def neighbours(self, item: int, k: int) -> tuple[IndexArray, Scores]:
        """The items to which one item leads most strongly, best first; fewer than k where there are no more.

        Returns:
            items int64 [<= k] and weights float32 [<= k]; both empty for an unknown item.
        """
        if not PADDING < item <= self.num_items:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        row = slice(self._weights.indptr[item], self._weights.indptr[item + 1])
        order = np.argsort(-self._weights.data[row], kind="stable")[:k]
        return self._weights.indices[row][order].astype(np.int64), self._weights.data[row][order]

    def to_arrays(self) -> Arrays:
        return {**packed(self._weights), "decay": np.array([self._decay]), "recent": np.array([self._recent])}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        return cls(unpacked(arrays), decay=float(arrays["decay"][0]), recent=int(arrays["recent"][0]))

    def _kept_positions(self, history: IndexArray) -> IndexArray:
        """Positions of the newest known items, oldest first."""
        return np.flatnonzero((history > PADDING) & (history <= self.num_items))[-self._recent :]

    def _age_weights(self, count: int) -> Scores:
        """decay^age of ``count`` items, oldest first."""
        return np.power(self._decay, np.arange(count - 1, -1, -1), dtype=np.float32)

    def _weighted_histories(self, audience: Audience) -> Sparse:
        """Histories as a sparse matrix of age weights, float32 [B, N+1]; repeats add up."""
        known = [history[self._kept_positions(history)] for history in audience.histories]
        columns = np.concatenate(known) if known else np.zeros(0, dtype=np.int64)
        weights = [self._age_weights(len(history)) for history in known]
        data = np.concatenate(weights) if weights else np.zeros(0, dtype=np.float32)
        indptr = np.concatenate(([0], np.cumsum([len(history) for history in known], dtype=np.int64)))
        return sp.csr_matrix((data, columns, indptr), shape=(len(audience), self.num_items + 1))
