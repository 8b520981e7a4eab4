"""Metrics of given rankings: ours and ranx's."""

from __future__ import annotations

import numpy as np

from benchmarks.harness import Row
from benchmarks.speed.contest import Own, PeerPlan, contest
from benchmarks.speed.data import Gowalla, Setting
from benchmarks.speed.environments import RANX
from benchmarks.speed.machine import Machine
from evaluation.metrics import METRICS, judge
from store.ids import IndexArray

ROWS = ("metrics_ours", "metrics_ranx", "metrics_ranx_lists")
_K = 20
_DRAWS = 400


def rows(setting: Setting, machine: Machine) -> list[Row]:
    """All metrics at 20 of a list for each of Gowalla's users, from the arrays to the means."""
    gowalla = Gowalla.read(setting.data)
    relevant = [np.unique(items) for items in (gowalla.test[:2_000] if setting.quick else gowalla.test)]
    ranked = popular_rankings(relevant, gowalla.train.item_counts, seed=setting.seed)

    def ours() -> list[float]:
        judged = judge(ranked, relevant)
        return [float(measure(judged, _K).mean()) for measure in METRICS.values()]

    items = np.concatenate(relevant)
    indptr = np.cumsum([0, *map(len, relevant)])
    data = setting.saved("rankings", ranked=ranked, items=items, indptr=indptr)
    settings = {"data": data, "metrics": [f"{name}@{_K}" for name in METRICS]}
    return contest(
        Own("metrics_ours", ours, {"users": len(ranked)}),
        [
            PeerPlan(name, RANX, "ranx_metrics.py", {**settings, "lists": lists}, {"users": len(ranked)})
            for name, lists in (("metrics_ranx", False), ("metrics_ranx_lists", True))
        ],
        rounds=setting.rounds,
        only_built=setting.quick,
        # Read once, it would take no time: what takes it is the passes over arrays and the list of arrays by user.
        work=lambda seconds: {**machine.moved((ranked.nbytes + items.nbytes) / 1e9, seconds), "bound": "python"},
    )


def popular_rankings(relevant: list[IndexArray], counts: np.ndarray, *, seed: int) -> IndexArray:
    """A list of distinct items for each query, int64 [Q, K]: drawn by popularity, every third with a relevant one."""
    chance = np.random.default_rng(seed)
    draws = chance.choice(len(counts), size=(len(relevant), _DRAWS), p=counts / counts.sum())
    draws[::3, 5] = [items[0] for items in relevant[::3]]
    return np.array([list(dict.fromkeys(row))[:_K] for row in draws.tolist()], dtype=np.int64)
