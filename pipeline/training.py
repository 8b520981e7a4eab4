"""Training of everything that a snapshot holds: choose on validation, then fit again on all interactions.

1. Hold out every user's last interaction. Fit LightGCN and SASRec on the rest with early stopping on it, fit the
   projector and the counting models, learn the blend, choose the rerank's diversity.
2. With the epochs and the blend found, fit everything again on all interactions. That is what serves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from encoders.content import Content
from encoders.projector import ContentProjector, ProjectorSettings, fit_projector
from graph.bipartite import BipartiteGraph
from graph.lightgcn import LightGCN, LightGCNSettings
from graph.scorer import LightGCNScorer
from graph.spectral import SpectralScorer, SpectralSettings, choose_spectral
from graph.training import LightGCNTask
from pipeline.catalogue import Catalogue
from pipeline.contracts import ItemEncoder
from pipeline.models import Models
from pipeline.ranking import Ranker, RankingSettings
from pipeline.state import ServingState
from rankers.blend import Blend, BlendSettings
from rankers.blend_features import PER_SCORER
from rankers.held_out import CUT, ndcg
from rankers.item_to_item import ItemToItemScorer
from rankers.popularity import PopularityScorer
from rankers.sasrec import SASRec, SASRecSettings
from rankers.sasrec_scorer import SASRecScorer
from rankers.sasrec_training import SASRecTask
from rankers.trainer import EpochReport, Task, TrainerSettings, TrainingResult, fit, seed_everything
from rankers.transition import TransitionScorer
from store.database import Store
from store.errors import TrainingError
from store.ids import PADDING, IdMap, IndexArray, ItemId, UserId
from store.interactions import Audience, Interactions
from store.locks import FileLock
from store.records import Item
from store.snapshots import Snapshot, SnapshotStore

Progress = Callable[[str, float], None]
"""Told of a stage's name and the share of it that is done, 0..1."""

DIVERSITIES = (0.0, 0.02, 0.05, 0.1, 0.2)
"""Strengths of the rerank step among which validation chooses."""


SCORERS = ("lightgcn", "spectral", "sasrec", "item_to_item", "transition", "popularity", "content")
"""What the blend weighs, by name."""


@dataclass(frozen=True)
class TrainingSettings:
    """Settings of a whole training run; each part documents its own.

    Attributes:
        seed: of everything random.
        epochs: limit for each model that is trained by epochs.
        patience: epochs without a better validation before a model stops.
        minimum_interactions: users with fewer keep all of them in training and take no part in validation.
        tolerated_loss: share of validation ndcg@10 that the diversity step may cost.
        log_dir: TensorBoard curves go here; None writes none.
    """

    seed: int = 0
    epochs: int = 60
    patience: int = 8
    minimum_interactions: int = 3
    tolerated_loss: float = 0.005
    log_dir: Path | None = None
    lightgcn: LightGCNSettings = field(default_factory=LightGCNSettings)
    spectral: SpectralSettings = field(default_factory=SpectralSettings)
    sasrec: SASRecSettings = field(default_factory=SASRecSettings)
    projector: ProjectorSettings = field(default_factory=ProjectorSettings)
    blend: BlendSettings = field(default_factory=BlendSettings)
    ranking: RankingSettings = field(default_factory=RankingSettings)


@dataclass(frozen=True)
class TrainingData:
    """What is trained on: interactions of items 1..N with their content in the same order."""

    interactions: Interactions
    users: IdMap[UserId]
    item_ids: IdMap[ItemId]
    items: Sequence[Item]
    content: Content

    @classmethod
    def read(cls, store: Store, encoder: ItemEncoder, *, on_progress: Progress) -> TrainingData:
        """Read the store and encode its items.

        Raises:
            TrainingError: there are no interactions.
        """
        on_progress("Reading interactions", 0.0)
        interactions, users, item_ids = store.interactions()
        if not len(interactions):
            raise TrainingError(
                "the store holds no positive interaction", fix="Ingest events first: `tastemaker ingest FILE`."
            )
        items = store.items(ids=item_ids.external)
        on_progress("Encoding items", 0.0)
        content = encoder.encode(items, on_progress=lambda done, of: on_progress("Encoding items", done / max(of, 1)))
        on_progress("Encoding items", 1.0)
        return cls(interactions, users, item_ids, items, content)

    def on(self, interactions: Interactions) -> TrainingData:
        """The same items and users with other interactions."""
        return replace(self, interactions=interactions)


@dataclass(frozen=True)
class Fitted:
    """Models with what validation said of them.

    Attributes:
        metrics: of the models fitted without the validation items: ``ndcg@10`` by scorer and of the pipeline.
        curves: validation by epoch of the models trained by epochs.
    """

    models: Models
    metrics: dict[str, float]
    curves: dict[str, TrainingResult]


