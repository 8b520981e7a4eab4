"""Training of everything that a snapshot holds: choose on validation, then fit again on all interactions.

1. Hold out every user's last interaction, and some users altogether. Fit LightGCN and SASRec on the rest with early
   stopping on it, fit the projector and the counting models, learn the blend (from the held-out users for short
   histories) and how new items warm up, choose the rerank's diversity.
2. With the epochs and the blend found, fit everything again on all interactions. That is what serves.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from encoders.content import Content
from encoders.projector import ProjectorFit, fit_projector
from graph.scorer import LightGCNScorer
from graph.spectral import SpectralScorer, SpectralSettings, choose_spectral
from pipeline.catalogue import Catalogue
from pipeline.contracts import ItemEncoder, Scorer, Scores
from pipeline.epoch_models import Progress, Stage, dismiss, train_epoch_models
from pipeline.models import Models
from pipeline.newcomers import Newcomers
from pipeline.ranking import Mask, Ranker
from pipeline.state import ServingState
from pipeline.training_settings import TrainingSettings, configuration
from pipeline.warm_up import WarmUp, learn_warm_up
from pipeline.young import settled_items, young_items
from rankers.blend import Blend
from rankers.blend_features import PER_SCORER
from rankers.held_out import CUT, ndcg
from rankers.item_fold_in import ItemFoldIn
from rankers.item_to_item import ItemToItemScorer
from rankers.popularity import PopularityScorer
from rankers.sasrec_scorer import SASRecScorer
from rankers.training_state import TrainingResult
from rankers.transition import TransitionScorer
from store.database import Store
from store.errors import TrainingError
from store.ids import PADDING, IdMap, IndexArray, ItemId, UserId
from store.interactions import Audience, Interactions
from store.locks import FileLock
from store.processes import ALONE, Processes
from store.records import Item
from store.snapshots import Snapshot, SnapshotStore

DIVERSITIES = (0.0, 0.02, 0.05, 0.1, 0.2)
"""Strengths of the rerank step among which validation chooses."""


ENOUGH_ASKED = 10
"""Readers whose held-out item is young, from which they decide how young items are scored."""

SCORERS = ("lightgcn", "spectral", "sasrec", "item_to_item", "transition", "popularity", "content")
"""What the blend weighs, by name."""


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
    processes: Processes = ALONE,
) -> Snapshot:
    """Train on the store and put the snapshot into service; where an earlier training was killed, go on with it.

    Args:
        store: read by this process alone.
        encoder: of items' content.
        settings: of everything.
        snapshots: gets the result.
        on_progress: told of every stage.
        processes: those that train together; this is the first, the others call ``assist``.

    Raises:
        TrainingError: the data cannot be trained on.
        BusyError: another process is training.
    """
    with FileLock(snapshots.root / "training.lock", purpose="training"):
        data_hash = store.data_hash()
        data = TrainingData.read(store, encoder, on_progress=on_progress)
        checkpoints = snapshots.root / "checkpoints"
        fitted = fit_models(data, settings, on_progress=on_progress, checkpoints=checkpoints, processes=processes)
        on_progress("Writing the snapshot", 0.0)
        snapshot = snapshots.write(
            arrays=fitted.models.arrays(),
            documents=fitted.models.documents(),
            config=configuration(settings),
            data_hash=data_hash,
            metrics=fitted.metrics,
        )
        shutil.rmtree(checkpoints, ignore_errors=True)
        on_progress("Writing the snapshot", 1.0)
        return snapshot


def fit_models(
    data: TrainingData,
    settings: TrainingSettings,
    *,
    on_progress: Progress,
    checkpoints: Path | None = None,
    processes: Processes = ALONE,
) -> Fitted:
    """Choose on every user's last interaction, then fit on all.

    Args:
        data: what to train on.
        settings: of everything.
        on_progress: told of every stage.
        checkpoints: folder from which a killed training goes on; remove it when the result is safe. None keeps none.
        processes: those that train together, as for ``train``.
    """
    remaining, held = data.interactions.leave_last_out(minimum=settings.minimum_interactions)
    if not held.any():
        raise TrainingError(
            f"no user has {settings.minimum_interactions} interactions, so nothing can be validated",
            fix="Ingest more events, or lower minimum_interactions.",
        )
    newcomers = Newcomers.hold_out(remaining, held, seed=settings.seed)
    stage = Stage("choose", newcomers.others, newcomers.held, None, checkpoints)
    models, curves, spectral = _Fit(data.on(newcomers.others), settings, on_progress, stage, processes).run()
    models, metrics = _with_blend(data.on(newcomers.others), models, newcomers, settings, on_progress)
    epochs = {name: result.best_epoch for name, result in curves.items()}
    stage = Stage("refit", data.interactions, None, epochs, checkpoints)
    settings = replace(settings, spectral=spectral)
    final, _, _ = _Fit(data, settings, on_progress, stage, processes).run()
    dismiss(processes)
    final = replace(
        final,
        blend=models.blend,
        diversity=models.diversity,
        warm_up=models.warm_up,
        young_stand_in=models.young_stand_in,
    )
    return Fitted(final, metrics, curves)


class _Fit:
    """One pass over all models, with or without validation."""

    def __init__(
        self,
        data: TrainingData,
        settings: TrainingSettings,
        on_progress: Progress,
        stage: Stage,
        processes: Processes,
    ) -> None:
        self._data = data
        self._settings = settings
        self._on_progress = on_progress
        self._stage = stage
        self._processes = processes

    def run(self) -> tuple[Models, dict[str, TrainingResult], SpectralSettings]:
        """Fit everything. Where items are held out, the spectral filter is chosen by them; else that of the settings
        is fitted."""
        data, interactions = self._data, self._data.interactions
        self._on_progress(f"Counting transitions and co-occurrences ({self._stage.name})", 0.0)
        popularity = PopularityScorer.fit(interactions)
        item_to_item = ItemToItemScorer.fit(interactions)
        transition = TransitionScorer.fit(interactions)
        by_spectrum, spectral = self._spectral()
        trained = train_epoch_models(
            self._stage, self._settings, processes=self._processes, on_progress=self._on_progress
        )
        lightgcn, sasrec = LightGCNScorer.from_model(trained.graph), SASRecScorer(trained.sequence)
        projected = self._projector(lightgcn, sasrec)
        known = settled_items(interactions)[projected.projector.stand_ins]
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
            projector=projected.projector,
            fold_in=ItemFoldIn.fit(interactions, known),
            warm_up=self._warm_up(known, projected, (lightgcn, sasrec, by_spectrum, item_to_item, transition)),
            blend=_unlearned(SCORERS),
            diversity=0.0,
        )
        return models, trained.results, spectral

    def _spectral(self) -> tuple[SpectralScorer, SpectralSettings]:
        title = f"Filtering the item graph ({self._stage.name})"
        self._on_progress(title, 0.0)
        interactions, held, settings = self._stage.interactions, self._stage.held, self._settings.spectral
        if held is None:
            scorer = SpectralScorer.fit(interactions, settings)
        else:
            scorer, choice = choose_spectral(
                interactions, held, settings=settings, on_progress=lambda share: self._on_progress(title, share)
            )
            settings = choice.settings
        self._on_progress(title, 1.0)
        return scorer, settings

    def _projector(self, lightgcn: LightGCNScorer, sasrec: SASRecScorer) -> ProjectorFit:
        data = self._data
        self._on_progress(f"Projecting content ({self._stage.name})", 0.0)
        counts, warm = data.interactions.item_counts, settled_items(data.interactions)
        rows = warm - 1
        projected = fit_projector(
            [data.items[int(row)] for row in rows],
            data.content.rows(rows),
            {"lightgcn": lightgcn.item_final[warm], "sasrec": sasrec.item_rows[warm]},
            weights=counts[warm],
            settings=self._settings.projector,
        )
        self._on_progress(f"Projecting content ({self._stage.name})", 1.0)
        return projected

    def _warm_up(self, known: IndexArray, projected: ProjectorFit, scorers: Sequence[Scorer]) -> dict[str, WarmUp]:
        """Learned where items are held out; the other stage takes it from there."""
        if self._stage.held is None:
            return {scorer.name: WarmUp() for scorer in scorers}
        self._on_progress("Simulating new items", 0.0)
        interactions = self._stage.interactions
        by_name = {scorer.name: scorer for scorer in scorers}
        learned = learn_warm_up(interactions, known, projected.left_out, by_name, seed=self._settings.seed)
        self._on_progress("Simulating new items", 1.0)
        return learned


def state_of(data: TrainingData, models: Models) -> ServingState:
    """Models over the catalogue that they were trained on, as they would serve."""
    return ServingState.build(
        snapshot_id="", models=models, catalogue=Catalogue(data.items), content=data.content, revision=0
    )


def _unlearned(names: Sequence[str]) -> Blend:
    """All features of all scorers alike: recall needs no weights, and the learned ones take their place."""
    return Blend(names, np.zeros(1), np.ones((1, len(names), PER_SCORER)))


def _with_blend(
    data: TrainingData, models: Models, newcomers: Newcomers, settings: TrainingSettings, on_progress: Progress
) -> tuple[Models, dict[str, float]]:
    """Learn the blend and the diversity on the held-out items; returns the validation figures with them."""
    on_progress("Learning the blend", 0.0)
    readers = np.flatnonzero(newcomers.held)
    audience = Audience.of_users(readers, data.interactions)
    targets = newcomers.held[readers]
    first, taken, who = newcomers.examples(seed=settings.seed)
    state = state_of(data, models)
    ranker = Ranker(state, settings.ranking)
    names = models.blend.names
    # Newcomers stand behind the last of the users: they are nobody whom the models know.
    everyone = Audience(np.concatenate((audience.users, first.users)), [*audience.histories, *first.histories])
    rows = np.concatenate((readers, len(newcomers.held) + who))
    blend = Blend.fit(
        *_examples(ranker, everyone, np.concatenate((targets, taken)), state.catalogue.active, names),
        names,
        settings.blend,
        readers=rows,
    )
    models = _with_young(data, replace(models, blend=blend), audience, targets, settings)
    state = state_of(data, models)
    ranker = Ranker(state, settings.ranking)
    shown = {"allowed": state.catalogue.active, "excluded": list(audience.histories)}
    metrics = {f"{name}:ndcg@10": _ndcg(ranker.alone(name, audience, k=CUT, **shown), targets) for name in names}
    diversity, metrics["pipeline:ndcg@10"] = _choose_diversity(ranker, state, audience, targets, settings)
    models = replace(models, diversity=diversity)
    on_progress("Learning the blend", 1.0)
    return models, metrics


def _examples(
    ranker: Ranker, audience: Audience, targets: IndexArray, allowed: Mask, names: Sequence[str]
) -> tuple[Scores, Mask, IndexArray, IndexArray]:
    """What `Blend.fit` learns from: scores [B, C, S], mask [B, C], column of the target [B], history lengths [B]."""
    ranked = ranker.rank(audience, allowed=allowed, excluded=list(audience.histories))
    mask = ranked.candidates != PADDING
    stacked = np.stack([np.where(mask, ranked.raw[name], np.nan) for name in names], axis=2)
    # A reader whose item nobody recalled teaches nothing: put among the candidates, the item would stand out by being
    # the one that no scorer favours, and the blend would learn to look for that.
    found = ranked.candidates == targets[:, None]
    position = np.where(found.any(axis=1), found.argmax(axis=1), -1)
    lengths = np.array([len(history) for history in audience.histories], dtype=np.int64)
    return stacked, mask, position, lengths


def _with_young(
    data: TrainingData, models: Models, audience: Audience, targets: IndexArray, settings: TrainingSettings
) -> Models:
    """Let young items speak for themselves where those who took to one find it better that way.

    Content that says little, or a log in which what came just before says it all, can make the stand-ins the worse
    choice; where too few took to one, they stay.
    """
    asked = np.flatnonzero(np.isin(targets, young_items(data.interactions)))
    if len(asked) < ENOUGH_ASKED:
        return models
    some = Audience(audience.users[asked], [audience.histories[row] for row in asked.tolist()])
    quality: dict[bool, float] = {}
    for stand_in in (True, False):
        state = state_of(data, replace(models, young_stand_in=stand_in))
        ranker = Ranker(state, settings.ranking)
        found = ranker.top(some, k=CUT, allowed=state.catalogue.active, excluded=list(some.histories))
        quality[stand_in] = _ndcg(found, targets[asked])
    return replace(models, young_stand_in=quality[True] >= quality[False])


def _choose_diversity(
    ranker: Ranker, state: ServingState, audience: Audience, targets: IndexArray, settings: TrainingSettings
) -> tuple[float, float]:
    """The strongest diversity that costs at most the tolerated share of ndcg@10, and what it reaches."""
    ranked = ranker.rank(audience, allowed=state.catalogue.active, excluded=list(audience.histories))
    quality: dict[float, float] = {}
    for diversity in DIVERSITIES:
        chosen = ranker.select(ranked, k=CUT, diversity=diversity)
        items = np.where(chosen >= 0, np.take_along_axis(ranked.candidates, np.maximum(chosen, 0), axis=1), 0)
        quality[diversity] = _ndcg(items, targets)
    floor = quality[0.0] * (1 - settings.tolerated_loss)
    diversity = max(value for value, ndcg in quality.items() if ndcg >= floor)
    return diversity, quality[diversity]


def _ndcg(items: IndexArray, targets: IndexArray) -> float:
    """Mean ndcg@10 of one held-out item per reader, from its top 10."""
    hits = items == targets[:, None]
    ranks = np.where(hits.any(axis=1), hits.argmax(axis=1) + 1, CUT + 1)
    return float(ndcg(ranks).mean())
