"""Everything that training produced, as one object that goes into a snapshot and comes back equal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from encoders.projector import ContentProjector
from graph.scorer import LightGCNScorer
from graph.spectral import SpectralScorer
from pipeline.contracts import Arrays
from pipeline.warm_up import WarmUp
from rankers.blend import Blend
from rankers.item_fold_in import ItemFoldIn
from rankers.item_to_item import ItemToItemScorer
from rankers.popularity import PopularityScorer
from rankers.sasrec_scorer import SASRecScorer
from rankers.transition import TransitionScorer
from store.ids import IdMap, IndexArray, ItemId, UserId, item_ids, user_ids
from store.interactions import Interactions
from store.snapshots import Snapshot


@dataclass(frozen=True)
class Models:
    """Trained models over items 1..N and users 1..U.

    Attributes:
        interactions: what they were trained on; evidence paths and the cold mask read it.
        modalities: content modalities that training had enough of; only these take part in scores.
        fold_in: over the items that may stand in for new ones.
        warm_up: by scorer, how new items enter it.
        diversity: strength of the rerank step, 0..1.
        young_stand_in: whether young items (`pipeline.young`) stay with their stand-ins.
    """

    users: IdMap[UserId]
    items: IdMap[ItemId]
    interactions: Interactions
    lightgcn: LightGCNScorer
    spectral: SpectralScorer
    sasrec: SASRecScorer
    item_to_item: ItemToItemScorer
    transition: TransitionScorer
    popularity: PopularityScorer
    projector: ContentProjector
    fold_in: ItemFoldIn
    warm_up: Mapping[str, WarmUp]
    blend: Blend
    diversity: float
    young_stand_in: bool = True

    @property
    def stand_ins(self) -> IndexArray:
        """Items that may stand in for a new one, int64 [S]."""
        return self.fold_in.known

    @property
    def modalities(self) -> frozenset[str]:
        return self.projector.trained_modalities

    def arrays(self) -> dict[str, Arrays]:
        """Array groups of the snapshot."""
        return {
            "lightgcn": self.lightgcn.to_arrays(),
            "spectral": self.spectral.to_arrays(),
            "sasrec": self.sasrec.to_arrays(),
            "item_to_item": self.item_to_item.to_arrays(),
            "transition": self.transition.to_arrays(),
            "popularity": self.popularity.to_arrays(),
            "projector": self.projector.to_arrays(),
            "blend": self.blend.to_arrays(),
            "interactions": {
                "users": self.interactions.users,
                "items": self.interactions.items,
                "times": self.interactions.times,
            },
            "rerank": {"diversity": np.array([self.diversity])},
            "young": {"stand_in": np.array([self.young_stand_in])},
            "fold_in": self.fold_in.to_arrays(),
            "warm_up": {name: np.array([one.half, one.stretch, one.growth]) for name, one in self.warm_up.items()},
        }

    def documents(self) -> dict[str, list[str]]:
        """Documents of the snapshot."""
        return {"users": list(self.users.external), "items": list(self.items.external)}

    @classmethod
    def from_snapshot(cls, snapshot: Snapshot) -> Models:
        """Read them back.

        Raises:
            CorruptSnapshot: a file does not match its hash.
        """
        users, items = user_ids(snapshot.document("users")), item_ids(snapshot.document("items"))
        edges = snapshot.arrays("interactions")
        return cls(
            users=users,
            items=items,
            interactions=Interactions(
                edges["users"], edges["items"], edges["times"], num_users=len(users), num_items=len(items)
            ),
            lightgcn=LightGCNScorer.from_arrays(snapshot.arrays("lightgcn")),
            spectral=SpectralScorer.from_arrays(snapshot.arrays("spectral")),
            sasrec=SASRecScorer.from_arrays(snapshot.arrays("sasrec")),
            item_to_item=ItemToItemScorer.from_arrays(snapshot.arrays("item_to_item")),
            transition=TransitionScorer.from_arrays(snapshot.arrays("transition")),
            popularity=PopularityScorer.from_arrays(snapshot.arrays("popularity")),
            projector=ContentProjector.from_arrays(snapshot.arrays("projector")),
            fold_in=ItemFoldIn.from_arrays(snapshot.arrays("fold_in")),
            warm_up={
                name: WarmUp(*learned.tolist())  # those of before there was a growth have the usual one
                for name, learned in snapshot.arrays("warm_up").items()
            },
            blend=Blend.from_arrays(snapshot.arrays("blend")),
            diversity=float(snapshot.arrays("rerank")["diversity"][0]),
            young_stand_in=bool(snapshot.arrays("young")["stand_in"][0]),
        )
