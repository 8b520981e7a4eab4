"""An item that came after training, known by those who met it: the weights that EASE would give it.

EASE (Steck 2019) predicts an item's column of the interaction matrix from the others by ridge regression. For item i
with column x_i over the matrix X of known items that regression is

    w = (X^T X + l2 I)^-1 X^T x_i,

the i-th column of EASE's B on the matrix with i in it (its eq. 8, by the inverse of a block matrix). So a new item
needs no training: X^T x_i counts the known items in the histories of its readers.
U users, S known items, M new items.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rankers.arrays import Arrays, Scores
from store.errors import InputError
from store.ids import IndexArray
from store.interactions import Interactions


@dataclass(frozen=True)
class ItemFoldInSettings:
    """Settings of the regression.

    Attributes:
        l2: penalty, in units of the mean number of readers per known item.
    """

    l2: float = 1.0

    def __post_init__(self) -> None:
        if not self.l2 > 0:
            raise InputError(f"l2 is {self.l2!r}, not above 0", fix="Give l2 a number > 0.")


class ItemFoldIn:
    """The regression onto some known items.

    Args:
        known: int64 [S], the items that it regresses onto.
        inverse: (X^T X + l2 I)^-1, float32 [S, S].
    """

    def __init__(self, known: IndexArray, inverse: NDArray[np.float32]) -> None:
        self.known = known
        self._inverse = inverse

    @classmethod
    def fit(
        cls, interactions: Interactions, known: IndexArray, settings: ItemFoldInSettings = ItemFoldInSettings()
    ) -> ItemFoldIn:
        """Invert.

        Args:
            known: int64 [S], distinct items 1..N.
        """
        columns = interactions.matrix[:, known]
        gram = (columns.T @ columns).toarray().astype(np.float64)
        mean = max(float(gram.diagonal().mean()), 1.0) if len(known) else 1.0
        gram[np.diag_indices_from(gram)] += settings.l2 * mean
        return cls(known, np.linalg.inv(gram).astype(np.float32))

    def weights(self, met: Scores) -> Scores:
        """Weights of the known items.

        Args:
            met: X^T x_i, float32 [M, S]: how many of each new item's readers met each known item.

        Returns:
            float32 [M, S]; linear in ``met``: half as many readers of the same taste give half the weights.
        """
        return met @ self._inverse

    def to_arrays(self) -> Arrays:
        return {"known": self.known, "inverse": self._inverse}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> ItemFoldIn:
        return cls(np.asarray(arrays["known"], dtype=np.int64), np.asarray(arrays["inverse"], dtype=np.float32))
