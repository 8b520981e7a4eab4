"""Ranking metrics, one value per query, so that means, intervals and slices all come from the same arrays.

Legend: Q queries, K length of the ranked lists, k cut, N items, D dimension.

With rel_r = 1 where position r (from 1) holds a relevant item and R the number of relevant items of the query:

    recall@k   = sum of rel_r over r <= k, divided by R
    hit_rate@k = 1 if any rel_r is 1 for r <= k
    mrr@k      = 1/r of the first relevant position r <= k, else 0
    map@k      = sum over r <= k of rel_r * (relevant among the first r) / r, divided by R
    ndcg@k     = sum over r <= k of rel_r / log2(r + 1), divided by the same sum for an ideal list of min(k, R)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from store.errors import InputError
from store.ids import PADDING, IndexArray

FloatArray = NDArray[np.float64]

_TABLE_QUERIES = 64
"""Queries whose relevant items are looked up in one table: 64 bytes for each item of the catalogue."""


@dataclass(frozen=True)
class Judged:
    """Ranked lists against what was relevant.

    Attributes:
        hits: bool [Q, K], whether the position holds a relevant item.
        relevant: int64 [Q], number of relevant items R, at least 1.
    """

    hits: NDArray[np.bool_]
    relevant: IndexArray

    def __len__(self) -> int:
        return len(self.hits)


def judge(ranked: IndexArray, relevant: IndexArray | Sequence[IndexArray]) -> Judged:
    """Mark the relevant positions.

    Args:
        ranked: int64 [Q, K], best first, 0 where a list is shorter.
        relevant: one held-out item per query, int64 [Q], or one array of distinct items per query.

    Raises:
        InputError: the two have different lengths, a query has nothing relevant, or a list names an item twice.
    """
    if len(ranked) != len(relevant):
        raise InputError(
            f"{len(ranked)} ranked lists came with {len(relevant)} sets of relevant items",
            fix="Pass one set for each list, in the same order.",
        )
    ordered = np.sort(ranked, axis=1)
    repeated = ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] != PADDING)).any(axis=1)
    if repeated.any():
        raise InputError(
            f"ranked list {int(np.flatnonzero(repeated)[0])} names an item twice",
            fix="Rank every item at most once: repeats would be counted as further hits.",
        )
    wanted, counts = _flat(relevant)
    if (counts == 0).any():
        raise InputError(
            f"query {int(np.flatnonzero(counts == 0)[0])} has no relevant item",
            fix="Leave such queries out: recall is not defined for them.",
        )
    return Judged(_hits(ranked, wanted, counts), counts)


def _flat(relevant: IndexArray | Sequence[IndexArray]) -> tuple[IndexArray, IndexArray]:
    """The distinct items of all queries, one query after the other, and how many each has [Q]."""
    lists = [relevant] if isinstance(relevant, np.ndarray) else relevant
    lengths = [1] * len(relevant) if isinstance(relevant, np.ndarray) else [len(items) for items in relevant]
    items = np.concatenate(lists) if len(lists) else np.zeros(0, dtype=np.int64)
    queries = np.repeat(np.arange(len(lengths)), lengths)
    queries, items = queries[items != PADDING], items[items != PADDING]
    width = int(items.max(initial=0)) + 1
    keys = queries * width + items
    if (keys[1:] <= keys[:-1]).any():  # most callers pass sorted sets, and sorting takes longer than all the rest
        keys = np.sort(keys)
        queries, items = np.divmod(keys[np.diff(keys, prepend=-1) > 0], width)
    return items, np.bincount(queries, minlength=len(lengths))


def _hits(ranked: IndexArray, wanted: IndexArray, counts: IndexArray) -> NDArray[np.bool_]:
    """Whether each position holds an item wanted by its query, bool [Q, K].

    A few queries at a time are looked up in a table of all items, which stays in the cache.
    """
    width = int(max(ranked.max(initial=0), wanted.max(initial=0))) + 1
    table = np.zeros(_TABLE_QUERIES * width, dtype=np.bool_)
    ends = np.concatenate(([0], np.cumsum(counts)))
    starts = np.arange(len(ranked)) % _TABLE_QUERIES * width
    marked = np.repeat(starts, counts) + wanted
    asked = starts[:, None] + ranked
    hits = np.empty(ranked.shape, dtype=np.bool_)
    for first in range(0, len(ranked), _TABLE_QUERIES):
        rows = slice(first, first + _TABLE_QUERIES)
        marks = marked[ends[first] : ends[min(first + _TABLE_QUERIES, len(ranked))]]
        table[marks] = True
        hits[rows] = table[asked[rows]]
        table[marks] = False
    return hits


def recall(judged: Judged, k: int) -> FloatArray:
    """Share of the relevant items among the first k, [Q]."""
    return (judged.hits[:, :k] / judged.relevant[:, None]).sum(axis=1)


def hit_rate(judged: Judged, k: int) -> FloatArray:
    """1 where any of the first k is relevant, [Q]."""
    return np.any(judged.hits[:, :k], axis=1).astype(np.float64)


def mrr(judged: Judged, k: int) -> FloatArray:
    """Reciprocal rank of the first relevant item, 0 where it is behind the cut, [Q]."""
    return (judged.hits[:, :k] / _positions(judged, k)).max(axis=1, initial=0.0)


def average_precision(judged: Judged, k: int) -> FloatArray:
    """Mean over the relevant items of the precision at their positions, [Q]; its mean over queries is map@k."""
    hits = judged.hits[:, :k]
    precision = hits.cumsum(axis=1) / _positions(judged, k)
    return (precision * hits).sum(axis=1) / judged.relevant


def ndcg(judged: Judged, k: int) -> FloatArray:
    """Discounted gain over that of an ideal list, [Q] (Järvelin and Kekäläinen 2002, binary gains)."""
    discounts = 1.0 / np.log2(1.0 + _positions(judged, k))
    ideal = np.cumsum(1.0 / np.log2(np.arange(2, k + 2)))
    return (judged.hits[:, :k] * discounts).sum(axis=1) / ideal[np.minimum(judged.relevant, k) - 1]


METRICS: Mapping[str, Callable[[Judged, int], FloatArray]] = {
    "recall": recall,
    "ndcg": ndcg,
    "mrr": mrr,
    "hit_rate": hit_rate,
    "map": average_precision,
}
"""Accuracy metrics by the name that reports use: ``METRICS["recall"](judged, 10)`` is recall@10."""


def novelty(ranked: IndexArray, item_counts: NDArray[np.floating], *, num_users: int, k: int) -> FloatArray:
    """Mean self-information of the recommended items in bits, [Q]; 0 for an empty list.

    An item that a share p of the users has met says -log2(p). Counts are raised by one on both sides so that an item
    nobody has met stays finite.

    Args:
        ranked: int64 [Q, K].
        item_counts: users per item, [N+1].
        num_users: U.
        k: cut.
    """
    bits = self_information(item_counts, num_users=num_users)
    return _mean_over(bits[ranked[:, :k]], ranked[:, :k] != PADDING)


def self_information(item_counts: NDArray[np.floating], *, num_users: int) -> FloatArray:
    """What seeing each item says, in bits, as ``novelty`` has it: the shape of ``item_counts``."""
    return np.log2(num_users + 1.0) - np.log2(np.asarray(item_counts, dtype=np.float64) + 1.0)


def intra_list_diversity(ranked: IndexArray, vectors: NDArray[np.floating], *, k: int) -> FloatArray:
    """Mean cosine distance (0..2) over the pairs of each list, [Q]; 0 where a list has fewer than two items.

    Args:
        ranked: int64 [Q, K].
        vectors: of the items, [N+1, D]. Items with a zero row (nothing is known of them) take no part.
        k: cut.
    """
    lengths = np.linalg.norm(vectors, axis=1)
    known = lengths > 0
    known[PADDING] = False
    directions = np.where(known[:, None], vectors / np.where(known, lengths, 1.0)[:, None], 0.0)
    listed = ranked[:, :k]
    count = known[listed].sum(axis=1)
    pairs = count * (count - 1) / 2
    # The squared length of a sum of unit vectors is their number plus twice the cosines of all pairs.
    total = np.square(directions[listed].sum(axis=1, dtype=np.float64)).sum(axis=1)
    cosines = (total - count) / 2
    return np.divide(pairs - cosines, pairs, out=np.zeros(len(ranked)), where=pairs > 0).clip(min=0.0)


def coverage(ranked: IndexArray, *, num_items: int, k: int) -> float:
    """Share of the catalogue that occurs in the first k of any list, 0..1."""
    return float((_exposure(ranked, num_items, k) > 0).mean()) if num_items else 0.0


def gini(ranked: IndexArray, *, num_items: int, k: int) -> float:
    """Inequality of exposure over the catalogue: 0 where all are shown equally often, near 1 where one takes all."""
    return inequality(_exposure(ranked, num_items, k))


def inequality(amounts: NDArray[np.number]) -> float:
    """Gini coefficient of amounts >= 0, [N]: twice the area between the Lorenz curve and the diagonal (Gini 1912)."""
    ordered, count = np.sort(amounts), len(amounts)
    total = float(ordered.sum())
    weights = 2 * np.arange(1, count + 1) - count - 1
    return float((weights * ordered).sum() / (count * total)) if total else 0.0


def _exposure(ranked: IndexArray, num_items: int, k: int) -> IndexArray:
    """How often each item 1..N is listed, int64 [N]."""
    return np.bincount(ranked[:, :k].ravel(), minlength=num_items + 1)[1:]


def _positions(judged: Judged, k: int) -> FloatArray:
    return np.arange(1.0, min(k, judged.hits.shape[1]) + 1)


def _mean_over(values: FloatArray, mask: NDArray[np.bool_]) -> FloatArray:
    count = mask.sum(axis=1)
    return np.divide((values * mask).sum(axis=1), count, out=np.zeros(len(values)), where=count > 0)
