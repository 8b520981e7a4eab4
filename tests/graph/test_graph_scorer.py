from __future__ import annotations

import numpy as np
import pytest

from graph.scorer import LightGCNScorer
from store.errors import InputError
from store.interactions import Audience, Interactions
from tests.graph.conftest import ITEMS, LONELY, USERS, model_of


@pytest.fixture(scope="module")
def scorer(data: Interactions) -> LightGCNScorer:
    return LightGCNScorer.from_model(model_of(data))


def mixed_audience(data: Interactions) -> Audience:
    histories = [data.history(3), np.array([1, 2, 3]), np.zeros(0, dtype=np.int64), np.array([5, 999, 5, 4])]
    return Audience(np.array([3, 0, 5, USERS + 4]), histories)


@pytest.mark.parametrize("layers", [0, 1, 2, 4])
@pytest.mark.parametrize("norm_power", [0.0, 0.5, 1.0])
def test_training_history_gives_the_models_own_vectors_and_scores(
    data: Interactions, layers: int, norm_power: float
) -> None:
    model = model_of(data, layers, norm_power)
    scorer = LightGCNScorer.from_model(model)
    everyone = np.arange(USERS + 1)
    users, items = (part.detach().numpy() for part in model())
    audience = Audience.of_users(everyone, data)
    np.testing.assert_allclose(scorer.reader_vectors(audience), users, atol=1e-5)
    expected = users @ (items / np.maximum(np.linalg.norm(items, axis=1), 1e-6)[:, None] ** norm_power).T
    np.testing.assert_allclose(scorer.score(audience)[:, 1:LONELY], expected[:, 1:LONELY], atol=1e-5)


def test_fold_in_is_the_model_with_that_user_and_no_embedding_of_its_own(data: Interactions) -> None:
    """Layer by layer by the definition: a reader who sends nothing back to the items."""
    model = model_of(data)
    layers = [items.detach().numpy() for _, items in model.layers()]
    degrees = np.asarray(data.item_counts)
    history = [2, 9, 4]
    expected = np.zeros(6)
    for items in layers[:-1]:
        for item in history:
            expected += items[item] / np.sqrt(3 * degrees[item])
    scorer = LightGCNScorer.from_model(model)
    vector = scorer.reader_vectors(Audience.of_history(history))[0]
    np.testing.assert_allclose(vector, expected / len(layers), atol=1e-5)


def test_a_new_event_counts_at_once(data: Interactions, scorer: LightGCNScorer) -> None:
    before, after = data.history(3), np.append(data.history(3), 13)
    assert 13 not in before
    readers = Audience(np.array([3, 3]), [before, after])
    assert np.abs(np.diff(scorer.score(readers)[:, 1:LONELY], axis=0)).min() > 1e-6


def test_batch_equals_single(data: Interactions, scorer: LightGCNScorer) -> None:
    audience = mixed_audience(data)
    candidates = np.array([[1, 2, 0], [4, 4, 15], [7, 0, 0], [3, 2, 1]])
    for chosen in (None, candidates):
        together = scorer.score(audience, chosen)
        for row in range(len(audience)):
            alone = scorer.score(audience.rows(row, row + 1), None if chosen is None else chosen[row : row + 1])
            np.testing.assert_allclose(alone[0], together[row], rtol=1e-5, atol=1e-6)
    everything = scorer.score(audience)
    expected = np.take_along_axis(everything, candidates, axis=1)
    np.testing.assert_allclose(scorer.score(audience, candidates), expected, rtol=1e-5, atol=1e-6)


def test_shapes_types_and_padding(data: Interactions, scorer: LightGCNScorer) -> None:
    scores = scorer.score(mixed_audience(data))
    assert scores.shape == (4, ITEMS + 1)
    assert scores.dtype == np.float32
    assert np.isneginf(scores[:, 0]).all()
    assert np.isfinite(scores[:, 1:]).all()
    assert scorer.score(Audience(np.zeros(0, dtype=np.int64), [])).shape == (0, ITEMS + 1)
    assert (scorer.name, scorer.num_items, scorer.num_users) == ("lightgcn", ITEMS, USERS)


