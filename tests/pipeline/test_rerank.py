"""Maximal marginal relevance on cases with a known answer."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.rerank import maximal_marginal_relevance

TWINS = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)


def test_without_diversity_the_order_is_that_of_the_scores() -> None:
    scores = np.array([0.2, 0.9, 0.5], dtype=np.float32)
    order = maximal_marginal_relevance(scores, TWINS, k=3, diversity=0.0)
    assert order.tolist() == [1, 2, 0]


def test_a_twin_gives_way_to_something_else() -> None:
    scores = np.array([1.0, 0.9, 0.5], dtype=np.float32)
    assert maximal_marginal_relevance(scores, TWINS, k=3, diversity=0.0).tolist() == [0, 1, 2]
    # Relevance scaled to 0..1 is 1, .8, 0. In second place the twin gains .5*.8 - .5*1 = -.1, the other 0.
    assert maximal_marginal_relevance(scores, TWINS, k=3, diversity=0.5).tolist() == [0, 2, 1]


@pytest.mark.parametrize("k", [1, 2, 3, 50])
def test_every_candidate_comes_once_and_at_most_k(k: int) -> None:
    scores = np.array([0.5, 0.5, 0.5], dtype=np.float32)
    order = maximal_marginal_relevance(scores, TWINS, k=k, diversity=0.3)
    assert len(order) == min(k, 3)
    assert len(set(order.tolist())) == len(order)


def test_zero_vectors_resemble_nothing() -> None:
    scores = np.array([1.0, 0.9, 0.8], dtype=np.float32)
    order = maximal_marginal_relevance(scores, np.zeros((3, 2), dtype=np.float32), k=3, diversity=0.9)
    assert order.tolist() == [0, 1, 2]
