"""Popularity, item-to-item and transitions on data small enough to count by hand."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from rankers.arrays import strongest_per_row
from rankers.item_to_item import ItemToItemScorer, ItemToItemSettings
from rankers.popularity import PopularityScorer, PopularitySettings
from rankers.transition import TransitionScorer, TransitionSettings
from store.errors import InputError
from store.interactions import Audience, Interactions

DAY = 86_400


def interactions(sequences: list[list[int]], *, num_items: int, times: list[list[int]] | None = None) -> Interactions:
    lengths = [len(sequence) for sequence in sequences]
    clock = np.concatenate(times) if times else np.concatenate([np.arange(length) for length in lengths])
    return Interactions.build(
        np.repeat(np.arange(1, len(sequences) + 1), lengths),
        np.concatenate(sequences),
        clock,
        num_users=len(sequences),
        num_items=num_items,
    )


def test_popularity_counts_readers_once():
    scorer = PopularityScorer.fit(interactions([[1, 2, 2], [2]], num_items=3))
    scores = scorer.score(Audience.of_history([]))[0]
    np.testing.assert_allclose(scores, [-np.inf, np.log(2), np.log(3), 0.0], rtol=1e-6)


def test_popularity_with_a_half_life_weighs_the_last_interaction():
    data = interactions([[1, 2, 1], [2]], num_items=3, times=[[0, 0, 10 * DAY], [20 * DAY]])
    scorer = PopularityScorer.fit(data, PopularitySettings(half_life=10.0))
    scores = scorer.score(Audience.of_history([]))[0]
    np.testing.assert_allclose(scores[1:], np.log1p([0.5, 0.25 + 1.0, 0.0]), rtol=1e-6)


def test_item_to_item_is_the_shrunk_cosine():
    data = interactions([[1, 2], [1, 2, 3], [1, 3], [4]], num_items=4)
    scorer = ItemToItemScorer.fit(data, ItemToItemSettings(shrinkage=2.0, decay=1.0))
    scores = scorer.score(Audience.of_history([1]))[0]
    both = 2 / np.sqrt(3 * 2) * 2 / (2 + 2)
    np.testing.assert_allclose(scores[1:], [0.0, both, both, 0.0], rtol=1e-6)
    scores = scorer.score(Audience.of_history([2, 3]))[0]
    pair = 1 / np.sqrt(2 * 2) * 1 / (1 + 2)
    np.testing.assert_allclose(scores[1:], [2 * both, pair, pair, 0.0], rtol=1e-6)


def test_item_to_item_equals_the_dense_formula_over_several_blocks(monkeypatch):
    monkeypatch.setattr("rankers.item_to_item._PAIRS_AT_ONCE", 200)
    rng = np.random.default_rng(0)
    data = interactions([rng.choice(30, size=8, replace=False) + 1 for _ in range(40)], num_items=30)
    scorer = ItemToItemScorer.fit(data, ItemToItemSettings(neighbours=5, shrinkage=3.0))
    common = (data.matrix.T @ data.matrix).toarray()
    readers = np.maximum(np.diag(common), 1.0)
    dense = common / np.sqrt(np.outer(readers, readers)) * common / (common + 3.0)
    np.fill_diagonal(dense, 0.0)
    for item in range(1, 31):
        items, weights = scorer.neighbours(item, 5)
        np.testing.assert_allclose(weights, np.sort(dense[item])[::-1][:5], rtol=1e-5)
        np.testing.assert_allclose(weights, dense[item, items], rtol=1e-5)


def test_item_to_item_counts_the_newest_interactions_of_a_tireless_user():
    data = interactions([[1, 2, 3, 4]], num_items=4)
    scorer = ItemToItemScorer.fit(data, ItemToItemSettings(history=2))
    assert scorer.neighbours(4, 9)[0].tolist() == [3]
    assert scorer.neighbours(1, 9)[0].tolist() == []


def test_transition_graph_by_hand():
    settings = TransitionSettings(window=2, reverse=0.5, decay=0.5, recent=2)
    scorer = TransitionScorer.fit(interactions([[1, 2, 3], [1, 2]], num_items=4), settings)
    counts = np.zeros((5, 5))
    for first, second, weight in ((1, 2, 2.0), (2, 3, 1.0), (1, 3, 0.5)):
        counts[first, second] += weight
        counts[second, first] += 0.5 * weight
    leaving, entering = np.maximum(counts.sum(1), 1e-9), np.maximum(counts.sum(0), 1e-9)
    weights = counts * leaving[:, None] ** -0.5 * entering[None, :] ** -0.3
    scores = scorer.score(Audience.of_history([3, 1, 2]))[0]
    np.testing.assert_allclose(scores[1:], (0.5 * weights[1] + weights[2])[1:], rtol=1e-5)


def test_transitions_never_cross_users_or_lead_to_the_item_itself():
    scorer = TransitionScorer.fit(interactions([[1, 1, 2], [3, 4]], num_items=4), TransitionSettings())
    assert scorer.neighbours(1, 9)[0].tolist() == [2]
    assert scorer.neighbours(3, 9)[0].tolist() == [4]


def test_order_decides_the_direction():
    scorer = TransitionScorer.fit(interactions([[1, 2]] * 5 + [[3, 2]] * 5, num_items=3), TransitionSettings())
    scores = scorer.score(Audience(np.zeros(2, dtype=np.int64), (np.array([1]), np.array([2]))))
    assert scores[0].argmax() == 2
    assert scores[0, 2] > scores[1, 1] > 0


@pytest.mark.parametrize(
    "build",
    [
        lambda data: ItemToItemScorer.fit(data, ItemToItemSettings(recent=4, decay=0.8)),
        lambda data: TransitionScorer.fit(data, TransitionSettings(recent=4)),
    ],
    ids=["item_to_item", "transition"],
)
def test_contributions_sum_to_the_score(build):
    rng = np.random.default_rng(2)
    scorer = build(interactions([rng.integers(1, 13, size=9) for _ in range(30)], num_items=12))
    history = np.array([1, 5, 0, 6, 99, 5, 7, 3])
    scores = scorer.score(Audience.of_history(history))[0]
    parts = scorer.contributions(history, np.append(np.arange(1, 13), 99))
    np.testing.assert_allclose(parts[:-1].sum(axis=1), scores[1:], rtol=1e-5, atol=1e-7)
    assert not parts[:, [0, 1, 2, 4]].any()  # too old, padding, unknown
    assert not parts[-1].any()
    assert [len(part) for part in scorer.neighbours(99, 3)] == [0, 0]


def test_strongest_per_row_is_a_stable_sort_of_each_row():
    rng = np.random.default_rng(0)
    dense = rng.integers(0, 6, size=(40, 30)).astype(np.float32)
    kept = strongest_per_row(sp.csr_matrix(dense)[:, ::-1].tocsr()[:, ::-1], 7).toarray()
    for row, found in zip(dense, kept, strict=True):
        best = np.argsort(-row, kind="stable")[:7]
        expected = np.zeros_like(row)
        expected[best] = row[best]
        np.testing.assert_array_equal(found, expected)


def test_strongest_per_row_keeps_the_lower_column_on_a_tie():
    import scipy.sparse as sp

    matrix = sp.csr_matrix(np.array([[0.0, 2.0, 1.0, 2.0, 2.0], [1.0, 0.0, 0.0, 0.0, 0.0]], dtype=np.float32))
    np.testing.assert_array_equal(strongest_per_row(matrix, 2).toarray(), [[0, 2, 0, 2, 0], [1, 0, 0, 0, 0]])


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: PopularitySettings(half_life=0.0), r"half_life is 0.0 days, not above 0"),
        (lambda: ItemToItemSettings(neighbours=0), "neighbours is 0, below 1"),
        (lambda: ItemToItemSettings(shrinkage=-1.0), "shrinkage is -1.0, below 0"),
        (lambda: ItemToItemSettings(decay=1.5), "decay is 1.5, outside"),
        (lambda: TransitionSettings(window=0), "window is 0, below 1"),
        (lambda: TransitionSettings(in_power=-0.1), "in_power is -0.1, below 0"),
        (lambda: TransitionSettings(decay=0.0), "decay is 0.0, outside"),
    ],
)
def test_settings_are_checked(build, message):
    with pytest.raises(InputError, match=message):
        build()
