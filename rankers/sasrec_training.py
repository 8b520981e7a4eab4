"""Training of SASRec, as a task for the trainer loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from rankers.held_out import held_out_ranks, ndcg
from rankers.item_embeddings import transition_embeddings
from rankers.losses import bce, bpr, full_softmax, gbce, sampled_softmax
from rankers.row_adam import LEAST_AVERAGING, RowAdam
from rankers.sampling import build_sampler
from rankers.sasrec import SASRec, SASRecSettings
from rankers.sasrec_scorer import SASRecScorer
from rankers.trainer import EpochReport, TrainerSettings, TrainingResult, fit
from store.fingerprint import fingerprint
from store.ids import IndexArray
from store.interactions import Audience, Interactions, held_readers

_POOL = 4_096
"""Windows that are sorted by length together: little padding, and batches still differ between epochs."""

_FULL_UP_TO = 4
"""Times the negatives that a catalogue may have to be taken whole by the sampled softmax: it then costs no more."""

_BETAS = (0.9, 0.98)

_VALIDATION_READERS = 20_000
_VALIDATION_ROWS = 512


class SequenceBatch(NamedTuple):
    """Sequences of one step.

    Attributes:
        sequences: int64 [B, L], padded on the right.
        lengths: int64 [B].
        targets: int64 [B, L], the next item at each position.
        negatives: int64 [M] that all positions share, or [B, L, C] candidates of each.
        rows: int64 [R], ascending, all items in the others; empty where the loss needs the whole table.
    """

    sequences: Tensor
    lengths: Tensor
    targets: Tensor
    negatives: Tensor
    rows: Tensor


class SASRecTask:
    """Fits one SASRec: satisfies the trainer's ``Task``.

    A history longer than the model reads is cut into windows, so that every interaction but a user's first is a target
    exactly once per epoch.

    Args:
        model: to be fitted; its settings choose the loss.
        interactions: training interactions.
        held: held-out item per user, int64 [U+1], 0 where there is none; None trains without validation.

    Raises:
        InputError: ``held`` is not [U+1].
    """

    name = "sasrec"

    def __init__(self, model: SASRec, interactions: Interactions, *, held: IndexArray | None = None) -> None:
        interactions.check_held(held)
        self.model = model
        self.settings = model.settings
        self.averaging = model.settings.averaging
        self._interactions = interactions
        self._held = held
        self._items = torch.from_numpy(interactions.items)
        starts, lengths = _windows(interactions, self.settings.length)
        self._starts, self._lengths = torch.from_numpy(starts), torch.from_numpy(lengths)
        self._sampler = build_sampler(self.settings.sampler, torch.from_numpy(interactions.item_counts))
        small = interactions.num_items <= _FULL_UP_TO * self.settings.negatives
        self._loss = "full_softmax" if self.settings.loss == "sampled_softmax" and small else self.settings.loss
        settled = not 0 < self.settings.averaging < LEAST_AVERAGING
        self._by_rows = self._loss == "sampled_softmax" and not self.settings.weight_decay and settled
        self._rows: RowAdam | None = None

    def optimizer(self) -> torch.optim.Optimizer:
        """AdamW; where a step reads some of the items only, the others wait, for no step may cost all of them."""
        settings, parameters = self.settings, self.model.parameters()
        if self._by_rows:
            self._rows = RowAdam(
                parameters,
                table=self.model.items,
                lr=settings.learning_rate,
                betas=_BETAS,
                averaging=settings.averaging,
            )
            return self._rows
        self.model.items.requires_grad_()
        return torch.optim.AdamW(
            parameters, lr=settings.learning_rate, betas=_BETAS, weight_decay=settings.weight_decay, fused=True
        )

    def batches(self, epoch: int, generator: torch.Generator) -> Iterator[SequenceBatch]:
        """Every window once, in random order, with windows of like length side by side."""
        order = torch.randperm(len(self._starts), generator=generator)
        for pool in order.split(_POOL):
            by_length = pool[torch.argsort(self._lengths[pool], stable=True)]
            step = (torch.cumsum(self._lengths[by_length], dim=0) - 1) // self.settings.batch_size
            batches = by_length.split(torch.unique_consecutive(step, return_counts=True)[1].tolist())
            for chosen in torch.randperm(len(batches), generator=generator):
                yield self._batch(batches[chosen], generator)

    def _batch(self, windows: Tensor, generator: torch.Generator) -> SequenceBatch:
        lengths = self._lengths[windows]
        steps = torch.arange(int(lengths.max()))
        real = steps < lengths[:, None]
        # Padding reads the window's first item, which is a valid position, and is then blanked.
        at = self._starts[windows][:, None] + torch.where(real, steps, 0)
        sequences, targets = self._items[at] * real, self._items[at + 1] * real
        negatives = self._negatives(targets, generator)
        read = (sequences, targets, negatives) if self._by_rows else ()
        rows = torch.unique(torch.cat([torch.zeros(0, dtype=torch.int64), *(part.flatten() for part in read)]))
        return SequenceBatch(sequences, lengths, targets, negatives, rows)

    def _negatives(self, targets: Tensor, generator: torch.Generator) -> Tensor:
        """What the loss compares the targets [B, L] with."""
        settings = self.settings
        if self._loss in ("bce", "bpr"):
            drawn = self._sampler.sample(targets.numel() * settings.candidates, generator)
            return drawn.view(*targets.shape, settings.candidates)
        if settings.sampler == "in_batch":
            return targets[targets > 0]
        return self._sampler.sample(0 if self._loss == "full_softmax" else settings.negatives, generator)

    def loss(self, batch: SequenceBatch) -> Tensor:
        """Mean over real positions only."""
        batch = SequenceBatch(*(part.to(self.model.items.device) for part in batch))
        if self._by_rows:
            return self._loss_of_rows(batch)
        real = batch.targets > 0
        states, targets = self.model(batch.sequences, batch.lengths)[real], batch.targets[real]
        items, negatives = self.model.items, batch.negatives
        match self._loss:
            case "full_softmax":
                return full_softmax(states, targets, items)
            case "sampled_softmax":
                log_q = self._sampler.log_q.to(states.device)
                return sampled_softmax(states, targets, items, negatives=negatives, log_q=log_q)
            case "gbce":
                return gbce(states, targets, items, negatives=negatives)
            case "bce":
                return bce(states, targets, items, candidates=negatives[real])
            case _:
                return bpr(states, targets, items, candidates=negatives[real])

    def _loss_of_rows(self, batch: SequenceBatch) -> Tensor:
        """The sampled softmax with a table of the batch's items alone, in which they have other numbers."""
        rows = batch.rows
        items = self.model.items[rows] if self._rows is None else self._rows.read(rows)
        sequences, targets, negatives = (
            torch.searchsorted(rows, part) for part in (batch.sequences, batch.targets, batch.negatives)
        )
        real = batch.targets > 0
        states = self.model(sequences, batch.lengths, items=items)[real]
        log_q = self._sampler.log_q.to(states.device)[rows]
        return sampled_softmax(states, targets[real], items, negatives=negatives, log_q=log_q)

    def part(self, batch: SequenceBatch, *, rank: int, count: int) -> tuple[SequenceBatch, float]:
        """Every ``count``-th window: neighbours are of like length, so all processes get like work."""
        mine = slice(rank, None, count)
        real = batch.targets > 0
        weight = float(real[mine].sum() / real.sum())
        if rank >= len(batch.lengths):  # nothing is left for this process, which must take part all the same
            mine = slice(0, 1)
        width = int(batch.lengths[mine].max())
        negatives = batch.negatives[mine, :width] if batch.negatives.dim() > 1 else batch.negatives
        windows = (batch.sequences[mine, :width], batch.lengths[mine], batch.targets[mine, :width])
        return SequenceBatch(*windows, negatives, batch.rows), weight

    def fingerprint(self) -> str:
        data = self._interactions
        return fingerprint(self.settings, data.num_users, data.num_items, data.users, data.items, self._held)

    def validate(self) -> float | None:
        """ndcg@10 of the held-out items by full ranking; of evenly chosen readers where there are very many."""
        if self._held is None:
            return None
        readers = held_readers(self._held, at_most=_VALIDATION_READERS)
        scorer = SASRecScorer(self.model)
        gains = []
        for start in range(0, len(readers), _VALIDATION_ROWS):
            rows = readers[start : start + _VALIDATION_ROWS]
            audience = Audience.of_users(rows, self._interactions)
            gains.append(ndcg(held_out_ranks(scorer.score(audience), self._held[rows], audience)))
        return float(np.concatenate(gains).mean()) if gains else None


