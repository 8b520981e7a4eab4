"""Scores for items that training did not meet: each is a weighted sum of known items that stand in for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.contracts import Arrays, Scorer, Scores, Vectors
from pipeline.warm_up import WarmUp, believed
from rankers.item_fold_in import ItemFoldIn
from store.ids import PADDING, IndexArray
from store.interactions import Audience


@dataclass(frozen=True)
class StandIns:
    """What every known item counts for every cold one, by its content and by those who met it since training.

    Attributes:
        cold: int64 [M], ascending indices of the cold items.
        known: int64 [S], indices of the items that stand in.
        by_content: float32 [M, S], rows sum to 1.
        by_reader: float32 [M, S], what a reader of the mean taste says.
        readers: int64 [M], how many have met each.
        counts: float32 [S], readers of the known items.
    """

    cold: IndexArray
    known: IndexArray
    by_content: Vectors
    by_reader: Vectors
    readers: IndexArray
    counts: Vectors

    @classmethod
    def of_content(cls, cold: IndexArray, known: IndexArray, by_content: Vectors, counts: Vectors) -> StandIns:
        """For items that no one has met.

        Args:
            by_content: float32 [M, S].
            counts: float32 [S].
        """
        nobody = np.zeros(len(cold), dtype=np.int64)
        return cls(cold, known, by_content, np.zeros_like(by_content), nobody, counts)

    def met(
        self,
        histories: Sequence[Sequence[IndexArray]],
        items: IndexArray,
        fold_in: ItemFoldIn,
    ) -> StandIns:
        """After some cold items were met.

        Args:
            histories: of everyone who met it, for each of ``items``.
            items: int64 [X], cold items.
            fold_in: over ``known``.
        """
        rows = np.searchsorted(self.cold, items)
        readers, by_reader = self.readers.copy(), self.by_reader.copy()
        readers[rows] = [len(each) for each in histories]
        met = np.stack([met_counts(each, self.known) for each in histories])
        by_reader[rows] = fold_in.weights(met / np.maximum(readers[rows], 1)[:, None].astype(np.float32))
        return replace(self, readers=readers, by_reader=by_reader)

    def weights(self, warm_up: WarmUp) -> Vectors:
        """Content and readers together, float32 [M, S]."""
        if not self.readers.any():
            return warm_up.stretched(self.by_content)
        return warm_up.mixed(self.by_content, self.by_reader, readers=self.readers, counts=self.counts)

    def rows(self, vectors: Vectors, warm_up: WarmUp) -> Vectors:
        """Vectors of the cold items, float32 [M, D], from those of all items [N+1, D]."""
        return self.weights(warm_up) @ vectors[self.known]

    @property
    def level(self) -> NDArray[np.float64]:
        """How many readers are believed in, [M]."""
        return believed(self.by_content, readers=self.readers, counts=self.counts)[1]


def met_counts(histories: Sequence[IndexArray], known: IndexArray) -> Vectors:
    """How many of some histories hold each known item: float32 [S]."""
    top = int(known.max(initial=0))
    inside = [history[(history > PADDING) & (history <= top)] for history in histories]
    audience = Audience(np.zeros(len(inside), dtype=np.int64), inside)
    return np.asarray(audience.matrix(top).sum(axis=0), dtype=np.float32).ravel()[known]


class ColdAware:
    """A scorer that knows items by behaviour only, extended to cold items by their stand-ins.

    Args:
        scorer: knows items 1..N.
        stand_ins: of the cold items, inside or behind 1..N.
        warm_up: of this scorer.
        num_items: items with the cold ones, at least N.
    """

    def __init__(self, scorer: Scorer, stand_ins: StandIns, warm_up: WarmUp, *, num_items: int) -> None:
        self._scorer = scorer
        self._cold, self._known = stand_ins.cold, stand_ins.known
        self._weights = stand_ins.weights(warm_up)
        self._num_items = num_items
        self._is_cold = np.zeros(num_items + 1, dtype=bool)
        self._is_cold[stand_ins.cold] = True

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
        if len(self._cold):
            own = known[:, self._known]
            scores[:, self._cold] = np.where(np.isfinite(own), own, np.float32(0)) @ self._weights.T
        scores[:, PADDING] = -np.inf
        return scores

    def to_arrays(self) -> Arrays:
        return self._scorer.to_arrays()
