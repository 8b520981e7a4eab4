"""The multi-round protocol on a small planted catalogue: who is found when, what is measured, and the command."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from agent.asking import AskingSettings, Moves
from agent.belief import AnswerModel, Belief, Mask
from benchmarks.simulation.__main__ import main
from benchmarks.simulation.policies import AbsGreedy, MaxEntropy, Ours
from benchmarks.simulation.prior import NAMES, Features, Prior, learn_weights
from benchmarks.simulation.protocol import ACTIONS, Outcomes, Rules, play, telling
from benchmarks.simulation.world import Sessions, World

USERS, ITEMS, DIGITS = 30, 256, 8
SURE = AnswerModel(0.0, 0.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every item has attribute 0 and those of its binary digits; users of even number meet items of even number."""
    folder = tmp_path_factory.mktemp("lastfm")
    rng = np.random.default_rng(0)
    met = [rng.permutation(np.arange(user % 2, ITEMS, 2))[:24] for user in range(USERS)]
    for name, part in (("train", slice(0, 16)), ("valid", slice(16, 20)), ("test", slice(20, 24))):
        write(folder / f"{name}.txt.gz", [[user, *items[part]] for user, items in enumerate(met)])
    digits = [[item, 0, *(1 + np.flatnonzero((item >> np.arange(DIGITS)) & 1))] for item in range(ITEMS)]
    write(folder / "item-attributes.txt.gz", digits)
    return folder


def write(file: Path, rows: list[list[int]]) -> None:
    with gzip.open(file, "wt") as lines:
        lines.writelines(" ".join(map(str, row)) + "\n" for row in rows)


@pytest.fixture(scope="module")
def world(folder: Path) -> World:
    return World.read(folder)


@pytest.fixture(scope="module")
def flat(world: World) -> Prior:
    """Knows nothing of anybody."""
    return Prior(np.zeros(len(NAMES), dtype=np.float32), Features.of(world.train, world.attributes), None)


def everyone(world: World) -> Sessions:
    """All begin with the attribute that all items have."""
    users, targets = world.test.T
    return Sessions(users, targets, np.zeros(len(users), dtype=np.int64))


def test_reads_pairs_and_attributes_and_keeps_the_test_out_of_what_is_known(world: World) -> None:
    assert world.attributes.shape == (ITEMS + 1, DIGITS + 1)
    np.testing.assert_array_equal(world.attributes[[6]].indices, [0, 1, 3])  # item 5 of the file: digits 101
    assert (len(world.train), len(world.valid), len(world.test)) == (16 * USERS, 4 * USERS, 4 * USERS)
    known = {*zip(world.with_valid().users, world.with_valid().items, strict=True)}
    assert len(known) == 20 * USERS
    assert not known & {*map(tuple, world.test)}


def test_sessions_begin_with_an_attribute_of_their_target(world: World) -> None:
    sessions = Sessions.draw(world.test, world.attributes, np.random.default_rng(0), at_most=50)
    assert len(sessions) == 50
    assert (np.asarray(world.attributes[sessions.targets, sessions.given]) == 1).all()
    assert sorted(np.concatenate(sessions.by_given())) == list(range(50))


def test_digits_are_asked_until_ten_are_left(world: World, flat: Prior) -> None:
    """256 equal items, eight even splits: four questions leave 16, a list finds ten, the next one the rest."""
    policy = Ours(AskingSettings(SURE, shown=10))
    outcomes = play(everyone(world), world.attributes, flat, policy, Rules(0.0, SURE), seed=0)
    listed_first = (world.test[:, 1] - 1) >> 4 < 10  # the low digits are asked, so the high ones tell the 16 apart
    np.testing.assert_array_equal(outcomes.turns, np.where(listed_first, 5, 6))


