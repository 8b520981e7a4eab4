"""What the trainer trains: one protocol for all models."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, TypeVar, runtime_checkable

import torch
from torch import Tensor, nn

Batch = TypeVar("Batch")


class Task(Protocol[Batch]):
    """A model, its data and its loss: all that differs between two trainings.

    Several processes all draw the same batches. A task that is ``Splittable`` then trains a copy of its model in each;
    any other task divides its model among them itself, and its loss and validation value are the same in each.
    """

    @property
    def name(self) -> str:
        """Names the curves, the checkpoints and the errors."""
        ...

    @property
    def model(self) -> nn.Module:
        """What is trained; its state dict is what early stopping keeps."""
        ...

    @property
    def averaging(self) -> float:
        """Decay per step, 0..1, of an exponential average of the weights, which is validated and kept instead of them.

        The first steps decay faster. 0 keeps the weights themselves.
        """
        ...

    def optimizer(self) -> torch.optim.Optimizer: ...

    def batches(self, epoch: int, generator: torch.Generator) -> Iterable[Batch]:
        """One epoch; every random draw comes from ``generator``."""
        ...

    def loss(self, batch: Batch) -> Tensor:
        """Scalar."""
        ...

    def validate(self) -> float | None:
        """Higher is better (ndcg@10 on held-out items); None where nothing is held out."""
        ...

    def fingerprint(self) -> str:
        """Of the settings and the data: a checkpoint with another one is of another training."""
        ...


@runtime_checkable
class Splittable(Protocol):
    """A task whose loss is a mean over targets, so that several processes can each take some of a batch."""

    def part(self, batch: Any, *, rank: int, count: int) -> tuple[Any, float]:
        """What one of ``count`` processes takes, not empty, and the share 0..1 of the targets that it stands for.

        The shares of all processes add up to 1.
        """
        ...
