"""Vector search: recall and queries per second of the exact index, of the HNSW graph, and of faiss's inverted lists."""

from __future__ import annotations

import math
import sys
import time
from typing import Any

import faiss
import numpy as np

from benchmarks.harness import Row
from benchmarks.speed.contest import THREADS, Own, contest
from benchmarks.speed.data import Setting
from benchmarks.speed.machine import Machine
from pipeline.contracts import Vectors
from pipeline.index import ExactIndex, FaissIndex, IndexSettings
from store.ids import IndexArray

SIZES = {"1e5": 100_000, "1e6": 1_000_000}
KINDS = ("exact", "flat", "hnsw", "ivf")
ROWS = {size: tuple(f"index_{kind}_{size}" for kind in KINDS) for size in SIZES}
_K, _DIM = 20, 64
_CENTRES, _SCATTER = 1_000, 0.7
_PROBES = 32
_QUICK = 100_000


def rows(size: str, setting: Setting, machine: Machine) -> list[Row]:
    """Four kinds; nothing of the large size in a quick run, where building takes minutes."""
    count = SIZES[size]
    if setting.quick and count > _QUICK:
        return []
    faiss.omp_set_num_threads(THREADS)
    queries, vectors = clustered(1_000 if count <= _QUICK else 500, count, seed=setting.seed)
    found: dict[str, np.ndarray] = {}
    build_seconds: dict[str, float] = {}

    def built(kind: str, build: Any) -> Any:
        print(f"building {kind} of {size} ...", file=sys.stderr, flush=True)
        started = time.perf_counter()
        index = build()
        build_seconds[kind] = time.perf_counter() - started
        return index

    exact = built("exact", lambda: ExactIndex(vectors))
    hnsw = built("hnsw", lambda: FaissIndex(vectors, IndexSettings(approximate_from=1)))
    flat, ivf = built("flat", lambda: _flat(vectors)), built("ivf", lambda: _inverted_lists(vectors))
    searches = {
        "exact": lambda: exact.search(queries, _K)[0],
        "flat": lambda: flat.search(queries, _K)[1] + 1,
        "hnsw": lambda: hnsw.search(queries, _K)[0],
        "ivf": lambda: ivf.search(queries, _K)[1] + 1,
    }

    def contender(kind: str) -> Own:
        def work() -> None:
            found[kind] = searches[kind]()

        return Own(f"index_{kind}_{size}", work)

    gigaflop = 2 * len(queries) * count * _DIM / 1e9
    result = contest(
        contender("exact"),
        [contender(kind) for kind in KINDS[1:]],
        rounds=setting.rounds,
        only_built=True,
        work=lambda seconds: machine.computed(gigaflop, seconds),
    )
    for kind, row in zip(KINDS, result, strict=True):
        row["recall@20"] = overlap(found[kind], found["exact"])
        row["qps"] = len(queries) / row["seconds"]
        row["build_s"] = build_seconds[kind]
    # The graph is ours, too: its bound is the vectors that a search must fetch from wherever they lie.
    result[2].update(machine.moved(_fetched(searches["hnsw"]) * 4 * _DIM / 1e9, result[2]["seconds"]))
    return result


def overlap(found: IndexArray, right: IndexArray) -> float:
    """Share of the right items [Q, K] that were found [Q, K], in any order."""
    return float(np.mean([np.isin(wanted, got).mean() for wanted, got in zip(right, found, strict=True)]))


def _fetched(search: Any) -> int:
    """Vectors that one run of a search of an HNSW graph compares."""
    counters: Any = faiss.cvar
    counters.hnsw_stats.reset()
    search()
    return int(counters.hnsw_stats.ndis)


def _flat(vectors: Vectors) -> Any:
    index = faiss.IndexFlatIP(_DIM)
    index.add(vectors[1:])  # pyright: ignore[reportCallIssue]
    return index


def _inverted_lists(vectors: Vectors) -> Any:
    """IVF with 4 sqrt(N) lists, of which a search reads 32."""
    lists = int(4 * math.sqrt(len(vectors)))
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(_DIM), _DIM, lists, faiss.METRIC_INNER_PRODUCT)
    index.cp.max_points_per_centroid, index.cp.niter = 64, 10
    index.train(vectors[1:])  # pyright: ignore[reportCallIssue]
    index.add(vectors[1:])  # pyright: ignore[reportCallIssue]
    index.nprobe = _PROBES
    return index


def clustered(num_queries: int, count: int, *, seed: int) -> tuple[Vectors, Vectors]:
    """Queries float32 [Q, D] and vectors [N+1, D] around common centres, as embeddings lie; all of length 1."""
    chance = np.random.default_rng(seed)
    centres = chance.standard_normal((_CENTRES, _DIM), dtype=np.float32)
    drawn = []
    for size in (num_queries, count + 1):
        points = centres[chance.integers(_CENTRES, size=size)]
        points += _SCATTER * chance.standard_normal((size, _DIM), dtype=np.float32)
        drawn.append(points / np.linalg.norm(points, axis=1, keepdims=True))
    drawn[1][0] = 0.0
    return drawn[0], drawn[1]
