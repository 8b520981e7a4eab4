"""A training that stops at any moment and goes on ends as one that never stopped."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from rankers.checkpoint import Checkpoints, CheckpointSettings
from rankers.trainer import TrainerSettings, TrainingResult, fit
from store.errors import InputError
from store.processes import ALONE

BATCHES = 6
EPOCHS = 5


class Crash(Exception):
    """Stands for the end of the process."""


class NoisyLine:
    """Fits a line from batches of noise, with dropout, momentum and an average: every kind of state counts."""

    name = "line"
    averaging = 0.9

    def __init__(self, *, crash_at: int = 0, data: str = "data") -> None:
        torch.manual_seed(11)
        self.model = nn.Linear(3, 2)
        self.crash_at = crash_at
        self.data = data
        self.steps = 0
        self.validations = 0

    def optimizer(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW(self.model.parameters(), lr=0.1, betas=(0.8, 0.9))

    def batches(self, epoch: int, generator: torch.Generator) -> Iterator[Tensor]:
        for _ in range(BATCHES):
            yield torch.randn(4, 3, generator=generator) * epoch

    def loss(self, batch: Tensor) -> Tensor:
        self.steps += 1
        if self.steps == self.crash_at:
            raise Crash
        return nn.functional.dropout(self.model(batch) - batch[:, :2], 0.3, self.model.training).square().mean()

    def validate(self) -> float | None:
        self.validations += 1
        return -float((self.model.weight - torch.eye(2, 3)).square().sum() + 0.1 * torch.rand(()))

    def fingerprint(self) -> str:
        return self.data


def settings(folder: Path | None, **changes: Any) -> TrainerSettings:
    """Those of every training here; a checkpoint after every step."""
    every = None if folder is None else CheckpointSettings(folder, at_stake=0.0, cost=float("inf"))
    return dataclasses.replace(TrainerSettings(max_epochs=EPOCHS, seed=2, checkpoints=every), **changes)


def without_times(result: TrainingResult) -> TrainingResult:
    history = tuple(dataclasses.replace(report, seconds=0.0) for report in result.history)
    return dataclasses.replace(result, history=history, seconds=0.0)


def crash(folder: Path, at: int, **changes: Any) -> None:
    with pytest.raises(Crash):
        fit(NoisyLine(crash_at=at), settings(folder, **changes))


@pytest.fixture
def whole() -> tuple[NoisyLine, TrainingResult, Tensor]:
    """An uninterrupted training, its result, and the global generator's next number."""
    task = NoisyLine()
    return task, fit(task, settings(None)), torch.rand(3)


