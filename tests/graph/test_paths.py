from __future__ import annotations

import numpy as np
import pytest

from graph.paths import EvidencePaths
from graph.scorer import LightGCNScorer
from store.interactions import Audience, Interactions
from tests.graph.conftest import ITEMS, LONELY, USERS, model_of


def scorer_of(data: Interactions, layers: int) -> LightGCNScorer:
    return LightGCNScorer.from_model(model_of(data, layers))


def readers(data: Interactions) -> list[tuple[Audience, int]]:
    """One of training, one of training with a live history, one who came later, one without a history."""
    return [
        (Audience.of_users(np.array([3]), data), 3),
        (Audience.of_history([1, 9, 2], user=5), 5),
        (Audience.of_history([4, 7, 11]), 0),
        (Audience.of_history([4, 2], user=USERS + 3), USERS + 3),
        (Audience.of_history([], user=4), 4),
    ]


@pytest.mark.parametrize("layers", [0, 1, 2, 3, 4])
def test_all_parts_add_up_to_the_split(data: Interactions, layers: int) -> None:
    scorer = scorer_of(data, layers)
    # A candidate that nobody met has a vector that something else predicted.
    cold = scorer.replaced(
        np.array([LONELY]), item_final=scorer.item_final[[6]] + 0.5, item_neighbours=scorer.item_neighbours[[6]]
    )
    evidence = EvidencePaths(data, cold)
    for audience, reader in readers(data):
        split = cold.split(audience, np.arange(1, ITEMS + 1))
        for row in range(ITEMS):
            walks = evidence.walks(split, row, reader=reader)
            scale = max(np.abs(split.by_item[row]).sum() + abs(split.own[row]), 1e-9)
            through = np.bincount(walks.columns, walks.values, minlength=len(split.history))
            parts = walks.items + walks.new + walks.echo + through
            np.testing.assert_allclose(parts, split.by_item[row], atol=1e-5 * scale)
            assert abs(walks.depths.score - split.scores[row]) <= 1e-5 * scale
            assert len(walks.depths.people) == max(layers - 1, 0)
            assert reader not in walks.people.tolist()


@pytest.mark.parametrize("layers", [2, 3])
def test_a_path_is_what_its_walk_carries(data: Interactions, layers: int) -> None:
    """By the definition, walk by walk, from the base embeddings."""
    scorer = scorer_of(data, layers)
    adjacency = data.matrix.toarray()
    users, items = adjacency.sum(axis=1), adjacency.sum(axis=0)
    target, history = 6, [1, 9, 2]
    split = scorer.split(Audience.of_history(history), np.array([target]))
    found = EvidencePaths(data, scorer).trace(split, top=10_000, per_item=10_000)
    assert found.paths
    for path in found.paths:
        j, v = path.history_item, path.via_user
        weight = adjacency[v, j] / (np.sqrt(len(history) * items[j]) * np.sqrt(items[j] * users[v])) / (layers + 1)
        onward = {
            i: adjacency[v, i] / np.sqrt(users[v] * items[i]) * float(scorer.item_base[i] @ scorer.item_final[target])
            for i in np.flatnonzero(adjacency[v]).tolist()
        }
        person = float(scorer.user_base[v] @ scorer.item_final[target])
        assert path.value == pytest.approx(weight * (person + (sum(onward.values()) if layers == 3 else 0)), rel=1e-4)
        if target in onward:
            assert path.end == target
        elif layers == 3:
            onward.pop(j)
            best = max(onward, key=lambda item: onward[item])
            assert path.end == (best if onward[best] > 0 else 0)
        else:
            assert path.end == 0
        expected = weight * onward[path.end] if path.end and layers == 3 else 0.0
        assert path.onward == pytest.approx(expected, rel=1e-4, abs=1e-7)


