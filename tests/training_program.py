"""Trains a small model as a program of its own, to be killed, started again, or started by torchrun.

    python -m tests.training_program sasrec --out run.safetensors --checkpoints folder --kill-at 15

`run.safetensors` gets the trained weights, `run.json` the rest of the ``Outcome`` that the fixture ``train_apart``
returns.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from graph.bipartite import BipartiteGraph
from graph.lightgcn import LightGCN, LightGCNSettings
from graph.partition import partitioned
from graph.training import LightGCNTask
from rankers.checkpoint import CheckpointSettings
from rankers.sasrec import SASRec, SASRecSettings
from rankers.sasrec_training import SASRecTask
from rankers.task import Task
from rankers.trainer import TrainerSettings, fit
from store.interactions import Interactions
from store.processes import Processes, joined

STEPS_PER_EPOCH = 10
EPOCHS = 4


def random_walks() -> Interactions:
    """250 users who step through 30 items in order, sometimes skipping one: not too easily learned."""
    generator = np.random.default_rng(0)
    users, length, items = 250, 10, 30
    steps = np.cumsum(generator.choice([1, 2], p=[0.7, 0.3], size=(users, length)), axis=1)
    sequences = (generator.integers(0, items, size=(users, 1)) + steps) % items + 1
    return Interactions.build(
        np.repeat(np.arange(1, users + 1), length),
        sequences.ravel(),
        np.tile(np.arange(length), users),
        num_users=users,
        num_items=items,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("task", choices=["sasrec", "lightgcn"])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--checkpoints", type=Path)
    parser.add_argument("--kill-at", type=int, default=0)
    parser.add_argument("--loss")
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--clip", type=float)
    parser.add_argument("--compile", action="store_true")
    given = parser.parse_args()
    checkpoints = None
    if given.checkpoints:
        checkpoints = CheckpointSettings(given.checkpoints, at_stake=0.0, cost=float("inf"))
    settings = TrainerSettings(
        max_epochs=EPOCHS, seed=3, clip_norm=given.clip, compile=given.compile, checkpoints=checkpoints
    )
    with joined() as processes:
        outcome = (_sasrec if given.task == "sasrec" else _lightgcn)(given, settings, processes)
        if processes.first:
            save_file(outcome.pop("weights"), given.out)
            given.out.with_suffix(".json").write_text(json.dumps(outcome))


def _sasrec(given: argparse.Namespace, settings: TrainerSettings, processes: Processes) -> dict[str, Any]:
    rest, held = random_walks().leave_last_out()
    shape = SASRecSettings(
        dim=16,
        blocks=1,
        dropout=given.dropout,
        length=8,
        loss=given.loss or "full_softmax",
        negatives=6,  # of 30 items: few enough to be sampled, where a small catalogue would be taken whole
        learning_rate=5e-3,
        batch_size=len(rest) // STEPS_PER_EPOCH,
    )
    model = SASRec(rest.num_items, shape, generator=torch.Generator().manual_seed(1))
    return _trained(SASRecTask(model, rest, held=held), given.kill_at, settings, processes)


def _lightgcn(given: argparse.Namespace, settings: TrainerSettings, processes: Processes) -> dict[str, Any]:
    rest, held = random_walks().leave_last_out()
    shape = LightGCNSettings(
        dim=15,  # uneven, so that two processes hold 8 and 7 columns
        loss=given.loss or "bpr",
        negatives=10,
        batch_size=-(-int(rest.matrix.nnz) // STEPS_PER_EPOCH),
    )
    torch.manual_seed(1)
    model = LightGCN(BipartiteGraph(rest), shape)
    with partitioned(model, processes):
        task = LightGCNTask(model, rest, held=held, processes=processes)
        outcome = _trained(task, given.kill_at, settings, processes)
    weights = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    return {**outcome, "weights": weights, "hashes": processes.gather(_hash(weights))}


def _trained(task: Task[Any], kill_at: int, settings: TrainerSettings, processes: Processes) -> dict[str, Any]:
    steps = 0
    compute = task.loss

    def counted(batch: Any) -> Tensor:
        nonlocal steps
        steps += 1
        if steps == kill_at and processes.rank == processes.count - 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return compute(batch)

    task.loss = counted
    result = fit(task, settings, processes=processes)
    weights = {name: tensor.clone() for name, tensor in task.model.state_dict().items()}
    return {
        "weights": weights,
        "values": [report.value for report in result.history],
        "steps": steps,
        "hashes": processes.gather(_hash(weights)),
    }


def _hash(weights: dict[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for tensor in weights.values():
        digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()


if __name__ == "__main__":
    main()
