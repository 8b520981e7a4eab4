"""LightGCN and SASRec, the models that are trained by epochs: by one process, or by several that `torchrun` started."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graph.bipartite import BipartiteGraph
from graph.lightgcn import LightGCN
from graph.partition import partitioned
from graph.training import LightGCNTask
from pipeline.training_settings import TrainingSettings
from rankers.checkpoint import CheckpointSettings
from rankers.generators import seed_everything
from rankers.sasrec import SASRec
from rankers.sasrec_training import SASRecTask, build_sasrec
from rankers.task import Task
from rankers.trainer import TrainerSettings, fit
from rankers.training_state import EpochReport, TrainingResult
from store.ids import IndexArray
from store.interactions import Interactions
from store.processes import Processes

Progress = Callable[[str, float], None]
"""Told of a stage's name and the share of it that is done, 0..1."""


@dataclass(frozen=True)
class Stage:
    """What one pass trains on.

    Attributes:
        name: "choose" or "refit".
        interactions: training interactions.
        held: held-out item per user, int64 [U+1]; None trains without validation.
        epochs: of each model by name; None stops early.
        checkpoints: folder; None keeps none.
    """

    name: str
    interactions: Interactions
    held: IndexArray | None
    epochs: dict[str, int] | None
    checkpoints: Path | None


@dataclass(frozen=True)
class EpochModels:
    """Both models, on the CPU, and how their trainings ended, by name."""

    graph: LightGCN
    sequence: SASRec
    results: dict[str, TrainingResult]


def train_epoch_models(
    stage: Stage, settings: TrainingSettings, *, processes: Processes, on_progress: Progress
) -> EpochModels:
    """Train both. In a group, rank 0 calls this and the others ``assist``."""
    stage = processes.share(stage)
    return _trained(stage, settings, processes, on_progress)


def assist(settings: TrainingSettings, processes: Processes) -> None:
    """Train with rank 0, which brings the data, until it dismisses."""
    while (stage := processes.share(None)) is not None:
        _trained(stage, settings, processes, lambda title, share: None)


def dismiss(processes: Processes) -> None:
    """There is nothing left for the others to do."""
    processes.share(None)


def _trained(stage: Stage, settings: TrainingSettings, processes: Processes, on_progress: Progress) -> EpochModels:
    interactions, device = stage.interactions, processes.device
    seed_everything(settings.seed)
    graph = LightGCN(BipartiteGraph(interactions), settings.lightgcn).to(device)
    sequence = build_sasrec(interactions, settings.sasrec, seed=settings.seed).to(device)
    with partitioned(graph, processes):
        task = LightGCNTask(graph, interactions, held=stage.held, processes=processes)
        results = {task.name: _fit(task, stage, settings, processes, on_progress)}
    task = SASRecTask(sequence, interactions, held=stage.held)
    results[task.name] = _fit(task, stage, settings, processes, on_progress)
    return EpochModels(graph.cpu(), sequence.cpu(), results)


def _fit(
    task: Task[Any], stage: Stage, settings: TrainingSettings, processes: Processes, on_progress: Progress
) -> TrainingResult:
    trainer = TrainerSettings(
        max_epochs=settings.epochs,
        patience=settings.patience,
        epochs=None if stage.epochs is None else max(stage.epochs[task.name], 1),
        seed=settings.seed,
        precision=settings.precision,
        compile=settings.compile,
        log_dir=None if settings.log_dir is None else settings.log_dir / stage.name / task.name,
        checkpoints=None if stage.checkpoints is None else CheckpointSettings(stage.checkpoints / stage.name),
    )
    title = f"Training {task.name} ({stage.name})"
    on_progress(title, 0.0)

    def report(epoch: EpochReport) -> None:
        on_progress(title, epoch.epoch / epoch.of)

    result = fit(task, trainer, on_epoch=report, processes=processes)
    on_progress(title, 1.0)
    return result
