"""The counts behind item-to-item and transitions: how many people of training met two items, and one soon after."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from rankers.transition import TransitionSettings
from store.ids import PADDING, IndexArray
from store.interactions import Interactions, Sparse

SOON = TransitionSettings().window
"""Steps within which one item follows another, as transitions are counted."""


class MetBoth:
    """Counts people; those of items that training did not know are 0.

    Args:
        interactions: of training.
    """

    def __init__(self, interactions: Interactions) -> None:
        self._interactions = interactions
        self._readers: Sparse = interactions.matrix.T.tocsr()

    def together(self, history: IndexArray, candidate: int) -> IndexArray:
        """How many met each item of a history and the candidate, in whatever order: int64 [H]."""
        if candidate > self._interactions.num_items:
            return np.zeros(len(history), dtype=np.int64)
        row = slice(*self._readers.indptr[candidate : candidate + 2])
        met = np.zeros(self._readers.shape[1], dtype=np.float32)
        met[self._readers.indices[row]] = 1.0
        return (self._readers[self._known(history)] @ met).astype(np.int64)

    def followed(self, history: IndexArray, candidate: int) -> IndexArray:
        """How many met the candidate within ``SOON`` steps after each item of a history: int64 [H]."""
        data = self._interactions
        if candidate > data.num_items:
            return np.zeros(len(history), dtype=np.int64)
        met = self._places[self._starts[candidate] : self._starts[candidate + 1]]
        steps = met[:, None] - np.arange(1, SOON + 1)
        same = (steps >= 0) & (data.users[steps] == data.users[met][:, None])
        users, items = np.broadcast_to(data.users[met][:, None], steps.shape)[same], data.items[steps[same]]
        pairs = np.unique(users * (data.num_items + 1) + items)
        counts = np.bincount(pairs % (data.num_items + 1), minlength=data.num_items + 1)
        return counts[self._known(history)] * (history != candidate)

    def _known(self, items: IndexArray) -> IndexArray:
        return np.where(items <= self._interactions.num_items, items, PADDING)

    @cached_property
    def _places(self) -> IndexArray:
        """Interactions by item, int64 [E]."""
        return np.argsort(self._interactions.items, kind="stable")

    @cached_property
    def _starts(self) -> IndexArray:
        """Where those of each item begin in ``_places``, int64 [N+2]."""
        counts = np.bincount(self._interactions.items, minlength=self._interactions.num_items + 1)
        return np.concatenate(([0], np.cumsum(counts)))
