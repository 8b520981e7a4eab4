"""Distributions over categories, and how far a list is from a history (Steck 2018, "Calibrated Recommendations").

p(g|i) is 1/(categories of i), p(g|u) its mean over the history of a reader, q(g|u) over the list, and in nats

    C_KL(p, q) = KL(p || q~) = sum over g of p(g|u) log(p(g|u) / q~(g|u))
    q~(g|u) = (1 - alpha) q(g|u) + alpha p(g|u)

so that 0 is calibrated and C_KL stays below log(1/alpha).

Legend: B readers, N items, V categories.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics import FloatArray
from store.ids import IndexArray
from store.interactions import Sparse


def distributions(weights: Sparse, has: NDArray[np.floating]) -> FloatArray:
    """p(g|u) or q(g|u), [B, V]; rows sum to 1, or to 0 where no item has a category.

    Args:
        weights: [B, N+1] of the items of each reader.
        has: [N+1, V], 1 where an item has a category.
    """
    per_item = has / np.maximum(has.sum(axis=1, keepdims=True), 1.0)
    mass = np.asarray(weights @ per_item, dtype=np.float64)
    sums = mass.sum(axis=1, keepdims=True)
    return np.divide(mass, sums, out=np.zeros_like(mass), where=sums > 0)


def divergence(wanted: FloatArray, given: FloatArray, *, alpha: float) -> FloatArray:
    """C_KL of each reader, [B], in nats (Steck 2018).

    Args:
        wanted: p(g|u), [B, V].
        given: q(g|u), [B, V].
    """
    smoothed = (1.0 - alpha) * given + alpha * wanted
    ratio = np.divide(wanted, smoothed, out=np.ones_like(wanted), where=wanted > 0)
    return (wanted * np.log(ratio)).sum(axis=1)


def favourites(interactions: Sparse, has: NDArray[np.floating]) -> IndexArray:
    """The category that each reader's history has most in excess of the mean of all readers, int64 [U+1].

    Not simply the most frequent one: that would be the catalogue's largest for nearly everyone. -1 where nothing in a
    history has a category.

    Args:
        interactions: [U+1, N+1].
        has: [N+1, V].
    """
    taste = distributions(interactions, has)
    known = taste.sum(axis=1) > 0
    if not known.any():
        return np.full(len(taste), -1)
    return np.where(known, (taste - taste[known].mean(axis=0)).argmax(axis=1), -1)
