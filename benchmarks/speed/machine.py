"""What this machine can do at best, measured: the bounds that the rows are held against."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

_REPEATS = 7
_DRAM_FLOATS = 32 << 20
"""Of each of the three arrays of the triad: 128 MB, far beyond any cache."""

_CACHE_FLOATS = 2 << 20
"""8 MB each: in the last cache, where it has 32 MB, and beyond the ones before it."""

_SQUARE = 4_096


@dataclass(frozen=True)
class Machine:
    """Bandwidths of a triad a = b + s c in GB/s, counted as three streams, and float32 products in GFLOP/s."""

    memory_gb_s: float
    cache_gb_s: float
    gflop_s: float

    def moved(self, gigabytes: float, seconds: float, *, cached: bool = False) -> Mapping[str, Any]:
        """The bound of work that must move so many bytes; ``cached`` where they lie in the last cache."""
        rate = gigabytes / seconds
        ceiling = self.cache_gb_s if cached else self.memory_gb_s
        return {"bound": "memory", "share_of_bound": rate / ceiling, "gb_s": rate}

    def computed(self, gigaflop: float, seconds: float) -> Mapping[str, Any]:
        """The bound of work that takes so many floating point operations."""
        rate = gigaflop / seconds
        return {"bound": "compute", "share_of_bound": rate / self.gflop_s, "gflop_s": rate}


def measure_machine() -> Machine:
    """About five seconds."""
    return Machine(
        memory_gb_s=_triad(_DRAM_FLOATS, times=1), cache_gb_s=_triad(_CACHE_FLOATS, times=20), gflop_s=_product()
    )


def _triad(floats: int, *, times: int) -> float:
    target, left, right = torch.zeros(floats), torch.ones(floats), torch.ones(floats)

    def run() -> None:
        for _ in range(times):
            torch.add(left, right, alpha=3.0, out=target)

    return 3 * 4 * floats * times / _fastest(run) / 1e9


def _product() -> float:
    """The faster of the two libraries that we compute with."""
    left = torch.rand(_SQUARE, _SQUARE)
    own, out = left.numpy(), torch.empty(_SQUARE, _SQUARE)
    fastest = min(
        _fastest(lambda: torch.mm(left, left, out=out)), _fastest(lambda: np.matmul(own, own, out=out.numpy()))
    )
    return 2 * _SQUARE**3 / fastest / 1e9


def _fastest(run: Callable[[], object]) -> float:
    """Seconds of the best of some runs: a bound is what can be reached."""
    taken = []
    for _ in range(_REPEATS):
        started = time.perf_counter()
        run()
        taken.append(time.perf_counter() - started)
    return min(taken)
