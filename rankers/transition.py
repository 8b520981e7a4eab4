"""The transition graph: what people go on to after this, counted and normalised, with nothing trained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from rankers.arrays import strongest_per_row
from rankers.neighbourhood import NeighbourhoodScorer
from store.errors import InputError
from store.interactions import Interactions, Sparse


@dataclass(frozen=True)
class TransitionSettings:
    """Settings of the transition graph.

    Attributes:
        window: steps ahead that count as a transition; a transition over k steps weighs 1/k.
        reverse: weight of the same pair in the other direction.
        out_power: a transition is divided by this power of all that leaves its first item.
        in_power: and by this power of all that enters its second, which tempers popularity.
        decay: weight of a history item relative to the next newer one.
        recent: newest history items that count.
        neighbours: transitions kept per item.
    """

    window: int = 5
    reverse: float = 0.5
    out_power: float = 0.5
    in_power: float = 0.3
    decay: float = 0.7
    recent: int = 10
    neighbours: int = 500

    def __post_init__(self) -> None:
        for name in ("window", "recent", "neighbours"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)!r}, below 1", fix=f"Give {name} a whole number >= 1.")
        for name in ("reverse", "out_power", "in_power"):
            if getattr(self, name) < 0:
                raise InputError(f"{name} is {getattr(self, name)!r}, below 0", fix=f"Give {name} a number >= 0.")
        if not 0 < self.decay <= 1:
            raise InputError(f"decay is {self.decay!r}, outside 0..1", fix="Give 0 < decay <= 1.")


class TransitionScorer(NeighbourhoodScorer):
    """W = diag(out)^-out_power (A + reverse A^T) diag(in)^-in_power, A[i, j] = sum of 1/k over transitions i -> j."""

    name = "transition"

    @classmethod
    def fit(cls, interactions: Interactions, settings: TransitionSettings = TransitionSettings()) -> TransitionScorer:
        """Count transitions: at most ``window`` per interaction."""
        forward = transition_counts(interactions, settings.window)
        counts = forward + settings.reverse * forward.T
        leaving, entering = np.asarray(counts.sum(axis=1)).ravel(), np.asarray(counts.sum(axis=0)).ravel()
        weights = (
            sp.diags_array(inverse_power(leaving, settings.out_power))
            @ counts
            @ sp.diags_array(inverse_power(entering, settings.in_power))
        )
        strongest = strongest_per_row(sp.csr_matrix(weights, dtype=np.float32), settings.neighbours)
        return cls(strongest, decay=settings.decay, recent=settings.recent)


def transition_counts(interactions: Interactions, window: int) -> Sparse:
    """A[i, j], the sum of 1/k over all that went from i to j in k <= ``window`` steps: sparse float64 [N+1, N+1]."""
    size = interactions.num_items + 1
    counts = sp.csr_matrix((size, size), dtype=np.float64)
    for step in range(1, window + 1):
        same_user = interactions.users[:-step] == interactions.users[step:]
        first, second = interactions.items[:-step][same_user], interactions.items[step:][same_user]
        other = first != second
        ones = np.full(np.count_nonzero(other), 1.0 / step)
        counts = counts + sp.csr_matrix((ones, (first[other], second[other])), shape=(size, size))
    return counts


def inverse_power(totals: np.ndarray, power: float) -> np.ndarray:
    """totals^-power, 0 where the total is 0."""
    return np.where(totals > 0, np.power(np.maximum(totals, 1e-12), -power), 0.0)
