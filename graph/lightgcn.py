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

    The defaults are round numbers from the middle of what works on the validation items of MovieLens-100K (BPR, 2
    layers: ndcg@10 .072-.077 after 40-50 epochs, 20 s; the softmax .072 after 15-25; standard error .007), not the
    winner of a search. On dense data 2 layers beat the paper's 3; on large sparse data the softmax needs far fewer
    epochs.

    Attributes:
        dim: width D of an embedding.
        layers: propagation layers K; 0 is matrix factorisation.
        loss: "bpr" ranks each positive above one negative; "sampled_softmax" above many that the batch shares.
        learning_rate: step of Adam.
        l2: weight of half the squared norm of the base embeddings of a batch, per example.
        temperature: divisor of the cosine in the sampled softmax.
        negatives: shared negatives of a batch of the sampled softmax; all items are used where there are no more.
        batch_size: interactions per step.
        init_std: standard deviation of the initial embeddings.
    """

    dim: int = 64
    layers: int = 2
    loss: Literal["bpr", "sampled_softmax"] = "bpr"
    learning_rate: float = 1e-2
    l2: float = 1e-4
    temperature: float = 0.15
    negatives: int = 1_024
    batch_size: int = 4_096
    init_std: float = 0.1

    def __post_init__(self) -> None:
        for name in ("dim", "negatives", "batch_size"):
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
