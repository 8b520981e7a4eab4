"""What was recommended in dialogues that went alike: nearest neighbours over embedded contexts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import scipy.sparse as sp

from agent.leaning.habits import Example
from agent.leaning.heard import WINDOWS
from agent.leaning.items import Floats, unit
from store.interactions import Sparse

_TEMPERATURE = 0.08
"""Of the cosines: dialogues that are much less alike than the nearest hardly count."""
_PRIOR = 0.02
"""Weight of the rates beside what was found."""


@dataclass(frozen=True)
class Precedents:
    """What T dialogues were about and where they led.

    Attributes:
        contexts: float32 [T, C - D], centred, without the newest message: that alone says little of how it went.
        recommended: what was then recommended, [T, N+1].
    """

    contexts: Floats
    recommended: Sparse

    @classmethod
    def of(cls, contexts: Floats, examples: Sequence[Example], num_rows: int) -> Self:
        """From T examples over items 0..N, N+1 of them."""
        pairs = [(row, item) for row, one in enumerate(examples) for item in one.targets.tolist()]
        rows, items = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
        shape = (len(examples), num_rows)
        return cls(_course(contexts), sp.csr_matrix((np.ones(len(rows), dtype=np.float32), (rows, items)), shape=shape))

    def lift(self, contexts: Floats, rates: Floats) -> Floats:
        """Logarithm of how much likelier items are here than anywhere: float32 [Q, N+1].

        Args:
            contexts: float32 [Q, C], centred in the same way.
            rates: float32 [N+1], logarithms.
        """
        likeness = _course(contexts) @ self.contexts.T / (len(WINDOWS) - 1)
        weights = np.exp((likeness - likeness.max(axis=1, keepdims=True)) / _TEMPERATURE)
        weights /= weights.sum(axis=1, keepdims=True)
        usual = np.exp(rates) / np.exp(rates).sum()
        return np.log((weights @ self.recommended + _PRIOR * usual) / ((1.0 + _PRIOR) * usual)).astype(np.float32)


def _course(contexts: Floats) -> Floats:
    """All windows but the newest message."""
    return contexts[:, contexts.shape[1] // len(WINDOWS) :]


def centred(contexts: Floats, mean: Floats) -> Floats:
    """What sets contexts apart: without the mean, each window L2-normalised, float32 [Q, C]."""
    windows = (contexts - mean).reshape(len(contexts), len(WINDOWS), -1)
    return unit(windows).reshape(len(contexts), -1)
