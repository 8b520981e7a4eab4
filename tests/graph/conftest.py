"""A small graph that several tests look at."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from graph.bipartite import BipartiteGraph
from graph.lightgcn import LightGCN, LightGCNSettings
from store.interactions import Interactions

USERS, ITEMS = 20, 15
LONELY = 15
"""An item of the catalogue that nobody has met."""


@pytest.fixture(scope="module")
def data() -> Interactions:
    generator = np.random.default_rng(7)
    users = np.concatenate((np.arange(1, USERS + 1), generator.integers(1, USERS + 1, 90)))
    items = generator.integers(1, LONELY, len(users))
    return Interactions.build(users, items, np.arange(len(users)), num_users=USERS, num_items=ITEMS)


def model_of(data: Interactions, layers: int = 3, norm_power: float = 0.5) -> LightGCN:
    torch.manual_seed(1)
    settings = LightGCNSettings(dim=6, layers=layers, init_std=1.0, norm_power=norm_power)
    return LightGCN(BipartiteGraph(data), settings)
