"""An epoch of SASRec on Amazon Beauty: ours, RecTools', RecBole's, all with the full softmax."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from benchmarks.harness import Row
from benchmarks.lists import as_interactions
from benchmarks.speed.contest import Own, PeerPlan, contest
from benchmarks.speed.data import Setting, read_beauty
from benchmarks.speed.environments import RECBOLE, RECTOOLS
from benchmarks.speed.machine import Machine
from benchmarks.speed.steps import Steps
from rankers.sasrec import SASRec, SASRecSettings
from rankers.sasrec_training import SASRecTask
from store.interactions import Interactions

ROWS = ("sasrec_epoch_ours", "sasrec_epoch_rectools", "sasrec_epoch_recbole")
SETTINGS = SASRecSettings(
    dim=64, blocks=2, heads=1, dropout=0.2, length=50, loss="full_softmax", learning_rate=1e-3, batch_size=752
)
_HELD_OUT = 2
_SEQUENCES = 128
"""Of a step of RecTools; a sequence holds 5.9 targets on average, so that this is our 752 targets."""

_INNER = 128
"""Width of our network at each position."""


def rows(setting: Setting, machine: Machine) -> list[Row]:
    """All three."""
    sequences = read_beauty(setting.data)
    num_items = int(max(items.max() for items in sequences))
    train = as_interactions([items[:-_HELD_OUT] for items in sequences], num_items=num_items)
    targets = len(train) - train.num_users
    steps = 1 if setting.quick else 10
    facts: dict[str, Any] = {"steps": steps, "of_steps": -(-targets // SETTINGS.batch_size), "loss": "full softmax"}
    model = SASRec(num_items, SETTINGS, generator=torch.Generator().manual_seed(setting.seed))
    ours = Own("sasrec_epoch_ours", Steps(SASRecTask(model, train), steps, seed=setting.seed), facts)
    everything = as_interactions(sequences, num_items=num_items)
    settings = {
        "data": setting.saved("beauty", **_arrays(everything)),
        "folder": setting.scratch(),
        "steps": steps,
        "dim": SETTINGS.dim,
        "inner": _INNER,
        "blocks": SETTINGS.blocks,
        "heads": SETTINGS.heads,
        "dropout": SETTINGS.dropout,
        "length": SETTINGS.length,
        "learning_rate": SETTINGS.learning_rate,
        "targets": SETTINGS.batch_size,
        "sequences": _SEQUENCES,
    }
    loss = {"loss": "full softmax"}
    return contest(
        ours,
        [
            PeerPlan("sasrec_epoch_rectools", RECTOOLS, "rectools_sasrec.py", settings, loss),
            PeerPlan("sasrec_epoch_recbole", RECBOLE, "recbole_sasrec.py", settings, loss),
        ],
        rounds=setting.rounds,
        only_built=setting.quick,
        work=lambda seconds: machine.computed(
            steps * flop_of_a_step(num_items, length=targets / train.num_users) / 1e9, seconds
        ),
    )


def _arrays(everything: Interactions) -> dict[str, np.ndarray]:
    """Interactions for the peers; ``from_end`` is 1 for the last of a user, 2 for the one before."""
    from_end = everything.indptr[everything.users + 1] - np.arange(len(everything))
    return {"users": everything.users, "items": everything.items, "times": everything.times, "from_end": from_end}


def flop_of_a_step(num_items: int, *, length: float) -> float:
    """Operations of a step without any padding, forward and twice that back."""
    dim, tokens = SETTINGS.dim, SETTINGS.batch_size
    weights = 4 * dim * dim + 2 * dim * _INNER
    attention = 2 * length * dim
    return 3 * 2 * tokens * (SETTINGS.blocks * (weights + attention) + num_items * dim)
