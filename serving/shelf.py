"""A second snapshot beside the one in service, for comparisons: loaded when it is asked for, one at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from store.errors import InputError, SnapshotError, UnknownSnapshot, UnusableSnapshot
from store.snapshots import Snapshot, SnapshotStore

if TYPE_CHECKING:
    from pipeline.recommender import Recommender


class SnapshotShelf:
    """Gives recommenders of snapshots by id. Safe to call from several threads.

    Loading one takes seconds and as much memory as the one in service, so the last one asked for is kept and no other.

    Args:
        snapshots: where they are.
        serving: the recommender in service.
        load: builds one over another snapshot.
    """

    def __init__(
        self,
        snapshots: SnapshotStore,
        serving: Callable[[], Recommender],
        load: Callable[[Snapshot], Recommender],
    ) -> None:
        self._snapshots = snapshots
        self._serving = serving
        self._load = load
        self._lock = threading.Lock()
        self._kept: Recommender | None = None

    def recommender(self, snapshot_id: str) -> Recommender:
        """Over one snapshot.

        Raises:
            UnknownSnapshot: it is not kept.
            UnusableSnapshot: it is damaged, or of another schema version.
        """
        serving = self._serving()
        if snapshot_id == serving.snapshot_id:
            return serving
        with self._lock:
            if self._kept is None or self._kept.snapshot_id != snapshot_id:
                snapshot = self._got(snapshot_id)
                self._kept = None  # its memory goes before the next one comes
                self._kept = self._load(snapshot)
            return self._kept

    def forget(self) -> None:
        """Drop the one that was loaded: its files have changed."""
        with self._lock:
            self._kept = None

    def pair(self, first: str | None, second: str | None) -> tuple[Recommender, Recommender]:
        """Two snapshots to compare, of which one at least is in service.

        Args:
            first: None for the newest kept one that is not the second.
            second: None for the one in service.

        Raises:
            InputError: there is only one, the two are the same, or neither is in service.
            UnknownSnapshot, UnusableSnapshot: one cannot be had.
        """
        serving = self._serving().snapshot_id
        second = second or serving
        if first is None:
            others = [one.id for one in self._snapshots.list() if one.id != second]
            if not others:
                raise InputError(
                    "there is only one snapshot",
                    fix="Train again (`tastemaker train`); TASTEMAKER_KEEP_SNAPSHOTS says how many stay.",
                )
            first = others[0] if second == serving else serving
        if first == second:
            raise InputError(f"both snapshots are {first[:40]!r}", fix="Name two different ones.")
        if serving not in (first, second):
            raise InputError(
                f"neither {first[:40]!r} nor {second[:40]!r} is in service, and one more snapshot at a time is loaded",
                fix=f"Compare either with {serving}, or promote one of them first.",
            )
        return self.recommender(first), self.recommender(second)

    def _got(self, snapshot_id: str) -> Snapshot:
        if not self._snapshots.keeps(snapshot_id):
            raise UnknownSnapshot(snapshot_id)
        try:
            return self._snapshots.get(snapshot_id)
        except SnapshotError as error:
            raise UnusableSnapshot(error.problem, fix=error.fix) from None
