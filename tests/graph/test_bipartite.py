from __future__ import annotations

import numpy as np
import pytest
import torch

from graph.bipartite import BipartiteGraph
from store.errors import TrainingError
from store.interactions import Interactions


def interactions(pairs: list[tuple[int, int]], *, num_users: int, num_items: int) -> Interactions:
    users, items = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return Interactions.build(users, items, np.arange(len(pairs)), num_users=num_users, num_items=num_items)


def random_interactions(seed: int, *, num_users: int = 12, num_items: int = 9, edges: int = 40) -> Interactions:
    generator = np.random.default_rng(seed)
    pairs = zip(
        generator.integers(1, num_users + 1, edges).tolist(),
        generator.integers(1, num_items + 1, edges).tolist(),
        strict=True,
    )
    return interactions(list(pairs), num_users=num_users, num_items=num_items)


def dense_normalised(data: Interactions) -> torch.Tensor:
    """[U+1, N+1] written as in the paper: every entry 1/sqrt(|N_u| |N_i|)."""
    links = {(int(u), int(i)) for u, i in zip(data.users, data.items, strict=True)}
    matrix = torch.zeros(data.num_users + 1, data.num_items + 1, dtype=torch.float64)
    for user, item in links:
        of_user = sum(u == user for u, _ in links)
        of_item = sum(i == item for _, i in links)
        matrix[user, item] = 1.0 / (of_user * of_item) ** 0.5
    return matrix


@pytest.mark.parametrize("seed", range(3))
def test_propagation_is_the_dense_product(seed: int) -> None:
    data = random_interactions(seed)
    graph = BipartiteGraph(data).double()
    users, items = torch.randn(13, 4).double(), torch.randn(10, 4).double()
    to_users, to_items = graph(users, items)
    dense = dense_normalised(data)
    torch.testing.assert_close(to_users, dense @ items, rtol=1e-6, atol=1e-7)
    torch.testing.assert_close(to_items, dense.T @ users, rtol=1e-6, atol=1e-7)


def test_weights_by_hand() -> None:
    graph = BipartiteGraph(interactions([(1, 1), (1, 2), (2, 2)], num_users=2, num_items=2))
    to_users, to_items = graph(torch.tensor([[9.0], [1.0], [1.0]]), torch.tensor([[9.0], [1.0], [1.0]]))
    root = 2**-0.5
    torch.testing.assert_close(to_users, torch.tensor([[0.0], [root + 0.5], [root]]))
    torch.testing.assert_close(to_items, torch.tensor([[0.0], [root], [0.5 + root]]))


def test_a_repeated_interaction_is_one_edge() -> None:
    once = BipartiteGraph(interactions([(1, 1), (1, 2)], num_users=1, num_items=2))
    twice = BipartiteGraph(interactions([(1, 1), (1, 2), (1, 2)], num_users=1, num_items=2))
    assert twice.num_edges == 2
    assert torch.equal(once.user_weights, twice.user_weights)


def test_padding_and_the_lonely_receive_zeros() -> None:
    graph = BipartiteGraph(interactions([(1, 1)], num_users=3, num_items=2))
    to_users, to_items = graph(torch.ones(4, 2), torch.ones(3, 2))
    assert to_users[[0, 2, 3]].eq(0).all()
    assert to_items[[0, 2]].eq(0).all()


def test_gradients_of_first_and_second_order() -> None:
    graph = BipartiteGraph(random_interactions(5)).double()
    users = torch.randn(13, 3, dtype=torch.float64, requires_grad=True)
    items = torch.randn(10, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(graph, (users, items))
    assert torch.autograd.gradgradcheck(graph, (users, items))


@pytest.mark.parametrize("layers", [0, 1, 3])
def test_smoothing_is_the_mean_over_layers(layers: int) -> None:
    graph = BipartiteGraph(random_interactions(6)).double()
    users = torch.randn(13, 3, dtype=torch.float64, requires_grad=True)
    items = torch.randn(10, 3, dtype=torch.float64, requires_grad=True)
    kept = [(users, items)]
    for _ in range(layers):
        kept.append(graph(*kept[-1]))
    smoothed = graph.smoothed(users, items, layers=layers)
    for found, by_layer in zip(smoothed, zip(*kept, strict=True), strict=True):
        torch.testing.assert_close(found, torch.stack(by_layer).mean(dim=0))
    assert torch.autograd.gradcheck(lambda *both: graph.smoothed(*both, layers=layers), (users, items))


def test_graph_is_not_part_of_what_is_saved() -> None:
    assert not BipartiteGraph(random_interactions(0)).state_dict()


def test_no_interactions_are_refused() -> None:
    with pytest.raises(TrainingError, match=r"0 interactions\. Ingest events first"):
        BipartiteGraph(interactions([], num_users=2, num_items=2))
