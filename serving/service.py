"""The whole service as one object: what the CLI, the HTTP API and the page all call."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import cached_property
from importlib import metadata
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import structlog

from serving import models
from serving.identity.identity import Identity
from serving.identity.principal import LOCAL, Scope
from serving.impressions import ImpressionLog
from serving.pictures import PictureFolder
from serving.readiness import Readiness
from serving.settings import Settings
from serving.shelf import SnapshotShelf
from serving.verdicts import Verdicts
from store.assets import AssetCache
from store.database import Store
from store.errors import AssetError, NoSnapshot, TastemakerError
from store.snapshots import REBUILD, Snapshot, SnapshotStore

if TYPE_CHECKING:
    from pathlib import Path

    from agent.dialogue import Dialogues
    from agent.hearing import Listener
    from agent.intent_model import LearnedIntents
    from agent.llm.protocol import LLM
    from encoders.content import ContentEncoder
    from evaluation.launches import Launches
    from pipeline.catalogue_map import CatalogueMap
    from pipeline.epoch_models import Progress
    from pipeline.query import Query, Recommendation
    from pipeline.recommender import Recommender
    from pipeline.snapshot_comparison import SnapshotComparison
    from pipeline.training_settings import TrainingSettings
    from serving.audits import Audits
    from serving.batches import Batches
    from store.people import Erased, UserExport
    from store.processes import Processes

LEARN_EVERY = 10.0
"""Seconds between two looks at what became of the new items that were tried out."""

log = structlog.get_logger(__name__)


class Service:
    """Builds each part when it is first needed, once, and owns its end. Safe to call from several threads.

    Attributes:
        settings: of this service.
        store: items, users, events, chats.
        assets: models and data sets from outside.
        snapshots: trained models.
        pictures: uploaded pictures.
        verdicts: of readers on explanations.
        identity: keys and accounts.
        impressions: what was shown; None where the settings switch it off.
        on_asset: told of the progress of fetches.
    """

    limited = False  # for the page: whoever calls this object may do everything

    def __init__(self, settings: Settings, store: Store, *, on_asset: models.OnAsset | None = None) -> None:
        self.settings = settings
        self.store = store
        self.assets = AssetCache(settings.cache, offline=settings.offline)
        self.snapshots = SnapshotStore(settings.snapshots, keep=settings.keep_snapshots)
        self.pictures = PictureFolder(settings.pictures)
        self.verdicts = Verdicts(store)
        self.identity = Identity(store.identity, settings.identity)
        self.impressions = (
            ImpressionLog(store, days=settings.impression_days, on_written=self._learn_exposure)
            if settings.impressions
            else None
        )
        self.on_asset = on_asset
        self._building = threading.RLock()
        self._encoder: ContentEncoder | None = None
        self._recommender: Recommender | None = None
        self._batches: Batches | None = None
        self._audits: Audits | None = None
        self._shelf = SnapshotShelf(self.snapshots, lambda: self.recommender, self._recommender_of)
        self._dialogues: Dialogues | None = None
        self._llm: LLM | None = None
        self._llm_problem: str | None = None
        self._llm_built = False
        self._snapshot_problem: str | None = None
        self._learnt_at = 0.0
        self._favourites: tuple[str, dict[str, int]] = ("", {})
        self._stopped = threading.Event()
        self._watcher: threading.Thread | None = None

    @classmethod
    def open(cls, settings: Settings, *, on_asset: models.OnAsset | None = None) -> Service:
        """Open the database; everything else waits until it is needed.

        Raises:
            StoreError: the database cannot be opened.
        """
        settings.home.mkdir(parents=True, exist_ok=True)
        return cls(settings, Store.open(settings.database), on_asset=on_asset)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def version(self) -> str:
        return metadata.version("tastemaker")

    @property
    def encoder(self) -> ContentEncoder:
        """Text and pictures to vectors. Raises ``AssetError`` where a model cannot be had."""
        with self._building:
            if self._encoder is None:
                self._encoder = models.content_encoder(self.settings, self.assets, self.on_asset)
            return self._encoder

    @property
    def text_model(self) -> Path | str:
        """Folder or hub id of the text encoder. Raises ``AssetError`` where it cannot be had."""
        return models.text_model(self.settings, self.assets, self.on_asset)

    @property
    def intents(self) -> LearnedIntents | None:
        """Learned intents and roles; None without a text encoder, or with one that they were not learned with."""
        try:
            return models.learned_intents(self.encoder)
        except AssetError as error:
            log.warning("intents are told by rules alone", problem=error.problem)
            return None

    @property
    def recommender(self) -> Recommender:
        """The pipeline over the snapshot in service.

        Raises:
            NoSnapshot: nothing has been trained yet.
            CorruptSnapshot, SnapshotSchema: no snapshot can be used.
        """
        if self._recommender is None:
            with self._building:
                if self._recommender is None:
                    self._recommender = self._build_recommender()
        return self._recommender

    def recommender_over(self, snapshot_id: str | None) -> Recommender:
        """The pipeline over a snapshot that is kept; None for the one in service. Another one is loaded in seconds.

        Raises:
            UnknownSnapshot: it is not kept.
            UnusableSnapshot: it is damaged, or of another schema version.
        """
        return self.recommender if snapshot_id is None else self._shelf.recommender(snapshot_id)

    @property
    def batches(self) -> Batches:
        """Files of new items on their way in."""
        with self._building:
            if self._batches is None:
                from serving.batches import Batches

                fetching = self.settings.fetch_pictures and not self.settings.offline
                self._batches = Batches(self.settings.batches, self, fetching=fetching)
            return self._batches

    @property
    def audits(self) -> Audits:
        """Audits of what is recommended."""
        with self._building:
            if self._audits is None:
                from serving.audits import Audits

                self._audits = Audits(self.store, lambda: self.recommender)
            return self._audits

    @property
    def dialogues(self) -> Dialogues:
        """All chats. Raises as ``recommender`` does."""
        if self._dialogues is None:
            with self._building:
                if self._dialogues is None:
                    self._dialogues = self._build_dialogues()
        return self._dialogues

    @property
    def llm(self) -> LLM | None:
        """What writes the words; None leaves them to templates."""
        with self._building:
            if not self._llm_built:
                self._llm = self._build_llm()
                self._llm_built = True
            return self._llm

    @cached_property
    def listener(self) -> Listener | None:
        """Hears recordings; None where no model is set. Raises as ``models.listener``."""
        return models.listener(self.settings.voice)

    @property
    def spoken_seconds(self) -> float:
        """Of a recording at most; 0 where none is taken."""
        return self.settings.voice.longest if self.settings.voice.model else 0.0

    def note_shown(self, user_id: str | None, shown: Sequence[Recommendation], *, source: str) -> None:
        """Someone is shown these just now. Costs a few microseconds; the store is written later.

        Args:
            source: "api", "chat", "page" or "mcp".
        """
        if self.impressions is not None:
            self.impressions.note(user_id, shown, snapshot_id=self.recommender.snapshot_id, source=source)

    def reader(self, user_id: str) -> str:
        """Who the page is of: whoever the browser remembers."""
        return user_id

    def may(self, scope: Scope) -> bool:
        """Whether whoever calls has a scope: they have all."""
        return LOCAL.may(scope)

    def launches(self) -> Launches:
        """How items fare that training does not know, or that arrived after the oldest snapshot that is kept.

        Raises:
            NoSnapshot: nothing has been trained yet.
        """
        from evaluation.launches import launches

        state = self.recommender.state
        since = min((one.manifest.created for one in self.snapshots.list()), default=None)
        new = frozenset(state.new_items())
        items = [item for item in state.catalogue.items if item.item_id in new or (since and item.created_at >= since)]
        if self.impressions is not None:
            self.impressions.flush()
        shown = self.store.shown([item.item_id for item in items])
        return launches(items, shown, new=new, now=datetime.now(UTC), snapshot_id=state.snapshot_id)

    def catalogue_map(self) -> CatalogueMap:
        """The catalogue in a plane. Raises ``NoSnapshot``."""
        return self.recommender.catalogue_map()

    def favourites(self) -> dict[str, int]:
        """Categories that are someone's favourite, and how many readers'. Raises ``NoSnapshot``."""
        from evaluation.audit_readers import favourite_counts

        state = self.recommender.state
        known, counts = self._favourites
        if known != state.snapshot_id:  # the page asks at every key of a field
            counts = favourite_counts(state)
            self._favourites = (state.snapshot_id, counts)
        return counts

    def compare_snapshots(
        self, query: Query, *, first: str | None = None, second: str | None = None, item_id: str | None = None
    ) -> SnapshotComparison:
        """One reader under two snapshots. Seconds the first time, while the one that does not serve is loaded.

        Args:
            first, second: ids; None for the newest that does not serve and the one that does.
            item_id: an item to follow.

        Raises:
            InputError: there is only one snapshot, or the two cannot be compared.
            UnknownSnapshot, UnusableSnapshot: one cannot be had.
            UnknownUser, UnknownItem: an id does not exist.
        """
        from pipeline.snapshot_comparison import compare_snapshots

        return compare_snapshots(*self._shelf.pair(first, second), query, item_id=item_id)

    def warm(self) -> None:
        """Build everything a chat needs, so that the first request does not wait for it. Raises as ``dialogues``."""
        self.dialogues.history.chats("")
        self.dialogues.prepare()

    def watch(self) -> None:
        """Look for newer snapshots in the background and take them into service, until ``close``."""
        if self._watcher is None:
            self._watcher = threading.Thread(target=self._watch, name="snapshot-watcher", daemon=True)
            self._watcher.start()

    def train(
        self, settings: TrainingSettings, *, on_progress: Progress, processes: Processes | None = None
    ) -> Snapshot:
        """Train on the store and take the result into service.

        ``processes`` are those that train together, of which this is the first; None trains alone.

        Raises:
            TrainingError: the data cannot be trained on.
            BusyError: another process is training.
        """
        from pipeline.training import train
        from store.processes import ALONE

        snapshot = train(
            self.store,
            self.encoder,
            settings,
            snapshots=self.snapshots,
            on_progress=on_progress,
            processes=processes or ALONE,
        )
        self.refresh()
        return snapshot

    def promote(self, snapshot_id: str) -> Snapshot:
        """Put another snapshot in service. Raises as ``SnapshotStore.promote`` does."""
        snapshot = self.snapshots.promote(snapshot_id)
        self.refresh()
        return snapshot

    def export_user(self, user_id: str, *, by: str | None) -> UserExport:
        """All that is stored of one user.

        Args:
            by: who does it, for the audit log; None for the user themself, which is no administrative act.

        Raises:
            UnknownUser: there is no such user.
        """
        if self.impressions is not None:
            self.impressions.flush()
        found = self.store.export_user(user_id)
        if by is not None:
            self.store.identity.note_act(by, "users.export", user_id)
        return found

    def erase_user(self, user_id: str, *, by: str) -> Erased:
        """Delete a user with everything of theirs, in the store and in the snapshots that are kept.

        Args:
            by: who does it, for the audit log.

        Raises:
            UnknownUser: there is no such user.
            BusyError: a training runs, which has read their events.
        """
        from pipeline.erasing import erase_from_snapshots, training_stands_still

        self.store.user(user_id)
        if self.impressions is not None:
            self.impressions.flush()
        with training_stands_still(self.snapshots):
            # The store last: what is stopped halfway can be begun again, as long as the user is known.
            cleaned = erase_from_snapshots(self.snapshots, user_id)
            erased = self.store.erase_user(user_id, by=by)
        self._shelf.forget()
        self.refresh()
        return replace(erased, snapshots=cleaned)

    def refresh(self) -> None:
        """Take the current snapshot into service where another one is."""
        if self._recommender is not None and self._recommender.refresh():
            self._note_snapshot()
            log.info("snapshot in service", snapshot_id=self._recommender.snapshot_id)

    def readiness(self) -> Readiness:
        """Whether recommendations can be had now, and what is missing otherwise."""
        snapshot_id, reasons = None, []
        try:
            snapshot_id = self.recommender.snapshot_id
            self.store.items_revision()
        except TastemakerError as error:
            reasons.append(str(error))
        parts = {"snapshot": self._snapshot_problem, "llm": self._llm_problem}
        missing = {name: problem for name, problem in parts.items() if problem is not None}
        return Readiness(not reasons, snapshot_id, tuple(missing), (*reasons, *missing.values()))

    def status(self) -> dict[str, Any]:
        """What the status page and `tastemaker doctor` show: readiness, models and their metrics, sizes."""
        readiness = self.readiness()
        snapshots = self.snapshots.list()
        serving = next((found for found in snapshots if found.id == readiness.snapshot_id), None)
        noted = self.impressions.counts() if self.impressions is not None else None
        lost = f"{noted.dropped:,} impressions were lost since the start: the store did not keep up" if noted else ""
        return {
            **asdict(readiness),
            "problems": (*readiness.problems, *([lost] if noted and noted.dropped else ())),
            "impressions": asdict(noted) if noted else None,
            "version": self.version,
            "trained_at": serving.manifest.created if serving else None,
            "metrics": dict(serving.manifest.metrics) if serving else {},
            "llm": self._llm.name if self._llm is not None else None,
            "counts": {
                "items": self.store.count_items(active=True),
                "users": self.store.count_users(),
                "rows set aside": self.store.count_quarantined(),
            },
            "snapshots": [
                {"id": found.id, "created": found.manifest.created, "metrics": dict(found.manifest.metrics)}
                for found in snapshots
            ],
        }

    def close(self) -> None:
        """Stop batches and the watcher, free the models, close the database."""
        if self._batches is not None:
            self._batches.close()
        if self._audits is not None:
            self._audits.close()
        self._stopped.set()
        if self._watcher is not None:
            self._watcher.join(timeout=30)
        if self._llm is not None:
            self._llm.close()
        if self.impressions is not None:
            self.impressions.close()
        self.store.close()

    def _build_recommender(self) -> Recommender:
        if self.snapshots.current_id() is None and not self.snapshots.list():
            raise NoSnapshot("nothing has been trained yet", fix=REBUILD)
        recommender = self._recommender_of(None)
        self._note_snapshot()
        return recommender

    def _recommender_of(self, snapshot: Snapshot | None) -> Recommender:
        """Over a snapshot, or over the one in service."""
        from pipeline.exposure import ExposureSettings
        from pipeline.recommender import Recommender

        exposure = ExposureSettings(self.settings.new_item_share)
        return Recommender.open(self.store, self.snapshots, self.encoder, exposure=exposure, snapshot=snapshot)

    def _build_dialogues(self) -> Dialogues:
        from agent.dialogue import Dialogues, DialogueSettings
        from agent.leaning.conversation import open_leaning

        intents = self.intents  # the leaning needs the same encoder
        leaning = open_leaning(self.encoder, lambda: self.recommender.state) if intents is not None else None
        settings = DialogueSettings(llm_understanding=self.settings.llm.understanding)
        return Dialogues(
            self.store,
            self.recommender,
            self.llm,
            settings,
            intents=intents,
            leaning=leaning,
            on_cards=lambda user_id, shown: self.note_shown(user_id, shown, source="chat"),
        )

    def _build_llm(self) -> LLM | None:
        """None where it cannot be had: the words then come from templates, and the page says so."""
        try:
            return models.language_model(self.settings.llm, self.assets, self.on_asset)
        except TastemakerError as error:
            self._llm_problem = f"chat answers come from templates: {error}"
            log.warning("no language model", problem=error.problem)
            return None

    def _learn_exposure(self) -> None:
        """Called by the thread that writes impressions."""
        if self._recommender is None or monotonic() - self._learnt_at < LEARN_EVERY:
            return
        self._learnt_at = monotonic()
        try:
            self._recommender.learn_exposure()
        except TastemakerError as error:  # the next write tries again
            log.warning("what became of new items is not known", problem=error.problem)

    def _note_snapshot(self) -> None:
        """Remember why an older snapshot serves, where one does."""
        snapshot = self.snapshots.current()
        warnings = snapshot.warnings if snapshot is not None else ()
        self._snapshot_problem = f"an older snapshot serves: {'; '.join(warnings)}" if warnings else None

    def _watch(self) -> None:
        while not self._stopped.wait(self.settings.refresh_seconds):
            serving = self._recommender
            if serving is None or self.snapshots.current_id() in (None, serving.snapshot_id):
                continue
            try:
                self.refresh()
            except TastemakerError as error:  # the snapshot in service goes on serving
                self._snapshot_problem = f"a newer snapshot cannot be used: {error}"
                log.warning("newer snapshot refused", problem=error.problem)
                self._stopped.wait(10 * self.settings.refresh_seconds)
