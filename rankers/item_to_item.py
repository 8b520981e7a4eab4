"""Item-to-item: people who met this also met that (Sarwar et al. 2001, "Item-based collaborative filtering")."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from rankers.arrays import strongest_per_row
from rankers.neighbourhood import NeighbourhoodScorer
from store.errors import InputError
from store.ids import PADDING
from store.interactions import Interactions, Sparse

_PAIRS_AT_ONCE = 1 << 23
"""Pairs of items that are counted together: about 300 MB."""


@dataclass(frozen=True)
class ItemToItemSettings:
    """Settings of the item-to-item scorer.

    Attributes:
        neighbours: neighbours kept per item.
        shrinkage: readers in common at which a cosine keeps half its weight; doubts pairs that few have met.
        decay: weight of a history item relative to the next newer one; 1 counts all alike.
        recent: newest history items that count.
        history: newest interactions per user that are counted in training, so that one tireless user cannot cost the
            square of its history.
    """

    neighbours: int = 200
    shrinkage: float = 20.0
    decay: float = 0.95
    recent: int = 200
    history: int = 1_000

    def __post_init__(self) -> None:
        for name in ("neighbours", "recent", "history"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)!r}, below 1", fix=f"Give {name} a whole number >= 1.")
        if self.shrinkage < 0:
            raise InputError(f"shrinkage is {self.shrinkage!r}, below 0", fix="Give a number of readers >= 0.")
        if not 0 < self.decay <= 1:
            raise InputError(f"decay is {self.decay!r}, outside 0..1", fix="Give 0 < decay <= 1.")


class ItemToItemScorer(NeighbourhoodScorer):
    """W[i, j] = c_ij / sqrt(n_i n_j) * c_ij / (c_ij + shrinkage), with c_ij readers in common and n_i readers."""

    name = "item_to_item"

    @classmethod
    def fit(cls, interactions: Interactions, settings: ItemToItemSettings = ItemToItemSettings()) -> ItemToItemScorer:
        """Count co-occurrences block by block: memory grows with the neighbours kept, not with all pairs.

        Time grows with the pairs, which are the squares of the histories, of their newest ``history`` at most: linear
        in users and items.
        """
        age = interactions.indptr[interactions.users + 1] - 1 - np.arange(len(interactions))
        readers = interactions.where(age < settings.history).matrix.T.tocsr()
        norms = np.sqrt(np.maximum(np.asarray(readers.sum(axis=1)).ravel(), 1.0))
        blocks = [_similar(readers, norms, items=items, settings=settings) for items in _blocks(readers)]
        return cls(sp.csr_matrix(sp.vstack(blocks)), decay=settings.decay, recent=settings.recent)


def _blocks(readers: Sparse) -> list[slice]:
    """Items that are counted together: many rare ones, few popular ones."""
    lengths = np.asarray(readers.sum(axis=0)).ravel()
    pairs = np.minimum(readers @ lengths, readers.shape[0]).astype(np.int64)
    starts = np.unique(np.cumsum(pairs) // _PAIRS_AT_ONCE, return_index=True)[1].tolist()
    return [slice(*ends) for ends in itertools.pairwise([*starts, readers.shape[0]])]


def _similar(readers: Sparse, norms: np.ndarray, *, items: slice, settings: ItemToItemSettings) -> Sparse:
    """Those rows of W."""
    common = (readers[items] @ readers.T).tocoo()
    row, column, count = common.row, common.col, common.data
    other = (row + items.start != column) & (column != PADDING)
    row, column, count = row[other], column[other], count[other]
    weights = count / (norms[row + items.start] * norms[column]) * count / (count + settings.shrinkage)
    block = sp.csr_matrix((weights.astype(np.float32), (row, column)), shape=common.shape)
    return strongest_per_row(block, settings.neighbours)
