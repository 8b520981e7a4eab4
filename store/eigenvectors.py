"""Leading eigenvectors of large sparse graphs, for graph/ and rankers/, which may not import one another."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_OVERSAMPLING = 32


def leading_eigenvectors(
    product: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    count: int,
    *,
    size: int,
    iterations: int,
    generator: torch.Generator,
) -> Tensor:
    """Eigenvectors with the largest eigenvalues, largest first, of a symmetric matrix without negative ones.

    Subspace iteration with oversampling (Halko et al. 2011, "Finding structure with randomness", algorithm 4.4): the
    matrix is only ever multiplied with a few columns.

    Args:
        product: the matrix [M, M] times float32 [M, K].
        count: how many.
        size: M.
        iterations: more are more exact; few are enough where eigenvalues fall off fast.
        generator: of the start.

    Returns:
        float32 [M, count].
    """
    basis = torch.randn(size, min(count + _OVERSAMPLING, size), generator=generator)
    for _ in range(iterations):
        basis = torch.linalg.qr(torch.from_numpy(product(basis.numpy())))[0]
    _, rotation = torch.linalg.eigh(basis.T @ torch.from_numpy(product(basis.numpy())))  # eigenvalues ascend
    return basis @ rotation.flip(1)[:, :count]
