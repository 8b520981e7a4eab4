from __future__ import annotations

import dataclasses
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from graph.bipartite import BipartiteGraph
from graph.lightgcn import LightGCN, LightGCNSettings
from graph.losses import shared_softmax
from graph.training import GraphBatch, LightGCNTask
from store.errors import InputError
from store.interactions import Interactions


def random_interactions(seed: int, *, num_users: int = 15, num_items: int = 11, edges: int = 60) -> Interactions:
    generator = np.random.default_rng(seed)
    return Interactions.build(
        generator.integers(1, num_users + 1, edges),
        generator.integers(1, num_items + 1, edges),
        np.arange(edges),
        num_users=num_users,
        num_items=num_items,
    )


def communities(*, users_each: int = 30, items_each: int = 20, per_user: int = 8) -> Interactions:
    """Two groups of users, each of which meets only its own half of the items."""
    generator = np.random.default_rng(0)
    users, items = [], []
    for user in range(1, 2 * users_each + 1):
        first = 1 if user <= users_each else items_each + 1
        users += [user] * per_user
        items += (first + generator.choice(items_each, per_user, replace=False)).tolist()
    return Interactions.build(
        np.array(users), np.array(items), np.arange(len(users)), num_users=2 * users_each, num_items=2 * items_each
    )


@pytest.mark.parametrize("layers", [0, 1, 3])
def test_embeddings_are_those_of_the_dense_adjacency_matrix(layers: int) -> None:
    data = random_interactions(1)
    torch.manual_seed(0)
    model = LightGCN(BipartiteGraph(data), LightGCNSettings(dim=5, layers=layers))
    links = data.matrix.toarray().astype(np.float64)
    rows = len(links)
    adjacency = np.block([[np.zeros((rows, rows)), links], [links.T, np.zeros((links.shape[1], links.shape[1]))]])
    degrees = adjacency.sum(axis=1)
    root = np.diag(np.where(degrees > 0, np.maximum(degrees, 1) ** -0.5, 0.0))
    operator = root @ adjacency @ root
    base = np.concatenate((model.users.detach().numpy(), model.items.detach().numpy())).astype(np.float64)
    expected = sum(np.linalg.matrix_power(operator, k) @ base for k in range(layers + 1)) / (layers + 1)
    users, items = (part.detach().numpy() for part in model())
    np.testing.assert_allclose(users, expected[:rows], atol=1e-6)
    np.testing.assert_allclose(items, expected[rows:], atol=1e-6)


def test_bpr_by_hand() -> None:
    data = Interactions.build(np.array([1]), np.array([1]), np.array([0]), num_users=1, num_items=2)
    model = LightGCN(BipartiteGraph(data), LightGCNSettings(dim=1, layers=0, loss="bpr", candidates=3, l2=0.1))
    with torch.no_grad():
        model.users.copy_(torch.tensor([[0.0], [2.0]]))
        model.items.copy_(torch.tensor([[0.0], [3.0], [1.0]]))
    task = LightGCNTask(model, data)
    (batch,) = task.batches(1, torch.Generator().manual_seed(0))
    assert batch.negatives.tolist() == [[2, 2, 2]]
    expected = -math.log(1 / (1 + math.exp(-(2 * 3 - 2 * 1)))) + 0.1 * (4 + 9) / 2
    assert task.loss(batch).item() == pytest.approx(expected, rel=1e-6)


def test_bpr_takes_the_hardest_candidate() -> None:
    data = Interactions.build(np.array([1, 2]), np.array([1, 2]), np.array([0, 0]), num_users=2, num_items=4)
    model = LightGCN(BipartiteGraph(data), LightGCNSettings(dim=1, layers=0, loss="bpr", l2=0.0))
    with torch.no_grad():
        model.users.copy_(torch.tensor([[0.0], [2.0], [-1.0]]))
        model.items.copy_(torch.tensor([[0.0], [3.0], [1.0], [2.0], [-1.0]]))
    batch = GraphBatch(torch.tensor([1, 2]), torch.tensor([1, 2]), torch.tensor([[4, 3, 2], [1, 3, 4]]))
    margins = torch.tensor([2.0 * (3 - 2), -1.0 * (1 - -1)])
    expected = torch.nn.functional.softplus(-margins).mean()
    assert LightGCNTask(model, data).loss(batch).item() == pytest.approx(float(expected), rel=1e-6)


