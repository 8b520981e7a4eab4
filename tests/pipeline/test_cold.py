"""Items that training did not meet get the scores of their stand-ins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from graph.spectral import SpectralScorer, SpectralSettings
from pipeline.cold import ColdAware, StandIns, met_counts
from pipeline.content_scorer import ContentScorer
from pipeline.warm_up import WarmUp, believed, learn_warm_up, promised_readers
from pipeline.young import HALF
from rankers.item_fold_in import ItemFoldIn, ItemFoldInSettings
from store.errors import InputError
from store.interactions import Audience, Interactions

VECTORS = np.array([[0, 0], [1, 0], [0.8, 0.6], [0, 1], [1, 0], [0, 0]], dtype=np.float32)
# Items 1, 2 and 3 are known; 4 (inside) and 5 (behind the last one that the scorer knows) have not been met.
COLD, KNOWN = np.array([4, 5]), np.array([1, 2, 3])
WEIGHTS = np.array([[0.5, 0.75, -0.25], [0, 0, 1]], dtype=np.float32)
STAND_INS = StandIns.of_content(COLD, KNOWN, WEIGHTS, np.array([3, 2, 1], dtype=np.float32))
AS_IT_IS = WarmUp(half=10.0, stretch=1.0)


class Known:
    """A scorer of items 1..3 that gives each its own index, and item 4 what it is told."""

    name = "known"
    num_items = 4

    def __init__(self, own: float = 0.0) -> None:
        self._own = own

    def score(self, audience: Audience, candidates=None):
        everything = np.tile(np.array([-np.inf, 1, 2, 3, self._own], dtype=np.float32), (len(audience), 1))
        return everything if candidates is None else np.take_along_axis(everything, candidates, axis=1)

    def to_arrays(self):
        return {}


def test_cold_items_get_the_weighted_sum_of_their_stand_ins() -> None:
    scorer = ColdAware(Known(), STAND_INS.weighing(AS_IT_IS), num_items=5)
    scores = scorer.score(Audience.of_history([1]))
    np.testing.assert_allclose(scores[0, 1:], [1, 2, 3, 0.5 + 1.5 - 0.75, 3], rtol=1e-6)
    assert np.isneginf(scores[0, 0])
    candidates = np.array([[4, 2, 0]])
    np.testing.assert_allclose(scorer.score(Audience.of_history([1]), candidates)[0], [1.25, 2, -np.inf], rtol=1e-6)


def test_vectors_of_cold_items_are_the_same_sum() -> None:
    np.testing.assert_allclose(STAND_INS.weighing(AS_IT_IS).rows(VECTORS), WEIGHTS @ VECTORS[1:4], rtol=1e-6)


def test_content_scorer_prefers_what_resembles_the_history() -> None:
    scorer = ContentScorer(VECTORS)
    scores = scorer.score(Audience.of_history([1]))
    np.testing.assert_allclose(scores[0, 1:], [1, 0.8, 0, 1, 0], atol=1e-6)


def test_content_scorer_passes_over_unknown_items_and_survives_an_empty_history() -> None:
    scorer = ContentScorer(VECTORS)
    np.testing.assert_array_equal(scorer.score(Audience.of_history([1, 99])), scorer.score(Audience.of_history([1])))
    assert not scorer.score(Audience.of_history([]))[0, 1:].any()


def two_tastes(num_items: int = 40, num_users: int = 400, *, seed: int = 0) -> Interactions:
    """Even users take to even items, odd ones to odd items, with some noise; low numbers are popular."""
    rng = np.random.default_rng(seed)
    chance = np.where((np.arange(1, num_users + 1)[:, None] - np.arange(1, num_items + 1)[None, :]) % 2 == 0, 0.5, 0.05)
    users, items = np.nonzero(rng.random((num_users, num_items)) < chance / (1 + np.arange(num_items) / num_items))
    order = rng.permutation(len(users))
    return Interactions.build(
        users[order] + 1, items[order] + 1, np.arange(len(order)), num_users=num_users, num_items=num_items
    )


def test_folding_an_item_in_equals_training_ease_again() -> None:
    everything = two_tastes()
    new, known = 40, np.arange(1, 40)
    before = everything.where(everything.items != new)
    l2 = 1.5 * float(before.item_counts[known].mean())
    matrix = everything.matrix.toarray()[:, 1:].astype(np.float64)
    inverse = np.linalg.inv(matrix.T @ matrix + l2 * np.eye(40))
    trained_again = -inverse[:39, 39] / inverse[39, 39]  # eq. 8 of EASE, the new item's column
    readers = everything.users[everything.items == new]
    met = met_counts([before.history(int(user)) for user in readers], known)
    folded = ItemFoldIn.fit(before, known, ItemFoldInSettings(l2=1.5)).weights(met[None, :])
    np.testing.assert_allclose(folded[0], trained_again, atol=1e-4)


def test_a_penalty_must_be_positive() -> None:
    with pytest.raises(InputError, match="l2 is 0, not above 0"):
        ItemFoldInSettings(l2=0)


def test_histories_are_counted_by_stand_in_and_strangers_passed_over() -> None:
    histories = [np.array([1, 3, 3]), np.array([3, 99]), np.zeros(0, dtype=np.int64)]
    np.testing.assert_array_equal(met_counts(histories, KNOWN), [1, 0, 2])


@pytest.fixture(scope="module")
def tastes() -> Interactions:
    return two_tastes()


def met_by(tastes: Interactions, readers: list[int]) -> StandIns:
    """Item 40, whose content promises the odd taste, after some users met it."""
    known = np.arange(1, 40)
    by_content = (known % 2 == 1).astype(np.float32)[None, :] / 20
    before = tastes.where(tastes.items != 40)
    stand_ins = StandIns.of_content(np.array([40]), known, by_content, before.item_counts[known])
    if not readers:
        return stand_ins
    histories = [before.history(user) for user in readers]
    return stand_ins.with_readers({40: histories}, ItemFoldIn.fit(before, known))


def weights_of(stand_ins: StandIns) -> np.ndarray:
    """What each stand-in counts for each cold item in the end, [M, S]."""
    known, cold = len(stand_ins.known), len(stand_ins.cold)
    return stand_ins.weighing(AS_IT_IS).of(np.eye(known, dtype=np.float32), np.zeros((cold, known), dtype=np.float32))


def leaning(stand_ins: StandIns) -> float:
    """How much more the even items count than the odd ones."""
    weights = weights_of(stand_ins)[0]
    return float(weights[1::2].mean() - weights[::2].mean())


def test_an_item_moves_from_its_content_to_its_readers_with_every_one(tastes: Interactions) -> None:
    even = list(range(2, 400, 2))
    leanings = [leaning(met_by(tastes, even[:count])) for count in (0, 1, 3, 10, 30, 100)]
    assert leanings[0] < 0 < leanings[-1]
    assert leanings == sorted(leanings)


def test_items_are_met_one_after_the_other_and_again(tastes: Interactions) -> None:
    known = np.arange(1, 38)
    before = tastes.where(tastes.items < 38)
    fold_in = ItemFoldIn.fit(before, known)
    by_content = np.full((3, 37), 1 / 37, dtype=np.float32)
    nobody = StandIns.of_content(np.array([38, 39, 40]), known, by_content, before.item_counts[known])
    first, second = [before.history(1)], [before.history(2), before.history(4)]
    step_by_step = nobody.with_readers({40: first}, fold_in).with_readers({38: first}, fold_in)
    step_by_step = step_by_step.with_readers({40: second}, fold_in)
    at_once = nobody.with_readers({40: second, 38: first}, fold_in)
    np.testing.assert_allclose(weights_of(step_by_step), weights_of(at_once), rtol=1e-5)
    alone = at_once.only(np.array([38, 40]))
    np.testing.assert_allclose(weights_of(alone), weights_of(at_once)[[0, 2]], rtol=1e-6)
    assert [alone.readers_of(item) for item in (38, 40)] == [1, 2]
    assert [at_once.readers_of(item) for item in (38, 39, 40)] == [1, 0, 2]
    assert at_once.level[1] == pytest.approx(nobody.level[1])


def test_the_readers_that_content_promises_give_way_to_those_that_came() -> None:
    by_content = np.full((3, 2), 0.5, dtype=np.float32)
    promised = promised_readers(by_content, np.array([149.0, 149.0], dtype=np.float32))
    level = believed(promised, np.array([0, 149, 100_000]))
    np.testing.assert_allclose(promised, 149.0, rtol=1e-5)
    np.testing.assert_allclose(level[:2], 149.0, rtol=1e-5)
    assert level[2] == pytest.approx(100_000, rel=0.02)


def test_stretching_moves_away_from_the_mean_item() -> None:
    weights = WarmUp(stretch=2.0).stretched(np.array([[0.75, 0.25], [0.5, 0.5]], dtype=np.float32))
    np.testing.assert_allclose(weights, [[1.0, 0.0], [0.5, 0.5]])


def test_readers_without_a_history_change_nothing_but_the_level(tastes: Interactions) -> None:
    nobody = met_by(tastes, [0, 0, 0])
    assert nobody.readers_of(40) == 3
    assert np.isfinite(weights_of(nobody)).all()
    assert leaning(nobody) < 0


class ByColumn:
    """What users met, as scores."""

    name, num_items = "met", 40

    def score(self, audience: Audience, candidates=None):
        return audience.matrix(40).toarray()

    def to_arrays(self):
        return {}


@pytest.mark.parametrize(("good_content", "expected"), [(True, "late"), (False, "early")])
def test_good_content_is_given_up_later_than_misleading_content(
    tastes: Interactions, good_content: bool, expected: str
) -> None:
    known = np.arange(1, 41)
    promises = (known[:, None] - known[None, :]) % 2 == (0 if good_content else 1)
    left_out = np.where(promises & ~np.eye(40, dtype=bool), 1.0, 0.0)
    left_out = (left_out / left_out.sum(axis=1, keepdims=True)).astype(np.float32)

    half = learn_warm_up(tastes, known, left_out, {"met": ByColumn()}, seed=0)["met"].half
    assert half >= 30 if expected == "late" else half <= 10


def test_flat_predictions_are_stretched_until_new_items_get_their_share(tastes: Interactions) -> None:
    """Content that knows everything, said faintly: a tenth of it around the mean item."""
    known = np.arange(1, 41)
    spectral = SpectralScorer.fit(tastes, SpectralSettings(rank=4))
    close = ((known[:, None] - known[None, :]) % 2 == 0) & ~np.eye(40, dtype=bool)
    sharp = close / close.sum(axis=1, keepdims=True)
    stretches = [
        learn_warm_up(
            tastes, known, (1 / 40 + share * (sharp - 1 / 40)).astype(np.float32), {"spectral": spectral}, seed=0
        )["spectral"].stretch
        for share in (1.0, 0.5)
    ]
    assert stretches[1] > stretches[0]


@pytest.mark.parametrize("trained", [0.0, 40.0], ids=["new", "young"])
@pytest.mark.parametrize("readers", [[], [1, 2]], ids=["by content", "by readers"])
@pytest.mark.parametrize("stretch", [1.0, 1.7])
def test_losses_of_cold_items_are_those_of_leaving_each_item_out(
    tastes: Interactions, stretch: float, readers: list[int], trained: float
) -> None:
    known = SpectralScorer.fit(tastes, SpectralSettings(rank=6))
    stand_ins = replace(met_by(tastes, readers), trained=np.array([trained], dtype=np.float32))
    scorer = ColdAware(known, stand_ins.weighing(WarmUp(half=10.0, stretch=stretch)), num_items=known.num_items + 2)
    history, candidates = np.array([3, 1, 8, 12]), np.concatenate((stand_ins.cold, [2, 5]))
    everything = scorer.score(Audience.of_history(history), candidates[None, :])[0]
    lost = scorer.losses(history, candidates, np.eye(len(candidates), dtype=np.float32))
    for place in range(len(history)):
        left = scorer.score(Audience.of_history(np.delete(history, place)), candidates[None, :])[0]
        np.testing.assert_allclose(lost[:, place], everything - left, rtol=1e-3, atol=1e-6)


def test_a_young_item_moves_from_its_stand_ins_to_what_training_made_of_it() -> None:
    """In scores and in vectors, the trained part as large as if the item had the readers that are believed in."""
    audience = Audience.of_history([1])
    fold_in = ItemFoldIn(KNOWN, np.zeros((3, 3), dtype=np.float32))
    by_readers = [0, 3, 30, 300, 3_000]
    own, stood_in = [], []
    for readers in by_readers:
        trained = np.array([readers, 0], dtype=np.float32)
        young = replace(STAND_INS, trained=trained).with_readers(
            {4: [np.array([1])] * readers} if readers else {}, fold_in
        )
        weighing = young.weighing(WarmUp(half=1e9, growth=0.5))
        scores = ColdAware(Known(own=10.0), weighing, num_items=5).score(audience)[0]
        bare = ColdAware(Known(own=0.0), weighing, num_items=5).score(audience)[0]
        own.append(float(scores[4] - bare[4]))
        stood_in.append(float(bare[4]))
        np.testing.assert_allclose(scores[[1, 2, 3, 5]], [1, 2, 3, 3], rtol=1e-6)
        placed = weighing.rows(VECTORS)
        np.testing.assert_allclose(
            placed[0], weighing.of_content[0] * WEIGHTS[0] @ VECTORS[1:4] + own[-1] / 10 * VECTORS[4], rtol=1e-4
        )
        if readers:
            expected = readers / (readers + HALF) * (young.level[0] / readers) ** 0.5
            assert own[-1] == pytest.approx(10.0 * expected, rel=1e-4)
    assert own[0] == 0.0
    assert own[-1] == pytest.approx(10.0, rel=0.05)
    assert stood_in[0] == pytest.approx(1.25)


def test_how_scores_grow_with_readers_is_learned(tastes: Interactions) -> None:
    """`ByColumn` is the interaction matrix: the mean square of a column is its share of readers."""
    known = np.arange(1, 41)
    left_out = ((1 - np.eye(40)) / 39).astype(np.float32)
    assert learn_warm_up(tastes, known, left_out, {"met": ByColumn()}, seed=0)["met"].growth == pytest.approx(
        0.5, abs=1e-3
    )


@pytest.mark.parametrize("recent", [3, 50])
def test_losses_by_content_are_those_of_leaving_each_item_out(recent: int) -> None:
    """With 3 recent ones, another comes in where one goes."""
    scorer = ContentScorer(VECTORS, recent=recent)
    history, candidates = np.array([3, 1, 99, 2, 5, 4]), np.array([1, 2, 3])
    everything = scorer.score(Audience.of_history(history), candidates[None, :])[0]
    lost = scorer.losses(history, candidates, np.eye(3, dtype=np.float32))
    for place in range(len(history)):
        left = scorer.score(Audience.of_history(np.delete(history, place)), candidates[None, :])[0]
        np.testing.assert_allclose(lost[:, place], everything - left, rtol=1e-4, atol=1e-6)
