"""What those who meet new items have met, so that an event on a new item costs the reading of one history."""

from __future__ import annotations

from collections.abc import Collection

from pipeline.reader import history_of
from pipeline.state import ServingState
from store.database import Store
from store.ids import IndexArray

MOST = 20_000
"""Strangers whose histories are kept; with more all are read again."""


class Histories:
    """Histories of the readers of new items. Not safe to call from several threads.

    What someone met whom training knows stays that of training; of others it is read, and kept until their next event.
    An event that is taken back therefore counts until then.

    Args:
        store: holds the events.
        limit: newest items of a stranger that count.
    """

    def __init__(self, store: Store, *, limit: int) -> None:
        self._store = store
        self._limit = limit
        self._kept: dict[str, IndexArray] = {}
        self._snapshot_id = ""
        self._event = 0

    def of(self, user_ids: Collection[str], state: ServingState) -> dict[str, IndexArray]:
        """Items that each user took to, oldest first, in the indices of a state."""
        self._forget(state)
        known = {user_id: index for user_id in user_ids if (index := state.models.users.get(user_id))}
        unread = [user_id for user_id in user_ids if user_id not in known and user_id not in self._kept]
        if len(self._kept) + len(unread) > MOST:
            self._kept.clear()
            unread = [user_id for user_id in user_ids if user_id not in known]
        found = self._store.histories(unread)
        for user_id in unread:
            self._kept[user_id] = history_of(found.get(user_id, ()), state, limit=self._limit)
        return {
            user_id: state.models.interactions.history(known[user_id]) if user_id in known else self._kept[user_id]
            for user_id in user_ids
        }

    def _forget(self, state: ServingState) -> None:
        """Drop what an event since, or another numbering of the items, has made untrue."""
        newest = self._store.newest_event()
        if state.snapshot_id != self._snapshot_id:
            self._kept.clear()
        elif self._kept:
            for user_id in self._store.users_since(self._event):
                self._kept.pop(user_id, None)
        self._snapshot_id, self._event = state.snapshot_id, newest
