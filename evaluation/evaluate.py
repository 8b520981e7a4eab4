"""From ranked lists to a report: every system is asked the same questions and judged on the same readers."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from evaluation import metrics
from evaluation.intervals import Bootstrap, BootstrapSettings, Interval
from evaluation.protocols import Split
from evaluation.results import (
    DataFacts,
    Difference,
    Faithfulness,
    Report,
    Slice,
    SystemResult,
    TrainingCurve,
    this_environment,
)
from store.errors import InputError
from store.ids import IndexArray

Ranker = Callable[[IndexArray], IndexArray]
"""Users int64 [B] -> their ranked lists int64 [B, K], best first, seen items left out, 0 behind the end of a list."""

_HISTORY_SLICES = 5
_POPULARITY_SLICES = 10


@dataclass(frozen=True)
class EvaluationSettings:
    """What is measured.

    Attributes:
        cuts: k of the accuracy metrics, ascending.
        cut: k of the headline, the slices, coverage, novelty and diversity; one of ``cuts``.
        main: the system that the others are compared with.
        bootstrap: how intervals are made.
    """

    cuts: tuple[int, ...] = (1, 5, 10, 20)
    cut: int = 10
    main: str = "pipeline"
    bootstrap: BootstrapSettings = field(default_factory=BootstrapSettings)

    def __post_init__(self) -> None:
        if not self.cuts or min(self.cuts) < 1 or list(self.cuts) != sorted(set(self.cuts)):
            raise InputError(
                f"cuts are {self.cuts}, not ascending numbers from 1", fix="Use cuts such as (1, 5, 10, 20)."
            )
        if self.cut not in self.cuts:
            raise InputError(f"cut {self.cut} is not among the cuts {self.cuts}", fix="Add it to them.")


def rank_readers(
    rankers: Mapping[str, Ranker], readers: IndexArray, *, batch_size: int = 256
) -> tuple[dict[str, IndexArray], dict[str, float]]:
    """Ask every system for every reader.

    Args:
        rankers: by name.
        readers: int64 [Q].
        batch_size: readers per call.

    Returns:
        Ranked lists int64 [Q, K] by name, and the milliseconds per reader.
    """
    rankings: dict[str, IndexArray] = {}
    milliseconds: dict[str, float] = {}
    for name, ranker in rankers.items():
        started = time.perf_counter()
        lists = [ranker(readers[at : at + batch_size]) for at in range(0, len(readers), batch_size)]
        milliseconds[name] = 1_000 * (time.perf_counter() - started) / max(len(readers), 1)
        rankings[name] = np.concatenate(lists)
    return rankings, milliseconds


def evaluate(
    rankings: Mapping[str, IndexArray],
    split: Split,
    *,
    data_name: str,
    seed: int = 0,
    item_vectors: NDArray[np.floating] | None = None,
    milliseconds: Mapping[str, float] | None = None,
    training: Sequence[TrainingCurve] = (),
    faithfulness: Faithfulness | None = None,
    settings: EvaluationSettings | None = None,
) -> Report:
    """Judge ranked lists.

    Args:
        rankings: by system, int64 [Q, K]: one list for each of ``split.readers``, in their order, at least as long as
            the largest cut (0 behind the end of a shorter list), seen items left out.
        split: what is to be found.
        data_name: for the report.
        seed: of the models' training, for the report.
        item_vectors: [N+1, D], the space in which diversity is measured; None leaves it out.
        milliseconds: per reader, by system.
        training: curves to show.
        faithfulness: of explanations, where it was measured.
        settings: cuts, main system, intervals.

    Raises:
        InputError: there is nothing to evaluate, the main system is missing, or lists have the wrong shape.
    """
    settings = settings or EvaluationSettings()
    _check(rankings, split, settings)
    judged = {name: metrics.judge(ranked, split.relevant) for name, ranked in rankings.items()}
    measures = {
        name: _measures(judged[name], ranked, split, item_vectors, settings) for name, ranked in rankings.items()
    }
    intervals, differences = _compare(measures, settings)
    return Report(
        data=_facts(data_name, split),
        environment=this_environment(seed),
        main=settings.main,
        cut=settings.cut,
        cuts=settings.cuts,
        level=settings.bootstrap.level,
        resamples=settings.bootstrap.resamples,
        systems=tuple(
            SystemResult(
                name=name,
                metrics=intervals[name],
                coverage=metrics.coverage(ranked, num_items=split.known.num_items, k=settings.cut),
                gini=metrics.gini(ranked, num_items=split.known.num_items, k=settings.cut),
                recall_curve=tuple(_recall_curve(judged[name])),
                milliseconds=None if milliseconds is None else milliseconds.get(name),
            )
            for name, ranked in rankings.items()
        ),
        differences=differences,
        by_history=_by_history(measures, split, settings),
        by_popularity=_by_popularity(rankings, split, settings),
        training=tuple(training),
        faithfulness=faithfulness,
    )


def _check(rankings: Mapping[str, IndexArray], split: Split, settings: EvaluationSettings) -> None:
    if settings.main not in rankings:
        raise InputError(
            f"the main system {settings.main!r} is not among {sorted(rankings)}",
            fix="Rank with it, or name another one.",
        )
    if not len(split.readers):
        raise InputError("the split has 0 readers", fix="Ingest more events, or use another protocol.")
    shapes = {ranked.shape for ranked in rankings.values()}
    queries, longest = len(split.readers), max(settings.cuts)
    if len(shapes) > 1 or next(iter(shapes))[0] != queries or next(iter(shapes))[1] < longest:
        raise InputError(
            f"ranked lists have shapes {sorted(shapes)}, not one shape [{queries}, K] with K >= {longest}",
            fix="Rank for split.readers, to the largest cut at least, and fill shorter lists with 0.",
        )


def _measures(
    judged: metrics.Judged,
    ranked: IndexArray,
    split: Split,
    item_vectors: NDArray[np.floating] | None,
    settings: EvaluationSettings,
) -> dict[str, metrics.FloatArray]:
    """All measures that have one value per reader, by name, [Q] each."""
    values = {f"{name}@{k}": measure(judged, k) for name, measure in metrics.METRICS.items() for k in settings.cuts}
    known, k = split.known, settings.cut
    values[f"novelty@{k}"] = metrics.novelty(ranked, known.item_counts, num_users=known.num_users, k=k)
    if item_vectors is not None:
        values[f"diversity@{k}"] = metrics.intra_list_diversity(ranked, item_vectors, k=k)
    return values


def _compare(
    measures: Mapping[str, Mapping[str, metrics.FloatArray]], settings: EvaluationSettings
) -> tuple[dict[str, dict[str, Interval]], tuple[Difference, ...]]:
    """Intervals of every measure and of the main system's lead, from one set of resampled readers."""
    table = {name: np.stack(list(values.values()), axis=1) for name, values in measures.items()}
    names = list(measures[settings.main])
    others = [name for name in measures if name != settings.main]
    main = table[settings.main]
    columns = [*table.values(), *(main - table[name] for name in others)]
    found = iter(Bootstrap(len(main), settings.bootstrap).intervals(np.concatenate(columns, axis=1)))
    intervals = {system: {metric: next(found) for metric in names} for system in measures}
    differences = tuple(
        Difference(main=settings.main, other=other, metric=metric, interval=next(found))
        for other in others
        for metric in names
    )
    return intervals, differences


