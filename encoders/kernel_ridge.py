"""Kernel ridge regression as a smoother: what it predicts of a row is a weighted sum of what is known of other rows.

The weights follow from the features alone, so that one fit serves every quantity that the training rows have; its
penalty is chosen by the exact leave-one-out errors of some of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
JITTER = 1e-8
ROWS = 4_096
"""Rows whose kernel is in memory at once."""


@dataclass(frozen=True)
class KernelRidge:
    """``w(x) = bias + sum_m k(x, row_m) coefficients_m`` with ``k(x, z) = exp(-gamma |x - z|^2)``.

    Attributes:
        rows: float32 [L, F], the training rows.
        coefficients: float32 [L, L].
        bias: float32 [L], sums to 1.
        gamma: of the kernel.
    """

    rows: NDArray[np.float32]
    coefficients: NDArray[np.float32]
    bias: NDArray[np.float32]
    gamma: float

    def weights(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """What each training row counts in a prediction: [N, F] -> float32 [N, L]; rows sum to 1."""
        weights = np.tile(self.bias, (len(features), 1))
        for start in range(0, len(features), ROWS):
            kernel = gaussian_kernel(features[start : start + ROWS], self.rows, self.gamma)
            weights[start : start + ROWS] += (kernel @ self.coefficients).astype(np.float32)
        return weights


def gaussian_kernel(left: NDArray[np.floating], right: NDArray[np.floating], gamma: float) -> Matrix:
    """float64 [N, M]; the squared distances are taken in double precision, they are differences of large numbers."""
    left, right = left.astype(np.float64), right.astype(np.float64)
    squares = (left**2).sum(axis=1)[:, None] + (right**2).sum(axis=1)[None, :] - 2.0 * left @ right.T
    return np.exp(-gamma * np.maximum(squares, 0.0))


def fit_kernel_ridge(
    features: NDArray[np.float32],
    targets: NDArray[np.floating],
    trust: NDArray[np.floating],
    *,
    gamma: float,
    penalties: tuple[float, ...],
) -> tuple[KernelRidge, Matrix]:
    """Fit on rows that count by their trust.

    In the features phi(x) = C^-1 k(rows, x), C C^T the kernel of the rows (Williams & Seeger 2001), this is a linear
    ridge regression with an unpenalised constant, whose error at row i without row i follows from its residual:
    e_i / (1 - h_ii) (Allen 1974).

    Args:
        features: [L, F].
        targets: [L, D]; the penalty with the least leave-one-out error of all columns together is taken.
        trust: [L], positive.
        gamma: of the kernel.
        penalties: ridge penalties to choose from.

    Returns:
        The model, and its weights at each training row as if that had not been there: float64 [L, L], zero diagonal.
    """
    lower: Matrix = scipy.linalg.cholesky(
        gaussian_kernel(features, features, gamma) + JITTER * np.eye(len(features)), lower=True, check_finite=False
    )
    share: Matrix = trust / trust.sum()
    root = np.sqrt(trust / trust.mean())[:, None]
    phi = lower - share @ lower  # of the training rows, (C^-1 K)^T = C, around their mean
    inputs = root * phi
    outputs = root * (targets - share @ targets)
    eigenvalues, basis = scipy.linalg.eigh(inputs.T @ inputs, check_finite=False)
    eigenvalues = np.maximum(eigenvalues, 0.0)
    rotated = inputs @ basis
    loads = rotated.T @ outputs

    def leverage(penalty: float) -> Matrix:
        return np.minimum((rotated**2) @ (1.0 / (eigenvalues + penalty)) + share, 1.0 - 1e-3)

    def error(penalty: float) -> float:
        residual = (outputs - rotated @ (loads / (eigenvalues + penalty)[:, None])) / (1.0 - leverage(penalty))[:, None]
        return float((residual**2).sum())

    penalty = min(penalties, key=error)
    solution = (rotated / (eigenvalues + penalty)).T  # for the identity as targets
    linear = basis @ solution * root.T
    fitted = phi @ linear + share
    own = np.diag(fitted).copy()
    left_out = (fitted - np.diag(own)) / (1.0 - np.minimum(own, 1.0 - 1e-3))[:, None]
    coefficients = scipy.linalg.solve_triangular(lower.T, linear, lower=False)
    model = KernelRidge(
        rows=features.astype(np.float32),
        coefficients=coefficients.astype(np.float32),
        bias=(share - (share @ lower) @ linear).astype(np.float32),
        gamma=gamma,
    )
    return model, left_out
