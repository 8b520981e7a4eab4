"""Synthetic interactions with a power law, of any size."""

from __future__ import annotations

import numpy as np

from store.ids import IndexArray
from store.interactions import Interactions

INTERACTIONS_PER_USER, INTERACTIONS_PER_ITEM = 30, 100
FEWEST_ITEMS = 300
"""Fewer could not give every user distinct ones."""
HEAD = 10
"""Ranks over which the head of the law is flat: the most popular item is not met by everyone."""

_SPREAD = 1.0
_FEWEST, _MOST = 0.2, 0.25


def power_law(size: int, *, seed: int) -> Interactions:
    """``size`` distinct pairs of size/30 users and size/100 items, of these at least 300.

    - The item of rank r is drawn with a probability proportional to 1 / (r + 10): Zipf's law with exponent 1, flat at
      the head (Mandelbrot). Which number an item has says nothing of its rank.
    - How much users do is log-normal: exp of a normal with standard deviation 1, so that their mean is 1.6 times their
      median; nobody does less than a fifth of the mean, or meets more than a quarter of the items.
    - No pair occurs twice: a user draws again until all are distinct, which flattens the head a little more.
    - Each user meets their items in random order. Nobody has a taste, so that items meet by chance: for what counts
      pairs of items this is the dearest case, as real readers meet the same pairs again and again.

    Args:
        size: at least 1,000.
        seed: of all draws; the same seed gives the same interactions.
    """
    chance = np.random.default_rng(seed)
    num_users, num_items = size // INTERACTIONS_PER_USER, max(size // INTERACTIONS_PER_ITEM, FEWEST_ITEMS)
    cumulative = np.cumsum(1.0 / (np.arange(1, num_items + 1) + HEAD))
    number = 1 + chance.permutation(num_items)
    pairs = _distinct(_activity(size, num_users, num_items, chance), cumulative / cumulative[-1], chance)
    users, ranks = np.divmod(chance.permutation(pairs), num_items)
    return Interactions.build(
        users + 1, number[ranks], np.arange(size, dtype=np.int64), num_users=num_users, num_items=num_items
    )


def _activity(size: int, num_users: int, num_items: int, chance: np.random.Generator) -> IndexArray:
    """Interactions of each user, int64 [U], which sum to ``size``."""
    shares = np.exp(_SPREAD * chance.standard_normal(num_users))
    mean = shares.mean()
    shares = np.clip(shares, _FEWEST * mean, _MOST * num_items / INTERACTIONS_PER_USER * mean)
    # Differences of rounded sums: each is within one of its share, and nothing is left over.
    return np.diff(np.rint(np.cumsum(shares) * (size / shares.sum())).astype(np.int64), prepend=0)


def _distinct(
    activity: IndexArray, cumulative: np.ndarray[tuple[int], np.dtype[np.float64]], chance: np.random.Generator
) -> IndexArray:
    """Pairs as user * N + rank, both from 0: int64 [E]."""
    num_items = len(cumulative)
    wanting, missing, pairs = np.arange(len(activity)), activity, np.zeros(0, dtype=np.int64)
    finished = []
    while len(wanting):
        drawn = np.searchsorted(cumulative, chance.random(missing.sum()), side="right")
        pairs = np.sort(np.concatenate((pairs, np.repeat(wanting, missing) * num_items + drawn)))
        pairs = pairs[np.diff(pairs, prepend=-1) > 0]  # np.unique takes several times as long
        users = pairs // num_items
        missing = activity - np.bincount(users, minlength=len(activity))
        # Those who have enough are left alone, so that a round costs no more than those who draw in it.
        finished.append(pairs[missing[users] == 0])
        pairs = pairs[missing[users] > 0]
        wanting = wanting[missing[wanting] > 0]
        missing = missing[wanting]
    return np.concatenate(finished)
