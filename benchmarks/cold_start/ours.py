"""Ours as it ships, of the scorers that need no order in time: their blend over known and new items."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from benchmarks.cold_start.protocol import Catalogue, Pairs, Split, taught
from benchmarks.full_ranking import Ranking, learn_blend
from benchmarks.graph import fit_lightgcn
from encoders.projector import ProjectorFit, fit_projector
from graph.scorer import LightGCNScorer
from graph.spectral import SpectralScorer, SpectralSettings, choose_spectral
from pipeline.cold import ColdAware, StandIns
from pipeline.content_scorer import ContentScorer
from pipeline.contracts import Scorer, Scores
from pipeline.state import content_vectors
from pipeline.training_settings import TrainingSettings
from pipeline.warm_up import learn_warm_up
from pipeline.young import readers_of, settled_items, young_items
from rankers.blend import Blend
from rankers.item_fold_in import ItemFoldIn
from rankers.item_to_item import ItemToItemScorer
from rankers.popularity import PopularityScorer
from rankers.trainer import TrainerSettings
from store.ids import PADDING, IndexArray
from store.interactions import Audience, Interactions


@dataclass(frozen=True)
class Fitted:
    """Scorers of the W warm items, fitted on one set of interactions."""

    interactions: Interactions
    lightgcn: LightGCNScorer
    spectral: SpectralScorer

    @cached_property
    def scorers(self) -> dict[str, Scorer]:
        return {
            "lightgcn": self.lightgcn,
            "spectral": self.spectral,
            "item_to_item": ItemToItemScorer.fit(self.interactions),
            "popularity": self.popularity,
        }

    @cached_property
    def popularity(self) -> PopularityScorer:
        return PopularityScorer.fit(self.interactions)


@dataclass(frozen=True)
class Warm:
    """What is fitted once for all catalogues: on what remains beside the held-out items, and on all that is known.

    Attributes:
        training: of LightGCN, with the number of epochs that was found.
        spectral: the filter that was chosen.
    """

    chosen: Fitted
    final: Fitted
    training: TrainerSettings
    spectral: SpectralSettings

    def again(self, interactions: Interactions) -> Fitted:
        """Fitted on other interactions with what was chosen."""
        lightgcn, _ = fit_lightgcn(interactions, self.training, None)
        return Fitted(interactions, lightgcn, SpectralScorer.fit(interactions, self.spectral))


def fit_warm(split: Split, *, seed: int, epochs: int) -> Warm:
    """As ``benchmarks.graph``: epochs and filter are chosen on the held-out items, then all is fitted again."""
    settings = TrainerSettings(max_epochs=epochs, patience=TrainingSettings().patience, seed=seed)
    held = taught(split.held)
    spectral, choice = choose_spectral(split.remaining, held, settings=SpectralSettings(seed=seed))
    lightgcn, best = fit_lightgcn(split.remaining, settings, held)
    training = replace(settings, epochs=best)
    final, _ = fit_lightgcn(split.known, training, None)
    return Warm(
        Fitted(split.remaining, lightgcn, spectral),
        Fitted(split.known, final, SpectralScorer.fit(split.known, choice.settings)),
        training,
        choice.settings,
    )


class Ours:
    """Everything that depends on what is known of the items' content.

    Args:
        split: the protocol's.
        warm: scorers of the warm items.
        catalogue: what is known of all items.
        seed: of the simulation of the warm-up.
    """

    def __init__(self, split: Split, warm: Warm, catalogue: Catalogue, *, seed: int) -> None:
        self._split, self._warm, self._catalogue = split, warm, catalogue
        self._projected = self._project(warm.final)
        chosen = self._project(warm.chosen)
        # Of the models that hold something out, as in training.
        self.warm_up = learn_warm_up(
            split.remaining,
            self._known(warm.chosen, chosen),
            chosen.left_out,
            {name: scorer for name, scorer in warm.chosen.scorers.items() if name != "popularity"},
            seed=seed,
        )
        self._vectors = content_vectors(catalogue.content, self._projected.projector.trained_modalities)
        self._chosen_scorers = self._cold_aware(warm.chosen, self._stand_ins(warm.chosen, chosen))
        self._warm_only = warm.chosen.scorers | {"content": ContentScorer(self._vectors[: split.num_warm + 1])}
        self.blend: Blend = learn_blend(split.remaining, taught(split.held), self._warm_only)
        print(f"  {self.warm_up}, {self.blend.report}", file=sys.stderr, flush=True)

    def content_only(self) -> Ranking:
        """As on the day on which the cold items arrive."""
        stand_ins = self._stand_ins(self._warm.final, self._projected)
        return everything(self.blend, self._cold_aware(self._warm.final, stand_ins), self._split.num_items)

    def held_out(self) -> Ranking:
        """The same by models that do not know the held-out warm items."""
        return everything(self.blend, self._chosen_scorers, self._split.num_items)

    def without_cold(self) -> Ranking:
        """`held_out` of a catalogue of the warm items."""
        return everything(self.blend, self._warm_only, self._split.num_warm)

    def after(self, shown: Pairs) -> Ranking:
        """After the cold items were met, without any training."""
        final = self._warm.final
        stand_ins = self._stand_ins(final, self._projected)
        readers = {
            item: [final.interactions.history(int(user)) for user in shown.users[shown.items == item]]
            for item in np.unique(shown.items).tolist()
        }
        stand_ins = stand_ins.with_readers(readers, ItemFoldIn.fit(final.interactions, stand_ins.known))
        return everything(self.blend, self._cold_aware(final, stand_ins), self._split.num_items)

    def trained(self, again: Fitted) -> Ranking:
        """After training on all that was shown, every item speaking for itself."""
        scorers = again.scorers | {"content": ContentScorer(self._vectors)}
        return everything(self.blend, scorers, self._split.num_items)

    def retrained(self, again: Fitted) -> Ranking:
        """The same as it ships: young items move from their stand-ins to what training made of them."""
        young, counts = young_items(again.interactions), again.interactions.item_counts
        stand_ins = self._stand_ins(again, self._project(again))
        trained = np.where(np.isin(stand_ins.cold, young), counts[stand_ins.cold], np.float32(0))
        stand_ins = replace(stand_ins, trained=trained).with_readers(
            readers_of(young, again.interactions), ItemFoldIn.fit(again.interactions, stand_ins.known)
        )
        return everything(self.blend, self._cold_aware(again, stand_ins), self._split.num_items)

    def _known(self, fitted: Fitted, projected: ProjectorFit) -> IndexArray:
        return settled_items(fitted.interactions)[projected.projector.stand_ins]

    def _project(self, fitted: Fitted) -> ProjectorFit:
        counts, warm = fitted.interactions.item_counts, settled_items(fitted.interactions)
        return fit_projector(
            [self._catalogue.items[index - 1] for index in warm.tolist()],
            self._catalogue.content.rows(warm - 1),
            {"lightgcn": fitted.lightgcn.item_final[warm]},
            weights=counts[warm],
        )

    def _stand_ins(self, fitted: Fitted, projected: ProjectorFit) -> StandIns:
        """Of all cold items, as if nobody had met them."""
        cold = self._split.cold
        weights = projected.projector.project(
            [self._catalogue.items[index - 1] for index in cold.tolist()], self._catalogue.content.rows(cold - 1)
        )
        known = self._known(fitted, projected)
        return StandIns.of_content(cold, known, weights, fitted.interactions.item_counts[known])

    def _cold_aware(self, fitted: Fitted, stand_ins: StandIns) -> dict[str, Scorer]:
        num_items = self._split.num_items
        known: dict[str, Scorer] = {
            name: ColdAware(fitted.scorers[name], stand_ins.weighing(warm_up), num_items=num_items)
            for name, warm_up in self.warm_up.items()
        }
        popularity = fitted.popularity.extended(stand_ins.cold, stand_ins.level, num_items=num_items)
        return known | {"popularity": popularity, "content": ContentScorer(self._vectors)}


def everything(blend: Blend, scorers: Mapping[str, Scorer], num_items: int) -> Ranking:
    """The blend's scores of all items, standardised over all of them."""

    def score(audience: Audience) -> Scores:
        raw = np.stack([scorer.score(audience) for scorer in scorers.values()], axis=2)
        mask = np.ones((len(audience), num_items + 1), dtype=np.bool_)
        mask[:, PADDING] = False
        lengths = np.array([len(history) for history in audience.histories], dtype=np.int64)
        scores = blend.blend(raw, mask, lengths).scores
        scores[:, PADDING] = -np.inf
        return scores

    return score
