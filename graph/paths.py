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


@dataclass(frozen=True)
class _Links:
    """Every path to one candidate, those of one history item after those of another.

    Attributes:
        positions: int64 [J], history positions of the items that somebody met at training, ascending.
        starts: int64 [J+1], where the paths of each begin, and their end.
        people: integers [P], the person of each path.
        values: float64 [P], its part of the score; 0 where it runs through the reader.
        echoes: int64 [X], which these are.
        echo: float64 [X], what they carry.
    """

    positions: IndexArray
    starts: IndexArray
    people: IndexArray
    values: Numbers
    echoes: IndexArray
    echo: Numbers

    def columns(self, places: IndexArray) -> IndexArray:
        """History positions of some paths."""
        return self.positions[np.searchsorted(self.starts, places, side="right") - 1]


class EvidencePaths:
    """Finds paths in the graph that was trained on.

    Args:
        interactions: the training interactions.
        scorer: trained on them; it may know later items too.
    """

    def __init__(self, interactions: Interactions, scorer: LightGCNScorer) -> None:
        self._scorer = scorer
        # float64 as the numbers are: a product with another type would copy the matrix first.
        self._by_user = normalised_adjacency(interactions).astype(np.float64)
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
        links, depths, items_by_depth = self._unfolded(split, row, reader)
        onward = sum(items_by_depth[: max(self._scorer.num_layers - 2, 0)], np.zeros(self._num_items + 1))
        positive = np.maximum(split.by_item[row], 0.0).sum() + max(float(split.own[row]), 0.0)
        chosen = _strongest(links, top, per_item) if positive > 0 else np.zeros(0, dtype=np.int64)
        paths = tuple(self._path(split, row, links, onward, int(place), float(positive)) for place in chosen)
        return Traced(
            paths=paths,
            count=len(links.values) - len(links.echoes),
            share=sum(path.share for path in paths),
            against=int((links.values < 0).sum()),
            depths=depths,
        )

    def walks(self, split: Contributions, row: int = 0, *, reader: int = PADDING) -> Walks:
        """Every path to one candidate; what belongs to no path is beside them. Arguments as of ``trace``."""
        links, depths, items_by_depth = self._unfolded(split, row, reader)
        known = np.isin(np.arange(len(split.history)), links.positions)
        scale = self._scale(split, split.history[known])
        own_items = np.zeros(len(split.history))
        own_items[known] = scale * items_by_depth[0][split.history[known]] if self._scorer.num_layers else 0.0
        columns = links.columns(np.arange(len(links.values)))
        echo = np.bincount(columns[links.echoes], links.echo, minlength=len(split.history)).astype(np.float64)
        return Walks(
            items=own_items,
            new=np.where(known, 0.0, split.by_item[row]),
            echo=echo,
            columns=np.delete(columns, links.echoes),
            people=np.delete(links.people, links.echoes).astype(np.int64),
            values=np.delete(links.values, links.echoes),
            depths=depths,
        )

    def _scale(self, split: Contributions, items: IndexArray) -> Numbers:
        """w_j / (K+1) of history items."""
        return self._root[items] / (np.sqrt(max(len(split.history), 1)) * (self._scorer.num_layers + 1))

    def _unfolded(self, split: Contributions, row: int, reader: int) -> tuple[_Links, Depths, list[Numbers]]:
        """The paths, the score by depth, and Y_k of every item for k = 0 .. K-2."""
        people_by_depth, items_by_depth = self._fields(int(split.candidates[row]))
        known = split.history <= self._num_items
        known[known] = self._root[split.history[known]] > 0
        inside = split.history[known]
        scale = self._scale(split, inside)
        met = self._by_item[inside]
        # A popular item has thousands of readers: all that is as long as the paths is done in place.
        values = np.repeat(scale, np.diff(met.indptr))
        values *= met.data
        echoes = np.flatnonzero(met.indices == reader) if reader != PADDING else np.zeros(0, dtype=np.int64)
        through_reader = float(values[echoes].sum())
        values *= sum(people_by_depth, np.zeros(len(self._scorer.user_base)))[met.indices]
        echo = values[echoes]
        values[echoes] = 0.0
        # Summed over its readers, X_k of an item is Y_{k+1}, which is known but for the last.
        people = [
            float(scale @ items_by_depth[depth + 1][inside])
            - (through_reader * float(field[reader]) if len(echoes) else 0.0)
            for depth, field in enumerate(people_by_depth[:-1])
        ]
        people += [float(values.sum()) - sum(people)] if people_by_depth else []
        depths = Depths(
            own=float(split.own[row]),
            items=float(scale @ items_by_depth[0][inside]) if self._scorer.num_layers else 0.0,
            people=tuple(people),
            echo=float(echo.sum()),
            new=float(split.by_item[row, ~known].sum()),
        )
        links = _Links(np.flatnonzero(known), met.indptr.astype(np.int64), met.indices, values, echoes, echo)
        return links, depths, items_by_depth

    def _fields(self, candidate: int) -> tuple[list[Numbers], list[Numbers]]:
        """<e_v^k, F_i> of every person for k = 0 .. K-2, and <e_i'^k, F_i> of every item for k = 0 .. K-2."""
        direction = self._scorer.item_final[candidate]
        users = [(self._scorer.user_base @ direction).astype(np.float64)]
        items = [(self._scorer.item_base[: self._num_items + 1] @ direction).astype(np.float64)]
        for _ in range(self._scorer.num_layers - 2):
            users, items = [*users, self._by_user @ items[-1]], [*items, self._by_item @ users[-1]]
        return users[: max(self._scorer.num_layers - 1, 0)], items

    def _path(
        self, split: Contributions, row: int, links: _Links, onward: Numbers, place: int, positive: float
    ) -> GraphPath:
        person, column = int(links.people[place]), int(links.columns(np.array([place]))[0])
        target, item = int(split.candidates[row]), int(split.history[column])
        row_of = slice(*self._by_user.indptr[person : person + 2])
        met, weights = self._by_user.indices[row_of], self._by_user.data[row_of]
        carried = weights * onward[met]
        end, through = PADDING, 0.0
        if (met == target).any():
            end, through = target, float(carried[met == target][0])
        else:
            carried[met == item] = 0.0  # back to where the path came from is no way on
            best = int(carried.argmax())
            if carried[best] > 0:
                end, through = int(met[best]), float(carried[best])
        scale = float(self._scale(split, np.array([item]))[0])
        link = float(weights[met == item][0])
        value = float(links.values[place])
        return GraphPath(item, person, end, value, scale * link * through, value / positive)


def _strongest(links: _Links, top: int, per_item: int) -> IndexArray:
    """Places of the paths that speak most for the candidate, strongest first."""
    places = np.flatnonzero(links.values > 0)
    if len(places) > _LOOKED_AT:
        # Most often these suffice: to sort tens of thousands would take longer than all the rest.
        best = places[np.argpartition(-links.values[places], _LOOKED_AT)[:_LOOKED_AT]]
        chosen = _at_most(links, best, top, per_item)
        if len(chosen) == top:
            return chosen
    return _at_most(links, places, top, per_item)


def _at_most(links: _Links, places: IndexArray, top: int, per_item: int) -> IndexArray:
    chosen: list[int] = []
    taken: dict[int, int] = {}
    places = places[np.lexsort((links.people[places], -links.values[places]))]
    for place, column in zip(places.tolist(), links.columns(places).tolist(), strict=True):
        if len(chosen) == top:
            break
        if taken.get(column, 0) < per_item:
            taken[column] = taken.get(column, 0) + 1
            chosen.append(place)
    return np.array(chosen, dtype=np.int64)
