"""The catalogue that dialogues are about, what people thought of its items, and the encoder of words."""

from __future__ import annotations

import csv
import gzip
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from agent.leaning.heard import Listener
from agent.leaning.items import Floats, ItemArrays
from agent.understanding import Understander
from benchmarks.lists import read_lists
from benchmarks.understanding.sets import catalogue_of
from encoders.cache import EmbeddingCache, content_key
from encoders.content import ContentEncoder
from encoders.text import TextEncoder
from pipeline.catalogue import Catalogue
from pipeline.contracts import Vectors
from store.ids import PADDING

LISTS = ("ml-1m-train.txt.gz", "ml-1m-test.txt.gz")
RATINGS = "ml-latest-small-ratings.csv.gz"
_NEWEST = 0.8
"""Quantile of the times of ratings from which they are recent."""


class Words:
    """Embeds texts; what was embedded once comes from the cache.

    Args:
        model: folder of a sentence embedding model.
        cache: of embeddings.
    """

    def __init__(self, model: Path | str, cache: EmbeddingCache) -> None:
        self.encoder = TextEncoder(model)
        self._cache = cache

    def encode(self, texts: Sequence[str]) -> Vectors:
        """float32 [M, D]."""
        keys = [content_key(text) for text in texts]
        known = self._cache.get(self.encoder.fingerprint, keys)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if missing:
            print(f"encoding {len(missing)} texts ...", file=sys.stderr, flush=True)
            new = dict(zip(missing, self.encoder.encode(list(missing.values())), strict=True))
            self._cache.put(self.encoder.fingerprint, new)
            known |= new
        return np.stack([known[key] for key in keys])

    def items(self, catalogue: Catalogue) -> Vectors:
        """Of title, categories and description: float32 [N, D]."""
        content = ContentEncoder(text=self.encoder, cache=self._cache)
        print(f"encoding {len(catalogue)} items ...", file=sys.stderr, flush=True)
        return content.encode([replace(item, image=None) for item in catalogue.items]).text


@dataclass(frozen=True)
class Films:
    """A catalogue as the leaning sees it."""

    catalogue: Catalogue
    listener: Listener
    arrays: ItemArrays
    words: Words

    @classmethod
    def read(cls, folder: Path, words: Words) -> Films:
        """A folder with items.jsonl.gz, ml-1m lists and ml-latest-small ratings; ends the program without items."""
        catalogue = catalogue_of(folder / "items.jsonl.gz")
        readers, recent, met = _met(folder, catalogue)
        # Of several titles the one that more people met is meant.
        counts = (np.expm1(readers[1:]) + 0.5).astype(int).tolist()
        ids = [item.item_id for item in catalogue.items]
        vocabulary = replace(catalogue.vocabulary, popularity=dict(zip(ids, counts, strict=True)))
        by_id = dict(zip(ids, catalogue.items, strict=True))
        understander = Understander(lambda: vocabulary, lambda ids: [by_id[item_id] for item_id in ids])
        arrays = ItemArrays.build(
            catalogue,
            understander.lexicon,
            readers=readers,
            recent=recent,
            text=words.items(catalogue),
            met=met,
        )
        return cls(catalogue, Listener(understander, catalogue.ids), arrays, words)


def _met(folder: Path, catalogue: Catalogue) -> tuple[Floats, Floats, sp.csr_matrix]:
    """Readers of each item and recent ones, as `ItemArrays` has them, and who met what in both data sets, [U, N+1]."""
    rows: list[np.ndarray] = []
    columns: list[np.ndarray] = []
    first = 0
    for name in LISTS:
        for user, items in read_lists(folder / name, first=1):
            known = catalogue.ids.known(str(item) for item in items)
            rows.append(np.full(len(known), user))
            columns.append(known)
            first = max(first, user + 1)
    with gzip.open(folder / RATINGS, "rt", encoding="utf-8", newline="") as lines:
        ratings = [
            (int(r["userId"]), catalogue.ids.get(r["movieId"]), int(r["timestamp"])) for r in csv.DictReader(lines)
        ]
    users, rated, times = np.array([row for row in ratings if row[1] != PADDING], dtype=np.int64).T
    num_rows = len(catalogue) + 1
    everyone = np.concatenate((*rows, users + first))
    every = np.concatenate((*columns, rated))
    shape = (int(everyone.max()) + 1, num_rows)
    met = sp.csr_matrix((np.ones(len(every), dtype=np.float32), (everyone, every)), shape=shape)
    met.data[:] = 1.0
    newest = rated[times >= np.quantile(times, _NEWEST)]
    people = len(np.unique(users))
    readers, recent = (
        np.log1p(1000.0 * np.bincount(part, minlength=num_rows) / people).astype(np.float32) for part in (rated, newest)
    )
    return readers, recent, met
