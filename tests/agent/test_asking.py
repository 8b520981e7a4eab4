from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from agent.asking import AskingSettings, decide, question_gains, showing_gains
from agent.belief import AnswerModel
from store.errors import InputError

SURE = AnswerModel(missed=0.0, mistaken=0.0)


def bits(p: np.ndarray) -> float:
    p = p[p > 0]
    return float(-(p * np.log2(p)).sum())


def information(joint: np.ndarray) -> float:
    """Mutual information of rows and columns, from the definition."""
    return bits(joint.sum(axis=0)) + bits(joint.sum(axis=1)) - bits(joint.ravel())


@pytest.mark.parametrize("answers", [SURE, AnswerModel(0.1, 0.1), AnswerModel(0.5, 0.0), AnswerModel(0.02, 0.3)])
def test_a_question_is_worth_the_information_of_its_answer(answers: AnswerModel) -> None:
    rng = np.random.default_rng(0)
    beliefs = rng.dirichlet(np.ones(9), size=4).astype(np.float32)
    has = rng.random((9, 6)) < 0.4
    gains = question_gains(beliefs, sp.csr_matrix(has.astype(np.float32)), answers)
    for session, belief in enumerate(beliefs.astype(np.float64)):
        for attribute in range(6):
            yes = np.where(has[:, attribute], 1 - answers.missed, answers.mistaken)
            expected = information(np.stack([belief * yes, belief * (1 - yes)]))
            assert gains[session, attribute] == pytest.approx(expected, abs=1e-5)


def test_a_list_is_worth_what_a_hit_and_a_refusal_leave_less_uncertain() -> None:
    beliefs = np.array([[0.4, 0.3, 0.2, 0.1]], dtype=np.float32)
    before, after = bits(np.array([0.4, 0.3, 0.2, 0.1])), 0.3 * bits(np.array([2 / 3, 1 / 3]))
    assert showing_gains(beliefs, np.array([[0, 1]]))[0] == pytest.approx(before - after, abs=1e-5)
    assert showing_gains(beliefs, np.array([[0, 1, 2, 3]]))[0] == pytest.approx(before, abs=1e-5)


def fewest_moves(left: frozenset[int], has: np.ndarray, shown: int) -> float:
    """Mean moves until every item of a uniform belief is shown, with perfect play, by brute force."""
    if len(left) <= shown:
        return 1.0
    best = 1.0 + (len(left) - shown) / len(left) * fewest_moves(frozenset(sorted(left)[shown:]), has, shown)
    for attribute in range(has.shape[1]):
        yes = frozenset(item for item in left if has[item, attribute])
        no = left - yes
        if yes and no:
            parts = sum(len(part) / len(left) * fewest_moves(part, has, shown) for part in (yes, no))
            best = min(best, 1.0 + parts)
    return best


def test_the_question_is_one_that_perfect_play_begins_with() -> None:
    """Twelve items, one shown at a time: two attributes that split evenly, three that few items have."""
    items = np.arange(12)
    has = np.stack([items < 6, items % 6 < 3, items == 0, items < 2, items % 6 == 0], axis=1)
    best = fewest_moves(frozenset(range(12)), has, 1)
    after = [
        1.0
        + sum(
            np.mean(has[:, a] == side) * fewest_moves(frozenset(np.flatnonzero(has[:, a] == side).tolist()), has, 1)
            for side in (True, False)
        )
        for a in range(has.shape[1])
    ]
    beliefs = np.full((1, 12), 1 / 12, dtype=np.float32)
    none_asked = np.zeros((1, has.shape[1]), dtype=np.bool_)
    settings = AskingSettings(SURE, shown=1)
    moves = decide(beliefs, sp.csr_matrix(has.astype(np.float32)), none_asked, settings)
    assert not moves.show[0]
    assert after[moves.question[0]] == pytest.approx(best)
    assert max(after) > best + 0.1  # not every question is as good


def test_shows_where_the_belief_is_narrow_and_asks_where_it_is_broad() -> None:
    beliefs = np.zeros((2, 64), dtype=np.float32)
    beliefs[0] = 1 / 64
    beliefs[1, 10:13] = 0.3, 0.5, 0.2
    halves = sp.csr_matrix((np.arange(64)[:, None] < 32).astype(np.float32))
    settings = AskingSettings(SURE, shown=3)
    moves = decide(beliefs, halves, np.zeros((2, 1), dtype=np.bool_), settings)
    np.testing.assert_array_equal(moves.show, [False, True])
    np.testing.assert_array_equal(moves.items[1], [11, 10, 12])
    assert moves.asking[0] == pytest.approx(1.0)
    assert moves.asking[1] == pytest.approx(0.0, abs=1e-5)


def test_a_question_is_not_asked_twice_and_where_none_is_left_the_list_is_shown() -> None:
    beliefs = np.full((1, 64), 1 / 64, dtype=np.float32)
    has = np.stack([np.arange(64) < 32, np.arange(64) < 16], axis=1).astype(np.float32)
    settings = AskingSettings(SURE, shown=1)
    asked = np.array([[True, False]])
    assert decide(beliefs, sp.csr_matrix(has), asked, settings).question[0] == 1
    assert decide(beliefs, sp.csr_matrix(has), np.array([[True, True]]), settings).show[0]
    assert decide(beliefs, sp.csr_matrix((64, 0), dtype=np.float32), asked[:, :0], settings).show[0]


def test_an_answer_that_tells_less_is_asked_for_later() -> None:
    """The same belief: sure answers are worth a question, answers that hardly tell anything are not."""
    beliefs = np.full((1, 40), 1 / 40, dtype=np.float32)
    halves = sp.csr_matrix((np.arange(40)[:, None] < 20).astype(np.float32))
    none_asked = np.zeros((1, 1), dtype=np.bool_)
    assert not decide(beliefs, halves, none_asked, AskingSettings(SURE, shown=2)).show[0]
    assert decide(beliefs, halves, none_asked, AskingSettings(AnswerModel(0.45, 0.45), shown=2)).show[0]


def test_settings_that_mean_nothing_are_refused() -> None:
    with pytest.raises(InputError, match="shown is 0, below 1"):
        AskingSettings(shown=0)
    with pytest.raises(InputError, match="eagerness is 0, not above 0"):
        AskingSettings(eagerness=0)
