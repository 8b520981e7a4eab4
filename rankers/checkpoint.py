"""Checkpoints: a training that was killed goes on from the last one and ends as if it had not been.

One file per task: the tensors as safetensors, the rest as JSON in its header; nothing is ever unpickled. The processes
of a group hand their parts to rank 0, which writes them all at once, so no kill leaves parts of different moments.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from rankers.generators import generator_states, restore_generators, to_state, to_text
from rankers.training_state import EpochReport, State, TrainingState
from store.durable import replace_file
from store.errors import InputError
from store.processes import Processes

logger = logging.getLogger(__name__)

SCHEMA_VERSION = 2
_HEADER = "training"


@dataclass(frozen=True)
class CheckpointSettings:
    """Where checkpoints go and how often.

    One is due when the time since the last one exceeds both. So a kill costs at most ``at_stake`` of the work, as soon
    as the training is long enough for that to be had at ``cost``.

    Attributes:
        folder: gets one file per task. A finished training leaves one too and is then not repeated: remove the folder
            once its result is safe.
        at_stake: share of the training so far that a kill may undo.
        cost: share of the time that writing may take.
    """

    folder: Path
    at_stake: float = 0.01
    cost: float = 0.02

    def __post_init__(self) -> None:
        if not self.at_stake >= 0:
            raise InputError(f"at_stake is {self.at_stake!r}, below 0", fix="Give the share of the work, such as 0.01.")
        if not self.cost > 0:
            raise InputError(f"cost is {self.cost!r}, not above 0", fix="Give the share of the time, such as 0.02.")


class _Own(BaseModel):
    """What is each process's own, besides tensors."""

    model_config = ConfigDict(extra="forbid")

    generators: dict[str, Any]
    groups: list[dict[str, Any]]
    values: dict[str, dict[str, Any]]


class _Header(BaseModel):
    """The JSON of a checkpoint."""

    model_config = ConfigDict(extra="forbid")

    schema_version: int
    fingerprint: str
    epoch_start: str
    epoch: int
    step: int
    updates: int
    loss_sum: float
    epoch_seconds: float
    seconds: float
    history: list[EpochReport]
    best_epoch: int
    best_value: float | None
    finished: bool
    processes: list[_Own]


@dataclass(frozen=True)
class _Part:
    """What one process puts into a checkpoint and gets back."""

    own: _Own
    tensors: State


