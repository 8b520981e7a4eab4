"""Scores for items that no one has met yet, from the known items that their content resembles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.contracts import Arrays, Scorer, Scores, VectorIndex, Vectors
from store.ids import PADDING, IndexArray
from store.interactions import Audience


@dataclass(frozen=True)
class Resemblance:
    """Which known items stand in for each cold item, and with what weight.

    Attributes:
        cold: int64 [M], ascending indices of the cold items.
        neighbours: int64 [M, n], known items nearest by content; 0 where there were fewer.
        weights: float32 [M, n], non-negative; rows sum to 1, or to 0 where an item has no content at all.
    """

    cold: IndexArray
    neighbours: IndexArray
    weights: Vectors

    @classmethod
    def nearest(
        cls, *, index: VectorIndex, vectors: Vectors, cold: IndexArray, count: int = 20, sharpness: float = 10.0
    ) -> Resemblance:
        """Nearest known items by content.

        Args:
            index: over the content vectors of known items only (a cold item's row never comes back).
            vectors: float32 [N+1, D] content of all items, L2-normalised; a zero row has no content.
            cold: int64 [M] ascending.
            count: neighbours n.
            sharpness: inverse temperature of the softmax over similarities: 10 gives a neighbour that is .1 closer
                2.7 times the weight.
        """
        queries = vectors[cold]
        neighbours, similarity = index.search(queries, count, exclude=[cold] * len(cold))
        has_content = np.abs(queries).sum(axis=1, keepdims=True) > 0
        usable = (neighbours != PADDING) & has_content
        weights = np.where(usable, np.exp(sharpness * np.where(usable, similarity, 0.0)), 0.0)
        total = weights.sum(axis=1, keepdims=True)
        weights = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
        return cls(cold=cold, neighbours=np.where(usable, neighbours, PADDING), weights=weights.astype(np.float32))


class ColdAware:
    """A scorer that knows items by behaviour only, extended to cold items.

    A cold item gets the weighted mean of what the scorer says of the known items that it resembles: the best guess of a
    scorer that has never seen it.

    Args:
        scorer: knows items 1..N.
        resemblance: stand-ins of the cold items, inside or behind 1..N.
        num_items: items with the cold ones, at least N.
    """

    def __init__(self, scorer: Scorer, resemblance: Resemblance, *, num_items: int) -> None:
        self._scorer = scorer
        self._resemblance = resemblance
        self._num_items = num_items
        self._is_cold = np.zeros(num_items + 1, dtype=bool)
        self._is_cold[resemblance.cold] = True

    @property
    def name(self) -> str:
        return self._scorer.name

    @property
    def num_items(self) -> int:
        return self._num_items

    @property
    def scorer(self) -> Scorer:
        """The scorer inside, over known items only."""
        return self._scorer

    def score(self, audience: Audience, candidates: IndexArray | None = None) -> Scores:
        if candidates is not None and not self._is_cold[candidates].any():
            return self._scorer.score(audience, candidates)
        scores = self._all(audience)
        return scores if candidates is None else np.take_along_axis(scores, candidates, axis=1)

    def _all(self, audience: Audience) -> Scores:
        known = self._scorer.score(audience)
        scores = np.full((len(audience), self._num_items + 1), -np.inf, dtype=np.float32)
        scores[:, : known.shape[1]] = known
        if len(self._resemblance.cold):
            finite = np.where(np.isfinite(known), known, 0.0)
            stand_ins = finite[:, self._resemblance.neighbours]  # [B, M, n]
            scores[:, self._resemblance.cold] = (stand_ins * self._resemblance.weights).sum(axis=2)
        scores[:, PADDING] = -np.inf
        return scores

    def to_arrays(self) -> Arrays:
        return self._scorer.to_arrays()
