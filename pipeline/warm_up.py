"""How a new item enters: how far its content takes it from the mean item, and how it moves on to its readers.

Content and readers say the same kind of thing, weights of known items (`encoders.projector`, `rankers.item_fold_in`).
With n readers there is no switch between them but a shrinkage:

    w = (1 - s) (m / p) w_content + s m w_readers,    s = n / (n + half),

where w_readers is what one reader of the mean taste says, p the readers that content promises (ln(1 + p) is a weighted
mean over the stand-ins), and m those that are believed in: p at first, n in the end (m = p^(1 - b) n^b, b = n /
(n + p)). w_content is what the projector says, stretched around the mean item.

``half`` and ``stretch`` are learned for every scorer in a simulation: known items are taken out as if they were new.
With the best ``half`` their readers find them among those taken out, after some of these have met them again. With
the right ``stretch`` they stand in as many lists as they did when they were known: not in none, as what a regression
predicts is flatter than the truth, and not in too many.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from pipeline.contracts import Scorer, Scores, Vectors
from pipeline.topk import best, cells
from rankers.item_fold_in import ItemFoldIn
from store.ids import PADDING, IndexArray
from store.interactions import Audience, Interactions

HALVES = (3.0, 10.0, 30.0, 100.0, 300.0, 1_000.0)
STRETCHES = (1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.7, 2.0, 2.5, 3.0)
"""Among which simulation chooses."""
STAGES = (1, 3, 10, 30, 100)
"""Readers at which the simulation looks."""
CUT = 20
_ITEMS, _READERS = 300, 2_000
_SHARE = 0.2
"""Of the known items that are taken out at most."""


@dataclass(frozen=True)
class WarmUp:
    """The shrinkage.

    Attributes:
        half: readers at which behaviour counts as much as content.
        stretch: of what content says, around the mean item; 1 leaves it as it is.
        growth: power of the number of readers with which the size of a trained item's scores grows.
    """

    half: float = 100.0
    stretch: float = 1.0
    growth: float = 0.5

    def factors(
        self, readers: IndexArray, promised: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What content and a reader of the mean taste count, (1 - s) m / p and s m: [M] each."""
        share, level = readers / (readers + self.half), believed(promised, readers)
        return (1.0 - share) * level / promised, share * level

    def stretched(self, by_content: Vectors) -> Vectors:
        """Content's weights, float32 [M, S]; rows still sum to 1."""
        mean = 1.0 / max(by_content.shape[1], 1)
        return (mean + self.stretch * (by_content - mean)).astype(np.float32)


def promised_readers(by_content: Vectors, counts: Vectors) -> NDArray[np.float64]:
    """The readers that content promises, p, float64 [M], at least 1.

    Args:
        by_content: float32 [M, S], rows sum to 1.
        counts: float32 [S], readers of the stand-ins.
    """
    return np.maximum(np.expm1(by_content.astype(np.float64) @ np.log1p(counts)), 1.0)


def believed(promised: NDArray[np.float64], readers: IndexArray) -> NDArray[np.float64]:
    """The readers that are believed in, m, float64 [M], at least 1: those promised give way to those that came, n."""
    met = readers.astype(np.float64)
    belief = met / (met + promised)
    return promised ** (1.0 - belief) * np.maximum(met, 1.0) ** belief


def learn_warm_up(
    interactions: Interactions, known: IndexArray, left_out: Vectors, scorers: Mapping[str, Scorer], *, seed: int
) -> dict[str, WarmUp]:
    """Simulate new items on known ones.

    Args:
        interactions: what the scorers were fitted on.
        known: int64 [S], the stand-ins.
        left_out: float32 [S, S], content weights of each stand-in by a fit without it.
        scorers: by name, those to learn it for.
        seed: of the items, their readers and the order in which these come.
    """
    rng = np.random.default_rng(seed)
    able = np.flatnonzero(interactions.item_counts[known] >= 2)
    size = min(_ITEMS, int(_SHARE * len(known)), len(able))
    if size < 2:
        return {name: WarmUp() for name in scorers}
    taken = np.sort(rng.choice(able, size, replace=False))
    simulation = _Simulation(interactions, known, taken, left_out, rng)
    return {name: simulation.learn(scorer) for name, scorer in scorers.items()}


@dataclass(frozen=True)
class _Stage:
    """M items after some of their readers met them again; R readers ask for them.

    Attributes:
        readers: int64 [M], how many met each.
        by_reader: float32 [M, S'], what a reader of the mean taste says.
        wanted: bool [R, M], met but not shown.
        closed: rows and columns of what was shown.
    """

    readers: IndexArray
    by_reader: Vectors
    wanted: NDArray[np.bool_]
    closed: tuple[IndexArray, IndexArray]


