"""Arrays that all scorers share: their types, how candidates are picked, how a sparse matrix goes into a snapshot."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from store.ids import PADDING, IndexArray
from store.interactions import Sparse

Scores = NDArray[np.float32]
Vectors = NDArray[np.float32]
Arrays = dict[str, NDArray[np.generic]]


def picked(scores: Scores, candidates: IndexArray | None) -> Scores:
    """Scores of the candidates out of those of all items; padding gets -inf.

    Args:
        scores: float32 [B, N+1] of all items; its padding column is overwritten.
        candidates: int64 [B, C], 0 at padding; None takes all items.

    Returns:
        float32 [B, C], or [B, N+1].
    """
    scores[:, PADDING] = -np.inf
    return scores if candidates is None else np.take_along_axis(scores, candidates, axis=1)


def packed(matrix: Sparse) -> Arrays:
    """A square float32 matrix as plain arrays."""
    return {
        "data": matrix.data.astype(np.float32),
        "indices": matrix.indices.astype(np.int64),
        "indptr": matrix.indptr.astype(np.int64),
    }


def unpacked(arrays: Arrays) -> Sparse:
    """The matrix that ``packed`` took apart."""
    size = len(arrays["indptr"]) - 1
    return sp.csr_matrix((arrays["data"], arrays["indices"], arrays["indptr"]), shape=(size, size))


def strongest_per_row(matrix: Sparse, keep: int) -> Sparse:
    """The ``keep`` largest entries of each row; of equal ones the lower column stays."""
    matrix = matrix.sorted_indices()
    kept = np.ones(matrix.nnz, dtype=bool)
    for row in np.flatnonzero(np.diff(matrix.indptr) > keep):  # a sort of all entries would cost many times as much
        entries = slice(matrix.indptr[row], matrix.indptr[row + 1])
        kept[entries] = _strongest(matrix.data[entries], keep)
    ends = np.concatenate(([0], np.cumsum(kept)))[matrix.indptr]
    return sp.csr_matrix((matrix.data[kept], matrix.indices[kept], ends), shape=matrix.shape)


def _strongest(values: Scores, keep: int) -> NDArray[np.bool_]:
    """Mask of the ``keep`` largest of more values than that; of equal ones the first."""
    least = np.partition(values, -keep)[-keep]
    mask = values > least
    equal = np.flatnonzero(values == least)
    mask[equal[: keep - np.count_nonzero(mask)]] = True
    return mask
