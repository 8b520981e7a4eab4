"""Item embeddings to start training from: the smooth directions of the transition graph.

A next-item model spends most of its first epochs on finding which items go together, which can be counted at once. The
eigenvectors of the normalised graph of nearby items (a spectral embedding; Levy and Goldberg 2014 show that word2vec
factorises such counts) bring items that follow each other together before the first step. N items, D dimension.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from rankers.transition import inverse_power, transition_counts
from store.eigenvectors import leading_eigenvectors
from store.interactions import Interactions

_WINDOW = 5
_ITERATIONS = 8
_LONGEST = 3.0
"""Norm at which a row is cut, where the mean square is 1: an item with few neighbours can hold an eigenvector alone."""


def transition_embeddings(interactions: Interactions, dim: int, *, generator: torch.Generator) -> Tensor:
    """Eigenvectors of the symmetric transition graph, scaled to rows of mean square 1.

    Args:
        interactions: in time order by user.
        dim: D.
        generator: starts the iteration, and draws what the graph does not tell: items without neighbours, and the
            columns beyond the size of the catalogue.

    Returns:
        float32 [N+1, D], row 0 zeros.
    """
    size = interactions.num_items + 1
    table = torch.randn(size, dim, generator=generator) / dim**0.5
    counts = transition_counts(interactions, _WINDOW)
    counts = counts + counts.T
    degrees = np.asarray(counts.sum(axis=1)).ravel()
    linked = degrees > 0
    if linked.any():
        inverse = sp.diags_array(inverse_power(degrees, 0.5))
        # The identity lifts the spectrum from -1..1 to 0..2, so that the largest are also the smoothest.
        graph = sp.csr_matrix(inverse @ counts @ inverse + sp.diags_array(linked.astype(np.float64)), dtype=np.float32)
        found = leading_eigenvectors(
            lambda basis: graph @ basis,
            min(dim, int(linked.sum())),
            size=size,
            iterations=_ITERATIONS,
            generator=generator,
        )
        scaled = found * (size / dim) ** 0.5
        scaled *= (_LONGEST / scaled.norm(dim=1, keepdim=True).clamp(min=1e-12)).clamp(max=1.0)
        rows = torch.from_numpy(np.flatnonzero(linked))
        table[rows, : scaled.shape[1]] = scaled[rows]
    table[0] = 0.0
    return table