def _windows(interactions: Interactions, length: int) -> tuple[IndexArray, IndexArray]:
    """First interaction and number of inputs of each window.

    A user with n interactions has n - 1 inputs; they are cut from the newest back, so that only the oldest window is
    short.
    """
    starts, lengths = [], []
    for first, end in zip(interactions.indptr[:-1], interactions.indptr[1:], strict=True):
        for stop in range(end - 1, first, -length):
            start = max(first, stop - length)
            starts.append(start)
            lengths.append(stop - start)
    return np.array(starts, dtype=np.int64), np.array(lengths, dtype=np.int64)


def build_sasrec(interactions: Interactions, settings: SASRecSettings, *, seed: int) -> SASRec:
    """An untrained model, with the item embeddings that the settings start from."""
    generator = torch.Generator().manual_seed(seed)
    model = SASRec(interactions.num_items, settings, generator=generator)
    if settings.start == "transitions":
        with torch.no_grad():
            model.items.copy_(transition_embeddings(interactions, settings.dim, generator=generator))
    return model


def train_sasrec(
    interactions: Interactions,
    settings: SASRecSettings,
    trainer: TrainerSettings,
    *,
    held: IndexArray | None = None,
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> tuple[SASRecScorer, TrainingResult]:
    """A trained scorer.

    Raises:
        TrainingError: the data cannot be trained on.
    """
    model = build_sasrec(interactions, settings, seed=trainer.seed)
    result = fit(SASRecTask(model, interactions, held=held), trainer, on_epoch=on_epoch)
    return SASRecScorer(model), result
