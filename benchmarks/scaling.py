"""How fit time and memory of the scorers grow with the interactions, on synthetic ones with a power law.

    python -m benchmarks.scaling                                 a table
    python -m benchmarks.scaling --json --plot scaling.svg       one JSON object, and a plot
    python -m benchmarks.scaling --sizes 1e5,1e6                 not the largest

A row is one scorer, as it ships, at one size: ``lightgcn_1e5`` ... ``item_to_item_1e7``; `benchmarks.power_law` has the
law. Every row is measured in a process of its own, so that no peak holds what another row left behind.

Seconds are of processor time, of all threads together, so that other work on the machine hardly changes them.
``prepare_s``: what comes before the first epoch (the graph, the starting vectors). ``epoch_s``: one whole epoch.
``fit_s``: a whole fit, of the scorers without epochs. ``validate_s``: one validation; the counting scorers have none of
their own and get that of the blend, the ranks of 10,000 held-out items. ``peak_mb``: of the process, all of these
together, with Python, torch and the interactions. ``per_interaction_us``: of the epoch or the fit. The exponents say by
which power of the interactions the epoch or the fit, the validation and the peak grew since the size before: 1 is
linear, 2 quadratic.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import torch

from benchmarks.harness import Report, Row, chosen, measured, options, over_seeds
from benchmarks.power_law import power_law
from benchmarks.scaling_plot import plot
from graph.bipartite import BipartiteGraph
from graph.lightgcn import LightGCN, LightGCNSettings
from graph.spectral import RANKS, SpectralScorer, SpectralSettings, choose_filter
from graph.training import LightGCNTask
from pipeline.contracts import Scorer
from rankers.generators import seed_everything
from rankers.held_out import held_out_ranks
from rankers.item_to_item import ItemToItemScorer
from rankers.sasrec import SASRecSettings
from rankers.sasrec_training import SASRecTask, build_sasrec
from rankers.task import Task
from rankers.trainer import TrainerSettings, fit
from rankers.transition import TransitionScorer
from store.ids import IndexArray
from store.interactions import Audience, Interactions, held_readers

SIZES, QUICK_SIZES = "1e5,1e6,1e7", "1e4,3e4"
_READERS, _ROWS_AT_ONCE = 10_000, 512


class Data(NamedTuple):
    """All but the last interaction of each user, and the items of those, int64 [U+1]."""

    train: Interactions
    held: IndexArray
    seed: int


Figures = dict[str, float | None]


def _lightgcn(data: Data) -> Task[Any]:
    model = LightGCN(BipartiteGraph(data.train), LightGCNSettings())
    return LightGCNTask(model, data.train, held=data.held)


def _sasrec(data: Data) -> Task[Any]:
    model = build_sasrec(data.train, SASRecSettings(), seed=data.seed)
    return SASRecTask(model, data.train, held=data.held)


def _epoch(build: Callable[[Data], Task[Any]], data: Data) -> Figures:
    """Cost of a scorer that is trained by epochs."""
    seed_everything(data.seed)
    with measured() as preparing:
        task = build(data)
    with measured() as training:
        fit(task, TrainerSettings(epochs=1, seed=data.seed))
    with measured() as validating:
        task.validate()
    return {
        "prepare_s": preparing.cpu_seconds,
        "epoch_s": training.cpu_seconds,
        "validate_s": validating.cpu_seconds,
        "peak_mb": _highest(preparing.peak_mb, training.peak_mb, validating.peak_mb),
    }


def _fitted(fit_scorer: Callable[[Data], Scorer], validate: Callable[[Scorer, Data], None], data: Data) -> Figures:
    """Cost of a scorer that is not trained by epochs."""
    with measured() as fitting:
        scorer = fit_scorer(data)
    with measured() as validating:
        validate(scorer, data)
    return {
        "fit_s": fitting.cpu_seconds,
        "validate_s": validating.cpu_seconds,
        "peak_mb": _highest(fitting.peak_mb, validating.peak_mb),
    }


def _spectral(data: Data) -> SpectralScorer:
    """Eigenvectors of the largest rank, as they are found before one is chosen."""
    return SpectralScorer.fit(data.train, SpectralSettings(rank=RANKS[-1], seed=data.seed))


def _choose(scorer: Scorer, data: Data) -> None:
    assert isinstance(scorer, SpectralScorer)
    choose_filter(scorer, data.train, data.held)


def _rank(scorer: Scorer, data: Data) -> None:
    """Ranks of the held-out items, as the blend is learned by."""
    readers = held_readers(data.held, at_most=_READERS)
    for start in range(0, len(readers), _ROWS_AT_ONCE):
        rows = readers[start : start + _ROWS_AT_ONCE]
        audience = Audience.of_users(rows, data.train)
        held_out_ranks(scorer.score(audience), data.held[rows], audience)


def _highest(*peaks: float | None) -> float | None:
    return max((peak for peak in peaks if peak is not None), default=None)


SCORERS: Mapping[str, Callable[[Data], Figures]] = {
    "lightgcn": partial(_epoch, _lightgcn),
    "sasrec": partial(_epoch, _sasrec),
    "spectral": partial(_fitted, _spectral, _choose),
    "transition": partial(_fitted, lambda data: TransitionScorer.fit(data.train), _rank),
    "item_to_item": partial(_fitted, lambda data: ItemToItemScorer.fit(data.train), _rank),
}


def cost(scorer: str, size: int, seed: int) -> Figures:
    """What one row reports of one seed, measured in this process."""
    train, held = power_law(size, seed=seed).leave_last_out()
    figures = SCORERS[scorer](Data(train, held, seed))
    seconds = work_seconds(figures)
    return {
        "interactions": size,
        "users": train.num_users,
        "items": train.num_items,
        **figures,
        "per_interaction_us": 1e6 * seconds / size,
    }


def apart(scorer: str, size: int, seed: int) -> Figures:
    """`cost` in a new process with as many threads."""
    threads = torch.get_num_threads()
    with ProcessPoolExecutor(1, get_context("spawn"), torch.set_num_threads, (threads,)) as pool:
        return pool.submit(cost, scorer, size, seed).result()


def work_seconds(row: Mapping[str, float | None]) -> float:
    """Of the epoch or the fit."""
    seconds = row.get("epoch_s", row.get("fit_s"))
    assert seconds is not None
    return seconds


def with_exponents(rows: Sequence[Row]) -> list[Row]:
    """Rows of one scorer, smallest first, with the exponents of their growth since the row before; the first has none.

    An exponent is ln(cost / cost before) / ln(interactions / interactions before).
    """
    result: list[Row] = []
    for before, row in zip([None, *rows], rows, strict=False):
        exponents: Figures = {"exponent": None, "validate_exponent": None, "peak_exponent": None}
        if before is not None:
            growth = math.log(row["interactions"] / before["interactions"])
            for name, was, now in (
                ("exponent", work_seconds(before), work_seconds(row)),
                ("validate_exponent", before["validate_s"], row["validate_s"]),
                ("peak_exponent", before["peak_mb"], row["peak_mb"]),
            ):
                exponents[name] = round(math.log(now / was) / growth, 2) if was and now else None
        result.append({**row, **exponents})
    return result


def size_name(size: int) -> str:
    """10000 -> "1e4", 30000 -> "3e4"."""
    mantissa, exponent = f"{size:e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"


def _sizes(text: str) -> tuple[int, ...]:
    sizes = tuple(sorted({int(float(part)) for part in text.split(",")}))
    if sizes[0] < 1_000:
        raise argparse.ArgumentTypeError(f"{sizes[0]} interactions are too few; the least is 1000")
    return sizes


def _plot_path(text: str) -> Path:
    path = Path(text)
    if path.suffix not in (".svg", ".png"):
        raise argparse.ArgumentTypeError(f"{text} ends neither in .svg nor in .png")
    return path


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, run, print."""
    parser = options(__doc__)
    parser.add_argument("--sizes", type=_sizes, metavar=SIZES, help=f"interactions; with --quick {QUICK_SIZES}")
    parser.add_argument("--plot", type=_plot_path, metavar="FILE", help="draw seconds and memory into an .svg or .png")
    given = parser.parse_args(arguments)
    sizes = given.sizes or _sizes(QUICK_SIZES if given.quick else SIZES)
    names = {f"{scorer}_{size_name(size)}": (scorer, size) for scorer in SCORERS for size in sizes}
    wanted = [names[name] for name in chosen(names, given.only)]
    report = Report("scaling", environment={"threads": torch.get_num_threads()})
    for scorer in dict.fromkeys(scorer for scorer, _ in wanted):
        of_scorer = [
            over_seeds(f"{scorer}_{size_name(size)}", given.seeds, partial(apart, scorer, size))
            for name, size in wanted
            if name == scorer
        ]
        whole = ("interactions", "users", "items")
        report.rows += with_exponents([{**row, **{key: int(row[key]) for key in whole}} for row in of_scorer])
    report.finish(given)
    if given.plot is not None:
        plot(report.rows, given.plot)
        print(f"plot in {given.plot}", file=sys.stderr)


if __name__ == "__main__":
    main()
