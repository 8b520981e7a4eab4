"""Where a training stands, and what it reports."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor

State = dict[str, Tensor]


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
        seconds: wall time; of a resumed training, of all its parts.
    """

    best_epoch: int
    best_value: float | None
    history: tuple[EpochReport, ...]
    interrupted: bool
    seconds: float


@dataclass
class TrainingState:
    """Everything that the loop knows besides the model, the optimizer and the generators.

    Attributes:
        epoch_start: state of the batches' generator when the epoch under way began.
        epoch: the one under way, 1-based.
        step: batches of it that are done.
        updates: of the weights since the beginning.
        loss_sum: of their losses.
        epoch_seconds: wall time of the epoch under way.
        seconds: wall time of the training.
        history: of the finished epochs.
        best_epoch: as in ``TrainingResult``.
        best_value: as in ``TrainingResult``.
        average: of the weights, by name; None where none is kept.
        best: the model's state at the best epoch; None without validation.
        finished: nothing is left to do.
    """

    epoch_start: Tensor
    epoch: int = 1
    step: int = 0
    updates: int = 0
    loss_sum: float = 0.0
    epoch_seconds: float = 0.0
    seconds: float = 0.0
    history: list[EpochReport] = field(default_factory=list)
    best_epoch: int = 0
    best_value: float | None = None
    average: State | None = None
    best: State | None = None
    finished: bool = False
