from __future__ import annotations

import json
import math
import os
import subprocess
import sys

import numpy as np
import pytest

from evaluation import metrics
from store.errors import InputError

RANKED = np.array([[3, 1, 4, 5], [9, 8, 7, 0], [1, 2, 3, 4]])
RELEVANT = [np.array([1, 5, 6]), np.array([2]), np.array([1])]


@pytest.fixture
def judged() -> metrics.Judged:
    return metrics.judge(RANKED, RELEVANT)


def test_judging(judged: metrics.Judged) -> None:
    assert judged.hits.tolist() == [[False, True, False, True], [False] * 4, [True, False, False, False]]
    assert judged.relevant.tolist() == [3, 1, 1]
    assert len(judged) == 3


def test_fractions_by_hand(judged: metrics.Judged) -> None:
    assert metrics.recall(judged, 4).tolist() == [2 / 3, 0, 1]
    assert metrics.recall(judged, 2).tolist() == [1 / 3, 0, 1]
    assert metrics.hit_rate(judged, 1).tolist() == [0, 0, 1]
    assert metrics.hit_rate(judged, 2).tolist() == [1, 0, 1]
    assert metrics.mrr(judged, 4).tolist() == [1 / 2, 0, 1]
    assert metrics.mrr(judged, 1).tolist() == [0, 0, 1]
    assert metrics.average_precision(judged, 4) == pytest.approx([(1 / 2 + 2 / 4) / 3, 0, 1])
    ideal = 1 + 1 / math.log2(3) + 1 / 2
    assert metrics.ndcg(judged, 4) == pytest.approx([(1 / math.log2(3) + 1 / math.log2(5)) / ideal, 0, 1])
    assert metrics.ndcg(judged, 2) == pytest.approx([(1 / math.log2(3)) / (1 + 1 / math.log2(3)), 0, 1])


def test_a_cut_behind_the_list_counts_the_missing_positions_as_misses(judged: metrics.Judged) -> None:
    assert metrics.recall(judged, 99).tolist() == metrics.recall(judged, 4).tolist()
    assert metrics.ndcg(judged, 99)[0] == pytest.approx(metrics.ndcg(judged, 4)[0])


def test_held_out_items_are_sets_of_one() -> None:
    single = metrics.judge(RANKED, np.array([1, 2, 1]))
    assert metrics.ndcg(single, 4) == pytest.approx([1 / math.log2(3), 0, 1])
    assert metrics.recall(single, 4).tolist() == metrics.hit_rate(single, 4).tolist()


def test_padding_is_never_a_hit() -> None:
    judged = metrics.judge(np.array([[0, 0, 0]]), [np.array([0, 2, 2])])
    assert not judged.hits.any()
    assert judged.relevant.tolist() == [1]


def test_no_queries() -> None:
    empty = metrics.judge(np.zeros((0, 5), dtype=np.int64), [])
    assert all(measure(empty, 5).shape == (0,) for measure in metrics.METRICS.values())


def test_judging_refuses_what_it_cannot_judge() -> None:
    with pytest.raises(InputError, match="3 ranked lists came with 1 sets"):
        metrics.judge(RANKED, RELEVANT[:1])
    with pytest.raises(InputError, match="query 1 has no relevant item"):
        metrics.judge(RANKED[:2], [np.array([1]), np.array([], dtype=np.int64)])
    with pytest.raises(InputError, match="ranked list 1 names an item twice"):
        metrics.judge(np.array([[1, 2, 0, 0], [1, 2, 1, 0]]), RELEVANT[:2])


RANX = """
import json, sys
from ranx import Qrels, Run, evaluate
asked = json.load(sys.stdin)
found = evaluate(Qrels(asked["qrels"]), Run(asked["run"]), asked["metrics"], return_mean=False)
json.dump({name: values.tolist() for name, values in found.items()}, sys.stdout)
"""


def test_same_figures_as_ranx() -> None:
    """In a process of its own, because ranx would compile for minutes here: numba reads the variable at import."""
    generator = np.random.default_rng(0)
    queries, items, length, cuts = 25, 60, 12, (1, 3, 10)
    ranked = np.stack([generator.permutation(items)[:length] + 1 for _ in range(queries)])
    relevant = [generator.permutation(items)[: generator.integers(1, 25)] + 1 for _ in range(queries)]
    asked = {
        "metrics": [f"{name}@{k}" for name in metrics.METRICS for k in cuts],
        "qrels": {f"q{q:03}": {f"i{item}": 1 for item in relevant[q]} for q in range(queries)},
        "run": {
            f"q{q:03}": {f"i{item}": length - at + 0.5 for at, item in enumerate(ranked[q])} for q in range(queries)
        },
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", RANX],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        timeout=200,
    )
    theirs = json.loads(done.stdout)
    judged = metrics.judge(ranked, relevant)
    for name, measure in metrics.METRICS.items():
        for k in cuts:
            np.testing.assert_allclose(measure(judged, k), theirs[f"{name}@{k}"], atol=1e-12, err_msg=f"{name}@{k}")


def test_novelty_by_hand() -> None:
    counts = np.array([0, 7, 1, 0])  # of 7 users: 8/8, 2/8, 1/8
    ranked = np.array([[1, 2, 3], [2, 0, 0], [0, 0, 0]])
    assert metrics.novelty(ranked, counts, num_users=7, k=3) == pytest.approx([(0 + 2 + 3) / 3, 2, 0])
    assert metrics.novelty(ranked, counts, num_users=7, k=1) == pytest.approx([0, 2, 0])


def test_diversity_by_hand() -> None:
    vectors = np.array([[5.0, 5.0], [2, 0], [3, 0], [0, 1], [-1, 0], [0, 0]])
    lists = np.array([[1, 2, 0], [1, 3, 0], [1, 4, 0], [1, 2, 3], [1, 5, 0], [1, 5, 3], [1, 0, 0]])
    expected = [0, 1, 2, 2 / 3, 0, 1, 0]
    assert metrics.intra_list_diversity(lists, vectors, k=3) == pytest.approx(expected, abs=1e-12)
    assert metrics.intra_list_diversity(lists, vectors, k=2)[3] == pytest.approx(0, abs=1e-12)


def test_diversity_is_the_mean_over_pairs() -> None:
    generator = np.random.default_rng(0)
    vectors, chosen = generator.normal(size=(30, 5)), generator.permutation(29)[:8] + 1
    units = vectors[chosen] / np.linalg.norm(vectors[chosen], axis=1, keepdims=True)
    pairs = [1 - units[a] @ units[b] for a in range(8) for b in range(a)]
    assert metrics.intra_list_diversity(chosen[None], vectors, k=8)[0] == pytest.approx(np.mean(pairs))


def test_coverage_and_gini_by_hand() -> None:
    ranked = np.array([[1, 2], [1, 3], [1, 0]])
    assert metrics.coverage(ranked, num_items=4, k=2) == 3 / 4
    assert metrics.coverage(ranked, num_items=4, k=1) == 1 / 4
    # Shown 0, 1, 1, 3 times: (-3*0 - 1*1 + 1*1 + 3*3) / (4 * 5).
    assert metrics.gini(ranked, num_items=4, k=2) == pytest.approx(9 / 20)
    assert metrics.gini(np.array([[1, 2], [3, 4]]), num_items=4, k=2) == 0
    assert metrics.gini(np.zeros((2, 2), dtype=np.int64), num_items=4, k=2) == 0
