"""Quality and cost of next-item scorers, leave-last-out, by full ranking.

    python -m benchmarks.sequence ../shared/data/beauty/sequences.txt.gz           a table
    python -m benchmarks.sequence ../shared/data/beauty/sequences.txt.gz --json    one JSON object

The file has one line per user, ``user item item ...`` in time order. The last item is test, the one before it is for
validation. Rows: ``popularity``, ``transition``, ``gru4rec``, ``sasrec`` and ``blend`` (SASRec, transition graph,
item-to-item, spectral filter and popularity, weighed by what validation readers picked). In these no parameter has seen
the validation item; it is read as history at test. In the rows ``*_refit`` everything is fitted again on all but the
test item, with the epochs, the filter and the blend found before: this is what ships. ``fit_s`` holds all that a row
needed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from benchmarks.full_ranking import Ranking, blended, learn_blend, rankings
from benchmarks.gru4rec import GRU4Rec
from benchmarks.harness import Cost, Report, Row, chosen, measured, options, over_seeds
from benchmarks.lists import as_interactions, read_lists
from evaluation.metrics import judge, ndcg, recall
from graph.spectral import SpectralScorer, SpectralSettings, choose_spectral
from pipeline.contracts import Scorer
from pipeline.training_settings import TrainingSettings
from rankers.blend import Blend
from rankers.generators import seed_everything
from rankers.item_to_item import ItemToItemScorer
from rankers.popularity import PopularityScorer
from rankers.sasrec import SASRecSettings
from rankers.sasrec_scorer import SASRecScorer
from rankers.sasrec_training import SASRecTask, train_sasrec
from rankers.trainer import TrainerSettings, fit
from rankers.training_state import EpochReport
from rankers.transition import TransitionScorer
from store.ids import IndexArray
from store.interactions import Interactions

CUTS = (5, 10)
ROWS = (
    "popularity",
    "transition",
    "transition_refit",
    "gru4rec",
    "sasrec",
    "sasrec_refit",
    "blend",
    "blend_refit",
)


@dataclass(frozen=True)
class Split:
    """Interactions of the benchmark.

    Attributes:
        train: without the last two items of each user.
        known: without the last one.
        validation: the last item but one, int64 [U+1]; row 0 and users with fewer than three items have 0.
        test: the last item, the same.
    """

    train: Interactions
    known: Interactions
    validation: IndexArray
    test: IndexArray

    @classmethod
    def read(cls, path: Path, *, limit: int | None = None) -> Split:
        """Read a file; ``limit`` keeps the first users only."""
        lists = [items for _, items in read_lists(path, first=1)][:limit]
        names, numbers = np.unique(np.concatenate(lists), return_inverse=True)
        numbered = np.split(numbers + 1, np.cumsum([len(items) for items in lists])[:-1])
        everything = as_interactions(numbered, num_items=len(names))
        known, test = everything.leave_last_out(minimum=3)
        train, validation = known.leave_last_out(minimum=2)
        return cls(train, known, np.where(test > 0, validation, 0), test)


class Contest:
    """Everything fitted on one split with one seed, each part once, when it is first asked for, with what it cost."""

    def __init__(self, split: Split, *, seed: int, epochs: int) -> None:
        self._split = split
        self._seed = seed
        self._trainer = TrainerSettings(max_epochs=epochs, patience=TrainingSettings().patience, seed=seed)
        self.costs: dict[str, Cost] = {}

    def ranking(self, row: str) -> Ranking:
        """The contender of a row."""
        split = self._split
        match row:
            case "popularity":
                return self._counted("popularity", PopularityScorer, split.train).score
            case "transition":
                return self._counted("transition", TransitionScorer, split.train).score
            case "transition_refit":
                return self._counted("transition_refit", TransitionScorer, split.known).score
            case "gru4rec":
                return self._gru4rec().score
            case "sasrec":
                return self.sasrec[0].score
            case "sasrec_refit":
                return self.sasrec_refit.score
            case "blend":
                return blended(self.blend, self.parts, split.train.num_items)
            case _:
                return blended(self.blend, self.refitted_parts, split.train.num_items)

    @cached_property
    def sasrec(self) -> tuple[SASRecScorer, int]:
        """Fitted with early stopping, and its best epoch."""
        split = self._split
        with self._cost("sasrec"):
            scorer, result = train_sasrec(
                split.train, SASRecSettings(), self._trainer, held=split.validation, on_epoch=_tell
            )
        return scorer, result.best_epoch

    @cached_property
    def sasrec_refit(self) -> SASRecScorer:
        """Fitted on all but test for as many epochs."""
        epochs = self.sasrec[1]
        with self._cost("sasrec_refit"):
            trainer = TrainerSettings(epochs=epochs, seed=self._seed)
            scorer, _ = train_sasrec(self._split.known, SASRecSettings(), trainer, on_epoch=_tell)
        self.costs["sasrec_refit"].seconds += self.costs["sasrec"].seconds
        return scorer

    @cached_property
    def spectral(self) -> tuple[SpectralScorer, SpectralSettings]:
        """The filter that validation chose."""
        with self._cost("spectral"):
            scorer, choice = choose_spectral(
                self._split.train, self._split.validation, settings=SpectralSettings(seed=self._seed)
            )
        return scorer, choice.settings

    @cached_property
    def parts(self) -> dict[str, Scorer]:
        """What the blend weighs, fitted without validation items."""
        return {"sasrec": self.sasrec[0], "spectral": self.spectral[0], **self._counts(self._split.train, "parts")}

    @cached_property
    def refitted_parts(self) -> dict[str, Scorer]:
        """The same, fitted on all but test."""
        settings = self.spectral[1]
        sasrec = self.sasrec_refit
        counts = self._counts(self._split.known, "refitted_parts")
        with self._cost("blend_refit"):
            spectral = SpectralScorer.fit(self._split.known, settings)
        for part in ("blend", "sasrec_refit", "refitted_parts"):
            self.costs["blend_refit"].seconds += self.costs[part].seconds
        return {"sasrec": sasrec, "spectral": spectral, **counts}

    @cached_property
    def blend(self) -> Blend:
        """Learned on the validation items."""
        parts = self.parts
        with self._cost("blend"):
            blend = learn_blend(self._split.train, self._split.validation, parts)
        for part in ("sasrec", "spectral", "parts"):
            self.costs["blend"].seconds += self.costs[part].seconds
        print(f"  {blend.report}", file=sys.stderr, flush=True)
        return blend

    def _counts(self, interactions: Interactions, name: str) -> dict[str, Scorer]:
        with self._cost(name):
            return {
                "transition": TransitionScorer.fit(interactions),
                "item_to_item": ItemToItemScorer.fit(interactions),
                "popularity": PopularityScorer.fit(interactions),
            }

    def _counted(
        self, name: str, kind: type[PopularityScorer | TransitionScorer], interactions: Interactions
    ) -> Scorer:
        with self._cost(name):
            return kind.fit(interactions)

    def _gru4rec(self) -> SASRecScorer:
        split = self._split
        with self._cost("gru4rec"):
            settings = replace(SASRecSettings(), start="random")
            seed_everything(self._seed)  # the recurrent unit draws its weights from the global generator
            generator = torch.Generator().manual_seed(self._seed)
            model = GRU4Rec(split.train.num_items, settings, generator=generator)
            fit(SASRecTask(model, split.train, held=split.validation), self._trainer, on_epoch=_tell)
        return SASRecScorer(model)

    @contextmanager
    def _cost(self, name: str) -> Iterator[None]:
        with measured() as self.costs[name]:
            yield


def _tell(report: EpochReport) -> None:
    value = "" if report.value is None else f", validation ndcg@10 {report.value:.4f}"
    print(f"  epoch {report.epoch}: {report.seconds:.1f} s, loss {report.loss:.4f}{value}", file=sys.stderr, flush=True)


def quality(ranking: Ranking, split: Split) -> dict[str, float]:
    """recall and ndcg at 5 and 10 of the test items, ranking all items that the user has not met."""
    users = np.flatnonzero(split.test)
    judged = judge(rankings(ranking, users, split.known, max(CUTS)), split.test[users])
    figures = {"recall": recall, "ndcg": ndcg}
    return {f"{name}@{cut}": float(figure(judged, cut).mean()) for cut in CUTS for name, figure in figures.items()}


def main() -> None:
    """Parse the command line, run, print."""
    parser = options(__doc__, seeds="0,1,2")
    parser.add_argument("file", type=Path, help="one line per user: user item item ...; may be gzipped")
    arguments = parser.parse_args()
    split = Split.read(arguments.file, limit=2_000 if arguments.quick else None)
    epochs = 2 if arguments.quick else TrainingSettings().epochs
    contests = {seed: Contest(split, seed=seed, epochs=epochs) for seed in arguments.seeds}

    def row(name: str) -> Row:
        def once(seed: int) -> dict[str, float | None]:
            contest = contests[seed]
            figures = quality(contest.ranking(name), split)
            cost = contest.costs[name]
            return figures | {"fit_s": round(cost.seconds, 2), "peak_mb": cost.peak_mb}

        return over_seeds(name, arguments.seeds, once)

    report = Report("sequence", environment={"data": arguments.file.parent.name, "threads": torch.get_num_threads()})
    for name in chosen(ROWS, arguments.only):
        report.rows.append(row(name))
    report.finish(arguments)


if __name__ == "__main__":
    main()
