"""Vector indexes over item vectors: exact by numpy, or faiss where it is installed.

torch is imported before faiss, here and only here: the other order loads two OpenMP runtimes on some platforms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
import torch  # noqa: F401

from pipeline.contracts import Scores, VectorIndex, Vectors
from pipeline.topk import best_products
from store.errors import InputError
from store.ids import PADDING, IndexArray


@dataclass(frozen=True)
class IndexSettings:
    """Settings of the vector index.

    Attributes:
        backend: "auto" takes faiss where it is installed and the catalogue is large, else the exact search.
        approximate_from: items from which "auto" goes from exact to a faiss HNSW graph.
        links: edges of a node of the HNSW graph.
        breadth: candidates that a search of the HNSW graph keeps open; at least k is used.
    """

    backend: str = "auto"
    approximate_from: int = 200_000
    links: int = 32
    breadth: int = 128

    def __post_init__(self) -> None:
        if self.backend not in ("auto", "exact", "faiss"):
            raise InputError(f"index backend {self.backend!r} is not known", fix='Use "auto", "exact" or "faiss".')


class ExactIndex:
    """Inner products with every item; the reference that other indexes are compared with.

    Args:
        vectors: float32 [N+1, D]; row 0 is padding.
    """

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors

    def search(
        self, queries: Vectors, k: int, *, exclude: Sequence[IndexArray] | None = None
    ) -> tuple[IndexArray, Scores]:
        return best_products(queries, self._vectors, k, exclude=exclude)


class FaissIndex:
    """faiss over inner products: flat (exact), or an HNSW graph (Malkov & Yashunin 2018) for large catalogues.

    Args:
        vectors: float32 [N+1, D]; row 0 is padding and is not stored.
    """

    def __init__(self, vectors: Vectors, settings: IndexSettings) -> None:
        import faiss

        dimension = vectors.shape[1]
        if len(vectors) - 1 >= settings.approximate_from:
            self._index = faiss.IndexHNSWFlat(dimension, settings.links, faiss.METRIC_INNER_PRODUCT)
            self._parameters = lambda k: faiss.SearchParametersHNSW(efSearch=max(settings.breadth, k))  # pyright: ignore[reportAttributeAccessIssue]
        else:
            self._index = faiss.IndexFlatIP(dimension)
            self._parameters = lambda k: None
        self._index.add(np.ascontiguousarray(vectors[1:], dtype=np.float32))

    def search(
        self, queries: Vectors, k: int, *, exclude: Sequence[IndexArray] | None = None
    ) -> tuple[IndexArray, Scores]:
        # faiss has one selector for a whole batch, so per-row exclusions are met by asking for that many more.
        surplus = max((len(items) for items in exclude), default=0) if exclude else 0
        wanted = min(k + surplus, self._index.ntotal)
        items = np.full((len(queries), k), PADDING, dtype=np.int64)
        scores = np.full((len(queries), k), -np.inf, dtype=np.float32)
        if wanted == 0:
            return items, scores
        found_scores, found = self._index.search(
            np.ascontiguousarray(queries, dtype=np.float32), wanted, params=self._parameters(wanted)
        )
        for row in range(len(queries)):
            keep = found[row] >= 0
            if exclude:
                keep &= ~np.isin(found[row] + 1, exclude[row])
            count = min(k, int(keep.sum()))
            items[row, :count] = found[row][keep][:count] + 1
            scores[row, :count] = found_scores[row][keep][:count]
        return items, scores


def build_index(vectors: Vectors, settings: IndexSettings) -> VectorIndex:
    """Index over item vectors float32 [N+1, D], by the settings.

    Raises:
        InputError: faiss is asked for by name and is not installed.
    """
    available = find_spec("faiss") is not None
    if settings.backend == "faiss" and not available:
        raise InputError(
            'index backend "faiss" needs faiss, which is not installed',
            fix='Install it with pip install faiss-cpu, or use the backend "exact".',
        )
    large = len(vectors) - 1 >= settings.approximate_from
    if settings.backend == "faiss" or (settings.backend == "auto" and available and large):
        return FaissIndex(vectors, settings)
    return ExactIndex(vectors)