def test_sampled_softmax_by_hand() -> None:
    pairs = np.array([(1, 1), (2, 2), (2, 3)])
    data = Interactions.build(pairs[:, 0], pairs[:, 1], np.arange(3), num_users=2, num_items=4)
    settings = LightGCNSettings(dim=2, layers=0, loss="sampled_softmax", temperature=0.5, l2=0.0, negative_power=0.0)
    model = LightGCN(BipartiteGraph(data), settings)
    with torch.no_grad():
        model.users.copy_(torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 1.0]]))
        model.items.copy_(torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 7.0], [-1.0, 0.0], [1.0, 1.0]]))
    task = LightGCNTask(model, data)
    (batch,) = task.batches(1, torch.Generator().manual_seed(0))
    assert batch.negatives.shape == (settings.negatives,)
    assert set(batch.negatives.tolist()) == {1, 2, 3}  # nobody has met item 4
    cosines = {1: {1: 0.6, 2: 0.0, 3: -1.0}, 2: {1: 0.8, 2: 1.0, 3: 0.0}}
    losses = []
    for user, item in zip(batch.users.tolist(), batch.items.tolist(), strict=True):
        # What the user has met takes no part.
        unmet = [other for other in batch.negatives.tolist() if other not in {1: {1}, 2: {2, 3}}[user]]
        others = sum(math.exp(cosines[user][other] / 0.5) for other in unmet)
        own = math.exp(cosines[user][item] / 0.5)
        losses.append(-math.log(own / (own + others)))
    assert task.loss(batch).item() == pytest.approx(sum(losses) / 3, rel=1e-6)


def test_an_epoch_holds_every_edge_once_and_no_positive_as_a_bpr_negative() -> None:
    data = random_interactions(2)
    model = LightGCN(BipartiteGraph(data), LightGCNSettings(dim=2, loss="bpr", candidates=1, batch_size=7))
    links = set(zip(data.users.tolist(), data.items.tolist(), strict=True))
    drawn, wrong = [], 0
    for batch in LightGCNTask(model, data).batches(1, torch.Generator().manual_seed(3)):
        drawn += list(zip(batch.users.tolist(), batch.items.tolist(), strict=True))
        wrong += sum(pair in links for pair in zip(batch.users.tolist(), batch.negatives[:, 0].tolist(), strict=True))
        assert batch.negatives.min() >= 1
    assert sorted(drawn) == sorted(links)
    assert wrong == 0


def test_batches_grow_where_an_epoch_would_have_more_than_its_steps() -> None:
    data = random_interactions(2)
    model = LightGCN(BipartiteGraph(data), LightGCNSettings(dim=2, batch_size=2, max_steps=3))
    sizes = [len(batch.users) for batch in LightGCNTask(model, data).batches(1, torch.Generator().manual_seed(0))]
    assert len(sizes) == 3
    assert sum(sizes) == data.matrix.nnz
    assert sizes[0] == sizes[1] >= sizes[2]


def test_negatives_end_for_a_user_who_has_seen_everything() -> None:
    data = Interactions.build(np.array([1, 1]), np.array([1, 2]), np.array([0, 1]), num_users=1, num_items=2)
    task = LightGCNTask(LightGCN(BipartiteGraph(data), LightGCNSettings(dim=2, loss="bpr")), data)
    (batch,) = task.batches(1, torch.Generator().manual_seed(0))
    assert set(batch.negatives.ravel().tolist()) <= {1, 2}


def test_batches_are_seeded() -> None:
    data = random_interactions(4)
    task = LightGCNTask(LightGCN(BipartiteGraph(data), LightGCNSettings(dim=2, negatives=4, batch_size=16)), data)
    first, again = ([*task.batches(1, torch.Generator().manual_seed(9))] for _ in range(2))
    assert all(torch.equal(a, b) for x, y in zip(first, again, strict=True) for a, b in zip(x, y, strict=True))


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_negatives_are_drawn_by_a_power_of_popularity(power: float) -> None:
    data = random_interactions(6)
    settings = LightGCNSettings(dim=2, loss="sampled_softmax", negatives=20_000, negative_power=power)
    batch = next(iter(LightGCNTask(LightGCN(BipartiteGraph(data), settings), data).batches(1, torch.Generator())))
    drawn = np.bincount(batch.negatives.numpy(), minlength=data.num_items + 1) / 20_000
    expected = np.where(data.item_counts > 0, data.item_counts**power, 0.0)
    np.testing.assert_allclose(drawn, expected / expected.sum(), atol=0.02)