class Checkpoints:
    """The checkpoints of one training.

    Args:
        settings: where and how often.
        name: of the task.
        fingerprint: of its settings and data; a checkpoint with another one is left alone.
        processes: the group that trains.
        replicated: all processes hold the same model; otherwise each holds a part of it.
    """

    def __init__(
        self, settings: CheckpointSettings, name: str, fingerprint: str, *, processes: Processes, replicated: bool
    ) -> None:
        self.path = settings.folder / f"{name}.safetensors"
        self._settings = settings
        self._fingerprint = fingerprint
        self._processes = processes
        self._replicated = replicated
        self._saved_at = 0.0
        self._write_seconds = 0.0

    def due(self, seconds: float) -> bool:
        """Whether a training that has taken so long should be saved now."""
        settings = self._settings
        wait = max(settings.at_stake * seconds, self._write_seconds / settings.cost)
        return seconds - self._saved_at >= wait

    def save(self, state: TrainingState, model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        """Replace the checkpoint."""
        began = time.perf_counter()
        parts = self._processes.gather(self._part(state, model, optimizer))
        if parts:
            header = _Header(
                schema_version=SCHEMA_VERSION,
                fingerprint=self._fingerprint,
                epoch_start=to_text(state.epoch_start),
                epoch=state.epoch,
                step=state.step,
                updates=state.updates,
                loss_sum=state.loss_sum,
                epoch_seconds=state.epoch_seconds,
                seconds=state.seconds,
                history=state.history,
                best_epoch=state.best_epoch,
                best_value=state.best_value,
                finished=state.finished,
                processes=[part.own for part in parts],
            )
            tensors = {
                f"{rank}/{key}": tensor for rank, part in enumerate(parts) for key, tensor in part.tensors.items()
            }
            self.path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(self.path, save(tensors, {_HEADER: header.model_dump_json()}))
        self._saved_at = state.seconds
        self._write_seconds = time.perf_counter() - began

    def restore(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> TrainingState | None:
        """Put everything back as it was at the last checkpoint; None where there is none of this training."""
        found = self._read() if self._processes.first else None
        header = self._processes.share(found[0] if found else None)
        if header is None:
            return None
        part = self._processes.scatter(found[1] if found else [])
        model.load_state_dict(_under("model", part.tensors))
        optimizer.load_state_dict(_optimizer_state(part))
        restore_generators(part.own.generators)
        self._saved_at = header.seconds
        return TrainingState(
            epoch_start=to_state(header.epoch_start),
            epoch=header.epoch,
            step=header.step,
            updates=header.updates,
            loss_sum=header.loss_sum,
            epoch_seconds=header.epoch_seconds,
            seconds=header.seconds,
            history=list(header.history),
            best_epoch=header.best_epoch,
            best_value=header.best_value,
            average=_under("average", part.tensors) or None,
            best=_under("best", part.tensors) or None,
            finished=header.finished,
        )

    def _part(self, state: TrainingState, model: nn.Module, optimizer: torch.optim.Optimizer) -> _Part:
        written = optimizer.state_dict()
        values: dict[str, dict[str, Any]] = {}
        tensors: State = {}
        for index, entries in written["state"].items():
            for key, value in entries.items():
                if isinstance(value, Tensor):
                    tensors[f"optimizer/{index}/{key}"] = value
                else:
                    values.setdefault(str(index), {})[key] = value
        tensors |= {f"model/{name}": tensor for name, tensor in model.state_dict().items()}
        tensors |= {f"average/{name}": tensor for name, tensor in (state.average or {}).items()}
        tensors |= {f"best/{name}": tensor for name, tensor in (state.best or {}).items()}
        if self._replicated and not self._processes.first:
            tensors = {}
        own = _Own(generators=generator_states(), groups=written["param_groups"], values=values)
        return _Part(own, {key: tensor.detach().cpu().contiguous() for key, tensor in tensors.items()})

    def _read(self) -> tuple[_Header, list[_Part]] | None:
        try:
            with safe_open(self.path, framework="pt") as file:
                header = _Header.model_validate_json((file.metadata() or {}).get(_HEADER, ""))
                tensors = {key: file.get_tensor(key).clone() for key in file.keys()}  # noqa: SIM118, not a dictionary
        except FileNotFoundError:
            return None
        except (OSError, SafetensorError, ValidationError) as error:
            logger.warning("Training starts anew: checkpoint %s cannot be read: %s", self.path, error)
            return None
        if (header.schema_version, header.fingerprint) != (SCHEMA_VERSION, self._fingerprint):
            logger.warning(
                "Training starts anew: checkpoint %s is of a training with other settings, data, program or processes.",
                self.path,
            )
            return None
        logger.info("Training goes on from %s: epoch %d, batch %d", self.path, header.epoch, header.step)
        ranks = range(len(header.processes))
        return header, [
            _Part(header.processes[rank], _under(str(0 if self._replicated else rank), tensors)) for rank in ranks
        ]


def _optimizer_state(part: _Part) -> dict[str, Any]:
    """What ``Optimizer.load_state_dict`` takes."""
    state: dict[int, dict[str, Any]] = {int(index): dict(values) for index, values in part.own.values.items()}
    for key, tensor in _under("optimizer", part.tensors).items():
        index, name = key.split("/", 1)
        state.setdefault(int(index), {})[name] = tensor
    return {"state": state, "param_groups": [dict(_with_tuples(group)) for group in part.own.groups]}


def _with_tuples(group: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """JSON has no tuples; the betas of Adam are one."""
    for key, value in group.items():
        yield key, tuple(value) if isinstance(value, list) and key != "params" else value


def _under(prefix: str, tensors: State) -> State:
    """The tensors whose names begin with ``prefix/``, by the rest of their names."""
    start = f"{prefix}/"
    return {key.removeprefix(start): tensor for key, tensor in tensors.items() if key.startswith(start)}
