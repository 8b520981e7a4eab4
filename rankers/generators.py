"""The global random generators of Python, NumPy and torch: seeded, written down, put back."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch
from torch import Tensor


def seed_everything(seed: int) -> None:
    """Seed the global generators; call it before a model draws its first weights."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def generator_states() -> dict[str, Any]:
    """States of the global generators, as JSON."""
    version, inner, gauss = random.getstate()
    numpy = np.random.get_state(legacy=False)
    return {
        "python": [version, list(inner), gauss],
        "numpy": {**numpy, "state": {**numpy["state"], "key": numpy["state"]["key"].tolist()}},
        "torch": to_text(torch.get_rng_state()),
        "cuda": [to_text(state) for state in torch.cuda.get_rng_state_all()] if torch.cuda.is_available() else [],
    }


def restore_generators(states: dict[str, Any]) -> None:
    """Put back what ``generator_states`` wrote down."""
    version, inner, gauss = states["python"]
    random.setstate((version, tuple(inner), gauss))
    numpy = states["numpy"]
    key = np.array(numpy["state"]["key"], dtype=np.uint32)
    np.random.set_state({**numpy, "state": {**numpy["state"], "key": key}})
    torch.set_rng_state(to_state(states["torch"]))
    if states["cuda"]:
        torch.cuda.set_rng_state_all([to_state(state) for state in states["cuda"]])


def to_text(state: Tensor) -> str:
    """A torch generator's state, uint8 [S], as hexadecimal digits."""
    return state.numpy().tobytes().hex()


def to_state(text: str) -> Tensor:
    """What ``to_text`` wrote."""
    return torch.frombuffer(bytearray.fromhex(text), dtype=torch.uint8)
