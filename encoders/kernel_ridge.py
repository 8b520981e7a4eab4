"""Kernel ridge regression onto many columns at once, its penalty chosen by exact leave-one-out errors."""

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
    """``y(x) = bias + sum_m k(x, landmark_m) coefficients_m`` with ``k(x, z) = exp(-gamma |x - z|^2)``.

    Attributes:
        landmarks: float32 [M, F].
        coefficients: float32 [M, D].
        bias: float32 [D].
        gamma: of the kernel.
    """

    landmarks: NDArray[np.float32]
    coefficients: NDArray[np.float32]
    bias: NDArray[np.float32]
    gamma: float

    def predict(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """[N, F] -> float32 [N, D]."""
        rows = np.tile(self.bias, (len(features), 1))
        for start in range(0, len(features), ROWS):
            kernel = gaussian_kernel(features[start : start + ROWS], self.landmarks, self.gamma)
            rows[start : start + ROWS] += (kernel @ self.coefficients).astype(np.float32)
        return rows


def gaussian_kernel(left: NDArray[np.floating], right: NDArray[np.floating], gamma: float) -> Matrix:
    """float64 [N, M]; the squared distances are taken in double precision, they are differences of large numbers."""
    left, right = left.astype(np.float64), right.astype(np.float64)
    squares = (left**2).sum(axis=1)[:, None] + (right**2).sum(axis=1)[None, :] - 2.0 * left @ right.T
    return np.exp(-gamma * np.maximum(squares, 0.0))


def fit_kernel_ridge(
    features: NDArray[np.float32],
    targets: NDArray[np.floating],
    weights: NDArray[np.floating],
    *,
    groups: NDArray[np.int64],
    landmarks: NDArray[np.int64],
    gamma: float,
    penalties: tuple[float, ...],
) -> tuple[KernelRidge, Matrix]:
    """Fit on weighted rows; exact where every row is a landmark, Nystroem's approximation otherwise.

    In the features phi(x) = L^-1 k(landmarks, x), L L^T the landmarks' kernel (Williams & Seeger 2001), this is a
    linear ridge regression, whose error at row i without row i follows from its residual: e_i / (1 - h_ii) (Allen
    1974).

    Args:
        features: [N, F].
        targets: [N, D].
        weights: [N], positive.
        groups: [D], columns of one number share a penalty.
        landmarks: rows of ``features``.
        gamma: of the kernel.
        penalties: ridge penalties to choose from.

    Returns:
        The model, and the leave-one-out predictions float64 [N, D].
    """
    centres = features[landmarks]
    lower = scipy.linalg.cholesky(
        gaussian_kernel(centres, centres, gamma) + JITTER * np.eye(len(centres)), lower=True, check_finite=False
    )
    phi = scipy.linalg.solve_triangular(lower, gaussian_kernel(centres, features, gamma), lower=True).T
    share = weights / weights.sum()
    phi_mean, target_mean = share @ phi, share @ targets
    root = np.sqrt(weights / weights.mean())[:, None]
    inputs, outputs = root * (phi - phi_mean), root * (targets - target_mean)
    eigenvalues, basis = scipy.linalg.eigh(inputs.T @ inputs, check_finite=False)
    eigenvalues = np.maximum(eigenvalues, 0.0)
    rotated = inputs @ basis
    loads = rotated.T @ outputs

    left_out = np.empty_like(outputs)
    rotated_weights = np.empty_like(loads)
    for group in np.unique(groups):
        columns = groups == group
        best = np.inf
        for penalty in penalties:
            solution = loads[:, columns] / (eigenvalues + penalty)[:, None]
            leverage = (rotated**2) @ (1.0 / (eigenvalues + penalty)) + share
            residual = (outputs[:, columns] - rotated @ solution) / np.maximum(1.0 - leverage, 1e-3)[:, None]
            if (error := float((residual**2).sum())) < best:
                best = error
                rotated_weights[:, columns] = solution
                left_out[:, columns] = outputs[:, columns] - residual
    linear = basis @ rotated_weights
    coefficients = scipy.linalg.solve_triangular(lower.T, linear, lower=False)
    model = KernelRidge(
        landmarks=centres.astype(np.float32),
        coefficients=coefficients.astype(np.float32),
        bias=(target_mean - phi_mean @ linear).astype(np.float32),
        gamma=gamma,
    )
    return model, left_out / root + target_mean
