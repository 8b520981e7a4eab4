"""What one request sees: trained models, the catalogue of this moment, and the items that came after training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from encoders.content import Content, fused
from graph.scorer import LightGCNScorer
from pipeline.catalogue import Catalogue
from pipeline.cold import ColdAware, StandIns
from pipeline.content_scorer import ContentScorer
from pipeline.contracts import ItemEncoder, Scorer, Scores, VectorIndex, Vectors
from pipeline.index import IndexSettings, build_index
from pipeline.models import Models
from pipeline.vectors import unit_rows
from pipeline.young import readers_of, young_items
from rankers.sasrec_scorer import SASRecScorer
from store.database import Store
from store.ids import PADDING, IndexArray
from store.interactions import Audience
from store.records import Item
from store.snapshots import Snapshot


def content_vectors(content: Content, modalities: frozenset[str]) -> Vectors:
    """Fused content with the padding row: float32 [N+1, D]. Modalities that training never had stay out."""
    usable = Content(
        text=content.text,
        image=content.image,
        has_text=content.has_text & ("text" in modalities),
        has_image=content.has_image & ("image" in modalities),
        notes=content.notes,
    )
    vectors = fused(usable)
    if "image" not in modalities:
        vectors = vectors[:, : content.text.shape[1]]  # the columns of the pictures would be zeros for everyone
    return np.concatenate((np.zeros((1, vectors.shape[1]), dtype=np.float32), vectors)).astype(np.float32)


@dataclass(frozen=True)
class ServingState:
    """Immutable; a change of the catalogue or of the models makes a new one, and a request holds the one it began with.

    Attributes:
        content: of all items of the catalogue, row 0 is the item of index 1.
        vectors: float32 [N+1, D] fused content.
        lightgcn: over the whole catalogue, cold items projected.
        sasrec: likewise.
        is_new: bool [N+1], items without a single training interaction.
        is_cold: bool [N+1], those and the young ones of training (`pipeline.young`): what others stand in for.
        stand_ins: of the cold items.
        scorers: by name, all of them over the whole catalogue.
        index: settings of ``content_index``.
        content_index: over ``vectors``.
        revision: of the store's items, to notice changes made elsewhere.
    """

    snapshot_id: str
    models: Models
    catalogue: Catalogue
    content: Content
    vectors: Vectors
    lightgcn: LightGCNScorer
    sasrec: SASRecScorer
    is_new: NDArray[np.bool_]
    is_cold: NDArray[np.bool_]
    stand_ins: StandIns
    scorers: Mapping[str, Scorer]
    index: IndexSettings
    content_index: VectorIndex
    revision: int

    @classmethod
    def build(
        cls,
        *,
        snapshot_id: str,
        models: Models,
        catalogue: Catalogue,
        content: Content,
        revision: int,
        index: IndexSettings = IndexSettings(),
    ) -> ServingState:
        """Put the parts together.

        Args:
            catalogue: the models' items first, in their order; later items behind them.
            content: of every item of the catalogue.
        """
        num_items = len(catalogue)
        vectors = content_vectors(content, models.modalities)
        interactions = models.interactions
        counts = interactions.item_counts
        is_new = np.ones(num_items + 1, dtype=bool)
        is_new[: len(counts)] = counts == 0
        is_new[PADDING] = False
        young = young_items(interactions) if models.young_stand_in else np.zeros(0, dtype=np.int64)
        is_cold = is_new.copy()
        is_cold[young] = True
        cold = np.flatnonzero(is_cold)
        by_content = models.projector.project([catalogue.at(int(index)) for index in cold], content.rows(cold - 1))
        known = models.stand_ins
        trained = np.where(np.isin(cold, young), counts[np.minimum(cold, len(counts) - 1)], np.float32(0))
        stand_ins = StandIns.of_content(cold, known, by_content, counts[known], trained=trained)
        stand_ins = stand_ins.with_readers(readers_of(young, interactions), models.fold_in)
        lightgcn, sasrec = _placed(models, stand_ins, models.lightgcn, models.sasrec)
        return cls(
            snapshot_id=snapshot_id,
            models=models,
            catalogue=catalogue,
            content=content,
            vectors=vectors,
            lightgcn=lightgcn,
            sasrec=sasrec,
            is_new=is_new,
            is_cold=is_cold,
            stand_ins=stand_ins,
            scorers=_scorers(models, vectors, stand_ins, lightgcn, sasrec),
            index=index,
            content_index=build_index(vectors, index),
            revision=revision,
        )

    def with_readers(self, readers: Mapping[int, Sequence[IndexArray]]) -> ServingState:
        """The state after cold items were met.

        Args:
            readers: cold item -> the histories of everyone who met it since training, at least one.
        """
        if not readers:
            return self
        stand_ins = self.stand_ins.with_readers(readers, self.models.fold_in)
        moved = stand_ins.only(np.array(sorted(readers), dtype=np.int64))
        lightgcn, sasrec = _placed(self.models, moved, self.lightgcn, self.sasrec)
        scorers = _scorers(self.models, self.vectors, stand_ins, lightgcn, sasrec)
        return replace(self, stand_ins=stand_ins, lightgcn=lightgcn, sasrec=sasrec, scorers=scorers)

    def with_items(self, changed: Sequence[Item], encoder: ItemEncoder, *, revision: int) -> ServingState:
        """The state after items were added, changed or deactivated: only those are encoded and projected.

        Who met them is as before; nobody has met the new ones.
        """
        catalogue = self.catalogue.with_items(changed)
        encoded = encoder.encode(changed)
        indices = np.array([catalogue.ids.index(item.item_id) for item in changed], dtype=np.int64)
        # New items stand in the catalogue in the order in which they came, so their rows follow in the same order.
        known, new = np.flatnonzero(indices <= len(self.catalogue)), np.flatnonzero(indices > len(self.catalogue))
        content = self.content.replaced(indices[known] - 1, encoded.rows(known)).followed_by(encoded.rows(new))
        fresh = content_vectors(encoded, self.models.modalities)[1:]
        vectors = np.concatenate((self.vectors, fresh[new]))
        vectors[indices[known]] = fresh[known]
        grown = np.ones(len(new), dtype=bool)
        is_new, is_cold = np.concatenate((self.is_new, grown)), np.concatenate((self.is_cold, grown))
        cold = np.flatnonzero(is_cold[indices])
        models = self.models
        by_content = models.projector.project([changed[int(row)] for row in cold], encoded.rows(cold))
        counts = models.interactions.item_counts[models.stand_ins]
        stand_ins = self.stand_ins.with_content(indices[cold], by_content, counts)
        lightgcn, sasrec = _placed(models, stand_ins.only(np.sort(indices[cold])), self.lightgcn, self.sasrec)
        return replace(
            self,
            catalogue=catalogue,
            content=content,
            vectors=vectors,
            lightgcn=lightgcn,
            sasrec=sasrec,
            is_new=is_new,
            is_cold=is_cold,
            stand_ins=stand_ins,
            scorers=_scorers(models, vectors, stand_ins, lightgcn, sasrec),
            content_index=build_index(vectors, self.index),
            revision=revision,
        )

    def new_items(self) -> list[str]:
        """Ids of the items that training did not know."""
        return [self.catalogue.at(int(index)).item_id for index in np.flatnonzero(self.is_new)]

    def cold_items(self) -> list[str]:
        """Ids of the new items and of those that were young when the models were trained."""
        return [self.catalogue.at(int(index)).item_id for index in np.flatnonzero(self.is_cold)]

    @property
    def item_vectors(self) -> Vectors:
        """Items in LightGCN's space: float32 [N+1, D]."""
        return self.lightgcn.item_final

    def likeness(self, items: IndexArray) -> Scores:
        """How much every item resembles each of ``items``: float32 [len(items), N+1].

        What is known of a pair is the cosine in LightGCN's space, the item-to-item cosine, and the cosine of the
        contents; each is standardised over the catalogue, so that none drowns the others. Behaviour and content count
        alike: behaviour alone calls whatever was popular in the same season alike.
        """
        views = (
            (0.25, unit_rows(self.item_vectors[items]) @ unit_rows(self.item_vectors).T),
            (0.25, self._co_occurrence(items)),
            (0.5, self.vectors[items] @ self.vectors.T),
        )
        total = np.zeros((len(items), len(self.catalogue) + 1), dtype=np.float32)
        for weight, view in views:
            deviation = view[:, 1:].std(axis=1, keepdims=True)
            centred = view - view[:, 1:].mean(axis=1, keepdims=True)
            total += weight * np.divide(centred, deviation, out=np.zeros_like(centred), where=deviation > 1e-9)
        return total

    def _co_occurrence(self, items: IndexArray) -> Scores:
        alone = Audience(np.zeros(len(items), dtype=np.int64), tuple(items[row : row + 1] for row in range(len(items))))
        scores = self.scorers["item_to_item"].score(alone)
        return np.where(np.isfinite(scores), scores, 0.0).astype(np.float32)

    def text_likeness(self, direction: Vectors) -> Scores:
        """Cosine of every item's text to a direction float32 [Dt]: float32 [N+1]; 0 where an item has no text."""
        scores = np.zeros(len(self.catalogue) + 1, dtype=np.float32)
        scores[1:] = np.where(self.content.has_text, self.content.text @ direction, 0.0)
        return scores

    def picture_likeness(self, direction: Vectors) -> Scores:
        """Cosine of every item's picture to a direction float32 [Di]: float32 [N+1]; nan where an item has none."""
        scores = np.full(len(self.catalogue) + 1, np.nan, dtype=np.float32)
        scores[1:] = np.where(self.content.has_image, self.content.image @ direction, np.nan)
        return scores


