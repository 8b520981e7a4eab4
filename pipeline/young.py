"""Items that had just arrived when the models were trained: few readers say little yet, and their content says more.

Training turns a handful of interactions into a vector of its own, and with it into a score that hardly any list has
room for: an item would stand high on the day it arrives, by its content, and vanish at the next training. So items of
which training saw only the beginning keep their stand-ins (`pipeline.cold`), which weigh content against the same
readers, beside what training made of them. With n readers the latter counts

    n / (n + HALF) (m / n)^growth

and the stand-ins HALF / (n + HALF); m are the readers that are believed in, and growth says how a scorer's numbers grow
with readers (`pipeline.warm_up`), so that both parts are of one size. There is no switch: where an item is no longer
young, the stand-ins have hardly a part left.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from store.ids import IndexArray
from store.interactions import Interactions

ENOUGH = 1_000
"""Readers from which an item is what training makes of it."""
HALF = 50.0
"""Readers at which the stand-ins count half; chosen on the validation half of the cold-start benchmark."""
RECENT = 0.1
"""Newest share of the interactions in which an item must have been met for the first time. One that was always there
and has few readers is not young but unpopular."""
MOST = 0.5
"""Of the items that anybody met: where more are young, the catalogue itself is, and its items have to stand in."""


def young_items(interactions: Interactions) -> IndexArray:
    """Ascending int64 [Y]; none where the interactions have no order in time, or hardly anything else was met."""
    counts = interactions.item_counts
    if not len(interactions):
        return np.zeros(0, dtype=np.int64)
    first = np.full(interactions.num_items + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, interactions.items, interactions.times)
    since = np.quantile(interactions.times, 1 - RECENT)
    young = np.flatnonzero((counts > 0) & (counts < ENOUGH) & (first > since))
    return young if len(young) <= MOST * np.count_nonzero(counts) else np.zeros(0, dtype=np.int64)


def settled_items(interactions: Interactions) -> IndexArray:
    """Items that somebody met and that are not young, ascending int64: what is learned about others from."""
    return np.setdiff1d(np.flatnonzero(interactions.item_counts), young_items(interactions))


def own_share(readers: NDArray[np.floating]) -> NDArray[np.float32]:
    """What training made of items counts beside their stand-ins, by how many readers it saw: 0 to below 1 each."""
    return (readers / (readers + HALF)).astype(np.float32)


def readers_of(items: IndexArray, interactions: Interactions) -> dict[int, list[IndexArray]]:
    """Histories of everyone who met each of some items."""
    among = np.isin(interactions.items, items)
    pairs = np.unique(np.stack((interactions.items[among], interactions.users[among])), axis=1)
    met: dict[int, list[IndexArray]] = {}
    for item, user in pairs.T.tolist():
        met.setdefault(item, []).append(interactions.history(user))
    return met
