"""What the models know of an item: who gets it, and which of their items it is owed to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock

import numpy as np

from pipeline.attribution import attribution
from pipeline.contracts import Vectors
from pipeline.preview import best_fitting, evenly, segments
from pipeline.query import Segment
from pipeline.ranking import Ranker
from pipeline.reader import Reader
from pipeline.state import ServingState
from store.ids import IndexArray
from store.interactions import Audience
from store.records import Item

SAMPLE = 300
"""Users whose lists are looked at, spread evenly over all."""
TOP = 10
FEW = 5
"""Sampled users with the item in their list, below which those whom it fits best are looked at instead."""
CARRIERS, AVERAGED = 8, 24
"""History items that are named, and users over whom their shares are averaged."""
_AT_ONCE = 64


@dataclass(frozen=True)
class Carrier:
    """A history item that speaks for another item.

    Attributes:
        share: of what their histories say for it, mean over users; one who never met the carrier counts 0.
        readers: users who met it, of those looked at.
    """

    item: Item
    share: float
    readers: int


@dataclass(frozen=True)
class ItemProfile:
    """What the models know of an item, apart from any one reader.

    Attributes:
        met: people who had met it at training.
        users: of the sample, those who had not met it.
        reached: how many of them have it in their top 10.
        segments: tastes that it reaches, as in a preview.
        carriers: history items that carry it most, strongest first.
        looked_at: users over whom that is averaged.
        by_fit: whether these are the users whom it fits best by LightGCN, because too few of the sample get it.
    """

    item: Item
    met: int
    users: int
    reached: int
    segments: tuple[Segment, ...]
    carriers: tuple[Carrier, ...]
    looked_at: int
    by_fit: bool
    is_new: bool
    snapshot_id: str


class ItemProfiler:
    """Profiles items of one serving state; the lists of the sample are made once, and each profile is kept."""

    def __init__(self, state: ServingState, ranker: Ranker) -> None:
        self._state = state
        self._ranker = ranker
        self._kept: dict[int, ItemProfile] = {}
        self._lock = Lock()

    def profile(self, candidate: int) -> ItemProfile:
        """Profile one item. The first call takes seconds."""
        with self._lock:
            if candidate not in self._kept:
                self._kept[candidate] = self._profile(candidate)
            return self._kept[candidate]

    def _profile(self, candidate: int) -> ItemProfile:
        state, interactions = self._state, self._state.models.interactions
        met = np.unique(interactions.users[interactions.items == candidate])
        users, lists = self._lists
        fresh = ~np.isin(users, met)
        reached = (lists == candidate).any(axis=1)
        getting = users[fresh & reached][:AVERAGED]
        by_fit = len(getting) < FEW
        if by_fit:
            getting = best_fitting(state, candidate, np.setdiff1d(self._everyone, met), AVERAGED)
        histories, parts = self._parts(candidate, getting)
        return ItemProfile(
            item=state.catalogue.at(candidate),
            met=len(met),
            users=int(fresh.sum()),
            reached=int((fresh & reached).sum()),
            segments=segments(state, users[fresh], reached[fresh]),
            carriers=tuple(
                Carrier(state.catalogue.at(item), share, readers) for item, share, readers in carried(histories, parts)
            ),
            looked_at=len(histories),
            by_fit=by_fit,
            is_new=bool(state.is_new[candidate]),
            snapshot_id=state.snapshot_id,
        )

    @cached_property
    def _everyone(self) -> IndexArray:
        return np.flatnonzero(np.diff(self._state.models.interactions.indptr) > 0)

    @cached_property
    def _lists(self) -> tuple[IndexArray, IndexArray]:
        """Sampled users int64 [U], and their lists as they would be shown, int64 [U, TOP]."""
        everyone, interactions = self._everyone, self._state.models.interactions
        if not len(everyone):
            return everyone, np.zeros((0, TOP), dtype=np.int64)
        users = evenly(everyone, SAMPLE)
        lists = []
        for start in range(0, len(users), _AT_ONCE):
            audience = Audience.of_users(users[start : start + _AT_ONCE], interactions)
            allowed = self._state.catalogue.active
            lists.append(self._ranker.top(audience, k=TOP, allowed=allowed, excluded=list(audience.histories)))
        return users, np.concatenate(lists)

    def _parts(self, candidate: int, users: IndexArray) -> tuple[list[IndexArray], list[Vectors]]:
        """Histories of those users to whom recall brings it, and what each history item says for it."""
        interactions = self._state.models.interactions
        histories: list[IndexArray] = []
        parts: list[Vectors] = []
        audience = Audience.of_users(users, interactions)
        ranked = self._ranker.rank(audience, allowed=self._state.catalogue.active, excluded=list(audience.histories))
        for row, user in enumerate(users.tolist()):
            place = np.flatnonzero(ranked.candidates[row] == candidate)
            if len(place):
                history = interactions.history(user)
                reader = Reader(user, history, np.zeros(0, dtype=np.int64), frozenset(), {})
                histories.append(history)
                parts.append(attribution(self._state, ranked, reader, place, row=row).by_item[0])
        return histories, parts


def carried(histories: Sequence[IndexArray], parts: Sequence[Vectors]) -> list[tuple[int, float, int]]:
    """History items with the largest mean share: item, share, and how many of the histories have it.

    Args:
        histories: of users.
        parts: what each history item says for one candidate, likewise; those against it count 0.
    """
    shares: dict[int, float] = {}
    readers: dict[int, int] = {}
    for history, said in zip(histories, parts, strict=True):
        positive = np.maximum(said, 0.0)
        total = float(positive.sum())
        for item, part in zip(history.tolist(), positive.tolist(), strict=True):
            readers[item] = readers.get(item, 0) + 1
            shares[item] = shares.get(item, 0.0) + (part / total if total > 0 else 0.0) / len(histories)
    best = sorted(shares, key=lambda item: (-shares[item], item))[:CARRIERS]
    return [(item, shares[item], readers[item]) for item in best if shares[item] > 0]