def load_state(snapshot: Snapshot, store: Store, encoder: ItemEncoder) -> ServingState:
    """The state of a snapshot over the store's catalogue of this moment.

    Items that the store no longer has stay as inactive rows, so that the models' indices hold.
    """
    models = Models.from_snapshot(snapshot)
    revision = store.items_revision()
    stored = {item.item_id: item for item in store.items()}
    known = [
        stored.pop(item_id, None) or Item(item_id=item_id, title=item_id, active=False)
        for item_id in models.items.external
    ]
    catalogue = Catalogue([*known, *stored.values()])
    return ServingState.build(
        snapshot_id=snapshot.id,
        models=models,
        catalogue=catalogue,
        content=encoder.encode(catalogue.items),
        revision=revision,
    )


def _placed(
    models: Models, moved: StandIns, lightgcn: LightGCNScorer, sasrec: SASRecScorer
) -> tuple[LightGCNScorer, SASRecScorer]:
    """LightGCN and SASRec with vectors for some cold items.

    Args:
        moved: of those items; whatever lies behind the last one that the scorers know is among them.
        lightgcn: with vectors for the others, where these have any.
        sasrec: likewise.
    """
    graph, items = moved.weighing(models.warm_up["lightgcn"]), moved.cold
    final = graph.rows(models.lightgcn.item_final)
    neighbours = graph.rows(models.lightgcn.item_neighbours)
    embeddings = moved.weighing(models.warm_up["sasrec"]).rows(models.sasrec.item_rows)
    # What an item passes to its readers it has from training, wherever anybody met it.
    trained = np.where(items <= len(models.items), items, PADDING)
    met = models.interactions.item_counts[trained] > 0
    neighbours[met] = models.lightgcn.item_neighbours[trained[met]]
    inside = items <= lightgcn.num_items
    lightgcn = lightgcn.replaced(items[inside], item_final=final[inside], item_neighbours=neighbours[inside])
    sasrec = sasrec.replaced(items[inside], item_rows=embeddings[inside])
    return lightgcn.extended(final[~inside], neighbours[~inside]), sasrec.extended(embeddings[~inside])


def _scorers(
    models: Models, vectors: Vectors, stand_ins: StandIns, lightgcn: LightGCNScorer, sasrec: SASRecScorer
) -> dict[str, Scorer]:
    """All scorers over the whole catalogue."""
    num_items = len(vectors) - 1
    by_behaviour: tuple[Scorer, ...] = (models.spectral, models.item_to_item, models.transition)
    aware = {
        scorer.name: ColdAware(scorer, stand_ins.weighing(models.warm_up[scorer.name]), num_items=num_items)
        for scorer in by_behaviour
    }
    return {
        "lightgcn": lightgcn,
        "sasrec": sasrec,
        **aware,
        "popularity": models.popularity.extended(stand_ins.cold, stand_ins.level, num_items=num_items),
        "content": ContentScorer(vectors),
    }
