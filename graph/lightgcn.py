"""LightGCN: He et al. 2020, "LightGCN: Simplifying and Powering Graph Convolution Network for Recommendation"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from graph.bipartite import BipartiteGraph
from store.errors import InputError


@dataclass(frozen=True)
class LightGCNSettings:
    """Settings of the model and of its training.

    The softmax compares cosines, so it leaves norms alone, and propagation gives popular items the larger ones.
    Negatives by the root of popularity and scores divided by the root of the norm let a part of popularity into the
    score; docs/benchmarks.md has what was tried.

    Attributes:
        dim: width D of an embedding.
        layers: propagation layers K; 0 is matrix factorisation.
        loss: "bpr" ranks each positive above one negative; "sampled_softmax" above many that the batch shares.
        candidates: unseen items among which BPR takes the hardest as its negative; 1 takes any.
        learning_rate: step of Adam.
        l2: weight of half the squared norm of the base embeddings of a batch, per example.
        temperature: divisor of the cosine in the sampled softmax.
        negatives: shared negatives of a batch of the sampled softmax.
        negative_power: they are drawn by an item's number of readers to this power: 0 is uniform, 1 the items of random
            interactions.
        norm_power: scores are divided by the norm of the item's final embedding to this power: 0 leaves the inner
            product, 1 the cosine.
        batch_size: interactions per step.
        max_steps: of an epoch; where there are more interactions, batches grow. Each step propagates over the whole
            graph, so that batches of one size would cost the square of the interactions.
        averaging: decay per step of an average of the weights, which takes their place; 0 keeps the last weights.
        init_std: standard deviation of the initial embeddings.
    """

    dim: int = 64
    layers: int = 3
    loss: Literal["bpr", "sampled_softmax"] = "sampled_softmax"
    candidates: int = 16
    learning_rate: float = 1e-2
    l2: float = 1e-3
    temperature: float = 0.1
    negatives: int = 2_048
    negative_power: float = 0.5
    norm_power: float = 0.5
    batch_size: int = 8_192
    max_steps: int = 128
    averaging: float = 0.99
    init_std: float = 0.1

    def __post_init__(self) -> None:
        for name in ("dim", "candidates", "negatives", "batch_size", "max_steps"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)!r}, below 1", fix=f"Give {name} a whole number >= 1.")
        for name in ("layers", "l2", "negative_power", "norm_power"):
            if not getattr(self, name) >= 0:
                raise InputError(f"{name} is {getattr(self, name)!r}, below 0", fix=f"Give {name} a number >= 0.")
        for name in ("learning_rate", "temperature", "init_std"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} is {getattr(self, name)!r}, not above 0", fix=f"Give {name} a number > 0.")
        if not 0 <= self.averaging < 1:
            raise InputError(f"averaging is {self.averaging!r}, outside 0..1", fix="Give 0 <= averaging < 1.")
        if self.loss not in ("bpr", "sampled_softmax"):
            raise InputError(f"loss {self.loss!r} is not known", fix="Use 'bpr' or 'sampled_softmax'.")


class LightGCN(nn.Module):
    """Embeddings of users and items, smoothed over the graph.

    Args:
        graph: of the training interactions; becomes a submodule, so that it moves to a device with the model.
        settings: ``dim``, ``layers`` and ``init_std`` are used here, the rest by training.
    """

    def __init__(self, graph: BipartiteGraph, settings: LightGCNSettings) -> None:
        super().__init__()
        self.graph = graph
        self.settings = settings
        self.users = nn.Parameter(torch.randn(graph.num_users + 1, settings.dim) * settings.init_std)
        self.items = nn.Parameter(torch.randn(graph.num_items + 1, settings.dim) * settings.init_std)
        with torch.no_grad():
            self.users[0] = 0.0
            self.items[0] = 0.0

    def layers(self) -> list[tuple[Tensor, Tensor]]:
        """Embeddings by layer (eq. 3 and 7).

        Returns:
            K+1 pairs of users e_u^k [U+1, D] and items e_i^k [N+1, D], k = 0..K.
        """
        layers: list[tuple[Tensor, Tensor]] = [(self.users, self.items)]
        for _ in range(self.settings.layers):
            layers.append(self.graph(*layers[-1]))
        return layers

    def forward(self) -> tuple[Tensor, Tensor]:
        """Final embeddings: the mean over layers (eq. 4 and 8 with alpha_k = 1/(K+1)).

        Returns:
            Users [U+1, D] and items [N+1, D]; the score of a pair is their dot product (eq. 5 and 6), with the item
            `tempered`.
        """
        return self.graph.smoothed(self.users, self.items, layers=self.settings.layers)


_SMALLEST_SQUARE = 1e-24


def tempered(items: Tensor, squared_norms: Tensor, *, power: float) -> Tensor:
    """Rows divided by their norms to a power; zeros stay zeros.

    Args:
        items: float [M, D], or some of the columns.
        squared_norms: of whole rows, float [M, 1].
        power: 1 brings rows to unit length.
    """
    return items / squared_norms.clamp(min=_SMALLEST_SQUARE) ** (power / 2)
