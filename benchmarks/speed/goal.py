"""Time to recall@20 of .18 on Gowalla: LightGCN as it ships, the same with the usual product, and RecBole's.

The clock stands still while recall on the test items is taken, after every epoch; nothing is chosen by it. RecBole's
trains by its own loss and sampler. The others get `_PATIENCE` times our seconds, and their rows say which recall they
have by then.
"""

from __future__ import annotations

import math
import sys
import time
from contextlib import suppress

import numpy as np
from torch import nn

from benchmarks.full_ranking import rankings
from benchmarks.harness import Row
from benchmarks.speed.contest import PEERS, Peer, PeerError
from benchmarks.speed.data import Gowalla, Setting
from benchmarks.speed.environments import RECBOLE
from benchmarks.speed.lightgcn import SETTINGS as PLAIN
from benchmarks.speed.lightgcn import CooGraph
from benchmarks.speed.machine import Machine
from evaluation.metrics import judge, recall
from graph.bipartite import BipartiteGraph
from graph.lightgcn import LightGCN, LightGCNSettings, tempered
from graph.training import LightGCNTask
from pipeline.contracts import Scores, Vectors
from rankers.generators import seed_everything
from rankers.trainer import TrainerSettings, fit
from store.ids import PADDING
from store.interactions import Audience

ROWS = ("lightgcn_goal_ours", "lightgcn_goal_torch_sparse", "lightgcn_goal_recbole")
GOAL = 0.18
_QUICK_GOAL, _QUICK_USERS = 0.01, 2_000
_K = 20
_EPOCHS = 40
_PATIENCE = 3


class _Over(Exception):
    """Ends a training: at the goal, or when its time is up."""


class _TimedTask(LightGCNTask):
    """Training whose validation is recall on test, and which ends at the goal; notes its seconds without that."""

    def __init__(self, model: LightGCN, gowalla: Gowalla, *, goal: float, budget: float) -> None:
        super().__init__(model, gowalla.train)
        self._gowalla, self._goal, self._budget = gowalla, goal, budget
        self._resumed = time.perf_counter()
        self.seconds, self.recall, self.epochs = 0.0, 0.0, 0

    def validate(self) -> float:
        self.seconds += time.perf_counter() - self._resumed
        self.epochs += 1
        users, items = self.model()
        items = tempered(items, items.square().sum(dim=1, keepdim=True), power=self.settings.norm_power)
        self.recall = recall_of(users.numpy(), items.numpy(), self._gowalla)
        if self.recall >= self._goal or self.seconds >= self._budget:
            raise _Over
        self._resumed = time.perf_counter()
        return self.recall


def recall_of(users: Vectors, items: Vectors, gowalla: Gowalla) -> float:
    """recall@20 of inner products, all items not met in train ranked.

    Args:
        users: float32 [U+1, D].
        items: float32 [N+1, D].
    """

    def score(audience: Audience) -> Scores:
        scores = users[audience.users] @ items.T
        scores[:, PADDING] = -np.inf
        return scores

    readers = np.array([row + 1 for row, wanted in enumerate(gowalla.test) if len(wanted)], dtype=np.int64)
    found = rankings(score, readers, gowalla.train, _K)
    return float(recall(judge(found, [gowalla.test[row - 1] for row in readers]), _K).mean())


def rows(setting: Setting, machine: Machine) -> list[Row]:
    """All three; one run each, for a run takes minutes."""
    gowalla = Gowalla.read(setting.data, users=_QUICK_USERS if setting.quick else None)
    goal = _QUICK_GOAL if setting.quick else GOAL
    graph = BipartiteGraph(gowalla.train)
    ours = _own(ROWS[0], graph, gowalla, setting, goal=goal, budget=math.inf)
    limits = {"goal": goal, "budget": _PATIENCE * ours["seconds"]}
    others = [_own(ROWS[1], CooGraph(graph), gowalla, setting, **limits), _recbole(gowalla, setting, **limits)]
    for row in others:
        if "seconds" in row:
            row["ratio"] = row["seconds"] / ours["seconds"]
    return [ours, *others]


def _own(name: str, propagation: nn.Module, gowalla: Gowalla, setting: Setting, *, goal: float, budget: float) -> Row:
    seed_everything(setting.seed)
    model = LightGCN(propagation, LightGCNSettings())  # pyright: ignore[reportArgumentType]
    task = _TimedTask(model, gowalla, goal=goal, budget=budget)
    with suppress(_Over):
        fit(task, TrainerSettings(max_epochs=_EPOCHS, patience=_EPOCHS, seed=setting.seed))
    return _row(name, task.seconds, task.recall, task.epochs, goal)


def _recbole(gowalla: Gowalla, setting: Setting, *, goal: float, budget: float) -> Row:
    name, train = ROWS[2], gowalla.train
    if setting.quick and not RECBOLE.is_built:
        return {"name": name, "missing": "not installed"}
    RECBOLE.build()
    test = {
        "test_users": np.repeat(np.arange(1, len(gowalla.test) + 1), [len(items) for items in gowalla.test]),
        "test_items": np.concatenate(gowalla.test),
    }
    settings = {
        "data": setting.saved("gowalla_goal", users=train.users, items=train.items, **test),
        "folder": setting.scratch(),
        "seconds": budget,
        "goal": goal,
        "dim": PLAIN.dim,
        "layers": PLAIN.layers,
        "batch": PLAIN.batch_size,
        "l2": PLAIN.l2,
        "learning_rate": PLAIN.learning_rate,
    }
    try:
        peer = Peer(name, (RECBOLE.python, PEERS / "recbole_goal.py"), settings)
    except PeerError as error:
        print(error, file=sys.stderr, flush=True)
        return {"name": name, "missing": "failed"}
    try:
        taken = peer.run()
    finally:
        peer.close()
    reached, epochs = taken.check
    return _row(name, taken.seconds, reached, epochs, goal)


def _row(name: str, seconds: float, reached: float, epochs: float, goal: float) -> Row:
    return {"name": name, "seconds": seconds, f"recall@{_K}": reached, "epochs": epochs, "reached": reached >= goal}
