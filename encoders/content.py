"""Items as content vectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Content:
    """Encoded items, one row each; a missing modality is masked, never zeros that look like data.

    Attributes:
        text: float32 [N, Dt], L2-normalised rows; undefined where ``has_text`` is False.
        image: float32 [N, Di], L2-normalised rows; undefined where ``has_image`` is False.
        has_text: bool [N].
        has_image: bool [N].
        notes: per row, what could not be encoded and why ("" where nothing is wrong).
    """

    text: Vectors
    image: Vectors
    has_text: NDArray[np.bool_]
    has_image: NDArray[np.bool_]
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.has_text)
