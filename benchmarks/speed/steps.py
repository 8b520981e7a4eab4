"""The trainer's loop, cut off after some steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Generic, Protocol, TypeVar

import torch
from torch import Tensor, nn

Batch = TypeVar("Batch")


class Trainable(Protocol[Batch]):
    """The part of the trainer's ``Task`` that a step needs."""

    @property
    def model(self) -> nn.Module: ...

    def optimizer(self) -> torch.optim.Optimizer: ...

    def batches(self, epoch: int, generator: torch.Generator) -> Iterable[Batch]: ...

    def loss(self, batch: Batch) -> Tensor: ...


class Steps(Generic[Batch]):
    """Begins a new epoch with each call and trains its first steps; what prepares an epoch is part of the time.

    Args:
        task: what is trained.
        count: steps.
        seed: of the batches.
    """

    def __init__(self, task: Trainable[Batch], count: int, *, seed: int) -> None:
        self._task, self._count = task, count
        self._optimizer = task.optimizer()
        self._generator = torch.Generator().manual_seed(seed)
        self._epoch = 0

    def __call__(self) -> None:
        self._task.model.train()
        self._epoch += 1
        for batch in self._few():
            self._optimizer.zero_grad(set_to_none=True)
            loss = self._task.loss(batch)
            loss.item()  # the trainer looks at every loss, and so do the peers
            loss.backward()
            self._optimizer.step()

    def _few(self) -> Iterator[Batch]:
        return islice(self._task.batches(self._epoch, self._generator), self._count)
