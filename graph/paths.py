"""Evidence paths: a graph score taken apart, exactly, into who connects a reader's items with an item and by what.

Propagation is linear, so e_j^k of a history item j unfolds into the base embeddings that it was made of:

    s(u, i) (K+1) = <e_u^0, F_i> + sum over j of w_j Y_{K-1}(j),                    w_j = 1 / sqrt(|H| d_j)
    Y_m(j) = <e_j^0, F_i> + sum over people v of a_jv X_{m-1}(v),                   a_jv = 1 / sqrt(d_j d_v)
    X_m(v) = <e_v^0, F_i> + sum over v's items i' of a_vi' Y_{m-1}(i'),             X_{-1} = Y_{-1} = 0

X and Y are numbers, one per person and one per item: K - 1 sparse products make all of them for a candidate. The part
of the path reader, j, v is then w_j a_jv X_{K-2}(v) / (K+1), and w_j a_jv a_vi' Y_{K-3}(i') / (K+1) of that runs on
through v's item i'.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from graph.bipartite import inverse_root, normalised_adjacency
from graph.scorer import Contributions, LightGCNScorer
from store.ids import PADDING, IndexArray
from store.interactions import Interactions

Numbers = NDArray[np.float64]

_LOOKED_AT = 512
"""Strongest paths among which those to show are looked for first."""


@dataclass(frozen=True)
class GraphPath:
    """reader -> history_item -> via_user -> end, with its exact part of the graph score.

    Attributes:
        end: the candidate, where the person met it; else the one of their items that carries most of the path; 0 where
            none does.
        value: part of the score.
        onward: as much of it as runs through ``end``; the rest is the person's own taste and their other items.
        share: of all that speaks for the candidate, as ``Contributions.shares`` counts it.
    """

    history_item: int
    via_user: int
    end: int
    value: float
    onward: float
    share: float


@dataclass(frozen=True)
class Depths:
    """A graph score by how far its parts come; they sum to it.

    Attributes:
        own: the reader's own embedding.
        items: the history items' own embeddings.
        people: through other people, by depth k = 1 .. K-1: first their own embeddings, then those of what they met,
            then of who met that, and so on.
        echo: through the reader as one of those who met the history items at training.
        new: history items that training did not know: what they pass on was predicted and has no depth.
    """

    own: float
    items: float
    people: tuple[float, ...]
    echo: float
    new: float

    @property
    def score(self) -> float:
        return self.own + self.items + sum(self.people) + self.echo + self.new


@dataclass(frozen=True)
class Walks:
    """All paths to one candidate through other people, and what does not run through them.

    Attributes:
        items: float64 [H], parts of the history items' own embeddings.
        new: float64 [H], parts of history items that training did not know.
        echo: float64 [H], parts that run through the reader.
        columns: int64 [P], history position of each path.
        people: int64 [P], its person.
        values: float64 [P], its part of the score.
        depths: the same summed by depth.
    """

    items: Numbers
    new: Numbers
    echo: Numbers
    columns: IndexArray
    people: IndexArray
    values: Numbers
    depths: Depths


@dataclass(frozen=True)
class Traced:
    """The strongest paths of a candidate, best first, and what they are out of.

    Attributes:
        count: all paths through other people.
        share: of what speaks for the candidate, as much as ``paths`` carry.
        against: paths that count against it.
        depths: of the whole score.
    """

    paths: tuple[GraphPath, ...]
    count: int
    share: float
    against: int
    depths: Depths


class EvidencePaths:
    """Finds paths in the graph that was trained on.

    Args:
        interactions: the training interactions.
        scorer: trained on them; it may know later items too.
    """

    def __init__(self, interactions: Interactions, scorer: LightGCNScorer) -> None:
        self._scorer = scorer
        self._by_user = normalised_adjacency(interactions)
        self._by_item = sp.csr_matrix(self._by_user.T)
        self._num_items = interactions.num_items
        self._root = inverse_root(interactions.item_counts)

    def trace(
        self, split: Contributions, row: int = 0, *, reader: int = PADDING, top: int = 12, per_item: int = 3
    ) -> Traced:
        """The strongest paths to one candidate.

        Args:
            split: of the reader, from the scorer's ``split``.
            row: which of its candidates.
            reader: user index of the reader, whose own interactions are no one else's opinion.
            top: how many paths at most; only such as speak for the candidate.
            per_item: how many of them through one history item at most, so that one strong item does not hide the rest.
        """
        walks, onward = self._unfolded(split, row, reader)
        positive = np.maximum(split.by_item[row], 0.0).sum() + max(float(split.own[row]), 0.0)
        chosen = _strongest(walks, top, per_item) if positive > 0 else np.zeros(0, dtype=np.int64)
        paths = tuple(self._path(split, row, walks, onward, int(place), float(positive)) for place in chosen)
        return Traced(
            paths=paths,
            count=len(walks.values),
            share=sum(path.share for path in paths),
            against=int((walks.values < 0).sum()),
            depths=walks.depths,
        )

    def walks(self, split: Contributions, row: int = 0, *, reader: int = PADDING) -> Walks:
        """Every path to one candidate; what belongs to no path is beside them. Arguments as of ``trace``."""
        return self._unfolded(split, row, reader)[0]

    def _unfolded(self, split: Contributions, row: int, reader: int) -> tuple[Walks, Numbers]:
        """The walks, and Y_{K-3} of every item, which tells what carries them on."""
        layers = self._scorer.num_layers
        people_by_depth, items_by_depth = self._fields(int(split.candidates[row]))
        known = split.history <= self._num_items
        known[known] = self._root[split.history[known]] > 0
        inside = split.history[known]
        scale = self._root[inside] / (np.sqrt(max(len(split.history), 1)) * (layers + 1))
        links = self._by_item[inside].tocoo()
        columns, people = np.flatnonzero(known)[links.row], links.col
        weights = scale[links.row] * links.data
        own_items = np.zeros(len(split.history))
        own_items[known] = scale * items_by_depth[0][inside] if layers else 0.0
        values = weights * sum(people_by_depth, np.zeros(len(self._scorer.user_base)))[people]
        is_echo = (people == reader) & (reader != PADDING)
        echo, others = np.flatnonzero(is_echo), np.flatnonzero(~is_echo)
        # A popular item has thousands of readers: summed by person first, they cost each depth one short product.
        carried = np.bincount(people, weights, minlength=len(self._scorer.user_base))
        if len(echo):
            carried[reader] = 0.0
        depths = Depths(
            own=float(split.own[row]),
            items=float(own_items.sum()),
            people=tuple(float(carried @ field) for field in people_by_depth),
            echo=float(values[echo].sum()),
            new=float(split.by_item[row, ~known].sum()),
        )
        walks = Walks(
            items=own_items,
            new=np.where(known, 0.0, split.by_item[row]),
            echo=np.bincount(columns[echo], values[echo], minlength=len(split.history)).astype(np.float64),
            columns=columns[others],
            people=people[others].astype(np.int64),
            values=values[others],
            depths=depths,
        )
        return walks, sum(items_by_depth[: max(layers - 2, 0)], np.zeros(self._num_items + 1))

    def _fields(self, candidate: int) -> tuple[list[Numbers], list[Numbers]]:
        """<e_v^k, F_i> of every person for k = 0 .. K-2, and <e_i'^k, F_i> of every item for k = 0 .. K-2."""
        direction = self._scorer.item_final[candidate]
        users = [(self._scorer.user_base @ direction).astype(np.float64)]
        items = [(self._scorer.item_base[: self._num_items + 1] @ direction).astype(np.float64)]
        for _ in range(self._scorer.num_layers - 2):
            users, items = [*users, self._by_user @ items[-1]], [*items, self._by_item @ users[-1]]
        return users[: max(self._scorer.num_layers - 1, 0)], items

    def _path(
        self, split: Contributions, row: int, walks: Walks, onward: Numbers, place: int, positive: float
    ) -> GraphPath:
        person, column = int(walks.people[place]), int(walks.columns[place])
        target, item = int(split.candidates[row]), int(split.history[column])
        row_of = slice(*self._by_user.indptr[person : person + 2])
        met, links = self._by_user.indices[row_of], self._by_user.data[row_of]
        carried = links * onward[met]
        end, through = PADDING, 0.0
        if (met == target).any():
            end, through = target, float(carried[met == target][0])
        else:
            carried[met == item] = 0.0  # back to where the path came from is no way on
            best = int(carried.argmax())
            if carried[best] > 0:
                end, through = int(met[best]), float(carried[best])
        scale = self._root[item] / (np.sqrt(len(split.history)) * (self._scorer.num_layers + 1))
        link = float(links[met == item][0])
        value = float(walks.values[place])
        return GraphPath(item, person, end, value, scale * link * through, value / positive)


def _strongest(walks: Walks, top: int, per_item: int) -> IndexArray:
    """Places of the paths that speak most for the candidate, strongest first."""
    places = np.flatnonzero(walks.values > 0)
    if len(places) > _LOOKED_AT:
        # Most often these suffice: to sort tens of thousands would take longer than all the rest.
        best = places[np.argpartition(-walks.values[places], _LOOKED_AT)[:_LOOKED_AT]]
        chosen = _at_most(walks, best, top, per_item)
        if len(chosen) == top:
            return chosen
    return _at_most(walks, places, top, per_item)


def _at_most(walks: Walks, places: IndexArray, top: int, per_item: int) -> IndexArray:
    chosen: list[int] = []
    taken: dict[int, int] = {}
    for place in places[np.lexsort((walks.people[places], -walks.values[places]))].tolist():
        if len(chosen) == top:
            break
        column = int(walks.columns[place])
        if taken.get(column, 0) < per_item:
            taken[column] = taken.get(column, 0) + 1
            chosen.append(place)
    return np.array(chosen, dtype=np.int64)
