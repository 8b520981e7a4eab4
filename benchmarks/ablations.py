"""What each choice in the trained scorers is worth: one thing changed at a time, judged on validation only.

    python -m benchmarks.ablations sequence ../shared/data/beauty/sequences.txt.gz
    python -m benchmarks.ablations graph ../shared/data/gowalla --epochs 8

``sequence`` changes SASRec, ``graph`` LightGCN; files and splits are those of ``benchmarks.sequence`` and
``benchmarks.graph``. The row ``shipped`` changes nothing. Figures are recall and ndcg of the held-out item among all
that the user has not met, at 10 for ``sequence`` and at 20 for ``graph``, after the best of ``--epochs`` epochs;
``epoch_s`` is one epoch's time with its validation. Test is not looked at.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.full_ranking import rankings
from benchmarks.graph import Split as GraphSplit
from benchmarks.harness import Report, chosen, measured, options, over_seeds
from benchmarks.sequence import Split as SequenceSplit
from evaluation.metrics import judge, ndcg, recall
from graph.bipartite import BipartiteGraph
from graph.lightgcn import LightGCN, LightGCNSettings
from graph.scorer import LightGCNScorer
from graph.training import LightGCNTask
from pipeline.contracts import Scorer
from pipeline.training_settings import TrainingSettings
from rankers.generators import seed_everything
from rankers.sasrec import SASRec, SASRecSettings
from rankers.sasrec_scorer import SASRecScorer
from rankers.sasrec_training import SASRecTask, build_sasrec
from rankers.trainer import TrainerSettings, fit
from rankers.training_state import EpochReport
from store.ids import IndexArray
from store.interactions import Interactions, held_readers

Figures = Mapping[str, float | None]

_READERS = 50_000

SEQUENCE: dict[str, dict[str, Any]] = {
    "shipped": {},
    "full_softmax": {"loss": "full_softmax"},
    "gbce": {"loss": "gbce"},
    "bce": {"loss": "bce"},
    "bce_hardest_of_16": {"loss": "bce", "candidates": 16},
    "bpr": {"loss": "bpr"},
    "bpr_hardest_of_16": {"loss": "bpr", "candidates": 16},
    "popular_negatives": {"sampler": "popularity"},
    "in_batch_negatives": {"sampler": "in_batch"},
    "negatives_256": {"negatives": 256},
    "negatives_2048": {"negatives": 2_048},
    "random_start": {"start": "random"},
    "separate_tables": {},
    "relative_positions": {"positions": "relative"},
    "no_positions": {"positions": "none"},
    "dim_32": {"dim": 32},
    "dim_128": {"dim": 128},
    "blocks_1": {"blocks": 1},
    "blocks_3": {"blocks": 3},
    "dropout_0.2": {"dropout": 0.2},
    "no_averaging": {"averaging": 0.0},
}
"""Changes of ``SASRecSettings`` by row; ``separate_tables`` is a change of the model."""

GRAPH: dict[str, dict[str, Any]] = {
    "shipped": {},
    "bpr": {"loss": "bpr", "candidates": 1, "norm_power": 0.0},
    "bpr_hardest_of_16": {"loss": "bpr", "norm_power": 0.0},
    "bpr_hardest_tempered": {"loss": "bpr"},
    "uniform_negatives": {"negative_power": 0.0},
    "popular_negatives": {"negative_power": 1.0},
    "inner_product": {"norm_power": 0.0},
    "cosine": {"norm_power": 1.0},
    "negatives_512": {"negatives": 512},
    "negatives_4096": {"negatives": 4_096},
    "temperature_0.07": {"temperature": 0.07},
    "temperature_0.15": {"temperature": 0.15},
    "layers_1": {"layers": 1},
    "layers_2": {"layers": 2},
    "layers_4": {"layers": 4},
    "dim_32": {"dim": 32},
    "dim_128": {"dim": 128},
    "l2_0": {"l2": 0.0},
    "l2_1e-2": {"l2": 1e-2},
    "no_averaging": {"averaging": 0.0},
}
"""Changes of ``LightGCNSettings`` by row."""


class SeparateTables(SASRec):
    """SASRec that reads items from one table and scores them with another."""

    def __init__(self, num_items: int, settings: SASRecSettings, *, generator: torch.Generator) -> None:
        super().__init__(num_items, settings, generator=generator)
        self.read = nn.Parameter(self.items.detach().clone())

    def forward(self, sequences: Tensor, lengths: Tensor, *, items: Tensor | None = None) -> Tensor:
        """As ``SASRec.forward``, but ``items`` changes nothing: what is scored is not what is read."""
        return super().forward(sequences, lengths, items=self.read)


def sasrec_figures(split: SequenceSplit, name: str, trainer: TrainerSettings) -> Figures:
    """Train SASRec with one change and judge it."""

    def task() -> SASRecTask:
        settings = replace(SASRecSettings(), **SEQUENCE[name])
        model = build_sasrec(split.train, settings, seed=trainer.seed)
        if name == "separate_tables":
            apart = SeparateTables(
                split.train.num_items, settings, generator=torch.Generator().manual_seed(trainer.seed)
            )
            apart.load_state_dict({**model.state_dict(), "read": model.items.detach()})
            model = apart
        return SASRecTask(model, split.train, held=split.validation)

    return _figures(task, lambda task: SASRecScorer(task.model), split.train, split.validation, trainer, cut=10)


def lightgcn_figures(split: GraphSplit, name: str, trainer: TrainerSettings) -> Figures:
    """Train LightGCN with one change and judge it."""

    def task() -> LightGCNTask:
        seed_everything(trainer.seed)
        model = LightGCN(BipartiteGraph(split.remaining), replace(LightGCNSettings(), **GRAPH[name]))
        return LightGCNTask(model, split.remaining, held=split.held)

    return _figures(
        task, lambda task: LightGCNScorer.from_model(task.model), split.remaining, split.held, trainer, cut=20
    )


T = TypeVar("T", SASRecTask, LightGCNTask)


def _figures(
    build: Callable[[], T],
    scorer: Callable[[T], Scorer],
    interactions: Interactions,
    held: IndexArray,
    trainer: TrainerSettings,
    *,
    cut: int,
) -> Figures:
    with measured() as cost:
        task = build()
        result = fit(task, trainer, on_epoch=_tell)
    readers = held_readers(held, at_most=_READERS)
    judged = judge(rankings(scorer(task).score, readers, interactions, cut), held[readers])
    return {
        f"recall@{cut}": float(recall(judged, cut).mean()),
        f"ndcg@{cut}": float(ndcg(judged, cut).mean()),
        "best_epoch": result.best_epoch,
        "epoch_s": round(float(np.median([epoch.seconds for epoch in result.history])), 2),
        "fit_s": round(result.seconds, 1),
        "peak_mb": cost.peak_mb,
    }


def _tell(report: EpochReport) -> None:
    print(f"  epoch {report.epoch}: {report.seconds:.1f} s, {report.value:.4f}", file=sys.stderr, flush=True)


def main() -> None:
    """Parse the command line, run, print."""
    parser = options(__doc__)
    parser.add_argument("scorer", choices=("sequence", "graph"))
    parser.add_argument("data", type=Path, help="file of benchmarks.sequence, or folder of benchmarks.graph")
    parser.add_argument(
        "--epochs", type=int, default=TrainingSettings().epochs, help="at most; the product's by default"
    )
    arguments = parser.parse_args()
    trainer = TrainerSettings(
        max_epochs=2 if arguments.quick else arguments.epochs, patience=TrainingSettings().patience
    )
    rows, figures = (SEQUENCE, _sequence) if arguments.scorer == "sequence" else (GRAPH, _graph)
    run = figures(arguments.data, quick=arguments.quick)
    environment = {"data": arguments.data.name, "threads": torch.get_num_threads(), "max_epochs": trainer.max_epochs}
    report = Report(f"ablations of {arguments.scorer}", environment=environment)
    for name in chosen(rows, arguments.only):
        report.rows.append(
            over_seeds(name, arguments.seeds, lambda seed, name=name: run(name, replace(trainer, seed=seed)))
        )
    report.finish(arguments)


Run = Callable[[str, TrainerSettings], Figures]


def _sequence(path: Path, *, quick: bool) -> Run:
    split = SequenceSplit.read(path, limit=2_000 if quick else None)
    return lambda name, trainer: sasrec_figures(split, name, trainer)


def _graph(path: Path, *, quick: bool) -> Run:
    splits: dict[int, GraphSplit] = {}

    def run(name: str, trainer: TrainerSettings) -> Figures:
        if trainer.seed not in splits:  # the seed draws what is held out
            splits[trainer.seed] = GraphSplit.read(path, seed=trainer.seed, limit=1_000 if quick else None)
        return lightgcn_figures(splits[trainer.seed], name, trainer)

    return run


if __name__ == "__main__":
    main()
