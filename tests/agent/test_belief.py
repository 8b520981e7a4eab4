from __future__ import annotations

import numpy as np
import pytest

from agent.belief import AnswerModel, Belief
from store.errors import InputError

HAS = np.array([[True, True, False, False]])
YES, NO = np.array([True]), np.array([False])
ONLY = np.array([0])


def of(*weights: float) -> Belief:
    return Belief(np.log(np.array([weights], dtype=np.float32)))


def test_an_answer_moves_the_belief_by_bayes_rule() -> None:
    belief = of(0.4, 0.3, 0.2, 0.1)
    belief.answer(ONLY, HAS, YES, AnswerModel(missed=0.1, mistaken=0.2))
    joint = np.array([0.4 * 0.9, 0.3 * 0.9, 0.2 * 0.2, 0.1 * 0.2])
    np.testing.assert_allclose(belief.probabilities()[0], joint / 0.69, rtol=1e-5)
    belief.answer(ONLY, np.array([[True, False, True, False]]), NO, AnswerModel(missed=0.1, mistaken=0.2))
    joint *= np.array([0.1, 0.8, 0.1, 0.8])
    np.testing.assert_allclose(belief.probabilities()[0], joint / joint.sum(), rtol=1e-5)


def test_a_no_prunes_or_demotes_as_the_model_says() -> None:
    pruned, demoted = of(1, 1, 1, 1), of(1, 1, 1, 1)
    pruned.answer(ONLY, HAS, NO, AnswerModel(missed=0.0, mistaken=0.0))
    demoted.answer(ONLY, HAS, NO, AnswerModel(missed=0.5, mistaken=0.0))
    np.testing.assert_allclose(pruned.probabilities()[0], [0, 0, 1 / 2, 1 / 2])
    np.testing.assert_array_equal(pruned.possible[0], [False, False, True, True])
    np.testing.assert_allclose(demoted.probabilities()[0], [1 / 6, 1 / 6, 1 / 3, 1 / 3], rtol=1e-6)


def test_what_was_refused_is_out_and_the_rest_keeps_its_odds() -> None:
    belief = of(0.4, 0.3, 0.2, 0.1)
    belief.refuse(ONLY, np.array([[0, 2]]))
    np.testing.assert_allclose(belief.probabilities()[0], [0, 3 / 4, 0, 1 / 4], rtol=1e-6)
    belief.refuse(ONLY, np.array([[1, 3]]))
    np.testing.assert_array_equal(belief.probabilities()[0], [0, 0, 0, 0])


def test_an_answer_that_contradicts_every_candidate_is_set_aside() -> None:
    belief = of(0.0001, 0.9999)
    belief.answer(ONLY, np.array([[True, True]]), NO, AnswerModel(missed=0.0, mistaken=0.0))
    np.testing.assert_allclose(belief.probabilities()[0], [0.0001, 0.9999], rtol=1e-4)


def test_sessions_are_apart_and_can_be_forgotten() -> None:
    belief = Belief(np.zeros((3, 4), dtype=np.float32))
    belief.answer(np.array([0, 2]), np.repeat(HAS, 2, axis=0), np.array([True, False]), AnswerModel(0.0, 0.0))
    np.testing.assert_allclose(belief.probabilities(), [[0.5, 0.5, 0, 0], [0.25] * 4, [0, 0, 0.5, 0.5]])
    belief.keep(np.array([False, True, True]))
    assert len(belief) == 2
    np.testing.assert_allclose(belief.probabilities()[1], [0, 0, 0.5, 0.5])


def test_a_wrong_answer_can_be_outvoted_where_answers_may_err() -> None:
    """Item 5 of 8, told by its three binary digits, each asked three times; the first answer to each is wrong."""
    digits = (np.arange(8)[:, None] >> np.arange(3)) & 1 == 1
    wary, trusting = (Belief(np.zeros((1, 8), dtype=np.float32)) for _ in range(2))
    for wrong in (True, False, False):
        for digit in range(3):
            said = np.array([digits[5, digit] ^ wrong])
            wary.answer(ONLY, digits[None, :, digit], said, AnswerModel(0.1, 0.1))
            trusting.answer(ONLY, digits[None, :, digit], said, AnswerModel(0.0, 0.0))
    assert wary.probabilities()[0].argmax() == 5
    assert wary.probabilities()[0, 5] == pytest.approx(0.9**3, rel=1e-4)  # each digit at odds of 9 to 1
    assert trusting.probabilities()[0, 5] == 0


@pytest.mark.parametrize(
    ("rates", "message"),
    [
        ((-0.1, 0.0), r"missed is -0.1, outside 0..1"),
        ((0.0, 1.0), r"mistaken is 1.0, outside 0..1"),
        ((0.5, 0.5), r"missed \+ mistaken is 1, not below 1"),
    ],
)
def test_rates_that_mean_nothing_are_refused(rates: tuple[float, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        AnswerModel(*rates)


def test_a_session_without_candidates_is_refused() -> None:
    with pytest.raises(InputError, match="a session has 0 candidates"):
        Belief(np.array([[0.0, 0.0], [-np.inf, -np.inf]], dtype=np.float32))
