"""Ranks of held-out items, by hand."""

from __future__ import annotations

import numpy as np

from rankers.held_out import held_out_ranks, ndcg
from store.interactions import Audience


def test_ranks_among_unseen_items_with_ties_against_the_held_out_one():
    scores = np.tile(np.array([-np.inf, 5.0, 4.0, 3.0, 3.0, 1.0], dtype=np.float32), (4, 1))
    histories = (np.array([1]), np.array([2, 4]), np.zeros(0, dtype=np.int64), np.array([5]))
    seen = Audience(np.zeros(4, dtype=np.int64), histories)
    before = scores.copy()
    np.testing.assert_array_equal(held_out_ranks(scores, np.array([2, 3, 3, 5]), seen), [1, 2, 4, 6])
    np.testing.assert_array_equal(scores, before)


def test_ndcg_by_hand():
    np.testing.assert_allclose(ndcg(np.array([1, 3, 10, 11])), [1.0, 0.5, 1 / np.log2(11), 0.0])
