"""The one trainer loop: seeded, stopped early on validation, interruptible, with TensorBoard curves."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from store.errors import InputError, TrainingError

Batch = TypeVar("Batch")
State = dict[str, Tensor]


class Task(Protocol[Batch]):
    """A model, its data and its loss: all that differs between two trainings."""

    @property
    def name(self) -> str:
        """Names the curves and the errors."""
        ...

    @property
    def model(self) -> nn.Module:
        """What is trained; its state dict is what early stopping keeps."""
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


@dataclass(frozen=True)
class TrainerSettings:
    """How long to train, and what to leave behind.

    Attributes:
        max_epochs: passes over the data at most.
        patience: epochs without a better validation value before training stops.
        epochs: exactly this many epochs without validation, for a refit on all data; None stops early.
        seed: of the batches and of the global generators.
        clip_norm: L2 norm to which the gradient is clipped; None does not clip.
        log_dir: folder for TensorBoard event files, one subfolder per task; None writes none.
    """

    max_epochs: int = 100
    patience: int = 5
    epochs: int | None = None
    seed: int = 0
    clip_norm: float | None = None
    log_dir: Path | None = None

    def __post_init__(self) -> None:
        for name in ("max_epochs", "patience", "epochs"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{name} is {value!r}, below 1", fix=f"Give {name} a whole number >= 1.")
        if self.clip_norm is not None and not self.clip_norm > 0:
            raise InputError(f"clip_norm is {self.clip_norm!r}, not above 0", fix="Give a norm > 0, or None.")


@dataclass(frozen=True)
class EpochReport:
    """What one epoch brought.

    Attributes:
        epoch: 1-based.
        of: the most epochs that this training may take.
        loss: mean over the batches.
        value: validation value, None without validation.
        best_epoch: epoch of the best value so far; the latest epoch without validation.
        best_value: best value so far.
        seconds: training and validation of this epoch.
    """

    epoch: int
    of: int
    loss: float
    value: float | None
    best_epoch: int
    best_value: float | None
    seconds: float


@dataclass(frozen=True)
class TrainingResult:
    """How a training ended; the model then holds its best state.

    Attributes:
        best_epoch: epoch whose state the model holds; 0 if the first one was interrupted.
        best_value: its validation value, None without validation.
        history: one report per finished epoch.
        interrupted: Ctrl-C ended it.
        seconds: wall time.
    """

    best_epoch: int
    best_value: float | None
    history: tuple[EpochReport, ...]
    interrupted: bool
    seconds: float


def seed_everything(seed: int) -> None:
    """Seed the global generators of Python, NumPy and torch; call it before a model draws its first weights."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def fit(
    task: Task[Batch], settings: TrainerSettings, *, on_epoch: Callable[[EpochReport], None] | None = None
) -> TrainingResult:
    """Train until validation stops improving and leave the model, in eval mode, with its best state.

    Args:
        task: what to train.
        settings: how long.
        on_epoch: called after every epoch, for progress.

    Raises:
        TrainingError: the loss or the validation value is not finite, or the task has no batches.
    """
    started = time.perf_counter()
    seed_everything(settings.seed)
    generator = torch.Generator().manual_seed(settings.seed)
    optimizer = task.optimizer()
    history: list[EpochReport] = []
    best_state: State | None = None
    best_epoch, best_value = 0, None
    interrupted = False
    limit = settings.epochs or settings.max_epochs
    with _Curves(settings.log_dir, task.name) as curves:
        try:
            for epoch in range(1, limit + 1):
                epoch_started = time.perf_counter()
                loss = _train_epoch(task, optimizer, epoch, generator, settings.clip_norm)
                value = None if settings.epochs else _validate(task)
                if value is None:
                    best_epoch = epoch
                elif best_value is None or value > best_value:
                    best_epoch, best_value = epoch, value
                    best_state = {name: tensor.detach().clone() for name, tensor in task.model.state_dict().items()}
                seconds = time.perf_counter() - epoch_started
                history.append(EpochReport(epoch, limit, loss, value, best_epoch, best_value, seconds))
                curves.add(history[-1])
                if on_epoch is not None:
                    on_epoch(history[-1])
                if epoch - best_epoch >= settings.patience:
                    break
        except KeyboardInterrupt:
            interrupted = True
    if best_state is not None:
        task.model.load_state_dict(best_state)
    task.model.eval()
    return TrainingResult(best_epoch, best_value, tuple(history), interrupted, time.perf_counter() - started)


def _train_epoch(
    task: Task[Batch],
    optimizer: torch.optim.Optimizer,
    epoch: int,
    generator: torch.Generator,
    clip_norm: float | None,
) -> float:
    """Mean loss of one epoch."""
    task.model.train()
    total, count = 0.0, 0
    for batch in task.batches(epoch, generator):
        optimizer.zero_grad(set_to_none=True)
        loss = task.loss(batch)
        value = loss.item()
        if not math.isfinite(value):
            raise TrainingError(
                f"the loss of {task.name} is {value} in epoch {epoch}, batch {count + 1}",
                fix="Lower the learning rate, or set clip_norm in TrainerSettings.",
            )
        loss.backward()
        if clip_norm is not None:
            nn.utils.clip_grad_norm_(task.model.parameters(), clip_norm)
        optimizer.step()
        total, count = total + value, count + 1
    if not count:
        raise TrainingError(
            f"{task.name} has 0 batches to train on",
            fix="Ingest more events: a user needs at least two interactions to teach anything.",
        )
    return total / count


@torch.no_grad()
def _validate(task: Task[Batch]) -> float | None:
    task.model.eval()
    value = task.validate()
    if value is not None and not math.isfinite(value):
        raise TrainingError(
            f"the validation value of {task.name} is {value}",
            fix="Lower the learning rate, or set clip_norm in TrainerSettings.",
        )
    return value


class _Curves:
    """TensorBoard curves of one task; does nothing without a folder."""

    def __init__(self, log_dir: Path | None, name: str) -> None:
        self._writer = None
        if log_dir is not None:
            # Imported here: it takes a second, and most trainings write no curves.
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(log_dir / name)

    def __enter__(self) -> _Curves:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def add(self, report: EpochReport) -> None:
        if self._writer is None:
            return
        self._writer.add_scalar("loss/train", report.loss, report.epoch)
        if report.value is not None:
            self._writer.add_scalar("ndcg@10/validation", report.value, report.epoch)
