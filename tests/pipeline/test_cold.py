"""Items that no one has met get the scores of what they resemble."""

from __future__ import annotations

import numpy as np

from pipeline.cold import ColdAware, Resemblance
from pipeline.content_scorer import ContentScorer
from pipeline.index import ExactIndex
from store.interactions import Audience

# Items 1 and 2 are alike, 3 stands alone; 4 (inside) and 5 (behind the last known one) have not been met.
VECTORS = np.array([[0, 0], [1, 0], [0.8, 0.6], [0, 1], [1, 0], [0, 0]], dtype=np.float32)
COLD = np.array([4, 5])


class Known:
    """A scorer of items 1..4 that gives each its own index."""

    name = "known"
    num_items = 4

    def score(self, audience: Audience, candidates=None):
        everything = np.tile(np.array([-np.inf, 1, 2, 3, 0], dtype=np.float32), (len(audience), 1))
        return everything if candidates is None else np.take_along_axis(everything, candidates, axis=1)

    def to_arrays(self):
        return {}


def resemblance(count: int = 2) -> Resemblance:
    return Resemblance.nearest(index=ExactIndex(VECTORS), vectors=VECTORS, cold=COLD, count=count)


def test_neighbours_are_known_items_and_weights_sum_to_one() -> None:
    found = resemblance()
    assert found.neighbours[0].tolist() == [1, 2]
    np.testing.assert_allclose(found.weights[0], np.exp([10, 8]) / np.exp([10, 8]).sum(), rtol=1e-4)


def test_an_item_without_content_has_no_neighbours() -> None:
    found = resemblance()
    assert found.neighbours[1].tolist() == [0, 0]
    assert not found.weights[1].any()


def test_cold_items_get_the_weighted_mean_of_their_neighbours() -> None:
    scorer = ColdAware(Known(), resemblance(), num_items=5)
    weights = np.exp([10, 8]) / np.exp([10, 8]).sum()
    expected = weights @ [1, 2]
    audience = Audience.of_history([1])
    scores = scorer.score(audience)
    np.testing.assert_allclose(scores[0, 1:], [1, 2, 3, expected, 0], rtol=1e-4)
    assert np.isneginf(scores[0, 0])
    candidates = np.array([[4, 2, 0]])
    np.testing.assert_allclose(scorer.score(audience, candidates)[0], [expected, 2, -np.inf], rtol=1e-4)


def test_content_scorer_prefers_what_resembles_the_history() -> None:
    scorer = ContentScorer(VECTORS)
    scores = scorer.score(Audience.of_history([1]))
    np.testing.assert_allclose(scores[0, 1:], [1, 0.8, 0, 1, 0], atol=1e-6)


def test_content_scorer_passes_over_unknown_items_and_survives_an_empty_history() -> None:
    scorer = ContentScorer(VECTORS)
    np.testing.assert_array_equal(scorer.score(Audience.of_history([1, 99])), scorer.score(Audience.of_history([1])))
    assert not scorer.score(Audience.of_history([]))[0, 1:].any()