def test_without_questions_ten_items_a_turn_are_all_that_is_seen(world: World, flat: Prior) -> None:
    outcomes = play(everyone(world), world.attributes, flat, AbsGreedy(), Rules(0.0, SURE), seed=0)
    rank = world.test[:, 1] - 1  # equal belief: in the order of the items
    expected = np.where(rank < 10 * ACTIONS, rank // 10 + 1, 0)
    np.testing.assert_array_equal(outcomes.turns, expected)
    np.testing.assert_array_equal(outcomes.places[expected > 0], rank[expected > 0] % 10 + 1)


def test_maximum_entropy_finds_what_answers_single_out(world: World, flat: Prior) -> None:
    policy = MaxEntropy(np.random.default_rng(0))
    outcomes = play(everyone(world), world.attributes, flat, policy, Rules(0.0, SURE), seed=0)
    assert (outcomes.turns > 0).all()


def test_wrong_answers_cost_more_where_they_are_believed(world: World, flat: Prior) -> None:
    found = {}
    for name, answers in (("trusting", SURE), ("wary", AnswerModel(0.1, 0.1))):
        policy = Ours(AskingSettings(answers, shown=10))
        outcomes = play(everyone(world), world.attributes, flat, policy, Rules(0.15, answers), seed=0)
        found[name] = (outcomes.turns > 0).mean()
    assert found["trusting"] < found["wary"]


def test_the_last_move_is_a_list_whatever_the_policy_wants(world: World, flat: Prior) -> None:
    def never_show(belief: Belief, carriers: sp.csr_matrix, asked: Mask) -> Moves:
        wanted = Ours(AskingSettings(SURE, shown=10))(belief, carriers, asked)
        return Moves(np.zeros_like(wanted.show), wanted.items, wanted.question, wanted.asking, wanted.showing)

    outcomes = play(everyone(world), world.attributes, flat, never_show, Rules(0.0, SURE), seed=0)
    np.testing.assert_array_equal(outcomes.turns, ACTIONS)


def test_the_prior_learns_who_wants_what_and_leaves_out_what_was_met(world: World) -> None:
    features = Features.of(world.train, world.attributes)
    sessions = Sessions.draw(world.valid, world.attributes, np.random.default_rng(0))
    weights = learn_weights(features, sessions, world.attributes, world.train.matrix)
    items = np.arange(1, ITEMS + 1)
    logs = Prior(weights, features, world.train.matrix).logs(np.array([1]), items)[0]
    met = np.isin(items, world.train.history(1))
    np.testing.assert_array_equal(np.isneginf(logs), met)
    own = (items - 1) % 2 == 0  # user 0 of the files is even
    assert logs[own & ~met].mean() > logs[~own].mean() + 1


def test_the_prior_uses_the_features_named_only(world: World) -> None:
    features = Features.of(world.train, world.attributes)
    sessions = Sessions.draw(world.valid, world.attributes, np.random.default_rng(0))
    weights = learn_weights(features, sessions, world.attributes, world.train.matrix, names=("ease", "popularity"))
    assert {name for name, weight in zip(NAMES, weights, strict=True) if weight} == {"ease", "popularity"}


def test_figures_by_hand() -> None:
    figures = Outcomes(np.array([1, 6, 0]), np.array([1, 3, 0])).figures()
    assert figures["sr@5"] == pytest.approx(1 / 3)
    assert figures["sr@10"] == figures["sr@15"] == pytest.approx(2 / 3)
    assert figures["turns@15"] == pytest.approx((1 + 6 + 15) / 3)
    second = 1 / 3 + (1 / np.log2(7) - 1 / 3) / 2  # turn 6: log2 8 = 3; place 3: log2 4 = 2
    assert figures["hdcg@15"] == pytest.approx((1 + second) / 3)


def test_only_attributes_that_tell_candidates_apart_can_be_asked() -> None:
    carriers = sp.csr_matrix(np.array([[1, 1, 0, 0], [1, 0, 0, 1]], dtype=np.float32))
    np.testing.assert_array_equal(telling(carriers).toarray(), [[1, 0], [0, 1]])


def test_the_command_prints_a_row_for_what_was_asked(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = ["abs_greedy", "ours_prunes", "ours_weighs_noise_10_with_seen", "max_entropy_demotes_noise_5"]
    arguments = ["simulation", str(folder), "--quick", "--json", "--seeds", "0,1", "--only", ",".join(rows)]
    monkeypatch.setattr(sys, "argv", arguments)
    main()
    printed = json.loads(capsys.readouterr().out)
    assert printed["benchmark"] == "simulation"
    assert {row["name"] for row in printed["rows"]} == set(rows)
    assert all(0 <= row["sr@5"] <= row["sr@15"] <= 1 and "sr@15_sd" in row for row in printed["rows"])
    assert set(printed["environment"]["prior"]) == set(NAMES)
