"""The user-item graph and its one operator: symmetrically normalised propagation."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn
from torch.nn.functional import embedding_bag

from store.errors import TrainingError
from store.interactions import Interactions, Sparse


class BipartiteGraph(nn.Module):
    """Interactions as a bipartite graph, normalised by 1/sqrt(d_u d_i).

    R and its transpose are both kept as CSR with int32 indices: `embedding_bag` over them is the fastest sparse product
    that torch has on a CPU, and it runs on any device. The arrays are buffers outside the state dict: they move with
    the model and are rebuilt from the interactions, never saved. A repeated interaction is one edge. Row 0 (padding)
    and whoever has no interactions have no edges and receive zeros.

    Args:
        interactions: at least one.

    Raises:
        TrainingError: there are no interactions.
    """

    user_offsets: Tensor
    user_items: Tensor
    user_weights: Tensor
    item_offsets: Tensor
    item_users: Tensor
    item_weights: Tensor
    item_degrees: Tensor

    def __init__(self, interactions: Interactions) -> None:
        super().__init__()
        normalised = normalised_adjacency(interactions)
        self.num_users = interactions.num_users
        self.num_items = interactions.num_items
        for side, matrix in (("user", normalised), ("item", sp.csr_matrix(normalised.T))):
            others = "items" if side == "user" else "users"
            self._hold(f"{side}_offsets", matrix.indptr.astype(np.int32))
            self._hold(f"{side}_{others}", matrix.indices.astype(np.int32))
            self._hold(f"{side}_weights", matrix.data.astype(np.float32))
        self._hold("item_degrees", interactions.item_counts)

    def _hold(self, name: str, array: np.ndarray[Any, Any]) -> None:
        self.register_buffer(name, torch.from_numpy(array), persistent=False)

    @property
    def num_edges(self) -> int:
        return len(self.user_items)

    def forward(self, users: Tensor, items: Tensor) -> tuple[Tensor, Tensor]:
        """One layer of propagation (LightGCN, eq. 3).

        Args:
            users: float [U+1, D].
            items: float [N+1, D].

        Returns:
            For every user the weighted sum of its items [U+1, D], for every item that of its users [N+1, D].
        """
        return cast("tuple[Tensor, Tensor]", _Propagate.apply(users, items, self))

    def smoothed(self, users: Tensor, items: Tensor, *, layers: int) -> tuple[Tensor, Tensor]:
        """The mean over layers 0..K of propagation (LightGCN, eq. 8 with alpha_k = 1/(K+1)), as one operator.

        Args:
            users: float [U+1, D].
            items: float [N+1, D].
            layers: K.

        Returns:
            Users [U+1, D] and items [N+1, D].
        """
        return cast("tuple[Tensor, Tensor]", _Smooth.apply(users, items, self, layers))

    def product(self, users: Tensor, items: Tensor) -> tuple[Tensor, Tensor]:
        """What `forward` computes, without a gradient of its own."""
        return (
            _sparse_product(self.user_offsets, self.user_items, self.user_weights, items),
            _sparse_product(self.item_offsets, self.item_users, self.item_weights, users),
        )


def normalised_adjacency(interactions: Interactions) -> Sparse:
    """R~ = D_u^-1/2 R D_i^-1/2, sparse float32 [U+1, N+1].

    Raises:
        TrainingError: there are no interactions.
    """
    if not len(interactions):
        raise TrainingError("a graph was asked for with 0 interactions", fix="Ingest events first.")
    adjacency = interactions.matrix
    user_degrees = np.asarray(adjacency.sum(axis=1)).ravel()
    item_degrees = np.asarray(adjacency.sum(axis=0)).ravel()
    normalised = sp.diags_array(inverse_root(user_degrees)) @ adjacency @ sp.diags_array(inverse_root(item_degrees))
    return sp.csr_matrix(normalised, dtype=np.float32)


class _Propagate(torch.autograd.Function):
    """The normalised adjacency matrix is symmetric, so the gradient of the operator is the operator itself."""

    @staticmethod
    def forward(ctx: Any, users: Tensor, items: Tensor, graph: BipartiteGraph) -> tuple[Tensor, Tensor]:
        ctx.graph = graph
        return graph.product(users, items)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        users, items = ctx.graph(*gradients)
        return users, items, None


class _Smooth(torch.autograd.Function):
    """(I + A + ... + A^K) / (K+1) by Horner's rule: e + A (e + A (e + ...)).

    No layer is kept, neither for the mean nor for the gradient: a polynomial of a symmetric matrix is symmetric.
    """

    @staticmethod
    def forward(ctx: Any, users: Tensor, items: Tensor, graph: BipartiteGraph, layers: int) -> tuple[Tensor, Tensor]:
        ctx.graph, ctx.layers = graph, layers
        summed = users.clone(), items.clone()
        for _ in range(layers):
            summed = graph.product(*summed)
            for part, own in zip(summed, (users, items), strict=True):
                part.add_(own)
        return summed[0].div_(layers + 1), summed[1].div_(layers + 1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None]:
        users, items = ctx.graph.smoothed(*gradients, layers=ctx.layers)
        return users, items, None, None


def _sparse_product(offsets: Tensor, indices: Tensor, weights: Tensor, dense: Tensor) -> Tensor:
    """CSR matrix [M, P] times dense [P, D]."""
    return embedding_bag(
        indices, dense.contiguous(), offsets, mode="sum", per_sample_weights=weights, include_last_offset=True
    )


def inverse_root(degrees: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """1/sqrt(d), 0 where d is 0."""
    return np.where(degrees > 0, 1.0 / np.sqrt(np.maximum(degrees, 1.0)), 0.0)
