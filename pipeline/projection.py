"""A plane in which items that are alike stand together: t-SNE, with the repulsion by fast Fourier transform.

van der Maaten & Hinton 2008, "Visualizing Data using t-SNE": points y minimise KL(P || Q) for P from the nearest
neighbours of each item and q_ij proportional to (1 + |y_i - y_j|^2)^-1. Attraction is over the neighbours only; the
repulsion of all pairs is a convolution, worked out on a grid (Linderman et al. 2019, "Fast interpolation-based t-SNE"),
so a step costs O(N + G log G) for G cells. Started from the two main directions, which keeps the large shape and makes
it the same on every run (Kobak & Berens 2019), and with the learning rate of Belkina et al. 2019.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.fft import next_fast_len

from pipeline.contracts import Vectors
from pipeline.topk import best_products
from pipeline.vectors import unit_rows
from store.errors import InputError
from store.ids import PADDING
from store.interactions import Sparse

Plane = NDArray[np.float32]
"""[N, 2]."""

_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ProjectionSettings:
    """How the plane is made.

    Attributes:
        perplexity: neighbours that an item attends to, softly.
        dimensions: main directions in which neighbours are looked for; fewer are faster.
        steps: of gradient descent.
        early: of these with ``exaggeration``.
        exaggeration: of the attraction, while groups form.
        cell: of the grid; 1 is where the attraction of two points is half of that of touching ones.
        most_cells: along one axis; cells grow beyond.
    """

    perplexity: float = 12.0
    dimensions: int = 64
    steps: int = 250
    early: int = 80
    exaggeration: float = 12.0
    cell: float = 0.5
    most_cells: int = 384

    def __post_init__(self) -> None:
        for name in ("perplexity", "dimensions", "steps", "exaggeration", "cell", "most_cells"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} is {getattr(self, name)!r}, not above 0", fix=f"Give {name} a number > 0.")
        if not 0 <= self.early <= self.steps:
            raise InputError(f"early is {self.early}, outside 0..{self.steps}", fix="Use a part of the steps.")


def project(vectors: Vectors, settings: ProjectionSettings = ProjectionSettings()) -> Plane:
    """Put items into a plane; nearness is the cosine. Deterministic.

    Args:
        vectors: float32 [N, D], finite; zero rows resemble nothing.

    Returns:
        float32 [N, 2], centred, the farthest point at distance 1.
    """
    count = len(vectors)
    if count == 0:
        return np.zeros((0, 2), dtype=np.float32)
    reduced = _main_directions(unit_rows(vectors), settings.dimensions)
    points = np.zeros((count, 2))
    points[:, : reduced.shape[1]] = reduced[:, :2]
    points -= points.mean(axis=0)
    # Small, so that the first steps are led by the attraction; and no two points at the very same place.
    points *= 1e-4 / max(float(points.std()), 1e-12)
    points += 1e-6 * np.random.default_rng(0).standard_normal(points.shape)
    affinities = _affinities(reduced, settings.perplexity)
    if affinities is not None:
        points = _descend(points, affinities, settings)
    points -= points.mean(axis=0)
    reach = float(np.sqrt((points**2).sum(axis=1)).max())
    return (points / max(reach, 1e-12)).astype(np.float32)


def _main_directions(vectors: Vectors, dimensions: int) -> Vectors:
    """Coordinates along the leading principal directions; signs are those of the largest coordinate."""
    centred = vectors - vectors.mean(axis=0)
    _, directions = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    directions = directions[:, ::-1][:, :dimensions]
    directions *= np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(directions.shape[1])])
    return (centred @ directions).astype(np.float32)


def _affinities(vectors: Vectors, perplexity: float) -> Sparse | None:
    """P of the nearest neighbours, symmetric, sums to 1; None where there are no neighbours."""
    count = len(vectors)
    take = min(int(3 * perplexity), count - 1)
    if take < 1:
        return None
    unit = unit_rows(vectors)
    padded = np.concatenate((np.zeros((1, unit.shape[1]), dtype=np.float32), unit))
    itself = [np.array([item]) for item in range(1, count + 1)]
    items, cosines = best_products(unit, padded, take, exclude=itself)
    distances = np.where(items != PADDING, 2.0 - 2.0 * cosines.astype(np.float64), np.inf)
    weights = _conditional(np.maximum(distances, 0.0), min(perplexity, take / 2.0 + 0.5))
    rows = np.repeat(np.arange(count), take)
    matrix = sp.csr_matrix((weights.ravel(), (rows, (items - 1).clip(min=0).ravel())), shape=(count, count))
    matrix = (matrix + matrix.T).tocsr()
    return matrix / matrix.sum()


def _conditional(distances: _Floats, perplexity: float) -> _Floats:
    """Weights exp(-beta d) of each row [N, K], normalised, beta by bisection so that the entropy is ln(perplexity)."""
    nearest = distances.min(axis=1, keepdims=True)
    spread = np.where(np.isfinite(distances), distances - nearest, np.inf)
    low, high = np.zeros((len(distances), 1)), np.full((len(distances), 1), np.inf)
    beta = np.ones((len(distances), 1))
    for _ in range(48):
        weights = np.exp(-beta * spread)
        total = weights.sum(axis=1, keepdims=True)
        entropy = (
            np.log(total)
            + beta * (weights * np.where(np.isfinite(spread), spread, 0.0)).sum(axis=1, keepdims=True) / total
        )
        wide = entropy > np.log(perplexity)
        low, high = np.where(wide, beta, low), np.where(wide, high, beta)
        beta = np.where(np.isinf(high), 2.0 * beta, (low + np.minimum(high, 1e300)) / 2.0)
        beta = np.minimum(beta, 1e12)  # rows of equal distances have no such beta
    weights = np.exp(-beta * spread)
    return weights / weights.sum(axis=1, keepdims=True)


def _descend(points: _Floats, affinities: Sparse, settings: ProjectionSettings) -> _Floats:
    """Gradient descent with momentum and a gain per coordinate (Jacobs 1988), as in the first implementation."""
    degrees = np.diff(affinities.indptr)
    columns, strength = affinities.indices, affinities.data.astype(np.float32)
    pull = sp.csr_matrix((strength.copy(), columns, affinities.indptr), shape=affinities.shape)
    rate = max(len(points) / settings.exaggeration / 4.0, 50.0)
    velocity, gains = np.zeros_like(points), np.ones_like(points)
    for step in range(settings.steps):
        early = step < settings.early
        apart = np.ones(len(columns), dtype=np.float32)
        for axis in points.T.astype(np.float32):
            apart += (np.repeat(axis, degrees) - axis[columns]) ** 2
        np.divide(strength, apart, out=pull.data)
        attraction = points * np.asarray(pull.sum(axis=1)) - pull @ points
        exaggeration = settings.exaggeration if early else 1.0
        gradient = 4.0 * (exaggeration * attraction - _repulsion(points, settings))
        same = np.sign(gradient) == np.sign(velocity)
        gains = np.maximum(np.where(same, gains * 0.8, gains + 0.2), 0.01)
        velocity = (0.5 if early else 0.8) * velocity - rate * gains * gradient
        points = points + velocity
        points -= points.mean(axis=0)
    return points


def _repulsion(points: _Floats, settings: ProjectionSettings) -> _Floats:
    """sum_j q_ij (1 + |y_i - y_j|^2)^-1 (y_i - y_j) of every point, [N, 2].

    Points are spread over the four nodes around them; the kernels between nodes are exact. What a point does to itself
    cancels in the force, and is taken off the normalisation.
    """
    low = points.min(axis=0)
    extent = float((points.max(axis=0) - low).max())
    cell = max(settings.cell, extent / (settings.most_cells - 2))
    side = _transform_length(2 * (int(extent / cell) + 2))
    nodes = side // 2
    place = (points - low) / cell
    corner = np.minimum(place.astype(np.int64), nodes - 2)
    part = place - corner
    index = [(corner[:, 0] + a) * side + corner[:, 1] + b for a in (0, 1) for b in (0, 1)]
    weight = [
        (part[:, 0] if a else 1.0 - part[:, 0]) * (part[:, 1] if b else 1.0 - part[:, 1])
        for a in (0, 1)
        for b in (0, 1)
    ]
    charge = np.zeros(side * side)
    for at, share in zip(index, weight, strict=True):
        charge += np.bincount(at, weights=share, minlength=side * side)
    spectrum = np.fft.rfft2(charge.reshape(side, side))
    offset = np.minimum(np.arange(side), side - np.arange(side)) * cell
    signed = np.where(np.arange(side) <= side // 2, 1.0, -1.0) * offset
    near = 1.0 / (1.0 + offset[:, None] ** 2 + offset[None, :] ** 2)

    def felt(kernel: _Floats) -> _Floats:
        field = np.fft.irfft2(np.fft.rfft2(kernel) * spectrum, s=(side, side)).ravel()
        return np.sum([share * field[at] for at, share in zip(index, weight, strict=True)], axis=0)

    # What the shares of one point, spread over a square of nodes, do to one another: nothing left over for the force.
    corners = np.stack(weight)
    among = np.array([[near[abs(a - c), abs(b - d)] for c in (0, 1) for d in (0, 1)] for a in (0, 1) for b in (0, 1)])
    own = np.einsum("an,ab,bn->n", corners, among, corners)
    total = max(float((felt(near) - own).sum()), 1e-12)
    force = np.stack([felt(near**2 * signed[:, None]), felt(near**2 * signed[None, :])], axis=1)
    return force / total


def _transform_length(least: int) -> int:
    """An even length that is fast to transform."""
    return 2 * int(next_fast_len((least + 1) // 2) or 0)
