"""What several parts of the pipeline do with rows of vectors."""

from __future__ import annotations

import numpy as np

from pipeline.contracts import Vectors


def unit_rows(vectors: Vectors) -> Vectors:
    """Each row at length 1; zero rows stay."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
