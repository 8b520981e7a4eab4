"""What the page sees of the service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from agent.api import DialoguesApi
from evaluation.launches import Launches
from pipeline.api import RecommenderApi
from pipeline.catalogue_map import CatalogueMap
from pipeline.query import Query, Recommendation
from pipeline.snapshot_comparison import SnapshotComparison
from serving.audits import Audits
from serving.batches import Batches
from serving.identity.principal import Scope
from serving.verdicts import Verdicts
from store.chats import ChatRecord
from store.records import Event, User, VerdictCounts
from store.snapshots import SnapshotStore


class PeopleStore(Protocol):
    """The part of the store that the page reads: users, their events, chats and verdicts."""

    def users(self, *, search: str = "", limit: int = 50) -> Sequence[User]: ...

    def user(self, user_id: str) -> User:
        """Raises ``UnknownUser``."""
        ...

    def ensure_user(self, user_id: str, *, name: str = "") -> User: ...

    def history(self, user_id: str, *, limit: int | None = None) -> Sequence[Event]: ...

    def load_chat(self, chat_id: str) -> ChatRecord | None: ...

    def verdict_counts(self) -> VerdictCounts: ...


class PictureKeeper(Protocol):
    """Where uploads go once they are checked."""

    def keep(self, content: bytes) -> Path:
        """Raises ``UnsafeInput``."""
        ...


class UiService(Protocol):
    """The service as the page uses it."""

    @property
    def store(self) -> PeopleStore: ...

    @property
    def recommender(self) -> RecommenderApi: ...

    @property
    def dialogues(self) -> DialoguesApi: ...

    @property
    def batches(self) -> Batches: ...

    @property
    def audits(self) -> Audits: ...

    @property
    def snapshots(self) -> SnapshotStore: ...

    @property
    def pictures(self) -> PictureKeeper: ...

    @property
    def verdicts(self) -> Verdicts: ...

    def note_shown(self, user_id: str | None, shown: Sequence[Recommendation], *, source: str) -> None:
        """Someone is shown these just now."""
        ...

    def catalogue_map(self) -> CatalogueMap:
        """Raises ``NoSnapshot``."""
        ...

    def launches(self) -> Launches:
        """Raises ``NoSnapshot``."""
        ...

    def favourites(self) -> Mapping[str, int]:
        """Categories that are someone's favourite, and how many readers'. Raises ``NoSnapshot``."""
        ...

    def compare_snapshots(
        self, query: Query, *, first: str | None = None, second: str | None = None, item_id: str | None = None
    ) -> SnapshotComparison:
        """One reader under two snapshots. Raises as ``Service.compare_snapshots``."""
        ...

    def status(self) -> Mapping[str, Any]: ...

    @property
    def spoken_seconds(self) -> float:
        """Of a recording at most; 0 where none is taken."""
        ...

    limited: bool
    """Whether visitors differ in what they may do."""

    def reader(self, user_id: str) -> str:
        """Who the page is of, where the browser remembers that user; "" for nobody."""
        ...

    def may(self, scope: Scope) -> bool:
        """Whether the visitor has a scope."""
        ...
