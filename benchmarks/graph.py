"""Quality and cost of the graph scorers on a split into train and test, by full ranking.

    python -m benchmarks.graph ../shared/data/gowalla           a table
    python -m benchmarks.graph ../shared/data/gowalla --json    one JSON object

The folder holds ``train.txt`` and ``test.txt`` (or .gz), one line per user: ``user item item ...``. Rows:
``popularity``, ``item_knn`` (cosine with shrinkage), ``ease`` (Steck 2019), ``lightgcn``, ``closed_form`` (the spectral
filter) and ``channel``: the last two as they ship, their blend learned on validation.

Everything is chosen on one item per user held out of train at random (seeded): the epochs of LightGCN, the filter, the
blend. With that fixed all is fitted again on the whole of train, and test is looked at once. ``fit_s`` is the time of
both, ``refit_s`` that of the second; the channel's holds its parts'.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from benchmarks.ease import ease as fit_ease
from benchmarks.full_ranking import Ranking, blended, learn_blend, rankings
from benchmarks.harness import Cost, Report, chosen, measured, options, over_seeds
from benchmarks.lists import as_interactions, read_lists
from evaluation.metrics import judge, ndcg, recall
from graph.bipartite import BipartiteGraph
from graph.lightgcn import LightGCN, LightGCNSettings
from graph.scorer import LightGCNScorer
from graph.spectral import SpectralScorer, SpectralSettings, choose_spectral
from graph.training import LightGCNTask
from pipeline.contracts import Scorer
from pipeline.training_settings import TrainingSettings
from rankers.generators import seed_everything
from rankers.item_to_item import ItemToItemScorer, ItemToItemSettings
from rankers.popularity import PopularityScorer
from rankers.trainer import TrainerSettings, fit
from rankers.training_state import EpochReport
from store.ids import IndexArray
from store.interactions import Interactions

CUT = 20


@dataclass(frozen=True)
class Split:
    """Train and test of the benchmark, and train without one item per user that is held out for validation.

    Attributes:
        held: int64 [U+1], 0 where a user has too few interactions to give one up.
        test: items by user, U+1 arrays.
    """

    train: Interactions
    remaining: Interactions
    held: IndexArray
    test: tuple[IndexArray, ...]

    @classmethod
    def read(cls, folder: Path, *, seed: int, limit: int | None = None) -> Split:
        """Read a folder; ``limit`` keeps as many users and twice as many items."""
        train, test = (_read(folder, name, limit) for name in ("train", "test"))
        num_users = max(*train, *test) + 1
        num_items = int(max(items.max(initial=0) for part in (train, test) for items in part.values()))
        nothing = np.zeros(0, dtype=np.int64)
        interactions = as_interactions([train.get(user, nothing) for user in range(num_users)], num_items=num_items)
        remaining, held = _one_out(interactions, seed)
        relevant = tuple(test.get(user - 1, nothing) for user in range(num_users + 1))
        return cls(interactions, remaining, held, relevant)


def _read(folder: Path, name: str, limit: int | None) -> dict[int, IndexArray]:
    """Items by user of one file, which numbers users from 0."""
    path = next((path for path in (folder / f"{name}.txt.gz", folder / f"{name}.txt") if path.exists()), None)
    if path is None:
        sys.exit(f"{folder} holds neither {name}.txt nor {name}.txt.gz")
    lists = dict(read_lists(path, first=0))
    if limit is None:
        return lists
    return {user: items[items <= 2 * limit] for user, items in lists.items() if user < limit}


def _one_out(interactions: Interactions, seed: int) -> tuple[Interactions, IndexArray]:
    """One item of every user who has three, at random: these files have no order in time."""
    rng = np.random.default_rng(seed)
    order = np.lexsort((rng.random(len(interactions)), interactions.users))
    shuffled = Interactions(
        interactions.users[order],
        interactions.items[order],
        interactions.times[order],
        interactions.num_users,
        interactions.num_items,
    )
    return shuffled.leave_last_out()


def quality(ranking: Ranking, split: Split) -> dict[str, float]:
    """recall@20 and ndcg@20 over all users with test items, ranking all items that they have not met in train."""
    users = np.array([user for user, items in enumerate(split.test) if len(items)], dtype=np.int64)
    judged = judge(rankings(ranking, users, split.train, CUT), [split.test[user] for user in users])
    return {f"recall@{CUT}": float(recall(judged, CUT).mean()), f"ndcg@{CUT}": float(ndcg(judged, CUT).mean())}


# ---------------------------------------------------------------------- contenders


def popularity(split: Split) -> Ranking:
    """Readers per item."""
    return PopularityScorer.fit(split.train).score


def item_knn(split: Split) -> Ranking:
    """Cosine with shrinkage; the whole history counts alike, for it has no order."""
    return ItemToItemScorer.fit(split.train, ItemToItemSettings(decay=1.0, recent=1_000)).score


EASE_L2 = 500.0
"""Not chosen here: one fit inverts a matrix of N x N."""


def ease(split: Split) -> Ranking:
    """EASE on train, in float32: half the memory."""
    return fit_ease(split.train, l2=EASE_L2, precision=np.float32)


@dataclass(frozen=True)
class Part:
    """A scorer fitted without the validation items, the same fitted on all of train, and what each cost."""

    chosen: Scorer
    final: Scorer
    choosing: Cost
    fitting: Cost


class Contest:
    """All contenders on one split with one seed; the parts of the channel are fitted once.

    Args:
        split: train, validation and test.
        seed: of everything random.
        epochs: limit of LightGCN's.
    """

    def __init__(self, split: Split, *, seed: int, epochs: int) -> None:
        self._split = split
        self._seed = seed
        self._settings = TrainerSettings(max_epochs=epochs, patience=TrainingSettings().patience, seed=seed)

    def row(self, name: str) -> dict[str, float | None]:
        """Quality and cost of one contender."""
        if name in PLAIN:
            with measured() as cost:
                ranking = PLAIN[name](self._split)
            return self._figures(ranking, [cost], fitting=cost.seconds)
        parts = {part: getattr(self, part) for part in ROW_PARTS[name]}
        costs = [cost for part in parts.values() for cost in (part.choosing, part.fitting)]
        final = {part: fitted.final for part, fitted in parts.items()}
        fitting = sum(part.fitting.seconds for part in parts.values())
        if len(parts) == 1:
            return self._figures(final[name].score, costs, fitting=fitting)
        with measured() as cost:
            chosen = {part: fitted.chosen for part, fitted in parts.items()}
            blend = learn_blend(self._split.remaining, self._split.held, chosen)
        print(f"  {blend.report}", file=sys.stderr, flush=True)
        ranking = blended(blend, final, self._split.train.num_items)
        return self._figures(ranking, [*costs, cost], fitting=fitting)

    def _figures(self, ranking: Ranking, costs: list[Cost], *, fitting: float) -> dict[str, float | None]:
        with measured() as cost:
            figures = quality(ranking, self._split)
        peaks = [cost.peak_mb for cost in costs if cost.peak_mb is not None]
        return figures | {
            "fit_s": round(sum(cost.seconds for cost in costs), 2),
            "refit_s": round(fitting, 2),
            "rank_s": round(cost.seconds, 2),
            "peak_mb": max(peaks) if peaks else None,
        }

    @cached_property
    def lightgcn(self) -> Part:
        """LightGCN with early stopping; fitted again for as many epochs."""
        with measured() as choosing:
            chosen, epochs = fit_lightgcn(self._split.remaining, self._settings, self._split.held)
        with measured() as fitting:
            final, _ = fit_lightgcn(self._split.train, replace(self._settings, epochs=epochs), None)
        return Part(chosen, final, choosing, fitting)

    @cached_property
    def closed_form(self) -> Part:
        """The spectral filter that ranks the validation items best."""
        with measured() as choosing:
            settings = SpectralSettings(seed=self._seed)
            chosen, choice = choose_spectral(self._split.remaining, self._split.held, settings=settings)
        print(f"  {choice.settings}: validation ndcg@10 {choice.value:.4f}", file=sys.stderr, flush=True)
        with measured() as fitting:
            final = SpectralScorer.fit(self._split.train, choice.settings)
        return Part(chosen, final, choosing, fitting)


def fit_lightgcn(
    interactions: Interactions, settings: TrainerSettings, held: IndexArray | None
) -> tuple[LightGCNScorer, int]:
    """LightGCN as it ships, and its best epoch; with None held out it trains for the epochs of the settings."""
    seed_everything(settings.seed)
    model = LightGCN(BipartiteGraph(interactions), LightGCNSettings())
    result = fit(LightGCNTask(model, interactions, held=held), settings, on_epoch=_tell)
    return LightGCNScorer.from_model(model), result.best_epoch


def _tell(report: EpochReport) -> None:
    value = "" if report.value is None else f", validation ndcg@10 {report.value:.4f}"
    print(f"  epoch {report.epoch}: {report.seconds:.0f} s, loss {report.loss:.4f}{value}", file=sys.stderr, flush=True)


PLAIN = {"popularity": popularity, "item_knn": item_knn, "ease": ease}
ROW_PARTS = {"lightgcn": ("lightgcn",), "closed_form": ("closed_form",), "channel": ("lightgcn", "closed_form")}
ROWS = (*PLAIN, *ROW_PARTS)


def main() -> None:
    """Parse the command line, run, print."""
    parser = options(__doc__)
    parser.add_argument("--epochs", type=int, help="limit of LightGCN's; the product's by default")
    parser.add_argument("folder", type=Path, help="folder with train.txt and test.txt, or .gz")
    arguments = parser.parse_args()
    epochs = 2 if arguments.quick else arguments.epochs or TrainingSettings().epochs
    contests = {
        seed: Contest(
            Split.read(arguments.folder, seed=seed, limit=1_000 if arguments.quick else None), seed=seed, epochs=epochs
        )
        for seed in arguments.seeds
    }
    report = Report("graph", environment={"data": arguments.folder.name, "threads": torch.get_num_threads()})
    for name in chosen(ROWS, arguments.only):
        report.rows.append(over_seeds(name, arguments.seeds, lambda seed, name=name: contests[seed].row(name)))
    report.finish(arguments)


if __name__ == "__main__":
    main()
