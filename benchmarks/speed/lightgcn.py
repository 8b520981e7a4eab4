"""An epoch of LightGCN on Gowalla: ours, RecBole's, and ours with the product that other implementations use."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.harness import Row
from benchmarks.speed.contest import Own, PeerPlan, contest
from benchmarks.speed.data import Gowalla, Setting
from benchmarks.speed.environments import RECBOLE
from benchmarks.speed.machine import Machine
from benchmarks.speed.steps import Steps
from graph.bipartite import BipartiteGraph
from graph.lightgcn import LightGCN, LightGCNSettings
from graph.training import LightGCNTask

ROWS = ("lightgcn_epoch_ours", "lightgcn_epoch_recbole", "lightgcn_epoch_torch_sparse")
SETTINGS = LightGCNSettings(
    dim=64, layers=3, loss="bpr", candidates=1, batch_size=2_048, max_steps=1_000, learning_rate=1e-3, l2=1e-4
)


class CooGraph(nn.Module):
    """One layer of propagation as torch.sparse.mm with one square matrix of users and items, coordinate format."""

    matrix: Tensor

    def __init__(self, graph: BipartiteGraph) -> None:
        super().__init__()
        self.num_users, self.num_items = graph.num_users, graph.num_items
        users = torch.repeat_interleave(torch.arange(graph.num_users + 1), graph.user_offsets.diff())
        items = graph.user_items + graph.num_users + 1
        ends = torch.stack((torch.cat((users, items)), torch.cat((items, users))))
        size = graph.num_users + graph.num_items + 2
        matrix = torch.sparse_coo_tensor(ends, graph.user_weights.repeat(2), (size, size), check_invariants=True)
        self.register_buffer("matrix", matrix.coalesce(), persistent=False)

    def forward(self, users: Tensor, items: Tensor) -> tuple[Tensor, Tensor]:
        """As `BipartiteGraph.forward`."""
        product = torch.sparse.mm(self.matrix, torch.cat((users, items)))
        return product[: len(users)], product[len(users) :]

    def smoothed(self, users: Tensor, items: Tensor, *, layers: int) -> tuple[Tensor, Tensor]:
        """The mean over layers, as such implementations take it: all are kept."""
        kept = [(users, items)]
        for _ in range(layers):
            kept.append(self(*kept[-1]))
        of_users, of_items = zip(*kept, strict=True)
        return torch.stack(of_users).mean(dim=0), torch.stack(of_items).mean(dim=0)


def rows(setting: Setting, machine: Machine) -> list[Row]:
    """All three."""
    train = Gowalla.read(setting.data).train
    steps, of_steps = 2 if setting.quick else 20, -(-len(train) // SETTINGS.batch_size)
    facts: dict[str, Any] = {"steps": steps, "of_steps": of_steps, "loss": "bpr"}
    graph = BipartiteGraph(train)

    def own(name: str, propagation: nn.Module) -> Own:
        torch.manual_seed(setting.seed)
        task = LightGCNTask(LightGCN(propagation, SETTINGS), train)  # pyright: ignore[reportArgumentType]
        return Own(name, Steps(task, steps, seed=setting.seed), facts)

    peer = PeerPlan(
        "lightgcn_epoch_recbole",
        RECBOLE,
        "recbole_lightgcn.py",
        {
            "data": setting.saved("gowalla", users=train.users, items=train.items),
            "folder": setting.scratch(),
            "steps": steps,
            "dim": SETTINGS.dim,
            "layers": SETTINGS.layers,
            "batch": SETTINGS.batch_size,
            "l2": SETTINGS.l2,
            "learning_rate": SETTINGS.learning_rate,
        },
        {"loss": "bpr"},
    )
    return contest(
        own("lightgcn_epoch_ours", graph),
        [peer, own("lightgcn_epoch_torch_sparse", CooGraph(graph))],
        rounds=setting.rounds,
        only_built=setting.quick,
        # The tables (18 MB) lie in the last cache.
        work=lambda seconds: machine.moved(steps * bytes_of_a_step(graph) / 1e9, seconds, cached=True),
    )


def bytes_of_a_step(graph: BipartiteGraph) -> float:
    """Bytes that a step must move: K products forward and K back over both directions, and Adam's pass."""
    floats = (graph.num_users + graph.num_items + 2) * SETTINGS.dim
    edges = 2 * graph.num_edges * (4 * SETTINGS.dim + 8)
    adam = 7 * 4 * floats
    return 2 * SETTINGS.layers * (edges + 4 * floats) + adam