class _Simulation:
    """M known items taken out of all histories, as new ones; S' stand-ins are left."""

    def __init__(
        self,
        interactions: Interactions,
        known: IndexArray,
        taken: IndexArray,
        left_out: Vectors,
        rng: np.random.Generator,
    ) -> None:
        rest = np.setdiff1d(np.arange(len(known)), taken)
        self._known, self._items, self._stand_ins = known, known[taken], known[rest]
        self._counts = interactions.item_counts[self._stand_ins]
        # Other items that were taken out cannot stand in, either.
        weights = left_out[np.ix_(taken, rest)]
        self._by_content = weights / np.maximum(weights.sum(axis=1, keepdims=True), 0.1)
        gone = np.isin(interactions.items, self._items)
        self._everything, self._shown = interactions, interactions.where(~gone)
        self._met = interactions.where(gone)
        columns = np.searchsorted(self._items, self._met.items)
        order = np.lexsort((rng.random(len(columns)), columns))
        place = np.empty(len(order), dtype=np.int64)  # of each interaction among those of its item
        place[order] = np.arange(len(order)) - np.searchsorted(columns[order], columns[order])
        self._readers = _sample(np.unique(self._met.users), rng)
        self._anyone = _sample(np.unique(interactions.users), rng)
        fold_in = ItemFoldIn.fit(self._shown, self._stand_ins)
        self._stages = [self._stage(count, columns, place, fold_in) for count in STAGES]

    def _stage(self, count: int, columns: IndexArray, place: IndexArray, fold_in: ItemFoldIn) -> _Stage:
        totals = np.bincount(columns, minlength=len(self._items))
        shown = place < np.minimum(count, totals // 2)[columns]
        readers = np.bincount(columns[shown], minlength=len(self._items))
        meetings = sp.csr_matrix(
            (np.ones(int(shown.sum()), dtype=np.float32), (columns[shown], self._met.users[shown])),
            shape=(len(self._items), self._shown.num_users + 1),
        )
        met = (meetings @ self._shown.matrix[:, self._stand_ins]).toarray()
        rows = np.searchsorted(self._readers, self._met.users).clip(max=len(self._readers) - 1)
        sampled = self._readers[rows] == self._met.users
        wanted = np.zeros((len(self._readers), len(self._items)), dtype=np.bool_)
        wanted[rows[sampled & ~shown], columns[sampled & ~shown]] = True
        by_reader = fold_in.weights(met / np.maximum(readers, 1)[:, None].astype(np.float32))
        return _Stage(readers, by_reader, wanted, (rows[sampled & shown], columns[sampled & shown]))

    def learn(self, scorer: Scorer) -> WarmUp:
        """Of one scorer."""
        trained = self._scores(scorer, self._anyone, self._everything)
        growth = self._growth(trained)
        stretch = self._fair_stretch(scorer, trained)
        known = self._scores(scorer, self._readers, self._shown)[:, self._stand_ins]
        content = known @ WarmUp(stretch=stretch).stretched(self._by_content).T
        gains = dict.fromkeys(HALVES, 0.0)
        promised = promised_readers(self._by_content, self._counts)
        for stage in self._stages:
            behaviour = known @ stage.by_reader.T
            for half in HALVES:
                of_content, of_readers = WarmUp(half).factors(stage.readers, promised)
                scores = (of_content * content + of_readers * behaviour).astype(np.float32)
                scores[stage.closed] = -np.inf
                gains[half] += _ndcg(scores, stage.wanted)
        return WarmUp(max(gains, key=lambda half: gains[half]), stretch, growth)

    def _growth(self, scores: Scores) -> float:
        """Slope of the logarithm of an item's root mean square score by that of its readers."""
        scores = scores[:, self._known]
        size, readers = np.sqrt((scores**2).mean(axis=0)), self._everything.item_counts[self._known]
        usable = (size > 0) & (readers > 0)
        if len(np.unique(readers[usable])) < 2:
            return WarmUp().growth
        return float(np.clip(np.polyfit(np.log(readers[usable]), np.log(size[usable]), 1)[0], 0.0, 1.0))

    def _fair_stretch(self, scorer: Scorer, trained: Scores) -> float:
        """With which the items taken out fill the share of all lists of 20 that they fill as known items.

        Args:
            trained: what the scorer says of all items as known ones; written into.
        """
        closed = cells([self._everything.history(int(user)) for user in self._anyone])
        fair = self._share(trained, closed)
        scores = self._scores(scorer, self._anyone, self._shown)
        known = scores[:, self._stand_ins]
        shares = {}
        for stretch in STRETCHES:
            scores[:, self._items] = known @ WarmUp(stretch=stretch).stretched(self._by_content).T
            shares[stretch] = self._share(scores, closed)
        return min(STRETCHES, key=lambda stretch: abs(shares[stretch] - fair))

    def _share(self, scores: Scores, closed: tuple[IndexArray, IndexArray]) -> float:
        """Of the items taken out among the best of each row; writes into ``scores``."""
        scores[closed] = -np.inf
        found = best(scores, min(CUT, scores.shape[1]))[0]
        return float(np.isin(found, self._items).mean())

    def _scores(self, scorer: Scorer, users: IndexArray, interactions: Interactions) -> Scores:
        """Of all items, for users with these histories; 0 where the scorer says nothing."""
        scores = scorer.score(Audience.of_users(users, interactions))
        scores = np.where(np.isfinite(scores), scores, np.float32(0))
        scores[:, PADDING] = -np.inf
        return scores


def _sample(users: IndexArray, rng: np.random.Generator) -> IndexArray:
    return users if len(users) <= _READERS else np.sort(rng.choice(users, _READERS, replace=False))


def _ndcg(scores: Scores, wanted: NDArray[np.bool_]) -> float:
    """Mean ndcg@20 over the rows that want anything."""
    cut = min(CUT, scores.shape[1])
    columns = best(scores, cut)[0]
    discounts = 1.0 / np.log2(np.arange(2, cut + 2))
    gains = (np.take_along_axis(wanted, columns, axis=1) * discounts).sum(axis=1)
    ideal = np.concatenate(([0.0], np.cumsum(discounts)))[np.minimum(wanted.sum(axis=1), cut)]
    asked = ideal > 0
    return float((gains[asked] / ideal[asked]).mean()) if asked.any() else 0.0
