from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from graph.paths import EvidencePaths, GraphPath, evidence_graph
from graph.scorer import Contributions
from store.interactions import Interactions


def interactions(pairs: list[tuple[int, int]], *, num_users: int, num_items: int) -> Interactions:
    users, items = np.array(pairs, dtype=np.int64).T
    return Interactions.build(users, items, np.arange(len(pairs)), num_users=num_users, num_items=num_items)


def contributions(by_item: dict[int, float], target: int, own: float = 0.0) -> Contributions:
    return Contributions(
        history=np.array(list(by_item), dtype=np.int64),
        candidates=np.array([target]),
        own=np.array([own]),
        by_item=np.array([list(by_item.values())]),
    )


# User 1 reads. Item 9 is recommended. User 2 links 1-9 and has met 3 items; user 3 links 1-9 and 2-9 and has met 4;
# user 4 has met item 2 but not 9.
PAIRS = [(1, 1), (1, 2), (1, 3), (2, 1), (2, 9), (2, 5), (3, 1), (3, 2), (3, 9), (3, 6), (4, 2), (4, 5)]


@pytest.fixture
def evidence() -> EvidencePaths:
    return EvidencePaths(interactions(PAIRS, num_users=4, num_items=10))


def test_paths_and_shares_by_hand(evidence: EvidencePaths) -> None:
    paths = evidence.between(contributions({1: 0.3, 2: 0.5, 3: -0.4}, 9, own=0.2), reader=1)
    # Of all that speaks for 9 (1.0), item 1 carries .3, divided 1/3 : 1/4 between users 2 and 3; item 2 carries .5.
    assert [(path.history_item, path.via_user, path.item) for path in paths] == [(2, 3, 9), (1, 2, 9), (1, 3, 9)]
    assert [path.share for path in paths] == pytest.approx([0.5, 0.3 * 4 / 7, 0.3 * 3 / 7])


def test_every_path_exists_in_the_graph_and_avoids_the_reader() -> None:
    generator = np.random.default_rng(0)
    data = Interactions.build(
        generator.integers(1, 41, 400), generator.integers(1, 31, 400), np.arange(400), num_users=40, num_items=30
    )
    links = set(zip(data.users.tolist(), data.items.tolist(), strict=True))
    history = np.unique(data.history(5))
    parts = contributions({int(item): 1.0 for item in history}, 30)
    paths = EvidencePaths(data).between(parts, reader=5, top=1_000, per_item=1_000)
    expected = {
        (int(item), user, 30)
        for item in history
        for user in range(1, 41)
        if user != 5 and (user, int(item)) in links and (user, 30) in links
    }
    expected = {path for path in expected if path[0] != 30}
    assert {(path.history_item, path.via_user, path.item) for path in paths} == expected
    assert sum(path.share for path in paths) <= 1 + 1e-9
    shares = [path.share for path in paths]
    assert shares == sorted(shares, reverse=True)


def test_top_and_per_item(evidence: EvidencePaths) -> None:
    parts = contributions({1: 0.3, 2: 0.1}, 9)
    assert [path.history_item for path in evidence.between(parts, reader=1)] == [1, 1, 2]
    assert [path.history_item for path in evidence.between(parts, reader=1, per_item=1)] == [1, 2]
    assert len(evidence.between(parts, reader=1, top=1)) == 1


def test_nothing_for_cold_targets_unknown_items_and_empty_histories(evidence: EvidencePaths) -> None:
    assert evidence.between(contributions({1: 1.0}, 10), reader=1) == ()
    assert evidence.between(contributions({1: 1.0}, 77), reader=1) == ()
    assert evidence.between(contributions({77: 1.0}, 9), reader=1) == ()
    assert evidence.between(contributions({}, 9), reader=1) == ()
    assert evidence.between(contributions({9: 1.0}, 9), reader=1) == ()
    assert evidence.between(contributions({1: -1.0}, 9), reader=1) == ()


def test_graph_to_draw(evidence: EvidencePaths) -> None:
    graph = evidence_graph(evidence.between(contributions({1: 0.3, 2: 0.5}, 9, own=0.2), reader=1))
    assert set(graph) == {("reader", 0), ("history", 1), ("history", 2), ("user", 2), ("user", 3), ("item", 9)}
    assert graph.nodes["user", 3] == {"kind": "user", "index": 3}
    assert nx.is_directed_acyclic_graph(graph)
    into_target = sum(share for _, _, share in graph.in_edges(("item", 9), data="share"))
    assert into_target == pytest.approx(0.8)
    assert graph.edges[("reader", 0), ("history", 1)]["share"] == pytest.approx(0.3)


def test_graph_stays_small() -> None:
    paths = [GraphPath(item, 100 + item, 7, 1 / item) for item in range(1, 90)]
    graph = evidence_graph(paths)
    assert len(graph) == 60
    assert ("history", 1) in graph
    assert ("history", 89) not in graph
    assert len(evidence_graph([])) == 0
