"""Scores for items that training did not meet: each is a weighted sum of known items that stand in for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
        counts: float32 [S], readers of the known items.
        met: int64 [R], ascending rows of those cold items that someone has met.
        readers: int64 [R], how many.
        by_reader: float32 [R, S], what a reader of the mean taste says.
    """

    cold: IndexArray
    known: IndexArray
    by_content: Vectors
    counts: Vectors
    met: IndexArray
    readers: IndexArray
    by_reader: Vectors

    @classmethod
    def of_content(cls, cold: IndexArray, known: IndexArray, by_content: Vectors, counts: Vectors) -> StandIns:
        """For items that no one has met.

        Args:
            by_content: float32 [M, S].
            counts: float32 [S].
        """
        nobody = np.zeros(0, dtype=np.int64)
        return cls(cold, known, by_content, counts, nobody, nobody, np.zeros((0, len(known)), dtype=np.float32))

    def with_content(self, items: IndexArray, by_content: Vectors) -> StandIns:
        """After new items came, or the content of cold ones changed; who met the others is kept.

        Args:
            items: int64 [C], cold items.
            by_content: float32 [C, S], theirs.
        """
        cold = np.union1d(self.cold, items)
        rows = np.empty((len(cold), by_content.shape[1]), dtype=np.float32)
        rows[np.searchsorted(cold, self.cold)] = self.by_content
        rows[np.searchsorted(cold, items)] = by_content
        return replace(self, cold=cold, by_content=rows, met=np.searchsorted(cold, self.cold[self.met]))

    def with_readers(self, readers: Mapping[int, Sequence[IndexArray]], fold_in: ItemFoldIn) -> StandIns:
        """After some cold items were met.

        Args:
            readers: cold item -> the histories of everyone who met it, at least one.
            fold_in: over ``known``.
        """
        if not readers:
            return self
        items = np.array(sorted(readers), dtype=np.int64)
        fresh = np.searchsorted(self.cold, items)
        numbers = np.array([len(readers[item]) for item in items.tolist()], dtype=np.int64)
        met = np.stack([met_counts(readers[item], self.known) for item in items.tolist()])
        by_reader = fold_in.weights(met / numbers[:, None].astype(np.float32))
        kept = ~np.isin(self.met, fresh)
        rows = np.concatenate((self.met[kept], fresh))
        order = np.argsort(rows)
        return replace(
            self,
            met=rows[order],
            readers=np.concatenate((self.readers[kept], numbers))[order],
            by_reader=np.concatenate((self.by_reader[kept], by_reader))[order],
        )

    def weighing(self, warm_up: WarmUp) -> Weighing:
        """As one scorer believes content and readers."""
        mixed = warm_up.mixed(self.by_content[self.met], self.by_reader, readers=self.readers, counts=self.counts)
        return Weighing(self, warm_up.stretch, mixed)

    def readers_of(self, item: int) -> int:
        """How many have met a cold item since training."""
        row = np.searchsorted(self.cold, item)
        return int(self.readers[self.met == row].sum())

    @property
    def level(self) -> NDArray[np.float64]:
        """How many readers each cold item is believed to find, [M]."""
        readers = np.zeros(len(self.cold), dtype=np.int64)
        readers[self.met] = self.readers
        return believed(self.by_content, readers=readers, counts=self.counts)[1]


@dataclass(frozen=True)
class Weighing:
    """Weighted sums over the stand-ins for one scorer; all scorers share what content says.

    Attributes:
        stretch: of content, around the mean stand-in.
        mixed: float32 [R, S], weights of those cold items that someone has met.
    """

    stand_ins: StandIns
    stretch: float
    mixed: Vectors

    def of(self, known: Vectors) -> Vectors:
        """What is known of the stand-ins, float32 [S, X], for the cold items: float32 [M, X]."""
        mean = known.mean(axis=0) if len(known) else np.zeros(known.shape[1], dtype=np.float32)
        sums = mean + np.float32(self.stretch) * (self.stand_ins.by_content @ known - mean)
        sums[self.stand_ins.met] = self.mixed @ known
        return sums.astype(np.float32, copy=False)

    def spread(self, weights: Vectors) -> Vectors:
        """Weights on what is said of the cold items, float32 [K, M], as weights on the stand-ins, float32 [K, S]."""
        by_content = weights.copy()
        by_content[:, self.stand_ins.met] = 0.0
        of_mean = (1.0 - self.stretch) / max(1, len(self.stand_ins.known)) * by_content.sum(axis=1, keepdims=True)
        stretched = self.stretch * (by_content @ self.stand_ins.by_content)
        return (of_mean + stretched + weights[:, self.stand_ins.met] @ self.mixed).astype(np.float32, copy=False)

    def rows(self, vectors: Vectors) -> Vectors:
        """Vectors of the cold items, float32 [M, D], from those of all items [N+1, D]."""
        return self.of(vectors[self.stand_ins.known])


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
        weighing: of the cold items, inside or behind 1..N.
        num_items: items with the cold ones, at least N.
    """

    def __init__(self, scorer: Scorer, weighing: Weighing, *, num_items: int) -> None:
        self._scorer = scorer
        self._weighing = weighing
        self._num_items = num_items
        self._is_cold = np.zeros(num_items + 1, dtype=bool)
        self._is_cold[weighing.stand_ins.cold] = True

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

    def losses(self, history: IndexArray, candidates: IndexArray, weights: Vectors) -> Vectors:
        """As the scorer's own, with the weight of cold candidates spread over their stand-ins: float32 [K, H]."""
        is_cold = self._is_cold[candidates]
        if not is_cold.any():
            return self._scorer.losses(history, candidates, weights)
        stand_ins = self._weighing.stand_ins
        on_cold = np.zeros((len(weights), len(stand_ins.cold)), dtype=np.float32)
        on_cold[:, np.searchsorted(stand_ins.cold, candidates[is_cold])] = weights[:, is_cold]
        return self._scorer.losses(
            history,
            np.concatenate((candidates[~is_cold], stand_ins.known)),
            np.concatenate((weights[:, ~is_cold], self._weighing.spread(on_cold)), axis=1),
        )

    def _all(self, audience: Audience) -> Scores:
        known = self._scorer.score(audience)
        scores = np.full((len(audience), self._num_items + 1), -np.inf, dtype=np.float32)
        scores[:, : known.shape[1]] = known
        stand_ins = self._weighing.stand_ins
        if len(stand_ins.cold):
            own = known[:, stand_ins.known]
            scores[:, stand_ins.cold] = self._weighing.of(np.where(np.isfinite(own), own, np.float32(0)).T).T
        scores[:, PADDING] = -np.inf
        return scores

    def to_arrays(self) -> Arrays:
        return self._scorer.to_arrays()
