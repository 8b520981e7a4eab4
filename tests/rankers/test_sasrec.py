"""SASRec against an independent reference, and the properties that its definition promises."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import gelu

from rankers.sasrec import SASRec, SASRecSettings
from rankers.sasrec_scorer import SASRecScorer
from rankers.sasrec_training import SASRecTask, train_sasrec
from rankers.trainer import TrainerSettings, fit
from store.errors import InputError, TrainingError
from store.interactions import Audience, Interactions

NUM_ITEMS = 12
SETTINGS = SASRecSettings(dim=8, blocks=2, heads=2, dropout=0.5, length=6)


def build_model(settings: SASRecSettings = SETTINGS) -> SASRec:
    """A model whose every weight matters: no zeros, no identity norms."""
    model = SASRec(NUM_ITEMS, settings, generator=torch.Generator().manual_seed(3))
    generator = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.3 * torch.randn(parameter.shape, generator=generator)
        model.items[0] = 0.0
    return model.eval()


def audience(*histories: list[int]) -> Audience:
    return Audience(np.zeros(len(histories), dtype=np.int64), tuple(np.array(h, dtype=np.int64) for h in histories))


def reference_states(model: SASRec, sequence: list[int]) -> Tensor:
    """The same maths for one sequence, position by position and head by head."""
    weights = model.state_dict()

    def norm(x: Tensor, name: str) -> Tensor:
        centred = x - x.mean()
        return centred / torch.sqrt((centred**2).mean() + 1e-5) * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def linear(x: Tensor, name: str) -> Tensor:
        return weights[f"{name}.weight"] @ x + weights[f"{name}.bias"]

    dim, heads = model.settings.dim, model.settings.heads
    size = dim // heads
    rows = [weights["items"][item] * math.sqrt(dim) for item in sequence]
    if model.settings.positions == "absolute":
        rows = [row + weights["positions"][len(sequence) - 1 - position] for position, row in enumerate(rows)]
    for block in range(model.settings.blocks):
        at = f"blocks.{block}"
        projected = [linear(norm(row, f"{at}.norm_attention"), f"{at}.query_key_value") for row in rows]
        queries, keys, values = ([row[part * dim : (part + 1) * dim] for row in projected] for part in range(3))
        attended = []
        for position in range(len(rows)):
            mixed = []
            for head in range(heads):
                part = slice(head * size, (head + 1) * size)
                logits = [queries[position][part] @ keys[past][part] / math.sqrt(size) for past in range(position + 1)]
                if model.settings.positions == "relative":
                    nearness = weights[f"{at}.distances"][head]
                    logits = [logit + nearness[position - past] for past, logit in enumerate(logits)]
                attention = torch.softmax(torch.stack(logits), dim=0)
                mixed.append(sum(attention[past] * values[past][part] for past in range(position + 1)))
            attended.append(rows[position] + linear(torch.cat(mixed), f"{at}.attended"))
        rows = [
            row + linear(gelu(linear(norm(row, f"{at}.norm_feed_forward"), f"{at}.wide")), f"{at}.narrow")
            for row in attended
        ]
    return torch.stack([norm(row, "norm") for row in rows])


@pytest.mark.parametrize("positions", ["absolute", "relative", "none"])
def test_forward_equals_the_reference(positions):
    model = build_model(replace(SETTINGS, positions=positions))
    sequence = [3, 7, 1, 7, 12]
    with torch.no_grad():
        states = model(torch.tensor([sequence]), torch.tensor([5]))[0]
    torch.testing.assert_close(states, reference_states(model, sequence), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("positions", ["absolute", "relative", "none"])
def test_the_last_states_are_those_of_forward(positions):
    model = build_model(replace(SETTINGS, positions=positions))
    sequences, lengths = torch.tensor([[3, 7, 1, 7, 12], [5, 2, 0, 0, 0], [9, 0, 0, 0, 0]]), torch.tensor([5, 2, 1])
    with torch.no_grad():
        expected = model(sequences, lengths)[torch.arange(3), lengths - 1]
        torch.testing.assert_close(model.last_states(sequences, lengths), expected, rtol=1e-5, atol=1e-6)


def test_candidates_that_readers_share_score_as_each_alone():
    scorer = SASRecScorer(build_model())
    readers, shared = audience([1, 2, 3], [4, 5]), np.array([[7, 2, 0]] * 2)
    together = scorer.score(readers, shared)
    alone = [scorer.score(readers.rows(row, row + 1), shared[:1])[0] for row in range(2)]
    mixed = scorer.score(readers, np.array([[7, 2, 0], [2, 7, 0]]))
    np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(together[1], mixed[1][[1, 0, 2]], rtol=1e-5, atol=1e-6)


def test_the_future_changes_nothing():
    model = build_model()
    lengths = torch.tensor([6])
    with torch.no_grad():
        first = model(torch.tensor([[1, 2, 3, 4, 5, 6]]), lengths)
        second = model(torch.tensor([[1, 2, 3, 9, 8, 7]]), lengths)
    torch.testing.assert_close(first[:, :3], second[:, :3])
    assert not torch.allclose(first[:, 3], second[:, 3])


def test_padding_changes_nothing():
    model = build_model()
    with torch.no_grad():
        alone = model(torch.tensor([[4, 5]]), torch.tensor([2]))
        padded = model(torch.tensor([[4, 5, 0, 0, 0]]), torch.tensor([2]))
    torch.testing.assert_close(alone, padded[:, :2], rtol=1e-5, atol=1e-6)


def test_states_read_the_newest_known_items():
    scorer = SASRecScorer(build_model())
    long = [9, 9, 9, 1, 2, 3, 4, 5, 6]
    states = scorer.states(audience(long, long[-6:], [1, 2, 99, 3, 0, 4, 5, 6], [], [99]))
    np.testing.assert_allclose(states[0], states[1], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(states[0], states[2], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(states[3:], 0.0)


def test_scores_without_equals_taking_spans_out():
    scorer = SASRecScorer(build_model())
    history = np.array([11, 5, 2, 99, 8, 4, 3, 1])  # 8 items, 7 known, 6 read
    candidates = np.array([7, 2])
    for spans in (None, [slice(0, 3), slice(5, 8), slice(0, 8), slice(2, 2)]):
        without = scorer.scores_without(history, candidates, spans)
        for row, span in enumerate(spans or [slice(place, place + 1) for place in range(8)]):
            expected = scorer.score(audience(np.delete(history, span).tolist()), candidates[None, :])
            np.testing.assert_allclose(without[row], expected[0], rtol=1e-4, atol=1e-5)
    assert scorer.scores_without(np.zeros(0, dtype=np.int64), candidates).shape == (0, 2)


def test_a_history_that_is_read_alike_is_read_once(monkeypatch):
    scorer = SASRecScorer(build_model())
    history = np.arange(100) % 12 + 1
    rows: list[int] = []
    states = scorer.states
    monkeypatch.setattr(scorer, "states", lambda readers: rows.append(len(readers)) or states(readers))
    scorer.scores_without(history, np.array([7]))
    assert sum(rows) == SETTINGS.length + 1, "what is too old changes nothing when it goes"
    assert len(rows) == 1


def test_scores_without_an_unknown_candidate_is_an_error():
    with pytest.raises(InputError, match=r"candidates run from 13 to 13, outside 1\.\.12"):
        SASRecScorer(build_model()).scores_without(np.array([1]), np.array([13]))


def test_extended_items_are_read_and_recommended():
    scorer = SASRecScorer(build_model())
    twin = scorer.item_rows[5:6]
    extended = scorer.extended(twin)
    assert (scorer.num_items, extended.num_items) == (12, 13)
    scores = extended.score(audience([1, 5], [1, 13]))
    np.testing.assert_allclose(scores[:, 5], scores[:, 13], rtol=1e-5)  # as a candidate
    np.testing.assert_allclose(scores[0], scores[1], rtol=1e-5)  # as history
    np.testing.assert_allclose(scores[:1, :13], scorer.score(audience([1, 5])), rtol=1e-5)
    assert extended.extended(np.zeros((0, 8), dtype=np.float32)).num_items == 13


def test_replaced_items_leave_the_first_scorer_alone():
    scorer = SASRecScorer(build_model())
    before = scorer.item_rows.copy()
    replaced = scorer.replaced(np.array([4]), item_rows=before[5:6])
    np.testing.assert_array_equal(scorer.item_rows, before)
    scores = replaced.score(audience([1, 2]))
    assert scores[0, 4] == pytest.approx(scores[0, 5], rel=1e-5)


def markov_chain(*, users: int = 300, items: int = 20, length: int = 9) -> Interactions:
    """Item i is always followed by i + 1, and the last one by the first."""
    first = np.random.default_rng(0).integers(0, items, size=(users, 1))
    sequences = (first + np.arange(length)) % items + 1
    return Interactions.build(
        np.repeat(np.arange(1, users + 1), length),
        sequences.ravel(),
        np.tile(np.arange(length), users),
        num_users=users,
        num_items=items,
    )


@pytest.mark.parametrize(
    ("loss", "sampler"),
    [
        ("full_softmax", "uniform"),
        ("sampled_softmax", "uniform"),
        ("sampled_softmax", "popularity"),
        ("sampled_softmax", "in_batch"),
        ("gbce", "uniform"),
        ("bce", "uniform"),
        ("bpr", "popularity"),
    ],
)
def test_learns_a_planted_markov_chain(loss, sampler):
    train, held = markov_chain().leave_last_out()
    settings = SASRecSettings(
        dim=16,
        blocks=1,
        heads=2,
        dropout=0.1,
        length=8,
        loss=loss,
        sampler=sampler,
        negatives=4,
        candidates=4,
        learning_rate=1e-2,
        batch_size=256,
    )
    scorer, result = train_sasrec(train, settings, TrainerSettings(max_epochs=12, patience=12), held=held)
    assert result.best_value is not None
    assert result.best_value > 0.99
    scores = scorer.score(audience([3, 4, 5], [20]))
    scores[0, [3, 4, 5]] = scores[1, 20] = -np.inf  # met; the embeddings that training starts from keep items near
    np.testing.assert_array_equal(scores.argmax(axis=1), [6, 1])


def test_training_is_deterministic():
    train, held = markov_chain(users=40).leave_last_out()
    settings = SASRecSettings(dim=8, blocks=1, heads=1, length=8)

    def weights() -> np.ndarray:
        scorer, _ = train_sasrec(train, settings, TrainerSettings(max_epochs=2, seed=5), held=held)
        return scorer.item_rows

    np.testing.assert_array_equal(weights(), weights())


def test_every_interaction_but_the_first_is_a_target_once():
    rng = np.random.default_rng(1)
    counts = [1, 2, 5, 6, 7, 8, 13, 14]
    users = np.repeat(np.arange(1, len(counts) + 1), counts)
    items = rng.integers(1, NUM_ITEMS + 1, size=len(users))
    data = Interactions.build(users, items, np.arange(len(users)), num_users=len(counts), num_items=NUM_ITEMS)
    task = SASRecTask(build_model(SASRecSettings(dim=8, length=6, batch_size=10)), data)
    pairs = []
    for batch in task.batches(1, torch.Generator().manual_seed(0)):
        real = batch.targets > 0
        assert batch.sequences.shape[1] == batch.lengths.max() <= 6
        torch.testing.assert_close(real.sum(dim=1), batch.lengths)
        pairs += list(zip(batch.sequences[real].tolist(), batch.targets[real].tolist(), strict=True))
    expected = [
        pair for user in range(1, 9) for pair in zip(data.history(user)[:-1], data.history(user)[1:], strict=True)
    ]
    assert sorted(pairs) == sorted(expected)


def test_padding_takes_no_part_in_the_loss():
    task = SASRecTask(build_model(), markov_chain(users=3, items=NUM_ITEMS))
    (batch,) = task.batches(1, torch.Generator().manual_seed(0))
    batch = batch._replace(targets=batch.targets.clone(), lengths=batch.lengths - 2)
    batch.targets[:, -2:] = 0
    loss = task.loss(batch).item()
    batch.sequences[:, -2:] = 5
    assert task.loss(batch).item() == pytest.approx(loss, rel=1e-6)


def test_data_without_a_pair_cannot_be_trained_on():
    data = Interactions.build(np.array([1, 2]), np.array([1, 2]), np.zeros(2, dtype=np.int64), num_users=2, num_items=2)
    with pytest.raises(TrainingError, match="sasrec has 0 batches"):
        fit(SASRecTask(build_model(), data), TrainerSettings())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dim": 0}, "dim is 0, below 1"),
        ({"dim": 10, "heads": 4}, "dim 10 is not a multiple of heads 4"),
        ({"dropout": 1.0}, "dropout is 1.0, outside"),
        ({"positions": "sines"}, "positions 'sines' is not known"),
        ({"loss": "hinge"}, "loss 'hinge' is not known"),
        ({"loss": "bpr", "sampler": "in_batch"}, "the sampler is in_batch and the loss bpr"),
        ({"averaging": 1.0}, r"averaging is 1.0, outside 0\.\.1"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0, not above 0"),
        ({"weight_decay": -1.0}, "weight_decay is -1.0, below 0"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(InputError, match=message):
        SASRecSettings(**settings)


def test_held_items_must_fit_the_users():
    with pytest.raises(InputError, match=r"held-out items have shape \(2,\), not \(4,\)"):
        SASRecTask(build_model(), markov_chain(users=3), held=np.zeros(2, dtype=np.int64))


@pytest.mark.parametrize("positions", ["absolute", "relative", "none"])
def test_arrays_round_trip(positions):
    scorer = SASRecScorer(build_model(replace(SETTINGS, positions=positions)))
    again = SASRecScorer.from_arrays(scorer.to_arrays())
    readers = audience([3, 4, 5], [12], [])
    np.testing.assert_array_equal(again.score(readers), scorer.score(readers))
