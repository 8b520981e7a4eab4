"""What dialogues tell of items: how often each is spoken of and recommended, and what is named together.

A few hundred dialogues name most items never or once. So a rate is that of a Poisson regression on what the catalogue
knows of an item (how many met it, its year, its categories), drawn towards what was counted: with a gamma prior of mean
m and shape k, the mean after c counts in the same dialogues is m (c + k) / (m + k).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from agent.leaning.heard import Heard
from agent.leaning.items import Floats, ItemArrays
from store.ids import IndexArray
from store.interactions import Sparse

FloatArray = NDArray[np.float64]
_PENALTY = 1.0
"""Of the squared coefficients of the regressions."""
_STEPS, _LARGEST = 25, 6.0
"""Newton steps, and the largest logarithm of a rate on the way."""
_SPOKEN_SHAPE, _RECOMMENDED_SHAPE = 0.5, 0.7
"""Shapes of the gamma priors: the smaller, the more the counts weigh."""
_RARE = 3.0
"""Added to counts before what is named together is divided by them."""


@dataclass(frozen=True)
class Example:
    """A turn of somebody else's dialogue in which items were recommended.

    Attributes:
        dialogue: which one.
        heard: what was said before.
        targets: int64, what was recommended and had not been named before.
    """

    dialogue: int
    heard: Heard
    targets: IndexArray


@dataclass(frozen=True)
class Habits:
    """Over items 0..N.

    Attributes:
        spoken: float32 [N+1], logarithm of the rate at which dialogues name an item.
        recommended: likewise at which turns recommend it, float32 [N+1].
        named: [dialogues, N+1], 0 or 1.
    """

    spoken: Floats
    recommended: Floats
    named: Sparse

    @classmethod
    def of(cls, examples: Sequence[Example], items: ItemArrays) -> Self:
        """Count, and fit what was not counted."""
        pairs = {(one.dialogue, item) for one in examples for item in _named(one)}
        dialogues, named = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2).T
        _, rows = np.unique(dialogues, return_inverse=True)
        targets = np.concatenate([one.targets for one in examples])
        return cls.counted(rows, named, targets, items)

    @classmethod
    def counted(cls, dialogues: IndexArray, named: IndexArray, targets: IndexArray, items: ItemArrays) -> Self:
        """Fit what was counted.

        Args:
            dialogues: int64 [P], numbers from 0 of the dialogues that name each of ``named``.
            named: int64 [P].
            targets: int64 [T], each as often as it was recommended.
        """
        shape = (int(dialogues.max(initial=0)) + 1, len(items))
        matrix = sp.csr_matrix((np.ones(len(named), dtype=np.float32), (dialogues, named)), shape=shape)
        spoken, recommended = (
            np.bincount(found, minlength=len(items)).astype(np.float64) for found in (named, targets)
        )
        known = _known(items)
        return cls(
            _log_rates(spoken, known, shape=_SPOKEN_SHAPE),
            _log_rates(recommended, known, shape=_RECOMMENDED_SHAPE),
            matrix,
        )

    def together(self, mentions: Sparse) -> Floats:
        """How often each item is named in the dialogues in which the mentioned ones are: float32 [Q, N+1].

        Args:
            mentions: weights [Q, N+1].
        """
        counts = np.asarray(self.named.sum(axis=0)).ravel()
        damped = sp.diags(1.0 / np.sqrt(counts + _RARE))
        return (mentions @ damped @ self.named.T @ self.named @ damped).toarray().astype(np.float32)


def _named(example: Example) -> list[int]:
    return [*(item for item, _, _ in example.heard.items), *example.targets.tolist()]


def _known(items: ItemArrays) -> FloatArray:
    """What a rate may depend on: float64 [N+1, F]."""
    readers, recent = items.readers, items.recent
    columns = np.stack(
        (np.ones(len(items)), readers, readers**2 / 5, recent, recent**2 / 5, readers * (items.years > 2000)), axis=1
    )
    return np.concatenate((columns, items.era, items.has), axis=1).astype(np.float64)


def _log_rates(counts: FloatArray, known: FloatArray, *, shape: float) -> Floats:
    """Poisson regression by Newton's method, then the posterior: float32 [N+1]."""
    known, total = known[1:], counts[1:]
    weights = np.zeros(known.shape[1])
    weights[0] = np.log(total.mean() + 1e-6)
    penalty = np.full(len(weights), _PENALTY)
    penalty[0] = 1e-6
    for _ in range(_STEPS):
        rates = np.exp(np.minimum(known @ weights, _LARGEST))
        slope = known.T @ (rates - total) + penalty * weights
        curve = (known * rates[:, None]).T @ known + np.diag(penalty)
        weights -= np.clip(np.linalg.solve(curve, slope), -1.0, 1.0)
    prior = np.exp(np.minimum(known @ weights, _LARGEST))
    rates = prior * (total + shape) / (prior + shape)
    return np.concatenate(([np.log(rates.min())], np.log(rates))).astype(np.float32)
