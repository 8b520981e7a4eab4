from __future__ import annotations

import numpy as np
import pytest

from benchmarks import ease as module
from benchmarks.ease import ease
from store.interactions import Audience, Interactions


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_blocks_in_place_give_what_a_plain_inverse_gives(
    monkeypatch: pytest.MonkeyPatch, precision: type[np.floating]
) -> None:
    monkeypatch.setattr(module, "_BLOCK", 16)
    rng = np.random.default_rng(0)
    users, items = np.nonzero(rng.random((80, 50)) < 0.2)
    interactions = Interactions.build(users + 1, items + 1, np.arange(len(users)), num_users=80, num_items=50)
    matrix = interactions.matrix.toarray().astype(np.float64)
    inverse = np.linalg.inv(matrix.T @ matrix + 5.0 * np.eye(51))
    weights = inverse / -np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    audience = Audience.of_users(np.arange(1, 81), interactions)
    scores = ease(interactions, l2=5.0, precision=precision)(audience)
    np.testing.assert_allclose(scores[:, 1:], (matrix @ weights)[1:, 1:], atol=1e-4)
    assert np.isneginf(scores[:, 0]).all()
