"""The trainer loop on a model of one weight, whose right answers can be worked out by hand."""

from __future__ import annotations

import math
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from rankers.trainer import EpochReport, TrainerSettings, fit
from store.errors import InputError, TrainingError


class Counter(nn.Module):
    """One weight, which a gradient of -1 and SGD with step 1 raise by 1 per batch."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))


class CountingTask:
    """One batch per epoch, so the weight is the number of epochs; validation reads from a list."""

    name = "counter"

    def __init__(self, values: list[float | None], *, batches: int = 1, averaging: float = 0.0) -> None:
        self.averaging = averaging
        self.model = Counter()
        self.values = iter(values)
        self.draws: list[float] = []
        self.validations = 0
        self.count = batches

    def optimizer(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.model.parameters(), lr=1.0)

    def batches(self, epoch: int, generator: torch.Generator) -> Iterator[float]:
        for _ in range(self.count):
            self.draws.append(torch.rand((), generator=generator).item())
            yield 1.0

    def loss(self, batch: float) -> Tensor:
        assert self.model.training
        return -batch * self.model.weight

    def validate(self) -> float | None:
        assert not self.model.training
        assert not torch.is_grad_enabled()
        self.validations += 1
        return next(self.values)


def test_stops_after_patience_and_restores_the_best_state():
    task = CountingTask([0.1, 0.3, 0.2, 0.3, 0.25, 0.9])
    reports: list[EpochReport] = []
    result = fit(task, TrainerSettings(max_epochs=20, patience=3), on_epoch=reports.append)
    assert (result.best_epoch, result.best_value) == (2, 0.3)
    assert [report.epoch for report in result.history] == [1, 2, 3, 4, 5]
    assert tuple(reports) == result.history
    assert task.model.weight.item() == 2.0
    assert not result.interrupted
    assert not task.model.training


def test_an_improvement_restarts_the_patience():
    task = CountingTask([0.1, 0.05, 0.2, 0.15, 0.14])
    result = fit(task, TrainerSettings(max_epochs=20, patience=2))
    assert result.best_epoch == 3
    assert len(result.history) == 5


def test_hundredths_of_a_percent_do_not_keep_a_training_going():
    task = CountingTask([0.5, 0.501, 0.502, 0.5021, 0.5022, 0.9])
    result = fit(task, TrainerSettings(max_epochs=20, patience=4, least_gain=0.005))
    assert len(result.history) == 5
    assert (result.best_epoch, task.model.weight.item()) == (5, 5.0)  # the best state all the same


def test_small_gains_add_up():
    task = CountingTask([0.5, 0.502, 0.504, 0.506, 0.506, 0.506, 0.506])
    result = fit(task, TrainerSettings(max_epochs=20, patience=3, least_gain=0.005))
    assert (result.best_epoch, len(result.history)) == (4, 6)


def test_stops_at_max_epochs():
    result = fit(CountingTask([0.1, 0.2, 0.3]), TrainerSettings(max_epochs=3))
    assert result.best_epoch == 3


def test_fixed_epochs_do_not_validate():
    task = CountingTask([])
    result = fit(task, TrainerSettings(epochs=7, patience=2, max_epochs=3))
    assert task.validations == 0
    assert task.model.weight.item() == 7.0
    assert (result.best_epoch, result.best_value) == (7, None)


def test_a_task_without_validation_keeps_the_last_state():
    task = CountingTask([None] * 4)
    result = fit(task, TrainerSettings(max_epochs=4, patience=1))
    assert (result.best_epoch, result.best_value, task.model.weight.item()) == (4, None, 4.0)


def averages(decay: float, steps: int) -> list[float]:
    """Of the weights 1, 2, 3 ... after each step, by the definition."""
    average, found = 0.0, []
    for step in range(1, steps + 1):
        share = min(decay, (1 + step) / (10 + step))
        average = share * average + (1 - share) * step
        found.append(average)
    return found


def test_the_average_is_validated_and_kept():
    task = CountingTask([], averaging=0.2)
    seen: list[float] = []

    def validate() -> float:
        seen.append(task.model.weight.item())
        return [0.1, 0.3, 0.2][len(seen) - 1]

    task.validate = validate
    fit(task, TrainerSettings(max_epochs=3))
    assert seen == pytest.approx(averages(0.2, 3))
    assert task.model.weight.item() == pytest.approx(averages(0.2, 3)[1])


def test_without_validation_the_last_average_is_kept():
    task = CountingTask([], batches=4, averaging=0.9)
    fit(task, TrainerSettings(epochs=3))
    assert task.model.weight.item() == pytest.approx(averages(0.9, 12)[-1])


@pytest.fixture
def terminal_signals() -> Iterator[None]:
    """Ctrl-C as at a terminal: a process that a shell put in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("terminal_signals")