def test_unknown_users_items_and_empty_histories(scorer: LightGCNScorer) -> None:
    empty = np.zeros(0, dtype=np.int64)
    unknown = scorer.score(Audience(np.array([0, USERS + 1]), [empty, empty]))[:, 1:]
    assert not unknown.any()
    own = scorer.reader_vectors(Audience(np.array([4]), [empty]))
    np.testing.assert_allclose(own[0], scorer.user_base[4] / 4, rtol=1e-6)
    plain = scorer.score(Audience.of_history([1, 2]))
    for noisy in ([1, 2, 999], [0, 1, 0, 2], [2, 1, 2, 1, 2], [1, LONELY, 2]):
        np.testing.assert_array_equal(scorer.score(Audience.of_history(noisy)), plain)


def test_items_that_nobody_met_have_zero_rows(scorer: LightGCNScorer) -> None:
    assert not scorer.item_final[[0, LONELY]].any()
    assert not scorer.item_neighbours[[0, LONELY]].any()


def test_contributions_sum_to_the_score(data: Interactions, scorer: LightGCNScorer) -> None:
    candidates = np.arange(1, ITEMS + 1)
    audience = mixed_audience(data)
    for row in range(len(audience)):
        reader = audience.rows(row, row + 1)
        parts = scorer.split(reader, candidates)
        scale = np.abs(parts.own) + np.abs(parts.by_item).sum(axis=1)
        error = np.abs(parts.scores - scorer.score(reader)[0, 1:])
        assert (error <= 1e-6 * np.maximum(scale, 1e-12)).all()
    assert scorer.split(audience.rows(3, 4), candidates).history.tolist() == [5, 4]
    assert not scorer.split(audience.rows(1, 2), candidates).own.any()


def test_a_contribution_is_what_the_numerator_loses_without_the_item(scorer: LightGCNScorer) -> None:
    """u sqrt(|H|) is a sum over history items: taking one out takes exactly its term."""
    with_it = scorer.split(Audience.of_history([3, 8, 11]), np.array([6]))
    without = scorer.split(Audience.of_history([3, 11]), np.array([6]))
    lost = with_it.scores[0] * np.sqrt(3) - without.scores[0] * np.sqrt(2)
    assert lost == pytest.approx(with_it.by_item[0, 1] * np.sqrt(3))


def test_shares(scorer: LightGCNScorer, data: Interactions) -> None:
    parts = scorer.split(Audience.of_users(np.array([3]), data), np.arange(1, LONELY))
    for row in range(len(parts.candidates)):
        shares = parts.shares(row)
        assert ((shares >= 0) & (shares <= 1)).all()
        assert shares.sum() <= 1 + 1e-12
        assert (shares > 0).tolist() == (parts.by_item[row] > 0).tolist()
    assert not scorer.split(Audience.of_history([1]), np.array([LONELY])).shares(0).any()


def test_cold_rows_are_scored_and_pass_on(scorer: LightGCNScorer) -> None:
    twin = scorer.extended(scorer.item_final[[6]], scorer.item_neighbours[[6]])
    assert twin.num_items == ITEMS + 1
    reader = Audience.of_history([1, 2])
    scores = twin.score(reader)[0]
    assert scores[ITEMS + 1] == pytest.approx(scores[6], rel=1e-5)
    np.testing.assert_allclose(scores[: ITEMS + 1], scorer.score(reader)[0], rtol=1e-5)
    np.testing.assert_allclose(
        twin.score(Audience.of_history([1, ITEMS + 1])), twin.score(Audience.of_history([1, 6])), rtol=1e-5
    )
    assert scorer.num_items == ITEMS


def test_replaced_rows(scorer: LightGCNScorer) -> None:
    rows = np.array([LONELY])
    filled = scorer.replaced(rows, item_final=scorer.item_final[[6]], item_neighbours=scorer.item_neighbours[[6]])
    scores = filled.score(Audience.of_history([1, 2]))[0]
    assert scores[LONELY] == pytest.approx(scores[6], rel=1e-5)
    assert not scorer.item_final[LONELY].any()


