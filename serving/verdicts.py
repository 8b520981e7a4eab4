"""What readers say of explanations: noted, and where they wish, the history item stops speaking for them."""

from __future__ import annotations

from datetime import UTC, datetime

from store.database import Store
from store.errors import InputError
from store.records import Event, EventKind, Verdict


class Verdicts:
    """Notes verdicts of users on what a snapshot explained to them.

    Args:
        store: keeps them.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def note(
        self,
        *,
        user_id: str,
        item_id: str,
        because: str | None,
        agrees: bool,
        snapshot_id: str,
        set_aside: bool = False,
    ) -> Verdict:
        """Note what a reader said of the explanation of an item.

        Args:
            because: the history item that was given as a reason; None for the explanation as a whole.
            agrees: whether that is why they would like it.
            set_aside: also take ``because`` out of the history that speaks for them.

        Raises:
            InputError: nothing was named that could be set aside.
            UnknownUser: there is no such user.
            UnknownItem: nor item.
        """
        if set_aside and (because is None or agrees):
            raise InputError(
                "set_aside goes with a history item that is no reason", fix="Name it as because, with agrees false."
            )
        now = datetime.now(UTC)
        verdict = Verdict(user_id, item_id, because, agrees, now, snapshot_id)
        self._store.add_verdict(verdict)
        if set_aside and because is not None:
            self.set_aside(user_id, because)
        return verdict

    def set_aside(self, user_id: str, item_id: str) -> None:
        """The item no longer speaks for the reader, from the next recommendation on; nothing happens where it does not.

        Raises:
            UnknownUser: there is no such user.
            UnknownItem: nor item.
        """
        self._store.user(user_id)  # an event would create one
        if item_id not in self.aside(user_id):
            self._store.add_events([Event(user_id, item_id, EventKind.SET_ASIDE, datetime.now(UTC))])

    def bring_back(self, user_id: str, item_id: str) -> bool:
        """The item speaks for the reader again; whether it had been set aside. Raises ``UnknownUser``."""
        return self._store.retract(self.aside(user_id).get(item_id, [])) > 0

    def aside(self, user_id: str) -> dict[str, list[str]]:
        """Items that are set aside, newest last, with the keys of the events that say so. Raises ``UnknownUser``."""
        keys: dict[str, list[str]] = {}
        for event in self._store.history(user_id):
            if event.kind is EventKind.SKIP:
                continue
            before = keys.pop(event.item_id, [])
            if event.kind is EventKind.SET_ASIDE and event.key is not None:
                keys[event.item_id] = [*before, event.key]
        return keys
