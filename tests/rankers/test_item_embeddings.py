"""Where SASRec's items start: near those that follow each other."""

from __future__ import annotations

import numpy as np
import torch

from rankers.item_embeddings import transition_embeddings
from store.interactions import Interactions

ISLANDS, PER_ISLAND = 4, 10
LONELY = ISLANDS * PER_ISLAND + 1
"""An item without neighbours."""


def islands(users: int = 200, length: int = 6) -> Interactions:
    rng = np.random.default_rng(0)
    items = rng.integers(0, PER_ISLAND, (users, length)) + np.arange(users)[:, None] % ISLANDS * PER_ISLAND + 1
    return Interactions.build(
        np.repeat(np.arange(1, users + 1), length),
        items.ravel(),
        np.tile(np.arange(length), users),
        num_users=users,
        num_items=LONELY,
    )


def embeddings(dim: int, seed: int = 0) -> torch.Tensor:
    return transition_embeddings(islands(), dim, generator=torch.Generator().manual_seed(seed))


def test_items_of_one_island_lie_together() -> None:
    rows = torch.nn.functional.normalize(embeddings(ISLANDS)[1:LONELY])
    island = torch.arange(len(rows)) // PER_ISLAND
    cosines = rows @ rows.T
    same = island[:, None] == island[None, :]
    assert cosines[same].min() > 0.9
    assert cosines[~same].max() < 0.3


def test_scale_padding_and_items_that_the_graph_does_not_know() -> None:
    table = embeddings(16)
    assert table.shape == (LONELY + 1, 16)
    assert not table[0].any()
    assert table[LONELY].any()
    assert table.norm(dim=1).max() <= 3.0 + 1e-5
    assert 0.7 < float(table[1:].square().sum(dim=1).mean()) < 1.3


def test_a_width_beyond_the_catalogue_is_filled_up() -> None:
    table = embeddings(64)
    assert torch.isfinite(table).all()
    assert (table[1:].std(dim=0) > 0).all()


def test_nobody_has_a_second_item() -> None:
    alone = Interactions.build(np.arange(1, 4), np.arange(1, 4), np.zeros(3), num_users=3, num_items=3)
    table = transition_embeddings(alone, 8, generator=torch.Generator().manual_seed(0))
    assert table[1:].any(dim=1).all()