def train(
    store: Store,
    encoder: ItemEncoder,
    settings: TrainingSettings,
    *,
    snapshots: SnapshotStore,
    on_progress: Progress,
) -> Snapshot:
    """Train on the store and put the snapshot into service.

    Raises:
        TrainingError: the data cannot be trained on.
        BusyError: another process is training.
    """
    with FileLock(snapshots.root / "training.lock", purpose="training"):
        data_hash = store.data_hash()
        data = TrainingData.read(store, encoder, on_progress=on_progress)
        fitted = fit_models(data, settings, on_progress=on_progress)
        on_progress("Writing the snapshot", 0.0)
        snapshot = snapshots.write(
            arrays=fitted.models.arrays(),
            documents=fitted.models.documents(),
            config=configuration(settings),
            data_hash=data_hash,
            metrics=fitted.metrics,
        )
        on_progress("Writing the snapshot", 1.0)
        return snapshot


def configuration(settings: TrainingSettings) -> dict[str, object]:
    """Settings as JSON."""
    config = asdict(settings)
    config["log_dir"] = None if settings.log_dir is None else str(settings.log_dir)
    return config


def fit_models(data: TrainingData, settings: TrainingSettings, *, on_progress: Progress) -> Fitted:
    """Choose on every user's last interaction, then fit on all."""
    remaining, held = data.interactions.leave_last_out(minimum=settings.minimum_interactions)
    if not held.any():
        raise TrainingError(
            f"no user has {settings.minimum_interactions} interactions, so nothing can be validated",
            fix="Ingest more events, or lower minimum_interactions.",
        )
    chosen = _Fit(data.on(remaining), settings, on_progress, stage="choose")
    models, curves, spectral = chosen.run(held, settings.spectral)
    models, metrics = _with_blend(data.on(remaining), models, held, settings, on_progress)
    refit = _Fit(data, settings, on_progress, stage="refit")
    epochs = {name: result.best_epoch for name, result in curves.items()}
    final, _, _ = refit.run(None, spectral, epochs=epochs)
    final = replace(final, blend=models.blend, diversity=models.diversity)
    return Fitted(final, metrics, curves)


class _Fit:
    """One pass over all models, with or without validation."""

    def __init__(self, data: TrainingData, settings: TrainingSettings, on_progress: Progress, *, stage: str) -> None:
        self._data = data
        self._settings = settings
        self._on_progress = on_progress
        self._stage = stage

    def run(
        self, held: IndexArray | None, spectral: SpectralSettings, *, epochs: dict[str, int] | None = None
    ) -> tuple[Models, dict[str, TrainingResult], SpectralSettings]:
        """Fit everything; with ``held``, the epochs and the filter are chosen and returned, without, they are taken."""
        data, interactions, settings = self._data, self._data.interactions, self._settings
        self._on_progress(f"Counting transitions and co-occurrences ({self._stage})", 0.0)
        popularity = PopularityScorer.fit(interactions)
        item_to_item = ItemToItemScorer.fit(interactions)
        transition = TransitionScorer.fit(interactions)
        by_spectrum, spectral = self._spectral(held, spectral)
        seed_everything(settings.seed)
        graph = LightGCN(BipartiteGraph(interactions), settings.lightgcn)
        sequence = SASRec(
            interactions.num_items, settings.sasrec, generator=torch.Generator().manual_seed(settings.seed)
        )
        curves = {
            "lightgcn": self._train(LightGCNTask(graph, interactions, held=held), epochs),
            "sasrec": self._train(SASRecTask(sequence, interactions, held=held), epochs),
        }
        lightgcn, sasrec = LightGCNScorer.from_model(graph), SASRecScorer(sequence)
        projector = self._projector(lightgcn, sasrec)
        models = Models(
            users=data.users,
            items=data.item_ids,
            interactions=interactions,
            lightgcn=lightgcn,
            spectral=by_spectrum,
            sasrec=sasrec,
            item_to_item=item_to_item,
            transition=transition,
            popularity=popularity,
            projector=projector,
            blend=_unlearned(SCORERS),
            diversity=0.0,
        )
        return models, curves, spectral

    def _spectral(self, held: IndexArray | None, settings: SpectralSettings) -> tuple[SpectralScorer, SpectralSettings]:
        title = f"Filtering the item graph ({self._stage})"
        self._on_progress(title, 0.0)
        interactions = self._data.interactions
        if held is None:
            scorer = SpectralScorer.fit(interactions, settings)
        else:
            scorer, choice = choose_spectral(
                interactions, held, settings=settings, on_progress=lambda share: self._on_progress(title, share)
            )
            settings = choice.settings
        self._on_progress(title, 1.0)
        return scorer, settings

    def _train(self, task: Task[Any], epochs: dict[str, int] | None) -> TrainingResult:
        refit = None if epochs is None else max(epochs[task.name], 1)
        log_dir = None if self._settings.log_dir is None else self._settings.log_dir / self._stage / task.name
        settings = TrainerSettings(
            max_epochs=self._settings.epochs,
            patience=self._settings.patience,
            epochs=refit,
            seed=self._settings.seed,
            log_dir=log_dir,
        )
        title = f"Training {task.name} ({self._stage})"
        self._on_progress(title, 0.0)

        def report(epoch: EpochReport) -> None:
            self._on_progress(title, epoch.epoch / epoch.of)

        result = fit(task, settings, on_epoch=report)
        self._on_progress(title, 1.0)
        return result

    def _projector(self, lightgcn: LightGCNScorer, sasrec: SASRecScorer) -> ContentProjector:
        data = self._data
        self._on_progress(f"Projecting content ({self._stage})", 0.0)
        counts = data.interactions.item_counts
        warm = np.flatnonzero(counts > 0)
        targets = {
            "lightgcn": lightgcn.item_final[warm],
            "lightgcn_neighbours": lightgcn.item_neighbours[warm],
            "sasrec": sasrec.item_rows[warm],
        }
        rows = warm - 1
        projector = fit_projector(
            [data.items[int(row)] for row in rows],
            data.content.rows(rows),
            targets,
            weights=counts[warm],
            settings=replace(self._settings.projector, seed=self._settings.seed),
        )
        self._on_progress(f"Projecting content ({self._stage})", 1.0)
        return projector


