"""Top 20 of all items for every user, seen items left out: ours, implicit's, plain torch."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.harness import Row
from benchmarks.speed.contest import Own, PeerPlan, contest
from benchmarks.speed.data import Gowalla, Setting
from benchmarks.speed.environments import IMPLICIT
from benchmarks.speed.machine import Machine
from pipeline.index import ExactIndex

ROWS = ("topk_ours", "topk_implicit", "topk_torch")
_K, _DIM = 20, 64
_TORCH_ROWS = 1_024


def rows(setting: Setting, machine: Machine) -> list[Row]:
    """All three, on factors drawn at random: what they hold does not change the work."""
    train = Gowalla.read(setting.data).train
    num_users = train.num_users // 8 if setting.quick else train.num_users
    chance = np.random.default_rng(setting.seed)
    users = chance.standard_normal((num_users, _DIM), dtype=np.float32)
    items = chance.standard_normal((train.num_items + 1, _DIM), dtype=np.float32)
    seen = train.matrix[1 : num_users + 1]
    lists = [train.history(user) for user in range(1, num_users + 1)]
    index = ExactIndex(items)

    def ours() -> list[float]:
        return [float(index.search(users, _K, exclude=lists)[1].sum(dtype=np.float64))]

    arrays = {"users": users, "items": items[1:], "indptr": seen.indptr, "indices": seen.indices - 1}
    settings = {"data": setting.saved("factors", **arrays), "k": _K}
    indptr, columns = (torch.from_numpy(part.astype(np.int64)) for part in (seen.indptr, seen.indices))
    return contest(
        Own("topk_ours", ours, {"users": num_users}),
        [
            PeerPlan("topk_implicit", IMPLICIT, "implicit_topk.py", settings, {"users": num_users}),
            Own(
                "topk_torch",
                lambda: [plain_torch(torch.from_numpy(users), torch.from_numpy(items), indptr, columns)],
                {"users": num_users},
            ),
        ],
        rounds=setting.rounds,
        only_built=setting.quick,
        work=lambda seconds: machine.computed(2 * num_users * len(items) * _DIM / 1e9, seconds),
    )


def plain_torch(users: torch.Tensor, items: torch.Tensor, indptr: torch.Tensor, columns: torch.Tensor) -> float:
    """Sum of the best scores: all scores of some users, seen ones (a CSR matrix) to -inf, torch.topk."""
    total = 0.0
    for start in range(0, len(users), _TORCH_ROWS):
        scores = users[start : start + _TORCH_ROWS] @ items.T
        scores[:, 0] = -torch.inf
        ends = indptr[start : start + len(scores) + 1]
        rows = torch.repeat_interleave(torch.arange(len(scores)), ends.diff())
        scores[rows, columns[ends[0] : ends[-1]]] = -torch.inf
        total += float(scores.topk(_K, dim=1).values.sum(dtype=torch.float64))
    return total
