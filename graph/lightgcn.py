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

    With one candidate BPR needs hundreds of epochs, with the hardest of 16 tens; docs/benchmarks.md has what was tried.

    Attributes:
        dim: width D of an embedding.
        layers: propagation layers K; 0 is matrix factorisation.
        loss: "bpr" ranks each positive above one negative; "sampled_softmax" above many that the batch shares.
        candidates: unseen items among which BPR takes the hardest as its negative; 1 takes any.
        learning_rate: step of Adam.
        l2: weight of half the squared norm of the base embeddings of a batch, per example.
        temperature: divisor of the cosine in the sampled softmax.
        negatives: shared negatives of a batch of the sampled softmax.
        sampler: what they are drawn by: "popularity" takes the items of random interactions.
        batch_size: interactions per step.
        steps: most steps of an epoch; where there are more interactions, batches grow. Each step propagates over the
            whole graph, so that batches of one size would cost the square of the interactions.
        init_std: standard deviation of the initial embeddings.
    """

    dim: int = 64
    layers: int = 3
    loss: Literal["bpr", "sampled_softmax"] = "bpr"
    candidates: int = 16
    learning_rate: float = 1e-2
    l2: float = 1e-3
    temperature: float = 0.1
    negatives: int = 1_024
    sampler: Literal["popularity", "uniform"] = "popularity"
    batch_size: int = 8_192
    steps: int = 128
    init_std: float = 0.1

    def __post_init__(self) -> None:
        for name in ("dim", "candidates", "negatives", "batch_size", "steps"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)!r}, below 1", fix=f"Give {name} a whole number >= 1.")
        for name in ("layers", "l2"):
            if getattr(self, name) < 0:
                raise InputError(f"{name} is {getattr(self, name)!r}, below 0", fix=f"Give {name} a number >= 0.")
        for name in ("learning_rate", "temperature", "init_std"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} is {getattr(self, name)!r}, not above 0", fix=f"Give {name} a number > 0.")
        if self.loss not in ("bpr", "sampled_softmax"):
            raise InputError(f"loss {self.loss!r} is not known", fix="Use 'bpr' or 'sampled_softmax'.")
        if self.sampler not in ("popularity", "uniform"):
            raise InputError(f"sampler {self.sampler!r} is not known", fix="Use 'popularity' or 'uniform'.")


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
            Users [U+1, D] and items [N+1, D]; the score of a pair is their dot product (eq. 5 and 6).
        """
        return self.graph.smoothed(self.users, self.items, layers=self.settings.layers)
