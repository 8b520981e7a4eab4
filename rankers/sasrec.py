"""SASRec: Kang and McAuley 2018, "Self-Attentive Sequential Recommendation".

B batch, L length, D dimension, H heads, N items.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, gelu, linear, scaled_dot_product_attention

from store.errors import InputError

_WIDENING = 2

POSITIONS = ("absolute", "relative", "none")


@dataclass(frozen=True)
class SASRecSettings:
    """Settings of the model and of its training.

    Attributes:
        dim: width D of an item embedding.
        blocks: attention blocks.
        heads: attention heads; they share ``dim`` equally.
        dropout: share of activations dropped in training.
        length: newest history items that are read.
        positions: how the network knows them: "absolute" adds an embedding of each item's age to its own, "relative"
            a bias to the attention for each distance, "none" neither.
        loss: "sampled_softmax", which takes the whole catalogue where that is at most four times ``negatives``;
            "full_softmax" always does. "gbce", "bce" and "bpr" are there to be compared with.
        negatives: draws per step that all positions share, for "sampled_softmax" and "gbce".
        candidates: draws per position among which "bce" and "bpr" take the hardest.
        sampler: what is drawn by; "in_batch" takes the targets of the batch for the sampled softmax.
        start: item embeddings before the first step: "transitions" counts who follows whom, "random" does not.
        learning_rate: step of Adam.
        weight_decay: of AdamW, on all weights.
        averaging: decay per step of an average of the weights, which takes their place; 0 keeps the last weights.
        batch_size: target positions per step, about.
    """

    dim: int = 64
    blocks: int = 2
    heads: int = 1
    dropout: float = 0.4
    length: int = 100
    positions: Literal["absolute", "relative", "none"] = "absolute"
    loss: Literal["sampled_softmax", "full_softmax", "gbce", "bce", "bpr"] = "sampled_softmax"
    negatives: int = 1_024
    candidates: int = 1
    sampler: Literal["uniform", "popularity", "in_batch"] = "uniform"
    start: Literal["transitions", "random"] = "transitions"
    learning_rate: float = 2e-3
    weight_decay: float = 0.0
    averaging: float = 0.998
    batch_size: int = 1_024

    def __post_init__(self) -> None:
        for name in ("dim", "blocks", "heads", "length", "negatives", "candidates", "batch_size"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)!r}, below 1", fix=f"Give {name} a whole number >= 1.")
        if self.dim % self.heads:
            raise InputError(
                f"dim {self.dim} is not a multiple of heads {self.heads}", fix="Heads share the width equally."
            )
        if not 0 <= self.dropout < 1:
            raise InputError(f"dropout is {self.dropout!r}, outside 0..1", fix="Give 0 <= dropout < 1.")
        if not 0 <= self.averaging < 1:
            raise InputError(f"averaging is {self.averaging!r}, outside 0..1", fix="Give 0 <= averaging < 1.")
        if not self.learning_rate > 0:
            raise InputError(f"learning_rate is {self.learning_rate!r}, not above 0", fix="Give a step > 0.")
        if self.weight_decay < 0:
            raise InputError(f"weight_decay is {self.weight_decay!r}, below 0", fix="Give a number >= 0.")
        for name, known in (
            ("loss", ("sampled_softmax", "full_softmax", "gbce", "bce", "bpr")),
            ("sampler", ("uniform", "popularity", "in_batch")),
            ("start", ("transitions", "random")),
            ("positions", POSITIONS),
        ):
            if getattr(self, name) not in known:
                raise InputError(f"{name} {getattr(self, name)!r} is not known", fix=f"Use one of {', '.join(known)}.")
        if self.sampler == "in_batch" and self.loss != "sampled_softmax":
            raise InputError(
                f"the sampler is in_batch and the loss {self.loss}", fix="Use in_batch with sampled_softmax only."
            )


class SASRec(nn.Module):
    """Reads a sequence of items and says, at each position, where in the item space the next one lies.

    Sequences are padded on the right: padding then lies in the future of every real position, and the causal mask,
    which attention needs anyway, hides it. Positions are counted back from the newest item, so that a state does not
    depend on how much padding the batch happens to have.

    Differs from the paper in what has become common since: normalisation before each part with a clean residual path, a
    wider GELU layer, and a softmax over items instead of one negative. Dropout acts on the embeddings and on what each
    part adds, not inside the parts: drawing those masks took a fifth of the training time.

    Args:
        num_items: N.
        settings: the shape of the model.
        generator: draws the initial weights.
    """

    def __init__(self, num_items: int, settings: SASRecSettings, *, generator: torch.Generator) -> None:
        super().__init__()
        self.settings = settings
        self.items = nn.Parameter(torch.empty(num_items + 1, settings.dim))
        if settings.positions == "absolute":
            self.positions = nn.Parameter(torch.empty(settings.length, settings.dim))
        blocks = [_Block(settings) for _ in range(settings.blocks)]
        self.blocks = nn.ModuleList(blocks)
        self.norm = nn.LayerNorm(settings.dim)
        for name, parameter in self.named_parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, std=1.0 / math.sqrt(settings.dim), generator=generator)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)
        for block in blocks:
            # The residual path starts as the identity, so that depth costs nothing at first.
            nn.init.zeros_(block.attended.weight)
            nn.init.zeros_(block.narrow.weight)
            if settings.positions == "relative":
                nn.init.zeros_(block.distances)
        with torch.no_grad():
            self.items[0] = 0.0

    def forward(self, sequences: Tensor, lengths: Tensor, *, items: Tensor | None = None) -> Tensor:
        """States at every position.

        Args:
            sequences: int64 [B, L], oldest first, 0-padded on the right, L <= ``length``.
            lengths: int64 [B], real items per row.
            items: float [M, D] to look the sequences up in; None takes the trained embeddings.

        Returns:
            float [B, L, D]; the inner product with an item's embedding is its score as the next one. What stands at
            padded positions is meaningless.
        """
        x = self._embedded(sequences, lengths, items)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)

    def last_states(self, sequences: Tensor, lengths: Tensor, *, items: Tensor | None = None) -> Tensor:
        """States after the newest items, float [B, D]: ``forward`` there, without what the last block says elsewhere.

        Args:
            sequences: as of ``forward``.
            lengths: int64 [B], 1 or more.
            items: likewise.
        """
        x = self._embedded(sequences, lengths, items)
        for block in self.blocks[:-1]:
            x = block(x)
        last = cast("_Block", self.blocks[-1])
        return self.norm(last.at(x, lengths - 1))

    def _embedded(self, sequences: Tensor, lengths: Tensor, items: Tensor | None) -> Tensor:
        """What the blocks read, float [B, L, D]."""
        table = self.items if items is None else items
        x = table[sequences] * math.sqrt(self.settings.dim)
        if self.settings.positions == "absolute":
            age = (lengths[:, None] - 1 - torch.arange(sequences.shape[1], device=sequences.device)).clamp(min=0)
            x = x + self.positions[age]
        return dropout(x, self.settings.dropout, self.training)


class _Block(nn.Module):
    """Causal self-attention and a two-layer network at each position, both on a residual path."""

    def __init__(self, settings: SASRecSettings) -> None:
        super().__init__()
        dim = settings.dim
        self.heads, self.rate = settings.heads, settings.dropout
        self.norm_attention = nn.LayerNorm(dim)
        self.query_key_value = nn.Linear(dim, 3 * dim)
        self.attended = nn.Linear(dim, dim)
        self.norm_feed_forward = nn.LayerNorm(dim)
        self.wide = nn.Linear(dim, _WIDENING * dim)
        self.narrow = nn.Linear(_WIDENING * dim, dim)
        self.relative = settings.positions == "relative"
        if self.relative:
            self.distances = nn.Parameter(torch.empty(settings.heads, settings.length))

    def forward(self, x: Tensor) -> Tensor:
        """x: float [B, L, D]."""
        return self._widened(x + dropout(self._attend(self.norm_attention(x)), self.rate, self.training))

    def at(self, x: Tensor, places: Tensor) -> Tensor:
        """``forward`` at one position of each row: x float [B, L, D], places int64 [B] -> [B, D]."""
        rows, dim = torch.arange(len(x), device=x.device), x.shape[2]
        normed, weight, bias = self.norm_attention(x), self.query_key_value.weight, self.query_key_value.bias
        query = linear(normed[rows, places], weight[:dim], bias[:dim]).unflatten(-1, (self.heads, 1, -1))
        key, value = linear(normed, weight[dim:], bias[dim:]).unflatten(-1, (2, self.heads, -1)).permute(2, 0, 3, 1, 4)
        steps = places[:, None] - torch.arange(x.shape[1], device=x.device)  # [B, L], negative in the future
        if self.relative:
            near = self.distances[:, steps.clamp(min=0)].masked_fill(steps < 0, -torch.inf)
            mask = near.transpose(0, 1)[:, :, None]  # [B, H, 1, L]
        else:
            mask = (steps >= 0)[:, None, None]
        mixed = self.attended(scaled_dot_product_attention(query, key, value, attn_mask=mask).flatten(1))
        return self._widened(x[rows, places] + dropout(mixed, self.rate, self.training))

    def _widened(self, x: Tensor) -> Tensor:
        """The two-layer network and its residual path, at each position by itself: float [..., D]."""
        hidden = self.narrow(gelu(self.wide(self.norm_feed_forward(x))))
        return x + dropout(hidden, self.rate, self.training)

    def _attend(self, x: Tensor) -> Tensor:
        heads = self.query_key_value(x).unflatten(-1, (3, self.heads, -1)).movedim(-3, 0).transpose(-2, -3)
        query, key, value = heads  # each [B, H, L, D / H]
        if self.relative:
            mixed = scaled_dot_product_attention(query, key, value, attn_mask=self._bias(x.shape[1]))
        else:
            mixed = scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.attended(mixed.transpose(-2, -3).flatten(-2))

    def _bias(self, length: int) -> Tensor:
        """What the distance between two positions adds to their attention, [H, L, L]; -inf in the future."""
        steps = torch.arange(length, device=self.distances.device)
        distance = steps[:, None] - steps[None, :]
        return self.distances[:, distance.clamp(min=0)].masked_fill(distance < 0, -torch.inf)
