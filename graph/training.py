"""Training of LightGCN, as a task for the one trainer loop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, softplus

from graph.lightgcn import LightGCN, tempered
from graph.losses import shared_softmax
from graph.validation import held_out_gains
from store.fingerprint import fingerprint
from store.ids import IndexArray
from store.interactions import Interactions, held_readers
from store.processes import ALONE, Processes
from store.sampling import NegativeSampler

_VALIDATION_READERS = 10_000
_VALIDATION_ROWS = 1_024
_REJECTION_ROUNDS = 8


class GraphBatch(NamedTuple):
    """Positive pairs of one step.

    Attributes:
        users: int64 [B].
        items: int64 [B].
        negatives: int64 [B, C], candidates for each pair, for BPR; int64 [M], shared by all, for the softmax.
    """

    users: Tensor
    items: Tensor
    negatives: Tensor


class LightGCNTask:
    """Fits one LightGCN: satisfies the trainer's ``Task``.

    Args:
        model: to be fitted; its settings choose the loss.
        interactions: what its graph was built from.
        held: held-out item per user, int64 [U+1], 0 where there is none; None trains without validation.
        processes: each holds some columns of the model (``graph.partition``); inner products are summed over them.

    Raises:
        InputError: ``held`` is not [U+1].
    """

    name = "lightgcn"

    def __init__(
        self,
        model: LightGCN,
        interactions: Interactions,
        *,
        held: IndexArray | None = None,
        processes: Processes = ALONE,
    ) -> None:
        interactions.check_held(held)
        self.model = model
        self.settings = model.settings
        self.averaging = model.settings.averaging
        self._held = held
        self._processes = processes
        self._interactions = interactions
        self._num_items = interactions.num_items
        edges = interactions.matrix.tocoo()
        self._users = torch.from_numpy(edges.row.astype(np.int64))
        self._items = torch.from_numpy(edges.col.astype(np.int64))
        self._seen = interactions.matrix
        counts = torch.from_numpy(interactions.item_counts)
        # Nobody has met an item without readers: it has no edge that could teach it anything.
        self._sampler = NegativeSampler(torch.where(counts > 0, counts**self.settings.negative_power, 0.0))
        self._edge_keys = torch.sort(self._keys(self._users, self._items)).values

    def optimizer(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.model.parameters(), lr=self.settings.learning_rate, fused=True)

    def batches(self, epoch: int, generator: torch.Generator) -> Iterator[GraphBatch]:
        """Every edge once, in random order, with negatives."""
        order = torch.randperm(len(self._users), generator=generator)
        for chosen in order.split(max(self.settings.batch_size, -(-len(order) // self.settings.max_steps))):
            users, items = self._users[chosen], self._items[chosen]
            if self.settings.loss == "bpr":
                asked = users[:, None].expand(-1, self.settings.candidates)
                yield GraphBatch(users, items, self._unseen_items(asked, generator))
            else:
                yield GraphBatch(users, items, self._sampler.sample(self.settings.negatives, generator))

    def loss(self, batch: GraphBatch) -> Tensor:
        device = self.model.users.device
        batch = GraphBatch(*(part.to(device) for part in batch))
        users, items = self.model()
        ranking = self._bpr if self.settings.loss == "bpr" else self._sampled_softmax
        return ranking(users[batch.users], items, batch) + self.settings.l2 * self._squared_norms(batch)

    def _bpr(self, users: Tensor, items: Tensor, batch: GraphBatch) -> Tensor:
        """Mean of -ln sigmoid(y_ui - y_uj) (eq. 15), j the hardest of each pair's candidates."""
        margins = self._inner(users, items[batch.items] - items[self._hardest(users, items, batch)])
        return softplus(-margins).mean()

    @torch.no_grad()
    def _hardest(self, users: Tensor, items: Tensor, batch: GraphBatch) -> Tensor:
        """The candidate with the highest score of each pair (Zhang et al. 2013, dynamic negative sampling): [B]."""
        scores = torch.bmm(items[batch.negatives], users[:, :, None]).squeeze(2)
        return batch.negatives.gather(1, self._processes.sum(scores).argmax(dim=1, keepdim=True)).squeeze(1)

    def _sampled_softmax(self, users: Tensor, items: Tensor, batch: GraphBatch) -> Tensor:
        """Cross-entropy of each positive against the shared negatives, on cosines.

        A negative that the user has met takes no part: on dense data most of the loss would come of one's own items.
        """
        users = self._normalised(users) / self.settings.temperature
        positives, negatives = self._normalised(items[batch.items]), self._normalised(items[batch.negatives])
        banned = self._met(batch)
        if self._processes.count == 1:
            return shared_softmax(users, positives, negatives, banned=banned)
        # The fused loss needs whole inner products; here each process has those of its columns.
        positive = self._inner(users, positives)[:, None]
        negative = self._processes.sum(users @ negatives.T).index_put(banned, users.new_tensor(-torch.inf))
        logits = torch.cat((positive, negative), dim=1)
        return cross_entropy(logits, torch.zeros_like(batch.users))

    def _met(self, batch: GraphBatch) -> tuple[Tensor, Tensor]:
        """Pair and negative wherever the pair's user has met the negative: two int64 [X], ordered by pair."""
        met = self._seen[batch.users.cpu().numpy()][:, batch.negatives.cpu().numpy()]
        pairs = np.repeat(np.arange(met.shape[0]), np.diff(met.indptr))
        device = batch.users.device
        return torch.from_numpy(pairs).to(device), torch.from_numpy(met.indices.astype(np.int64)).to(device)

    def _squared_norms(self, batch: GraphBatch) -> Tensor:
        """Half the squared norm of the base embeddings of each pair, mean over the batch."""
        norms = self.model.users[batch.users].square().sum() + self.model.items[batch.items].square().sum()
        return self._processes.sum(norms) / (2 * len(batch.users))

    def _inner(self, first: Tensor, second: Tensor) -> Tensor:
        """Inner products of rows, [B], over the columns of all processes."""
        return self._processes.sum((first * second).sum(dim=1))

    def _normalised(self, rows: Tensor) -> Tensor:
        """Rows at unit length; zeros stay zeros."""
        return tempered(rows, self._squares(rows), power=1.0)

    def _squares(self, rows: Tensor) -> Tensor:
        """Squared norms over the columns of all processes, [B, 1]."""
        return self._processes.sum(rows.square().sum(dim=1, keepdim=True), then_apart=True)

    def fingerprint(self) -> str:
        data = self._interactions
        return fingerprint(self.settings, data.num_users, data.num_items, data.users, data.items, self._held)

    @torch.no_grad()
    def validate(self) -> float | None:
        """ndcg@10 of the held-out items among all items that the user has not seen.

        Of evenly chosen users where there are very many.
        """
        if self._held is None or not self._held.any():
            return None
        users, items = self.model()
        items = tempered(items, self._squares(items), power=self.settings.norm_power)
        readers = held_readers(self._held, at_most=_VALIDATION_READERS)
        chunks = np.array_split(readers, -(-len(readers) // _VALIDATION_ROWS))
        return float(torch.cat([self._gains(self._held, chunk, users, items) for chunk in chunks]).mean())

    def _gains(self, held_items: IndexArray, readers: IndexArray, users: Tensor, items: Tensor) -> Tensor:
        """Those of ``readers``: [B]."""
        held = torch.from_numpy(held_items[readers]).to(items.device)[:, None]
        scores = self._processes.sum(users[torch.from_numpy(readers).to(users.device)] @ items.T)
        seen = self._seen[readers].tocoo()
        closed = torch.from_numpy(seen.row.astype(np.int64)), torch.from_numpy(seen.col.astype(np.int64))
        return held_out_gains(scores, held, closed)

    def _keys(self, users: Tensor, items: Tensor) -> Tensor:
        return users * (self._num_items + 1) + items

    def _unseen_items(self, users: Tensor, generator: torch.Generator) -> Tensor:
        """An item for each entry of ``users`` that this user has not interacted with.

        Whoever has seen nearly everything may keep a seen one after the last round of redrawing: the draw must end.
        """
        items = torch.randint(1, self._num_items + 1, users.shape, generator=generator)
        for _ in range(_REJECTION_ROUNDS):
            keys = self._keys(users, items)
            at = torch.searchsorted(self._edge_keys, keys).clamp_(max=len(self._edge_keys) - 1)
            rejected = self._edge_keys[at] == keys
            count = int(rejected.sum())
            if not count:
                break
            items[rejected] = torch.randint(1, self._num_items + 1, (count,), generator=generator)
        return items
