"""The one trainer loop: seeded, stopped early on validation, interruptible, resumable, by one process or several."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Generic, Literal

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import get_ema_multi_avg_fn

from rankers.allocator import map_large_blocks
from rankers.checkpoint import Checkpoints, CheckpointSettings
from rankers.curves import Curves
from rankers.generators import seed_everything
from rankers.row_adam import RowAdam, averaging_decay
from rankers.task import Batch, Splittable, Task
from rankers.training_state import EpochReport, State, TrainingResult, TrainingState
from store.errors import InputError, TrainingError
from store.fingerprint import fingerprint
from store.processes import ALONE, Processes
from store.snapshots import code_version


@dataclass(frozen=True)
class TrainerSettings:
    """How long to train, how, and what to leave behind.

    Attributes:
        max_epochs: passes over the data at most.
        patience: epochs without a gain of the validation value before training stops.
        least_gain: share by which the value must exceed that of the last gain to count as one. The best state is kept
            however little it gained; but hundredths of a percent do not keep a training going.
        epochs: exactly this many epochs without validation, for a refit on all data; None stops early.
        seed: of the batches and of the global generators.
        clip_norm: L2 norm to which the gradient is clipped; None does not clip.
        precision: "bfloat16" computes matrix products of the loss in it; weights and their updates stay float32.
        compile: let torch.compile translate the model, and leave it so.
        log_dir: folder for TensorBoard event files, one subfolder per task; None writes none.
        checkpoints: from which a killed training goes on; None keeps none.
    """

    max_epochs: int = 100
    patience: int = 5
    least_gain: float = 0.005
    epochs: int | None = None
    seed: int = 0
    clip_norm: float | None = None
    precision: Literal["float32", "bfloat16"] = "float32"
    compile: bool = False
    log_dir: Path | None = None
    checkpoints: CheckpointSettings | None = None

    def __post_init__(self) -> None:
        for name in ("max_epochs", "patience", "epochs"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{name} is {value!r}, below 1", fix=f"Give {name} a whole number >= 1.")
        if not self.least_gain >= 0:
            raise InputError(f"least_gain is {self.least_gain!r}, below 0", fix="Give a share such as 0.005.")
        if self.clip_norm is not None and not self.clip_norm > 0:
            raise InputError(f"clip_norm is {self.clip_norm!r}, not above 0", fix="Give a norm > 0, or None.")
        if self.precision not in ("float32", "bfloat16"):
            raise InputError(f"precision {self.precision!r} is not known", fix="Use 'float32' or 'bfloat16'.")


def fit(
    task: Task[Batch],
    settings: TrainerSettings,
    *,
    on_epoch: Callable[[EpochReport], None] | None = None,
    processes: Processes = ALONE,
) -> TrainingResult:
    """Train until validation stops improving and leave the model, in eval mode, with its best state.

    Args:
        task: what to train; its model must be on the device of the processes.
        settings: how long.
        on_epoch: called after every epoch, for progress.
        processes: those that train together; each calls ``fit`` with the same arguments.

    Raises:
        TrainingError: the loss or the validation value is not finite, or the task has no batches.
    """
    return _Trainer(task, settings, processes).run(on_epoch)


class _Loss(nn.Module):
    """The loss of a task as a module, for what wraps modules."""

    def __init__(self, task: Task[Any]) -> None:
        super().__init__()
        self.model = task.model
        self._task = task

    def forward(self, batch: Any) -> Tensor:
        return self._task.loss(batch)


class _Trainer(Generic[Batch]):
    """One training on its way."""

    def __init__(self, task: Task[Batch], settings: TrainerSettings, processes: Processes) -> None:
        map_large_blocks()
        self._clock = time.perf_counter()
        self._task, self._settings, self._processes = task, settings, processes
        # Copies draw different dropout masks, as the rows of one batch would.
        seed_everything(settings.seed + processes.rank)
        self._generator = torch.Generator().manual_seed(settings.seed)
        self._state = TrainingState(self._generator.get_state())
        self._optimizer = task.optimizer()
        self._splits = task if processes.count > 1 and isinstance(task, Splittable) else None
        self._checkpoints = self._open_checkpoints()
        if self._checkpoints is not None:
            self._state = self._checkpoints.restore(task.model, self._optimizer) or self._state
        if task.averaging and self._state.average is None:
            self._state.average = {name: weight.clone() for name, weight in self._weights().items()}
        self._rows = self._optimizer if isinstance(self._optimizer, RowAdam) else None
        if self._rows is not None and self._state.average is not None:
            self._rows.average = next(
                self._state.average[name]
                for name, weight in task.model.named_parameters()
                if weight is self._rows.table
            )
        self._loss: nn.Module = _Loss(task)
        if settings.compile:
            # Not the loss: it selects real positions and walks them in blocks, which asks for ever new programs.
            task.model.compile(dynamic=True)
        if self._splits is not None:
            self._loss = DistributedDataParallel(self._loss)
        device = next(task.model.parameters()).device.type
        self._precision = torch.autocast(device, dtype=torch.bfloat16, enabled=settings.precision == "bfloat16")

    def run(self, on_epoch: Callable[[EpochReport], None] | None) -> TrainingResult:
        state, model, interrupted = self._state, self._task.model, False
        log_dir = self._settings.log_dir if self._processes.first else None
        with Curves(log_dir, self._task.name, epoch=state.epoch) as curves:
            try:
                while not state.finished:
                    loss = self._train_epoch()
                    with self._averaged():
                        value = None if self._settings.epochs else self._validate()
                        self._keep_best(value)
                    report = self._end_epoch(loss, value)
                    curves.add(report)
                    if on_epoch is not None:
                        on_epoch(report)
            except KeyboardInterrupt:
                if self._processes.count > 1:  # the others are at some other step: only a checkpoint is common to all
                    raise
                interrupted = True
                if self._rows is not None:
                    self._rows.wake_all()
        if state.best is not None:
            model.load_state_dict(state.best)
        elif state.average is not None:
            model.load_state_dict(state.average, strict=False)
        model.eval()
        return TrainingResult(state.best_epoch, state.best_value, tuple(state.history), interrupted, state.seconds)

    def _train_epoch(self) -> float:
        """Mean loss of the epoch under way."""
        state = self._state
        self._task.model.train()
        self._generator.set_state(state.epoch_start)
        # Skipped batches are drawn, which takes a small part of what training on them took, and leaves the generator
        # where it was.
        for batch in islice(self._task.batches(state.epoch, self._generator), state.step, None):
            loss, save = self._step(batch)
            state.loss_sum, state.step = state.loss_sum + loss, state.step + 1
            self._tick()
            if save and self._checkpoints is not None:
                self._checkpoints.save(state, self._task.model, self._optimizer)
        if not state.step:
            raise TrainingError(
                f"{self._task.name} has 0 batches to train on",
                fix="Ingest more events: a user needs at least two interactions to teach anything.",
            )
        return state.loss_sum / state.step

    def _step(self, batch: Batch) -> tuple[float, bool]:
        """One update; returns the loss of the whole batch, and whether a checkpoint is due."""
        weight = 1.0
        if self._splits is not None:
            batch, weight = self._splits.part(batch, rank=self._processes.rank, count=self._processes.count)
        self._optimizer.zero_grad(set_to_none=True)
        with self._precision:
            loss = self._loss(batch)
        value, save = self._agree(loss.item() * weight)
        if not math.isfinite(value):
            raise TrainingError(
                f"the loss of {self._task.name} is {value} in epoch {self._state.epoch}, batch {self._state.step + 1}",
                fix="Lower the learning rate, or set clip_norm in TrainerSettings.",
            )
        if self._splits is not None:
            # The copies' gradients are averaged: count * weight makes that the mean over all targets of the batch.
            loss = loss * (weight * self._processes.count)
        loss.backward()
        for rows in self._awake() if self._splits is not None else ():  # the copies share parameters only
            if rows.grad is not None:
                rows.grad = self._processes.sum(rows.grad) / self._processes.count
        self._clip()
        self._optimizer.step()
        self._update_average()
        return value, save

    def _agree(self, value: float) -> tuple[float, bool]:
        """The loss over all processes, and rank 0's decision about a checkpoint, which needs all of them."""
        due = self._checkpoints is not None and self._checkpoints.due(self._state.seconds)
        if self._processes.count == 1:
            return value, due
        counts = self._splits is not None or self._processes.first  # of a divided model, each knows the whole loss
        mine = [value if counts else 0.0, float(due and self._processes.first)]
        total, save = self._processes.sum(torch.tensor(mine, dtype=torch.float64)).tolist()
        return total, save > 0

    def _clip(self) -> None:
        limit = self._settings.clip_norm
        if limit is None:
            return
        trained = [*self._task.model.parameters(), *self._awake()]
        norm = nn.utils.get_total_norm([weights.grad for weights in trained if weights.grad is not None])
        if self._splits is None:  # of a divided model, each has a part of the gradient
            norm = self._processes.sum(norm.square()).sqrt()
        nn.utils.clip_grads_with_norm_(trained, limit, norm)

    def _awake(self) -> tuple[Tensor, ...]:
        """What a step trains besides parameters: the rows that an optimizer by rows has read."""
        return () if self._rows is None else self._rows.awake

    @torch.no_grad()
    def _update_average(self) -> None:
        state = self._state
        state.updates += 1
        if state.average is None:
            return
        decay = averaging_decay(self._task.averaging, state.updates)
        weights = self._weights(by_rows=False)
        get_ema_multi_avg_fn(decay)([state.average[name] for name in weights], list(weights.values()), state.updates)

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """The model has the averaged weights, of after the last update, for the length of a block."""
        if self._rows is not None:
            self._rows.wake_all()
        if self._state.average is None:
            yield
            return
        own = {name: weight.clone() for name, weight in self._weights().items()}
        self._task.model.load_state_dict(self._state.average, strict=False)
        yield
        self._task.model.load_state_dict(own, strict=False)

    def _weights(self, *, by_rows: bool = True) -> State:
        """What is trained, by name; the table that the optimizer updates and averages by rows only if asked."""
        left_out = None if by_rows or self._rows is None else self._rows.table
        return {name: w.detach() for name, w in self._task.model.named_parameters() if w is not left_out}

    @torch.no_grad()
    def _validate(self) -> float | None:
        self._task.model.eval()
        needed = self._splits is None or self._processes.first
        # Shared, because all must stop after the same epoch.
        value = self._processes.share(self._task.validate() if needed else None)
        if value is not None and not math.isfinite(value):
            raise TrainingError(
                f"the validation value of {self._task.name} is {value}",
                fix="Lower the learning rate, or set clip_norm in TrainerSettings.",
            )
        return value

    def _keep_best(self, value: float | None) -> None:
        state = self._state
        if value is None:
            state.best_epoch = state.epoch
        elif state.best_value is None or value > state.best_value:
            state.best_epoch, state.best_value = state.epoch, value
            state.best = {name: tensor.detach().clone() for name, tensor in self._task.model.state_dict().items()}

    def _end_epoch(self, loss: float, value: float | None) -> EpochReport:
        """Decide whether this was the last epoch, and begin the next."""
        state, settings, epoch = self._state, self._settings, self._state.epoch
        limit = settings.epochs or settings.max_epochs
        self._tick()
        report = EpochReport(epoch, limit, loss, value, state.best_epoch, state.best_value, state.epoch_seconds)
        state.history.append(report)
        state.epoch, state.step, state.loss_sum, state.epoch_seconds = epoch + 1, 0, 0.0, 0.0
        state.epoch_start = self._generator.get_state()
        state.finished = epoch >= limit or self._epochs_without_gain() >= settings.patience
        if state.finished and self._checkpoints is not None:
            self._checkpoints.save(state, self._task.model, self._optimizer)
        return report

    def _epochs_without_gain(self) -> int:
        """Since the last value that exceeded that of the gain before it by enough; 0 without validation."""
        since, gained = 0, None
        for report in self._state.history:
            since += 1
            if (
                report.value is None
                or gained is None
                or report.value - gained > self._settings.least_gain * abs(gained)
            ):
                since, gained = 0, report.value
        return since

    def _tick(self) -> None:
        """Count the time since the last tick."""
        now = time.perf_counter()
        self._state.seconds += now - self._clock
        self._state.epoch_seconds += now - self._clock
        self._clock = now

    def _open_checkpoints(self) -> Checkpoints | None:
        settings, task = self._settings, self._task
        if settings.checkpoints is None:
            return None
        # Where files go changes nothing; the first weights stand for everything that shaped the model.
        course = replace(settings, checkpoints=None, log_dir=None)
        first = [tensor.detach().cpu().numpy() for tensor in task.model.state_dict().values()]
        known = fingerprint(
            code_version(), torch.__version__, task.name, task.fingerprint(), course, self._processes.count, *first
        )
        return Checkpoints(
            settings.checkpoints, task.name, known, processes=self._processes, replicated=self._splits is not None
        )