def test_every_path_is_counted_and_the_strongest_are_shown(data: Interactions) -> None:
    scorer = scorer_of(data, 3)
    evidence, audience = EvidencePaths(data, scorer), Audience.of_users(np.array([3]), data)
    split = scorer.split(audience, np.arange(1, LONELY))
    links = set(zip(data.users.tolist(), data.items.tolist(), strict=True))
    pairs = {(item, user) for item in split.history.tolist() for user in range(1, USERS + 1) if (user, item) in links}
    pairs = {(item, user) for item, user in pairs if user != 3}
    for row in range(len(split.candidates)):
        everything = evidence.trace(split, row, reader=3, top=10_000, per_item=10_000)
        assert everything.count == len(pairs)
        assert len(everything.paths) + everything.against == len(pairs)
        assert {(path.history_item, path.via_user) for path in everything.paths} <= pairs
        values = [path.value for path in everything.paths]
        assert values == sorted(values, reverse=True)
        few = evidence.trace(split, row, reader=3, top=4, per_item=1)
        items = [path.history_item for path in few.paths]
        assert len(items) == len(set(items)) <= 4
        assert few.share == pytest.approx(sum(path.share for path in few.paths))
        assert few.paths[:1] == everything.paths[:1]
        positive = np.maximum(split.by_item[row], 0).sum() + max(split.own[row], 0)
        assert all(path.share == pytest.approx(path.value / positive) for path in few.paths)


def test_looking_at_the_best_first_finds_the_same(data: Interactions, monkeypatch: pytest.MonkeyPatch) -> None:
    scorer = scorer_of(data, 3)
    evidence, split = EvidencePaths(data, scorer), scorer.split(Audience.of_users(np.array([3]), data), np.array([6]))
    wanted = [evidence.trace(split, reader=3, top=top, per_item=per_item) for top, per_item in ((3, 3), (6, 1))]
    monkeypatch.setattr("graph.paths._LOOKED_AT", 5)
    found = [evidence.trace(split, reader=3, top=top, per_item=per_item) for top, per_item in ((3, 3), (6, 1))]
    assert wanted[0].count > 5
    assert found == wanted


def test_the_readers_own_echo_is_apart(data: Interactions) -> None:
    scorer = scorer_of(data, 3)
    evidence, audience = EvidencePaths(data, scorer), Audience.of_users(np.array([3]), data)
    split = scorer.split(audience, np.array([6]))
    mine, nobody = evidence.walks(split, reader=3), evidence.walks(split, reader=0)
    assert mine.depths.echo != 0
    assert nobody.depths.echo == 0
    assert nobody.depths.echo + sum(nobody.depths.people) == pytest.approx(mine.depths.echo + sum(mine.depths.people))


def test_history_items_that_training_did_not_know_are_apart(data: Interactions) -> None:
    scorer = scorer_of(data, 3)
    longer = scorer.extended(scorer.item_final[[6]], scorer.item_neighbours[[6]])
    split = longer.split(Audience.of_history([1, ITEMS + 1]), np.array([4]))
    traced = EvidencePaths(data, longer).trace(split)
    assert traced.depths.new == pytest.approx(float(split.by_item[0, 1]))
    assert {path.history_item for path in traced.paths} <= {1}
    assert traced.depths.score == pytest.approx(float(split.scores[0]), rel=1e-5)


def test_nothing_for_empty_histories_and_where_nothing_speaks_for_it(data: Interactions) -> None:
    scorer = scorer_of(data, 3)
    evidence = EvidencePaths(data, scorer)
    empty = evidence.trace(scorer.split(Audience.of_history([]), np.array([6])))
    assert (empty.paths, empty.count, empty.share, empty.depths.score) == ((), 0, 0.0, 0.0)
    splits = [scorer.split(Audience.of_history([item]), np.arange(1, LONELY)) for item in range(1, LONELY)]
    against = [(split, row) for split in splits for row in np.flatnonzero(split.by_item[:, 0] < 0)]
    assert against
    for split, row in against:
        traced = evidence.trace(split, int(row))
        assert traced.paths == ()
        assert traced.count > 0