def state_of(data: TrainingData, models: Models) -> ServingState:
    """Models over the catalogue that they were trained on, as they would serve."""
    return ServingState.build(
        snapshot_id="", models=models, catalogue=Catalogue(data.items), content=data.content, revision=0
    )


def _unlearned(names: Sequence[str]) -> Blend:
    """All features of all scorers alike: recall needs no weights, and the learned ones take their place."""
    return Blend(names, np.zeros(1), np.ones((1, len(names), PER_SCORER)))


def _with_blend(
    data: TrainingData, models: Models, held: IndexArray, settings: TrainingSettings, on_progress: Progress
) -> tuple[Models, dict[str, float]]:
    """Learn the blend and the diversity on the held-out items; returns the validation figures with them."""
    on_progress("Learning the blend", 0.0)
    readers = np.flatnonzero(held)
    audience = Audience.of_users(readers, data.interactions)
    targets = held[readers]
    state = state_of(data, models)
    candidates, raw = _candidates(state, audience, targets, settings.ranking)
    mask = candidates != PADDING
    names = models.blend.names
    stacked = np.stack([np.where(mask, raw[name], np.nan) for name in names], axis=2)
    position = (candidates == targets[:, None]).argmax(axis=1)
    lengths = np.array([len(history) for history in audience.histories], dtype=np.int64)
    blend = Blend.fit(stacked, mask, position, lengths, names, settings.blend)
    models = replace(models, blend=blend)
    ranker = Ranker(state, settings.ranking)
    shown = {"allowed": state.catalogue.active, "excluded": list(audience.histories)}
    metrics = {f"{name}:ndcg@10": _ndcg(ranker.alone(name, audience, k=CUT, **shown), targets) for name in names}
    models, metrics["pipeline:ndcg@10"] = _with_diversity(data, models, audience, targets, settings)
    on_progress("Learning the blend", 1.0)
    return models, metrics


def _candidates(
    state: ServingState, audience: Audience, targets: IndexArray, settings: RankingSettings
) -> tuple[IndexArray, dict[str, np.ndarray]]:
    """Recalled candidates of every reader with the held-out item always among them."""
    ranker = Ranker(state, settings)
    ranked = ranker.rank(audience, allowed=state.catalogue.active, excluded=list(audience.histories))
    recalled = (ranked.candidates == targets[:, None]).any(axis=1)
    missed = np.where(recalled, PADDING, targets)[:, None]
    raw = {
        name: np.concatenate((ranked.raw[name], scorer.score(audience, missed)), axis=1)
        for name, scorer in state.scorers.items()
    }
    return np.concatenate((ranked.candidates, missed), axis=1), raw


def _with_diversity(
    data: TrainingData,
    models: Models,
    audience: Audience,
    targets: IndexArray,
    settings: TrainingSettings,
) -> tuple[Models, float]:
    """The strongest diversity that costs at most the tolerated share of ndcg@10."""
    state = state_of(data, models)
    ranker = Ranker(state, settings.ranking)
    ranked = ranker.rank(audience, allowed=state.catalogue.active, excluded=list(audience.histories))
    quality: dict[float, float] = {}
    for diversity in DIVERSITIES:
        chosen = ranker.select(ranked, k=CUT, diversity=diversity)
        items = np.where(chosen >= 0, np.take_along_axis(ranked.candidates, np.maximum(chosen, 0), axis=1), 0)
        quality[diversity] = _ndcg(items, targets)
    floor = quality[0.0] * (1 - settings.tolerated_loss)
    diversity = max(value for value, ndcg in quality.items() if ndcg >= floor)
    return replace(models, diversity=diversity), quality[diversity]


def _ndcg(items: IndexArray, targets: IndexArray) -> float:
    """Mean ndcg@10 of one held-out item per reader, from its top 10."""
    hits = items == targets[:, None]
    ranks = np.where(hits.any(axis=1), hits.argmax(axis=1) + 1, CUT + 1)
    return float(ndcg(ranks).mean())
