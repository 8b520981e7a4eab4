"""`python -m benchmarks.speed`."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import torch

from benchmarks import speed
from benchmarks.harness import Report, Row, chosen, options
from benchmarks.speed import goal, index, lightgcn, metrics, sasrec, topk
from benchmarks.speed.contest import THREADS
from benchmarks.speed.data import Setting
from benchmarks.speed.machine import Machine, measure_machine

TESTS: tuple[tuple[tuple[str, ...], Callable[[Setting, Machine], list[Row]]], ...] = (
    (lightgcn.ROWS, lightgcn.rows),
    (goal.ROWS, goal.rows),
    (sasrec.ROWS, sasrec.rows),
    (topk.ROWS, topk.rows),
    (metrics.ROWS, metrics.rows),
    *((names, partial(index.rows, size)) for size, names in index.ROWS.items()),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, run, print. A test is run whole where one of its rows is asked for."""
    parser = options(speed.__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder with gowalla/ and beauty/")
    given = parser.parse_args(arguments)
    wanted = chosen((row for names, _ in TESTS for row in names), given.only)
    torch.set_num_threads(THREADS)
    report = Report("speed")
    before = os.getloadavg()[0]
    machine = measure_machine()
    report.environment = {**asdict(machine), "threads": THREADS, "load_before": before}
    with tempfile.TemporaryDirectory() as folder:
        setting = Setting(given.data, Path(folder), quick=given.quick, seed=given.seeds[0])
        for names, test in TESTS:
            if set(names) & set(wanted):
                print(f"{names[0]} ...", file=sys.stderr, flush=True)
                report.rows += test(setting, machine)
    report.finish(given)


if __name__ == "__main__":
    main()
