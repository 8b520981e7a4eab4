"""Taste by content: the channel that knows an item on the day it arrives."""

from __future__ import annotations

import numpy as np

from pipeline.contracts import Arrays, Scores, Vectors
from pipeline.vectors import unit_rows
from store.ids import PADDING, IndexArray
from store.interactions import Audience

GATHER_FACTOR = 16
"""One product with all items is faster than gathering the wide vectors of more than this part of them."""


class ContentScorer:
    """Cosine of an item's content to the mean content of the reader's latest items.

    Args:
        vectors: float32 [N+1, D] content, L2-normalised; a zero row has no content.
        recent: history items that count, the newest ones.
    """

    name = "content"

    def __init__(self, vectors: Vectors, *, recent: int = 50) -> None:
        self._vectors = vectors
        self._recent = recent

    @property
    def num_items(self) -> int:
        return len(self._vectors) - 1

    def reader_vectors(self, audience: Audience) -> Vectors:
        """Mean content of each history, L2-normalised: float32 [B, D]; zeros for an empty history."""
        table = audience.padded(self._recent)
        table = np.where(table > self.num_items, PADDING, table)
        mean = self._vectors[table].sum(axis=1)
        return unit_rows(mean)

    def score(self, audience: Audience, candidates: IndexArray | None = None) -> Scores:
        readers = self.reader_vectors(audience)
        if candidates is not None and (candidates == candidates[:1]).all():  # one reader, or variants of one
            scores = readers @ self._vectors[candidates[:1].ravel()].T
            return np.where(candidates == PADDING, np.float32(-np.inf), scores)
        if candidates is not None and candidates.shape[1] * GATHER_FACTOR < self.num_items:
            rows = [self._vectors[items] @ reader for items, reader in zip(candidates, readers, strict=True)]
            return np.where(candidates == PADDING, -np.inf, np.stack(rows)).astype(np.float32)
        scores = readers @ self._vectors.T
        scores[:, PADDING] = -np.inf
        return scores if candidates is None else np.take_along_axis(scores, candidates, axis=1)

    def losses(self, history: IndexArray, candidates: IndexArray, weights: Vectors) -> Vectors:
        """What weighted sums of scores lose when one history item is taken out, exact: the mean turns without it.

        Args:
            history: int64 [H], each item once.
            candidates: int64 [C], 0 at padding.
            weights: float32 [K, C], one sum per row.

        Returns:
            float32 [K, H]; 0 for items too old to count.
        """
        result = np.zeros((len(weights), len(history)), dtype=np.float32)
        kept = np.arange(len(history))[-self._recent :]
        if not len(kept):
            return result
        own = self._vectors[np.where(history[kept] > self.num_items, PADDING, history[kept])]
        total = own.sum(axis=0)
        changed = total - own
        if len(history) > len(kept) and history[-self._recent - 1] <= self.num_items:
            changed = changed + self._vectors[history[-self._recent - 1]]
        wanted = weights @ self._vectors[candidates]
        before = wanted @ total / max(float(np.linalg.norm(total)), 1e-12)
        after = wanted @ changed.T / np.maximum(np.linalg.norm(changed, axis=1), 1e-12)
        result[:, kept] = before[:, None] - after
        return result

    def to_arrays(self) -> Arrays:
        return {"vectors": self._vectors, "recent": np.array([self._recent])}