def _recall_curve(judged: metrics.Judged) -> list[float]:
    found = judged.hits.cumsum(axis=1) / judged.relevant[:, None]
    return [float(value) for value in found.mean(axis=0)]


def _by_history(
    measures: Mapping[str, Mapping[str, metrics.FloatArray]], split: Split, settings: EvaluationSettings
) -> tuple[Slice, ...]:
    """ndcg at the cut in groups of readers of about one size, by how many items they had met."""
    lengths = np.diff(split.known.matrix.indptr)[split.readers].astype(np.int64)
    values = {name: of_system[f"ndcg@{settings.cut}"] for name, of_system in measures.items()}
    edges = np.unique(np.quantile(lengths, np.linspace(0, 1, _HISTORY_SLICES + 1)[1:-1], method="lower"))
    groups = np.searchsorted(edges, lengths, side="left")
    return _slices(values, groups, lengths, settings=settings)


def _by_popularity(rankings: Mapping[str, IndexArray], split: Split, settings: EvaluationSettings) -> tuple[Slice, ...]:
    """recall at the cut over (reader, item) pairs, by the item's decile of popularity, the last highest."""
    counts = split.known.item_counts[1:].astype(np.int64)
    deciles = np.searchsorted(np.sort(counts), counts, side="left") * _POPULARITY_SLICES // max(len(counts), 1)
    rows = np.repeat(np.arange(len(split.readers)), [len(items) for items in split.relevant])
    targets = np.concatenate(split.relevant)
    values = {
        name: (ranked[rows, : settings.cut] == targets[:, None]).any(axis=1).astype(np.float64)
        for name, ranked in rankings.items()
    }
    return _slices(values, deciles[targets - 1], counts[targets - 1], settings=settings)


def _slices(
    values: Mapping[str, metrics.FloatArray],
    groups: IndexArray,
    sizes: IndexArray,
    *,
    settings: EvaluationSettings,
) -> tuple[Slice, ...]:
    """One slice per group that occurs, labelled with the range of ``sizes`` in it."""
    slices = []
    for group in np.unique(groups):
        inside = groups == group
        found = Bootstrap(int(inside.sum()), settings.bootstrap).intervals(
            np.stack([column[inside] for column in values.values()], axis=1)
        )
        low, high = int(sizes[inside].min()), int(sizes[inside].max())
        label = f"{low:,}" if low == high else f"{low:,}-{high:,}"
        slices.append(Slice(label=label, count=int(inside.sum()), values=dict(zip(values, found, strict=True))))
    return tuple(slices)


def _facts(name: str, split: Split) -> DataFacts:
    known = split.known
    return DataFacts(
        name=name,
        protocol=split.protocol,
        users=known.num_users,
        readers=len(split.readers),
        items=known.num_items,
        known=len(known),
        asked=sum(map(len, split.relevant)),
        first=datetime.fromtimestamp(int(known.times.min()), UTC),
        last=datetime.fromtimestamp(int(known.times.max()), UTC),
    )
