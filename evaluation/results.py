"""What an evaluation found, as records that are written to report.json and drawn in report.html."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from evaluation.intervals import Interval
from store.snapshots import code_version

Share = Annotated[float, Field(ge=0, le=1)]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataFacts(_Record):
    """What was evaluated on.

    Attributes:
        name: of the data set or the store.
        protocol: how it was split.
        users: U of the catalogue; ``readers`` of them were asked about.
        items: N.
        known: interactions that histories may hold when the test asks.
        asked: interactions that are to be found.
        first: time of the first known interaction, UTC.
        last: time of the last one, UTC.
    """

    name: str
    protocol: str
    users: int
    readers: int
    items: int
    known: int
    asked: int
    first: datetime
    last: datetime


class Environment(_Record):
    """Where and by what it was measured; ``commit`` ends in "+" where files differed from it."""

    created: datetime
    commit: str
    machine: str
    cores: int
    seed: int
    versions: Mapping[str, str]


class SystemResult(_Record):
    """One system.

    Attributes:
        metrics: "ndcg@10" -> mean over readers with its interval; accuracy, novelty (bits), diversity (cosine
            distance).
        coverage: share of the catalogue in the top lists of all readers together.
        gini: inequality of exposure over the catalogue, 0 (equal) to 1.
        recall_curve: recall@k for k = 1, 2, ..., K.
        milliseconds: to rank for one reader, mean over batches; None where it was not timed.
    """

    name: str
    metrics: Mapping[str, Interval]
    coverage: Share
    gini: Share
    recall_curve: tuple[Share, ...]
    milliseconds: float | None = None


class Difference(_Record):
    """``main`` minus ``other`` on the same readers; an interval that excludes 0 is a difference worth the name."""

    main: str
    other: str
    metric: str
    interval: Interval


class Slice(_Record):
    """Part of the questions: its range ("21-50" items), how many there are, and each system's figure on them."""

    label: str
    count: int
    values: Mapping[str, Interval]


class TrainingCurve(_Record):
    """One training: loss by epoch from 1, and the validation value where there was one."""

    name: str
    loss: tuple[float, ...]
    value: tuple[float | None, ...]
    best_epoch: int


class Removal(_Record):
    """Relative drops of one reader's best score: without the cited items, and without as many random ones (mean)."""

    cited: float
    chance: float


class Faithfulness(_Record):
    """Whether explanations are true.

    Attributes:
        readers: whose best unmet item was explained.
        cited: history items that were taken out, the strongest by the explanation.
        removals: random removals of as many, for each reader.
        comprehensiveness: relative drop of the score without the cited items.
        chance: the same by the random removals.
        ratio: the first by the second; None where it is not certain that random removals cost anything.
        above_chance: share of readers for whom the first is the larger.
        additivity_error: how far the channels of an explanation miss the score, relative, the largest.
        drops: by reader.
    """

    readers: int
    cited: int
    removals: int
    comprehensiveness: Interval
    chance: Interval
    ratio: Interval | None
    above_chance: Share
    additivity_error: float
    drops: tuple[Removal, ...]


class Report(_Record):
    """Everything that an evaluation found.

    Attributes:
        cut: k of the headline metrics, slices, coverage and diversity.
        cuts: all k that ``SystemResult.metrics`` holds.
        level: of the intervals; ``resamples`` made them.
        by_history: ndcg at the cut by the number of items that a reader had met.
        by_popularity: recall at the cut by the popularity decile of the item that was to be found.
        faithfulness: of explanations; None where it was not measured.
    """

    schema_version: int = 1
    data: DataFacts
    environment: Environment
    main: str
    cut: int
    cuts: tuple[int, ...]
    level: float
    resamples: int
    systems: tuple[SystemResult, ...]
    differences: tuple[Difference, ...]
    by_history: tuple[Slice, ...]
    by_popularity: tuple[Slice, ...]
    training: tuple[TrainingCurve, ...] = ()
    faithfulness: Faithfulness | None = None

    def system(self, name: str) -> SystemResult:
        """The result of one system, by its name."""
        return next(system for system in self.systems if system.name == name)


def this_environment(seed: int) -> Environment:
    """Facts about this machine, this checkout and the packages that matter to a figure."""
    packages = ("torch", "numpy", "scipy", "tastemaker")
    versions = {"python": platform.python_version(), **{name: metadata.version(name) for name in packages}}
    return Environment(
        created=datetime.now(UTC).replace(microsecond=0),
        commit=code_version(),
        machine=f"{platform.system()} {platform.release()}, {platform.machine()}",
        cores=os.cpu_count() or 1,
        seed=seed,
        versions=versions,
    )