@pytest.mark.parametrize(("pairs", "negatives"), [(5, 3), (700, 1_024)])
def test_the_fused_softmax_is_cross_entropy(pairs: int, negatives: int) -> None:
    generator = torch.Generator().manual_seed(1)
    parts = [torch.randn(count, 6, generator=generator, requires_grad=True) for count in (pairs, pairs, negatives)]
    banned = torch.rand(pairs, negatives, generator=generator) < 0.1
    banned[0] = True

    def plain() -> torch.Tensor:
        users, positives, others = parts
        scores = (users @ others.T).masked_fill(banned, -torch.inf)
        logits = torch.cat(((users * positives).sum(dim=1, keepdim=True), scores), dim=1)
        return torch.nn.functional.cross_entropy(logits, torch.zeros(pairs, dtype=torch.int64))

    fused = shared_softmax(*parts, banned=torch.nonzero(banned, as_tuple=True))
    expected = plain()
    assert fused.item() == pytest.approx(expected.item(), rel=1e-5)
    for ours, theirs in zip(torch.autograd.grad(fused, parts), torch.autograd.grad(expected, parts), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("loss", ["bpr", "sampled_softmax"])
def test_planted_communities_are_learned(loss: str) -> None:
    data = communities()
    rest, held = data.leave_last_out()
    torch.manual_seed(0)
    # One candidate: of many, the hardest would nearly always be an unseen item of the reader's own half.
    settings = LightGCNSettings(dim=16, layers=2, candidates=1, learning_rate=0.02, batch_size=128)
    settings = replace(settings, loss=loss)
    model = LightGCN(BipartiteGraph(rest), settings)
    task = LightGCNTask(model, rest, held=held)
    optimizer, generator = task.optimizer(), torch.Generator().manual_seed(0)
    before = task.validate()
    for epoch in range(1, 6):
        for batch in task.batches(epoch, generator):
            optimizer.zero_grad()
            task.loss(batch).backward()
            optimizer.step()
    users, items = model()
    scores = (users @ items.T).detach()
    own = torch.zeros(61, 41, dtype=torch.bool)
    own[1:31, 1:21] = own[31:, 21:] = True
    other = ~own[1:, 1:]
    # What a user has met is never a negative, so that it stands apart: the unmet items of both halves are compared.
    unmet = torch.from_numpy(rest.matrix.toarray()[1:, 1:] == 0) & own[1:, 1:]
    near, far = scores[1:, 1:][unmet], scores[1:, 1:][other]
    assert near.mean() - far.mean() > near.std() + far.std()
    after = task.validate()
    assert before is not None
    assert after is not None
    # A random order of the 13 unseen items of one's own half has an expected ndcg@10 of .35.
    assert after > max(before, 0.25)
    assert model.users[0].eq(0).all()
    assert model.items[0].eq(0).all()


def test_validate_by_hand() -> None:
    pairs = np.array([(1, 1), (2, 1), (3, 1)])
    data = Interactions.build(pairs[:, 0], pairs[:, 1], np.arange(3), num_users=3, num_items=14)
    model = LightGCN(BipartiteGraph(data), LightGCNSettings(dim=1, layers=0, norm_power=0.5))
    with torch.no_grad():
        model.users.copy_(torch.tensor([[0.0], [1.0], [1.0], [1.0]]))
        model.items.copy_(torch.arange(15.0)[:, None].flip(0))  # item 1 is best, then 2, 3 ...
    # Item 1 is seen: item 2 ranks first, item 4 third, item 12 eleventh.
    task = LightGCNTask(model, data, held=np.array([0, 2, 4, 12]))
    assert task.validate() == pytest.approx((1 + 1 / math.log2(4) + 0) / 3)
    with torch.no_grad():
        model.items.zero_()
    assert task.validate() == 0.0  # ties gain nothing


def test_validate_without_held_items() -> None:
    data = random_interactions(0)
    model = LightGCN(BipartiteGraph(data), LightGCNSettings(dim=2))
    assert LightGCNTask(model, data).validate() is None
    assert LightGCNTask(model, data, held=np.zeros(16, dtype=np.int64)).validate() is None
    with pytest.raises(InputError, match=r"shape \(3,\), not \(16,\)"):
        LightGCNTask(model, data, held=np.zeros(3, dtype=np.int64))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dim": 0}, "dim is 0, below 1"),
        ({"layers": -1}, "layers is -1, below 0"),
        ({"temperature": 0.0}, "temperature is 0.0, not above 0"),
        ({"learning_rate": float("nan")}, "learning_rate is nan, not above 0"),
        ({"loss": "bce"}, "loss 'bce' is not known"),
        ({"norm_power": -1.0}, "norm_power is -1.0, below 0"),
        ({"negative_power": float("nan")}, "negative_power is nan, below 0"),
        ({"averaging": 1.0}, r"averaging is 1.0, outside 0\.\.1"),
    ],
)
def test_settings_are_checked(change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        dataclasses.replace(LightGCNSettings(), **change)  # type: ignore[arg-type]