@pytest.mark.parametrize("step", [2, BATCHES, BATCHES + 1, BATCHES + 4, EPOCHS * BATCHES])
def test_a_resumed_training_is_the_whole_one(tmp_path: Path, whole, step: int) -> None:
    task, result, numbers = whole
    crash(tmp_path, step)
    resumed = NoisyLine()
    again = fit(resumed, settings(tmp_path))
    assert resumed.steps == EPOCHS * BATCHES - (step - 1)
    assert without_times(again) == without_times(result)
    assert again.seconds > sum(report.seconds for report in again.history[: (step - 1) // BATCHES])
    torch.testing.assert_close(resumed.model.state_dict(), task.model.state_dict(), rtol=0, atol=0)
    torch.testing.assert_close(torch.rand(3), numbers, rtol=0, atol=0)


def test_steps_after_the_checkpoint_are_repeated_exactly(
    tmp_path: Path, whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, result, _ = whole
    saves: list[int] = []
    monkeypatch.setattr(Checkpoints, "due", lambda self, seconds: saves.append(0) or len(saves) == 8)
    crash(tmp_path, 11)
    monkeypatch.undo()
    resumed = NoisyLine()
    again = fit(resumed, settings(tmp_path))
    assert resumed.steps == EPOCHS * BATCHES - 8
    assert without_times(again) == without_times(result)
    torch.testing.assert_close(resumed.model.state_dict(), task.model.state_dict(), rtol=0, atol=0)


def test_a_finished_training_is_not_repeated(tmp_path: Path, whole) -> None:
    task, result, numbers = whole
    fit(NoisyLine(), settings(tmp_path))
    again = NoisyLine()
    found = fit(again, settings(tmp_path))
    assert (again.steps, again.validations) == (0, 0)
    assert without_times(found) == without_times(result)
    torch.testing.assert_close(again.model.state_dict(), task.model.state_dict(), rtol=0, atol=0)
    torch.testing.assert_close(torch.rand(3), numbers, rtol=0, atol=0)


def test_fixed_epochs_resume_without_a_best_state(tmp_path: Path) -> None:
    whole = NoisyLine()
    fit(whole, settings(None, epochs=3))
    crash(tmp_path, 9, epochs=3)
    resumed = NoisyLine()
    assert fit(resumed, settings(tmp_path, epochs=3)).best_epoch == 3
    torch.testing.assert_close(resumed.model.state_dict(), whole.model.state_dict(), rtol=0, atol=0)


@pytest.mark.parametrize("change", [{"seed": 3}, {"max_epochs": 7}, {"clip_norm": 1.0}, {"precision": "bfloat16"}])
def test_a_checkpoint_of_other_settings_is_left_alone(
    tmp_path: Path, change: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    crash(tmp_path, 9)
    task = NoisyLine()
    result = fit(task, settings(tmp_path, **change))
    assert task.steps == len(result.history) * BATCHES
    assert "Training starts anew" in caplog.text
    assert "line.safetensors is of a training with other settings, data, program or processes" in caplog.text


def test_a_checkpoint_of_other_data_is_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    crash(tmp_path, 9)
    task = NoisyLine(data="other data")
    fit(task, settings(tmp_path))
    assert task.steps == EPOCHS * BATCHES
    assert "other settings, data" in caplog.text


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"\x02\x00\x00\x00\x00\x00\x00\x00{}"])
def test_a_damaged_checkpoint_is_left_alone(tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "line.safetensors").write_bytes(content)
    task = NoisyLine()
    fit(task, settings(tmp_path))
    assert task.steps == EPOCHS * BATCHES
    assert "line.safetensors cannot be read" in caplog.text


def test_a_half_written_checkpoint_leaves_the_one_before(
    tmp_path: Path, whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    crash(tmp_path, 9)

    def die(self: Path, target: Path) -> None:
        raise Crash

    monkeypatch.setattr(Path, "replace", die)
    with pytest.raises(Crash):
        fit(NoisyLine(), settings(tmp_path))
    monkeypatch.undo()
    resumed = NoisyLine()
    fit(resumed, settings(tmp_path))
    assert resumed.steps == EPOCHS * BATCHES - 8
    torch.testing.assert_close(resumed.model.state_dict(), whole[0].model.state_dict(), rtol=0, atol=0)


@pytest.mark.parametrize(
    ("write_seconds", "last", "due"),
    [
        (0.1, 20.0, 25.0),  # .1 is 2% of 5
        (0.1, 1000.0, 1000 / 0.99),  # 1% of all may be lost
    ],
)
def test_when_a_checkpoint_is_due(tmp_path: Path, write_seconds: float, last: float, due: float) -> None:
    checkpoints = Checkpoints(CheckpointSettings(tmp_path), "line", "", processes=ALONE, replicated=False)
    checkpoints._write_seconds, checkpoints._saved_at = write_seconds, last
    assert not checkpoints.due(due - 0.01)
    assert checkpoints.due(due + 0.01)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"at_stake": -0.1}, "at_stake is -0.1, below 0"),
        ({"at_stake": float("nan")}, "at_stake is nan, below 0"),
        ({"cost": 0.0}, "cost is 0.0, not above 0"),
    ],
)
def test_settings_are_checked(tmp_path: Path, change: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        CheckpointSettings(tmp_path, **change)


def test_a_resumed_training_has_every_point_of_its_curves_once(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    crash(tmp_path, 15, log_dir=tmp_path / "curves")
    result = fit(NoisyLine(), settings(tmp_path, log_dir=tmp_path / "curves"))
    events = EventAccumulator(str(tmp_path / "curves" / "line")).Reload()
    assert [event.step for event in events.Scalars("loss/train")] == [report.epoch for report in result.history]
    assert [event.value for event in events.Scalars("loss/train")] == pytest.approx([r.loss for r in result.history])


def test_no_message_where_there_is_no_checkpoint(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        fit(NoisyLine(), settings(tmp_path))
    assert caplog.text == ""


@pytest.mark.slow
def test_sasrec_goes_on_after_kill_9(tmp_path: Path, train_apart: Callable[..., Any]) -> None:
    options = ("sasrec", "--dropout", "0.3")
    whole = train_apart(*options)
    train_apart(*options, "--checkpoints", str(tmp_path / "saved"), "--kill-at", "15", killed=True)
    resumed = train_apart(*options, "--checkpoints", str(tmp_path / "saved"))
    assert resumed.steps == whole.steps - 14
    assert resumed.values == whole.values
    torch.testing.assert_close(resumed.weights, whole.weights, rtol=0, atol=0)
