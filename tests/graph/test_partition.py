"""LightGCN after kill -9, and divided between two processes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from graph.bipartite import BipartiteGraph
from graph.lightgcn import LightGCN, LightGCNSettings
from graph.partition import partitioned
from store.errors import InputError
from store.interactions import Interactions
from store.processes import ALONE, Processes


def small_model() -> LightGCN:
    ones = np.ones(1, dtype=np.int64)
    return LightGCN(
        BipartiteGraph(Interactions.build(ones, ones, ones, num_users=2, num_items=3)), LightGCNSettings(dim=5)
    )


def test_alone_the_model_stays_whole() -> None:
    model = small_model()
    before = model.users
    with partitioned(model, ALONE):
        assert model.users is before
    assert model.users is before


def test_each_process_holds_some_columns() -> None:
    model = small_model()
    users, items = model.users.detach().clone(), model.items.detach().clone()
    block = partitioned(model, Processes(rank=1, count=2))
    block.__enter__()
    torch.testing.assert_close(model.users.detach(), users[:, 3:])
    torch.testing.assert_close(model.items.detach(), items[:, 3:])
    assert model.users.requires_grad
    assert [tuple(part.shape) for part in model()] == [(3, 2), (4, 2)]


def test_more_processes_than_columns_are_an_error() -> None:
    with (
        pytest.raises(InputError, match="6 processes are to share 5 columns"),
        partitioned(small_model(), Processes(count=6)),
    ):
        pass


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["bpr", "sampled_softmax"])
def test_two_processes_train_as_one_does(train_apart: Callable[..., Any], loss: str) -> None:
    one = train_apart("lightgcn", "--loss", loss, "--clip", "0.01")
    two = train_apart("lightgcn", "--loss", loss, "--clip", "0.01", processes=2)
    assert two.values == pytest.approx(one.values, abs=1e-3)
    assert two.values[-1] > 0.3
    assert two.hashes[0] == two.hashes[1]
    torch.testing.assert_close(two.weights, one.weights, rtol=1e-3, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 2])
def test_goes_on_after_kill_9(tmp_path: Path, train_apart: Callable[..., Any], processes: int) -> None:
    whole = train_apart("lightgcn", processes=processes)
    saved = ("--checkpoints", str(tmp_path / "saved"))
    train_apart("lightgcn", *saved, "--kill-at", "15", processes=processes, killed=True)
    resumed = train_apart("lightgcn", *saved, processes=processes)
    assert resumed.steps == whole.steps - 14
    assert resumed.values == whole.values
    torch.testing.assert_close(resumed.weights, whole.weights, rtol=0, atol=0)
