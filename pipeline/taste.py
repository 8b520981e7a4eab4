"""What the models know of a person: the history in groups that lie together, and what each of them leads to.

Groups are found in LightGCN's space, where items are near that the same people meet: Ward's hierarchy (1963) over the
directions of the history items, cut where the mean silhouette (Rousseeuw 1987) is largest. A group is named by the
values that its items have more often than the rest of the history.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist, squareform

from pipeline.attribution import attribution
from pipeline.catalogue import facets_of
from pipeline.contracts import Vectors
from pipeline.query import Facet, Query
from pipeline.ranking import Ranker, Terms
from pipeline.reader import Reader
from pipeline.state import ServingState
from pipeline.vectors import unit_rows
from store.ids import IndexArray
from store.records import Item

MOST = 8
"""Groups at most."""
SMALLEST = 3
"""Items of the mean group at least."""
APART = 0.05
"""Silhouette from which a history has more than one group; random directions stay below it."""
SHOWN = 6
"""Items of a group that are named."""
NAMES = 3
TELLING = 1.0
"""Standard errors by which a value must be more frequent in a group than outside."""


@dataclass(frozen=True)
class TasteGroup:
    """A part of a history whose items lie together.

    Attributes:
        names: values that it has more often than the rest, most telling first; may be empty.
        items: those closest to its middle.
        size: items of the history in it.
        weight: share of the history.
        drives: share of what the history says for the list of recommendations.
        leads_to: those of the list that it speaks for most among the groups, in their order.
    """

    names: tuple[str, ...]
    items: tuple[Item, ...]
    size: int
    weight: float
    drives: float
    leads_to: tuple[Item, ...]


@dataclass(frozen=True)
class Taste:
    """What the models know of a person.

    Attributes:
        groups: those that drive most first.
        silhouette: how far the groups stand apart, -1..1; 0 where there is one.
        history: items that were looked at.
        left_out: history items of which LightGCN knows nothing.
    """

    user_id: str | None
    groups: tuple[TasteGroup, ...]
    silhouette: float
    history: int
    left_out: int
    snapshot_id: str


def taste(state: ServingState, ranker: Ranker, query: Query, reader: Reader, terms: Terms) -> Taste:
    """Group a reader's history."""
    known = np.flatnonzero(state.item_vectors[reader.history].any(axis=1))
    items = reader.history[known]
    left_out = len(reader.history) - len(items)
    if not len(items):
        return Taste(query.user_id, (), 0.0, 0, left_out, state.snapshot_id)
    unit = unit_rows(state.item_vectors[items])
    labels, silhouette = grouped(unit)
    listed, parts = _carried(state, ranker, query, reader, terms)
    by_group = np.stack([parts[:, known[labels == label]].sum(axis=1) for label in range(labels.max() + 1)], axis=1)
    total = by_group.sum()
    names = group_names([tuple(facets_of(state.catalogue.at(int(item)))) for item in items], labels)
    groups = []
    for label in range(labels.max() + 1):
        inside = np.flatnonzero(labels == label)
        central = inside[np.argsort(-(unit[inside] @ unit[inside].sum(axis=0)), kind="stable")]
        led = listed[(by_group.argmax(axis=1) == label) & (by_group[:, label] > 0)]
        groups.append(
            TasteGroup(
                names=names[label],
                items=tuple(state.catalogue.at(int(items[row])) for row in central[:SHOWN]),
                size=len(inside),
                weight=len(inside) / len(items),
                drives=float(by_group[:, label].sum() / total) if total > 0 else 0.0,
                leads_to=tuple(state.catalogue.at(int(item)) for item in led),
            )
        )
    groups.sort(key=lambda group: (-group.drives, -group.weight))
    return Taste(query.user_id, tuple(groups), silhouette, len(items), left_out, state.snapshot_id)


def grouped(unit: Vectors) -> tuple[NDArray[np.int64], float]:
    """Labels 0.. of rows float32 [H, D] of unit length, and their silhouette; one group where none stand apart."""
    best = np.zeros(len(unit), dtype=np.int64), 0.0
    most = min(MOST, len(unit) // SMALLEST)
    if most < 2:
        return best
    tree, distances = linkage(unit, "ward"), squareform(pdist(unit))
    for count in range(2, most + 1):
        labels = fcluster(tree, count, "maxclust").astype(np.int64) - 1
        score = silhouette_of(distances, labels)
        if score > max(best[1], APART):
            best = labels, score
    return best


def silhouette_of(distances: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Mean over points of (b - a) / max(a, b): a the mean distance within its group, b to the nearest other one.

    A point alone in its group counts 0.
    """
    sizes = np.bincount(labels)
    if len(sizes) < 2:
        return 0.0
    sums = np.stack([distances[:, labels == label].sum(axis=1) for label in range(len(sizes))], axis=1)
    own = np.arange(len(labels)), labels
    alone = sizes[labels] == 1
    within = sums[own] / np.maximum(sizes[labels] - 1, 1)
    means = sums / sizes
    means[own] = np.inf
    nearest = means.min(axis=1)
    widest = np.maximum(within, nearest)
    values = np.divide(nearest - within, widest, out=np.zeros_like(within), where=(widest > 0) & ~alone)
    return float(values.mean())


def group_names(facets: Sequence[Sequence[Facet]], labels: NDArray[np.int64]) -> list[tuple[str, ...]]:
    """Values that items of a group have more often than the others, by the two-proportion z statistic.

    With one group there are no others: its most frequent values name it.
    """
    count = int(labels.max()) + 1
    values = sorted({facet for own in facets for facet in own})
    has = np.array([[facet in set(own) for facet in values] for own in facets], dtype=np.float64)
    names: list[tuple[str, ...]] = []
    for label in range(count):
        inside = labels == label
        often, size, rest = has[inside].sum(axis=0), inside.sum(), (~inside).sum()
        if count == 1:
            telling = often
        else:
            pooled = has.mean(axis=0)
            error = np.sqrt(np.maximum(pooled * (1 - pooled), 1e-9) * (1 / size + 1 / rest))
            telling = (often / size - has[~inside].mean(axis=0)) / error
            telling[(telling < TELLING) | (often < min(2, size))] = 0.0
        order = np.argsort(-telling, kind="stable")[:NAMES]
        names.append(tuple(values[column].value for column in order if telling[column] > 0))
    return names


def _carried(
    state: ServingState, ranker: Ranker, query: Query, reader: Reader, terms: Terms
) -> tuple[IndexArray, Vectors]:
    """The reader's list, items int64 [K], and what every history item says for each, float32 [K, H], >= 0."""
    ranked = ranker.rank(
        reader.audience,
        allowed=state.catalogue.allowed(query.constraints),
        excluded=[reader.kept_out(terms.seeds, include_seen=query.include_seen)],
        terms=terms,
        at_least=query.k,
    )
    chosen = ranker.select(ranked, k=query.k)[0]
    chosen = chosen[chosen >= 0]
    said = attribution(state, ranked, reader, chosen).by_item
    return ranked.candidates[0, chosen], np.maximum(said, 0.0)
