"""Fitting a conditional logit: B readers, C candidates, S scorers, F features per scorer, J knots of history length."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize

Weights = NDArray[np.float64]


def conditional_logit(
    values: NDArray[np.float32],
    mask: NDArray[np.bool_],
    target: NDArray[np.int64],
    hats: NDArray[np.float64],
    *,
    l2: float,
    non_negative: bool,
    start: Weights | None = None,
) -> Weights:
    """Weights w that maximise mean_b ln softmax_c(scores)[target_b] - l2/2 |w|^2, scores[b, c] = x[b, c] . (hats[b] w).

    The problem is convex, so L-BFGS-B finds its one optimum, the same on every run; its bounds make non-negative
    weights exactly that.

    Args:
        values: [B, C, S, F].
        mask: [B, C], candidates that compete.
        target: [B], column picked.
        hats: [B, J], shares of the knots.
        start: [J, S, F] where the search begins, for speed; the optimum is the same from everywhere.

    Returns:
        [J, S, F].
    """
    shape = (hats.shape[1], *values.shape[2:])
    flat = torch.from_numpy(values.reshape(*values.shape[:2], -1))
    closed = torch.from_numpy(~mask)
    picked = torch.from_numpy(target)
    shares = torch.from_numpy(hats.astype(np.float32))

    def objective(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = torch.from_numpy(point.astype(np.float32)).reshape(shape[0], -1)
        scores = torch.bmm(flat, (shares @ weights)[:, :, None]).squeeze(2).masked_fill_(closed, -torch.inf)
        log_probabilities = torch.log_softmax(scores, dim=1)
        loss = -log_probabilities.gather(1, picked[:, None]).double().mean()
        residual = log_probabilities.exp_()
        residual.scatter_add_(1, picked[:, None], torch.full((len(picked), 1), -1.0))
        slopes = torch.bmm(residual[:, None, :], flat).squeeze(1)
        gradient = (shares.T @ slopes / len(picked)).double().numpy().ravel()
        return float(loss) + l2 / 2 * float(point @ point), gradient + l2 * point

    size = int(np.prod(shape))
    begin = np.full(size, 1.0 / size) if start is None else start.ravel()
    bounds = [(0.0, None)] * size if non_negative else None
    found = minimize(
        objective, begin, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 100, "ftol": 1e-6}
    )
    return found.x.reshape(shape)
