"""MovieLens-1M with the content of its items, and the pipeline trained on it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.cold_start.protocol import Catalogue
from benchmarks.lists import read_lists
from encoders.content import ContentEncoder
from pipeline.models import Models
from pipeline.training import TrainingData, fit_models
from pipeline.training_settings import TrainingSettings, configuration
from store.ids import item_ids, user_ids
from store.interactions import Interactions
from store.snapshots import SnapshotStore


def read(folder: Path, encoder: ContentEncoder, *, limit: int | None = None) -> TrainingData:
    """Users, items and interactions of ``ml-1m-train.txt.gz``, in the order of the file, which is not that of time.

    Args:
        folder: of the data.
        encoder: of the items' content.
        limit: keeps the first users only.
    """
    lists = read_lists(folder / "ml-1m-train.txt.gz", first=1)[:limit]
    ids, index = np.unique(np.concatenate([items for _, items in lists]), return_inverse=True)
    users = np.repeat(np.arange(1, len(lists) + 1), [len(items) for _, items in lists])
    interactions = Interactions.build(users, index + 1, np.arange(len(users)), num_users=len(lists), num_items=len(ids))
    catalogue = Catalogue.read(folder, ids, encoder, pictures=False)
    return TrainingData(
        interactions=interactions,
        users=user_ids(str(user) for user, _ in lists),
        item_ids=item_ids(item.item_id for item in catalogue.items),
        items=catalogue.items,
        content=catalogue.content,
    )


def trained(data: TrainingData, *, seed: int, epochs: int, kept: Path | None) -> Models:
    """The whole pipeline as it ships, but for the limit on epochs; read from ``kept`` where it holds a snapshot."""
    snapshots = None if kept is None else SnapshotStore(kept)
    found = None if snapshots is None else snapshots.current()
    if found is not None:
        return Models.from_snapshot(found)
    settings = replace(TrainingSettings(seed=seed), epochs=epochs)
    stages: set[str] = set()

    def tell(title: str, share: float) -> None:
        if title not in stages:
            stages.add(title)
            print(f"  {title}", file=sys.stderr, flush=True)

    models = fit_models(data, settings, on_progress=tell).models
    if snapshots is not None:
        config = configuration(settings)
        snapshots.write(arrays=models.arrays(), documents=models.documents(), config=config, data_hash="", metrics={})
    return models
