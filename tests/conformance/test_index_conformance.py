"""Every vector index gives the answer of a naive search."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from pipeline.contracts import VectorIndex, Vectors
from pipeline.index import ExactIndex, FaissIndex, IndexSettings, build_index
from store.errors import InputError

needs_faiss = pytest.mark.skipif(find_spec("faiss") is None, reason="faiss is not installed")

BACKENDS = [
    pytest.param(lambda vectors: ExactIndex(vectors), id="exact"),
    pytest.param(lambda vectors: FaissIndex(vectors, IndexSettings()), id="faiss-flat", marks=needs_faiss),
    pytest.param(
        lambda vectors: FaissIndex(vectors, IndexSettings(approximate_from=1)), id="faiss-hnsw", marks=needs_faiss
    ),
]


@pytest.fixture(params=BACKENDS)
def build(request: pytest.FixtureRequest):
    return request.param


def vectors_of(count: int, seed: int = 0) -> Vectors:
    vectors = np.random.default_rng(seed).normal(size=(count + 1, 16)).astype(np.float32)
    vectors[0] = 0.0
    return vectors


def naive(vectors: Vectors, query: Vectors, k: int, excluded: set[int]) -> list[int]:
    scored = [(-float(query @ vectors[item]), item) for item in range(1, len(vectors)) if item not in excluded]
    return [item for _, item in sorted(scored)[:k]]


def test_finds_what_a_naive_search_finds(build) -> None:
    vectors = vectors_of(300)
    queries = vectors_of(5, seed=1)[1:]
    items, scores = build(vectors).search(queries, 10)
    for row, query in enumerate(queries):
        assert items[row].tolist() == naive(vectors, query, 10, set())
        np.testing.assert_allclose(scores[row], vectors[items[row]] @ query, rtol=1e-5)


def test_batch_equals_single(build) -> None:
    index: VectorIndex = build(vectors_of(200))
    queries = vectors_of(6, seed=2)[1:]
    together, _ = index.search(queries, 7)
    alone = [index.search(queries[row : row + 1], 7)[0][0].tolist() for row in range(len(queries))]
    assert together.tolist() == alone


def test_excluded_items_do_not_come_back_and_their_places_are_filled(build) -> None:
    vectors = vectors_of(100)
    queries = vectors_of(2, seed=3)[1:]
    first, _ = build(vectors).search(queries, 5)
    exclude = [first[0], np.zeros(0, dtype=np.int64)]
    items, _ = build(vectors).search(queries, 5, exclude=exclude)
    assert items[0].tolist() == naive(vectors, queries[0], 5, set(first[0].tolist()))
    assert items[1].tolist() == first[1].tolist()


def test_k_larger_than_the_catalogue_pads(build) -> None:
    items, scores = build(vectors_of(3)).search(vectors_of(1, seed=4)[1:], 10)
    assert sorted(items[0, :3].tolist()) == [1, 2, 3]
    assert items[0, 3:].tolist() == [0] * 7
    assert np.isneginf(scores[0, 3:]).all()


def test_an_empty_catalogue_answers_with_padding(build) -> None:
    items, scores = build(vectors_of(0)).search(vectors_of(2, seed=5)[1:], 4)
    assert not items.any()
    assert np.isneginf(scores).all()


def test_unknown_backend_is_refused() -> None:
    with pytest.raises(InputError, match="index backend 'annoy' is not known"):
        IndexSettings(backend="annoy")


def test_small_catalogues_are_searched_exactly() -> None:
    assert isinstance(build_index(vectors_of(10), IndexSettings()), ExactIndex)