def test_arrays_round_trip(scorer: LightGCNScorer, data: Interactions) -> None:
    again = LightGCNScorer.from_arrays(scorer.to_arrays())
    np.testing.assert_array_equal(again.score(mixed_audience(data)), scorer.score(mixed_audience(data)))
    assert again.num_layers == 3


def test_bad_input(scorer: LightGCNScorer) -> None:
    reader = Audience.of_history([1])
    with pytest.raises(InputError, match=r"candidates run from 16 to 16, outside 0\.\.15"):
        scorer.score(reader, np.array([[ITEMS + 1]]))
    with pytest.raises(InputError, match="2 readers were passed"):
        scorer.split(Audience(np.zeros(2, dtype=np.int64), [np.array([1]), np.array([1])]), np.array([1]))
    rows = np.zeros((3, 2), dtype=np.float32)
    with pytest.raises(InputError, match=r"item_base is \(3, 2\) and item_final \(2, 2\)"):
        LightGCNScorer(rows, rows, rows, rows[:2], 1)
    with pytest.raises(InputError, match="one dimension"):
        LightGCNScorer(rows[:, :1], rows, rows, rows, 1)
    with pytest.raises(InputError, match="num_layers is -1"):
        LightGCNScorer(rows, rows, rows, rows, -1)


def test_pairs_are_split_as_each_alone(data: Interactions, scorer: LightGCNScorer) -> None:
    audience = mixed_audience(data)
    candidates = np.array([4, 2, 7, 1])
    for row, pair in enumerate(scorer.split_pairs(audience, candidates)):
        alone = scorer.split(audience.rows(row, row + 1), candidates[row : row + 1])
        np.testing.assert_array_equal(pair.history, alone.history)
        np.testing.assert_allclose(pair.own, alone.own, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(pair.by_item, alone.by_item, rtol=1e-6, atol=1e-9)
    with pytest.raises(InputError, match="1 candidates for 4 readers"):
        scorer.split_pairs(audience, candidates[:1])


def test_parts_add_up_to_the_score(data: Interactions, scorer: LightGCNScorer) -> None:
    everyone, candidates = np.arange(1, USERS + 1), np.arange(1, USERS + 1) % (LONELY - 1) + 1
    scores = scorer.score(Audience.of_users(everyone, data), candidates[:, None])[:, 0]
    pairs = scorer.split_pairs(Audience.of_users(everyone, data), candidates)
    np.testing.assert_allclose([float(pair.scores[0]) for pair in pairs], scores, rtol=1e-5, atol=1e-6)


def test_scores_without_sets_equal_scoring_again(data: Interactions, scorer: LightGCNScorer) -> None:
    audience, candidates = Audience.of_users(np.array([3]), data), np.array([1, 4, 9])
    split = scorer.split(audience, candidates)
    removed = np.random.default_rng(0).random((8, len(split.history))) < 0.4
    removed[0], removed[1] = False, True
    for row, gone in enumerate(removed):
        again = scorer.score(Audience.of_history(split.history[~gone], user=3), candidates[None, :])[0]
        np.testing.assert_allclose(split.without(removed)[row], again, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("user", range(1, USERS + 1))
def test_no_smaller_removal_than_the_bound_and_for_the_first_place_it_is_reached(
    data: Interactions, scorer: LightGCNScorer, user: int
) -> None:
    audience = Audience.of_users(np.array([user]), data)
    split = scorer.split(audience, np.arange(1, LONELY))
    size = len(split.history)
    subsets = (np.arange(1 << size)[:, None] >> np.arange(size) & 1).astype(bool)
    scores, sizes = split.without(subsets), subsets.sum(axis=1)
    top = int(np.argmax(split.scores))
    for k in (1, 2, 3):
        works = (scores > scores[:, [top]]).sum(axis=1) >= k
        smallest = int(sizes[works].min()) if works.any() else size + 1
        bound = split.fewest_removals(top, k=k)
        assert bound <= smallest
        if k == 1:
            assert bound == smallest