def test_ctrl_c_keeps_the_best():
    task = CountingTask([0.5, 0.4, 0.3, 0.2])

    def press(report: EpochReport) -> None:
        if report.epoch == 3:
            os.kill(os.getpid(), signal.SIGINT)

    result = fit(task, TrainerSettings(max_epochs=10), on_epoch=press)
    assert result.interrupted
    assert (result.best_epoch, task.model.weight.item()) == (1, 1.0)


def test_ctrl_c_in_the_first_epoch_leaves_a_usable_model():
    task = CountingTask([])

    def interrupted_loss(batch: float) -> Tensor:
        raise KeyboardInterrupt

    task.loss = interrupted_loss
    result = fit(task, TrainerSettings())
    assert result.interrupted
    assert (result.best_epoch, result.history) == (0, ())
    assert not task.model.training


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_names_the_fix(broken: float):
    task = CountingTask([])
    task.loss = lambda batch: task.model.weight * broken + broken
    with pytest.raises(
        TrainingError, match=r"loss of counter is (nan|inf) in epoch 1, batch 1.*[Ll]ower the learning rate"
    ):
        fit(task, TrainerSettings())


def test_a_validation_value_that_is_not_finite_is_an_error():
    with pytest.raises(TrainingError, match="validation value of counter is nan"):
        fit(CountingTask([math.nan]), TrainerSettings())


def test_no_batches_is_an_error():
    with pytest.raises(TrainingError, match="counter has 0 batches"):
        fit(CountingTask([], batches=0), TrainerSettings())


def test_clips_the_gradient():
    task = CountingTask([])
    task.loss = lambda batch: -10.0 * task.model.weight
    fit(task, TrainerSettings(epochs=1, clip_norm=0.5))
    assert task.model.weight.item() == pytest.approx(0.5, rel=1e-4)


def test_the_seed_decides_every_draw():
    def draws(seed: int) -> list[float]:
        task = CountingTask([], batches=3)
        fit(task, TrainerSettings(epochs=2, seed=seed))
        return [*task.draws, torch.rand(()).item()]

    assert draws(1) == draws(1)
    assert draws(1) != draws(2)


def test_writes_tensorboard_curves(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    fit(CountingTask([0.1, 0.3]), TrainerSettings(max_epochs=2, log_dir=tmp_path))
    events = EventAccumulator(str(tmp_path / "counter")).Reload()
    assert [event.value for event in events.Scalars("ndcg@10/validation")] == pytest.approx([0.1, 0.3])
    assert [event.value for event in events.Scalars("loss/train")] == pytest.approx([0.0, -1.0])


@pytest.mark.parametrize(("precision", "expected"), [("float32", torch.float32), ("bfloat16", torch.bfloat16)])
def test_precision_is_that_of_products_and_not_of_weights(precision: Any, expected: torch.dtype):
    task = CountingTask([])
    products: list[torch.dtype] = []

    def loss(batch: float) -> Tensor:
        product = torch.ones(2, 2) @ torch.ones(2, 2)
        products.append(product.dtype)
        return -task.model.weight * product.mean()

    task.loss = loss
    fit(task, TrainerSettings(epochs=1, precision=precision))
    assert products == [expected]
    assert task.model.weight.dtype == torch.float32


def test_compiles_the_model_where_told_to(monkeypatch: pytest.MonkeyPatch):
    compiled: list[nn.Module] = []
    monkeypatch.setattr(nn.Module, "compile", lambda self, **options: compiled.append(self))
    plain, task = CountingTask([]), CountingTask([])
    fit(plain, TrainerSettings(epochs=1))
    fit(task, TrainerSettings(epochs=1, compile=True))
    assert compiled == [task.model]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_epochs": 0}, "max_epochs is 0, below 1"),
        ({"patience": -1}, "patience is -1, below 1"),
        ({"epochs": 0}, "epochs is 0, below 1"),
        ({"least_gain": -0.1}, "least_gain is -0.1, below 0"),
        ({"clip_norm": 0.0}, "clip_norm is 0.0, not above 0"),
        ({"precision": "float16"}, "precision 'float16' is not known"),
    ],
)
def test_settings_are_checked(settings: dict[str, Any], message: str):
    with pytest.raises(InputError, match=message):
        TrainerSettings(**settings)
