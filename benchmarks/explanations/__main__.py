"""`python -m benchmarks.explanations`."""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from benchmarks import explanations
from benchmarks.explanations.contest import SCOPES, Contest, Values, row_name
from benchmarks.explanations.data import read, trained
from benchmarks.explanations.explainers import EXPLAINERS
from benchmarks.explanations.measures import CITED
from benchmarks.harness import Report, Row, chosen, options
from evaluation.intervals import mean_interval, ratio_interval
from pipeline.training import TrainingData
from serving.service import Service
from serving.settings import load_settings

ROWS = (
    *(row_name(scope, name) for scope in SCOPES for name in EXPLAINERS if scope == "blend" or name != "attention"),
    "card",
    "page",
)
_QUICK_USERS, _QUICK_TRAINED_USERS, _QUICK_EPOCHS = 10, 300, 1
_RETRAINED_USERS = 50
_DIGITS = 4
_TIMES = {
    "explain_s": {0.5: "p50_ms", 0.99: "p99_ms"},
    "explain_cpu_s": {0.5: "p50_cpu_ms", 0.99: "p99_cpu_ms"},
}
"""Metrics that are times, and what their median and 99th percentile are called."""


def row_of(name: str, values: Values) -> Row:
    """Means with their intervals; of times the median and the 99th percentile, of errors the largest."""
    row: Row = {"name": name}
    for metric, one in values.items():
        if metric in _TIMES:
            row[metric] = round(float(np.mean(one)), 5)
            for share, title in _TIMES[metric].items():
                row[title] = round(1e3 * float(np.quantile(one, share)), 2)
        elif metric == "additivity_error":
            row["additivity_error_max"] = float(f"{max(one):.2g}")
        else:
            interval = mean_interval(np.array(one))
            row[metric] = round(interval.mean, _DIGITS)
            row[f"{metric}_ci"] = [round(interval.low, _DIGITS), round(interval.high, _DIGITS)]
    if f"chance@{CITED}" in values:
        ratio = ratio_interval(np.array(values[f"comprehensiveness@{CITED}"]), np.array(values[f"chance@{CITED}"]))
        row[f"ratio@{CITED}"] = round(ratio.mean, _DIGITS)
        row[f"ratio@{CITED}_ci"] = [round(ratio.low, _DIGITS), round(ratio.high, _DIGITS)]
    return row


def measured(
    data: TrainingData, rows: Sequence[str], *, seeds: Sequence[int], users: int, epochs: int, models: Path | None
) -> dict[str, Values]:
    """Values of the rows over all seeds, each with a training of its own; ``models`` keeps one snapshot for each."""
    values: dict[str, Values] = {name: defaultdict(list) for name in rows}
    retrained = -(-_RETRAINED_USERS // len(seeds))
    for seed in seeds:
        print(f"seed {seed}", file=sys.stderr, flush=True)
        fitted = trained(data, seed=seed, epochs=epochs, kept=None if models is None else models / f"seed-{seed}")
        contest = Contest(data, fitted, users=users, retrained=retrained, seed=seed)
        for name, metrics in contest.run(rows).items():
            for metric, one in metrics.items():
                values[name][metric].extend(one)
    return values


def main() -> None:
    """Parse the command line, run, print."""
    parser = options(explanations.__doc__, seeds="0,1,2")
    parser.add_argument("folder", type=Path, help="folder with items and interactions")
    parser.add_argument("--users", type=int, default=500, help="users of each seed")
    parser.add_argument("--epochs", type=int, default=2, help="limit of LightGCN's and SASRec's")
    parser.add_argument("--models", type=Path, help="folder that keeps the models of each seed, or has them")
    arguments = parser.parse_args()
    rows = chosen(ROWS, arguments.only)
    users = _QUICK_USERS if arguments.quick else arguments.users
    epochs = _QUICK_EPOCHS if arguments.quick else arguments.epochs
    environment = {"data": arguments.folder.name, "users": users, "epochs": epochs, "threads": torch.get_num_threads()}
    report = Report("explanations", environment=environment)
    with tempfile.TemporaryDirectory() as home, Service.open(load_settings(home=Path(home))) as service:
        limit = _QUICK_TRAINED_USERS if arguments.quick else None
        data = read(arguments.folder, service.encoder, limit=limit)
    seeds = arguments.seeds[:1] if arguments.quick else arguments.seeds
    values = measured(data, rows, seeds=seeds, users=users, epochs=epochs, models=arguments.models)
    report.rows.extend(row_of(name, values[name]) for name in rows)
    report.finish(arguments)


if __name__ == "__main__":
    main()
