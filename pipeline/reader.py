"""Who a query is for: stored events or an explicit history, as the models read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from pipeline.contracts import Scores
from pipeline.query import Facet, Query
from pipeline.state import ServingState
from store.database import Store
from store.ids import PADDING, IndexArray
from store.interactions import Audience
from store.records import Event, EventKind

SPEAKERS = 6
"""Items that speak for stated tastes."""


@dataclass(frozen=True)
class Reader:
    """One reader of a request.

    Attributes:
        user: index that the models know, 0 for someone who came later or is anonymous.
        history: items they took to, oldest first, each once (at its newest event).
        disliked: items they rejected.
        valued: those of ``history`` that can be named as a reason: not rated below the reader's own mean.
        times: when each history item was met.
        aside: items that they met and set aside: neither history nor disliked, and not to be recommended.
        assumed: items that speak for the reader's stated tastes while there is no history. They were not met: nothing
            may be said to be because of them, and they can be recommended.
    """

    user: int
    history: IndexArray
    disliked: IndexArray
    valued: frozenset[int]
    times: Mapping[int, datetime]
    aside: IndexArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    assumed: IndexArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @property
    def barred(self) -> IndexArray:
        """Items beside the history that must not come back, ascending."""
        return np.union1d(self.disliked, self.aside)

    @property
    def audience(self) -> Audience:
        """What the scorers see."""
        return Audience.of_history(self.history if len(self.history) else self.assumed, user=self.user)

    def kept_out(self, seeds: IndexArray, *, include_seen: bool = False) -> IndexArray:
        """Items that must not be recommended: what was asked for by name, what was barred, what was met."""
        barred = np.union1d(seeds, self.barred)
        return barred if include_seen else np.union1d(barred, self.history)

    def without(self, items: IndexArray) -> Reader:
        """The same reader as if some items had never been met."""
        kept = self.history[~np.isin(self.history, items)]
        return replace(self, history=kept, valued=self.valued - set(items.tolist()))


def read_query(query: Query, *, store: Store, state: ServingState, limit: int) -> Reader:
    """The reader of a query.

    Args:
        limit: newest history items that are kept.

    Raises:
        UnknownUser: the query names a user that the store does not have.
        UnknownItem: the history or the added items name an item that the catalogue does not have.
    """
    user, events = PADDING, []
    if query.user_id is not None:
        events = store.history(query.user_id)
        if not events:
            store.user(query.user_id)  # tells a reader without events from one that does not exist
        user = state.models.users.get(query.user_id)
    if query.until is not None:
        events = [event for event in events if event.time <= query.until]
    reader = _from_events(user, events, state)
    if query.history is not None:
        history = _last_occurrences(_indices(query.history, state))
        reader = replace(reader, history=history, valued=frozenset(history.tolist()), times={})
    also = _indices(query.also, state)
    reader = replace(
        reader,
        history=_last_occurrences(np.concatenate((reader.history, also))),
        valued=reader.valued | set(also.tolist()),
        disliked=np.setdiff1d(reader.disliked, also),
        aside=np.setdiff1d(reader.aside, also),
    )
    disliked = np.union1d(reader.disliked, _indices(query.disliked, state))
    reader = replace(
        reader, history=reader.history[-limit:], disliked=disliked, assumed=_speaking_for(query.tastes, state)
    )
    return reader.without(state.catalogue.ids.known(query.without))


def history_of(events: Sequence[Event], state: ServingState, *, limit: int) -> IndexArray:
    """The newest items that someone took to, oldest first, by all their events."""
    return _from_events(PADDING, events, state).history[-limit:]


def _indices(item_ids: Sequence[str], state: ServingState) -> IndexArray:
    return np.array([state.catalogue.ids.index(item_id) for item_id in item_ids], dtype=np.int64)


def _from_events(user: int, events: Sequence[Event], state: ServingState) -> Reader:
    """The newest opinion of each item counts: a dislike after a view takes the item out of the history, and so does
    setting it aside."""
    newest: dict[int, Event] = {}
    for event in events:
        index = state.catalogue.ids.get(event.item_id)
        if index and event.kind is not EventKind.SKIP:
            newest.pop(index, None)  # so that the dict stays in the order of the newest events
            newest[index] = event
    aside = [index for index, event in newest.items() if event.kind is EventKind.SET_ASIDE]
    for index in aside:
        del newest[index]
    ratings = [event.value for event in newest.values() if event.kind is EventKind.RATING and event.value is not None]
    mean = sum(ratings) / len(ratings) if ratings else 0.0
    liked = {index: event for index, event in newest.items() if event.kind is not EventKind.DISLIKE}
    valued = frozenset(
        index
        for index, event in liked.items()
        if event.kind is not EventKind.RATING or event.value is None or event.value >= mean
    )
    return Reader(
        user=user,
        history=np.array(list(liked), dtype=np.int64),
        disliked=np.array([index for index in newest if index not in liked], dtype=np.int64),
        valued=valued,
        times={index: event.time for index, event in newest.items()},
        aside=np.array(aside, dtype=np.int64),
    )


def having(tastes: frozenset[Facet], state: ServingState) -> Scores:
    """How many of some tastes each item has: float32 [N+1]."""
    counts = np.zeros(len(state.catalogue) + 1, dtype=np.float32)
    for taste in tastes:
        counts[state.catalogue.with_facet(taste)] += 1.0
    return counts


def leaning_of(query: Query, state: ServingState) -> Scores | None:
    """What a dialogue led to, over all items, float32 [N+1]; the least where it is silent. None without a dialogue."""
    ids = state.catalogue.ids
    told = {index: value for item_id, value in query.leaning.items() if (index := ids.get(item_id))}
    if not told:
        return None
    values = np.full(len(state.catalogue) + 1, min(told.values()), dtype=np.float32)
    values[list(told)] = list(told.values())
    return values


def _speaking_for(tastes: frozenset[Facet], state: ServingState) -> IndexArray:
    """The items that most people met, each counted once for every stated taste that it has, least of them first."""
    readers = np.zeros(len(state.catalogue) + 1, dtype=np.float32)
    known = state.models.interactions.item_counts
    readers[: len(known)] = known
    weights = having(tastes, state) * readers * state.catalogue.active
    strongest = np.argsort(-weights, kind="stable")[:SPEAKERS]
    return strongest[weights[strongest] > 0][::-1]


def _last_occurrences(history: IndexArray) -> IndexArray:
    _, last = np.unique(history[::-1], return_index=True)
    return history[np.sort(len(history) - 1 - last)]
