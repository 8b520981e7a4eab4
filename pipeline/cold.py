"""Scores for items that training met rarely or not at all: known items stand in for them, in a weighted sum.

What training made of a cold item itself, from the few who had met it, has a part of its own in that sum, which grows
with their number until it is all (`pipeline.young`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.contracts import Arrays, Scorer, Scores, Vectors
from pipeline.warm_up import WarmUp, believed, promised_readers
from pipeline.young import own_share
from rankers.item_fold_in import ItemFoldIn
from store.ids import PADDING, IndexArray
from store.interactions import Audience


@dataclass(frozen=True)
class StandIns:
    """What every known item counts for every cold one, by its content and by those who met it.

    Attributes:
        cold: int64 [M], ascending indices of the cold items.
        known: int64 [S], indices of the items that stand in.
        by_content: float32 [M, S], rows sum to 1.
        promised: float64 [M], the readers that content promises.
        trained: float32 [M], how many readers training saw of the item itself.
        met: int64 [R], ascending rows of those cold items that someone has met.
        readers: int64 [R], how many.
        by_reader: float32 [R, S], what a reader of the mean taste says.
    """

    cold: IndexArray
    known: IndexArray
    by_content: Vectors
    promised: NDArray[np.float64]
    trained: Vectors
    met: IndexArray
    readers: IndexArray
    by_reader: Vectors

    @classmethod
    def of_content(
        cls,
        cold: IndexArray,
        known: IndexArray,
        by_content: Vectors,
        counts: Vectors,
        *,
        trained: Vectors | None = None,
    ) -> StandIns:
        """Before anyone's meetings are noted.

        Args:
            by_content: float32 [M, S].
            counts: float32 [S], readers of the known items.
            trained: float32 [M]; None where training knew none of the cold items.
        """
        nobody = np.zeros(0, dtype=np.int64)
        return cls(
            cold,
            known,
            by_content,
            promised_readers(by_content, counts),
            np.zeros(len(cold), dtype=np.float32) if trained is None else trained,
            nobody,
            nobody,
            np.zeros((0, len(known)), dtype=np.float32),
        )

    def with_content(self, items: IndexArray, by_content: Vectors, counts: Vectors) -> StandIns:
        """After new items came, or the content of cold ones changed; who met the others is kept.

        Args:
            items: int64 [C], cold items.
            by_content: float32 [C, S], theirs.
            counts: float32 [S], readers of the known items.
        """
        cold = np.union1d(self.cold, items)
        before, changed = np.searchsorted(cold, self.cold), np.searchsorted(cold, items)
        rows = np.empty((len(cold), by_content.shape[1]), dtype=np.float32)
        rows[before], rows[changed] = self.by_content, by_content
        promised, trained = np.empty(len(cold)), np.zeros(len(cold), dtype=np.float32)
        promised[before], promised[changed] = self.promised, promised_readers(by_content, counts)
        trained[before] = self.trained
        return replace(self, cold=cold, by_content=rows, promised=promised, trained=trained, met=before[self.met])

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

    def only(self, items: IndexArray) -> StandIns:
        """Those of some of the cold items, int64 [C] ascending."""
        rows = np.searchsorted(self.cold, items)
        among = np.isin(self.met, rows)
        return replace(
            self,
            cold=items,
            by_content=self.by_content[rows],
            promised=self.promised[rows],
            trained=self.trained[rows],
            met=np.searchsorted(rows, self.met[among]),
            readers=self.readers[among],
            by_reader=self.by_reader[among],
        )

    def weighing(self, warm_up: WarmUp) -> Weighing:
        """As one scorer believes content and readers."""
        of_content, of_readers = warm_up.factors(self.numbers, self.promised)
        share = own_share(self.trained)
        of_own = share * (self.level / np.maximum(self.trained, 1.0)) ** warm_up.growth
        return Weighing(
            self,
            warm_up.stretch,
            ((1.0 - share) * of_content).astype(np.float32),
            ((1.0 - share) * of_readers).astype(np.float32)[self.met],
            of_own.astype(np.float32),
        )

    def readers_of(self, item: int) -> int:
        """How many have met a cold item, or a part of them large enough to know its taste."""
        return int(self.numbers[np.searchsorted(self.cold, item)])

    @property
    def numbers(self) -> IndexArray:
        """Readers of each cold item, int64 [M]."""
        numbers = np.zeros(len(self.cold), dtype=np.int64)
        numbers[self.met] = self.readers
        return numbers

    @property
    def level(self) -> NDArray[np.float64]:
        """How many readers each cold item is believed to find, float64 [M]."""
        return believed(self.promised, self.numbers)


@dataclass(frozen=True)
class Weighing:
    """Weighted sums for one scorer, over the stand-ins and what training made of the items themselves.

    What is known of a cold item is ``c content + r readers + o self``.

    Attributes:
        stretch: of content, around the mean stand-in.
        of_content: float32 [M], c.
        of_readers: float32 [R], r of those cold items that someone has met.
        of_own: float32 [M], o; 0 where training knew nothing of the item.
    """

    stand_ins: StandIns
    stretch: float
    of_content: Vectors
    of_readers: Vectors
    of_own: Vectors

    def of(self, known: Vectors, own: Vectors) -> Vectors:
        """What is known of the stand-ins, float32 [S, X], and of the cold items themselves, float32 [M, X] with
        anything where nothing is, for the cold items: float32 [M, X]."""
        stand_ins = self.stand_ins
        mean = known.mean(axis=0) if len(known) else np.zeros(known.shape[1], dtype=np.float32)
        sums = mean + np.float32(self.stretch) * (stand_ins.by_content @ known - mean)
        sums *= self.of_content[:, None]
        sums[stand_ins.met] += self.of_readers[:, None] * (stand_ins.by_reader @ known)
        return (sums + self.of_own[:, None] * own).astype(np.float32, copy=False)

    def spread(self, weights: Vectors) -> tuple[Vectors, Vectors]:
        """Weights on what is said of the cold items, float32 [K, M], as weights on the stand-ins, float32 [K, S], and
        on the items themselves, float32 [K, M]."""
        stand_ins = self.stand_ins
        by_content = weights * self.of_content
        of_mean = (1.0 - self.stretch) / max(1, len(stand_ins.known)) * by_content.sum(axis=1, keepdims=True)
        stretched = self.stretch * (by_content @ stand_ins.by_content)
        by_reader = (weights[:, stand_ins.met] * self.of_readers) @ stand_ins.by_reader
        return (of_mean + stretched + by_reader).astype(np.float32, copy=False), weights * self.of_own

    def rows(self, vectors: Vectors) -> Vectors:
        """Vectors of the cold items, float32 [M, D], from those of all items that training knew [N+1, D]."""
        cold = self.stand_ins.cold
        return self.of(vectors[self.stand_ins.known], vectors[np.where(cold < len(vectors), cold, PADDING)])


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
        """As the scorer's own, with the weight of cold candidates spread over what stands in for them and themselves:
        float32 [K, H]."""
        is_cold = self._is_cold[candidates]
        if not is_cold.any():
            return self._scorer.losses(history, candidates, weights)
        stand_ins = self._weighing.stand_ins
        on_cold = np.zeros((len(weights), len(stand_ins.cold)), dtype=np.float32)
        on_cold[:, np.searchsorted(stand_ins.cold, candidates[is_cold])] = weights[:, is_cold]
        on_known, on_own = self._weighing.spread(on_cold)
        trained = stand_ins.trained > 0
        return self._scorer.losses(
            history,
            np.concatenate((candidates[~is_cold], stand_ins.known, stand_ins.cold[trained])),
            np.concatenate((weights[:, ~is_cold], on_known, on_own[:, trained]), axis=1),
        )

    def _all(self, audience: Audience) -> Scores:
        known = self._scorer.score(audience)
        scores = np.full((len(audience), self._num_items + 1), -np.inf, dtype=np.float32)
        scores[:, : known.shape[1]] = known
        if len(self._weighing.stand_ins.cold):
            finite = np.where(np.isfinite(known), known, np.float32(0))
            scores[:, self._weighing.stand_ins.cold] = self._weighing.rows(finite.T).T
        scores[:, PADDING] = -np.inf
        return scores

    def to_arrays(self) -> Arrays:
        return self._scorer.to_arrays()
