"""SASRec trained by two processes: what one process does with the same batches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rankers.sasrec import SASRec, SASRecSettings
from rankers.sasrec_training import SASRecTask
from store.interactions import Interactions


def small_task(lengths: list[int], loss: Any = "sampled_softmax") -> SASRecTask:
    """One user of each length, all in one batch."""
    users = np.repeat(np.arange(1, len(lengths) + 1), lengths)
    items = np.random.default_rng(0).integers(1, 10, size=len(users))
    data = Interactions.build(users, items, np.arange(len(users)), num_users=len(lengths), num_items=9)
    model = SASRec(9, SASRecSettings(dim=8, dropout=0.0, loss=loss), generator=torch.Generator().manual_seed(0))
    return SASRecTask(model, data)


@pytest.mark.parametrize("lengths", [[3, 9, 4, 4, 6], [5, 2], [7]])
@pytest.mark.parametrize("loss", ["sampled_softmax", "bpr"])
@pytest.mark.parametrize("count", [2, 3])
def test_weighted_gradients_of_the_parts_add_up_to_that_of_the_batch(lengths: list[int], loss: str, count: int) -> None:
    task = small_task(lengths, loss)
    (batch,) = task.batches(1, torch.Generator().manual_seed(0))
    names, parameters = zip(*task.model.named_parameters(), strict=True)
    expected = torch.autograd.grad(task.loss(batch), parameters)
    parts = [task.part(batch, rank=rank, count=count) for rank in range(count)]
    assert sum(weight for _, weight in parts) == pytest.approx(1.0)
    terms = [torch.autograd.grad(task.loss(part) * weight, parameters) for part, weight in parts]
    for name, whole, *split in zip(names, expected, *terms, strict=True):
        torch.testing.assert_close(
            sum(split), whole, rtol=1e-4, atol=1e-6, msg=lambda text, name=name: f"{name}: {text}"
        )


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["full_softmax", "sampled_softmax"])
def test_two_processes_train_as_one_does(train_apart: Callable[..., Any], loss: str) -> None:
    one = train_apart("sasrec", "--loss", loss, "--clip", "0.5")
    two = train_apart("sasrec", "--loss", loss, "--clip", "0.5", processes=2)
    assert two.values == pytest.approx(one.values, abs=1e-3)
    assert two.values[-1] > 0.5
    assert two.hashes[0] == two.hashes[1]
    # The loss does not depend on the key's bias, so its gradient is rounding, which Adam turns into steps.
    for weights in (one.weights, two.weights):
        weights["blocks.0.query_key_value.bias"][16:32] = 0.0
    torch.testing.assert_close(two.weights, one.weights, rtol=1e-3, atol=1e-4)


@pytest.mark.slow
def test_two_processes_go_on_after_kill_9(tmp_path: Path, train_apart: Callable[..., Any]) -> None:
    options = ("sasrec", "--dropout", "0.3")
    whole = train_apart(*options, processes=2)
    saved = ("--checkpoints", str(tmp_path / "saved"))
    train_apart(*options, *saved, "--kill-at", "15", processes=2, killed=True)
    resumed = train_apart(*options, *saved, processes=2)
    assert resumed.steps == whole.steps - 14
    assert resumed.values == whole.values
    torch.testing.assert_close(resumed.weights, whole.weights, rtol=0, atol=0)
