"""Quality and cost of the graph scorers on a split into train and test, by full ranking.

    python -m benchmarks.graph ../shared/data/gowalla           a table
    python -m benchmarks.graph ../shared/data/gowalla --json    one JSON object

The folder holds ``train.txt`` and ``test.txt`` (or .gz), one line per user: ``user item item ...``. Rows:
``popularity``, ``item_knn`` (cosine with shrinkage), ``ease`` (Steck 2019), ``lightgcn``, ``closed_form`` (the spectral
filter) and ``channel``: the last two as they ship, their blend learned on validation.

Everything is chosen on one item per user held out of train at random (seeded): the epochs of LightGCN, the filter, the
blend. With that fixed all is fitted again on the whole of train, and test is looked at once. ``fit_s`` is the time of
both; ``refit_s`` the part of the second.
"""

from __future__ import annotations

import gzip
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.linalg import get_lapack_funcs

from benchmarks.harness import Report, chosen, measured, options, over_seeds
from evaluation.metrics import judge, ndcg, recall
from graph.bipartite import BipartiteGraph
from graph.lightgcn import LightGCN, LightGCNSettings
from graph.scorer import LightGCNScorer
from graph.spectral import SpectralScorer, SpectralSettings, choose_spectral
from graph.training import LightGCNTask
from pipeline.contracts import Scorer
from rankers.blend import Blend
from rankers.item_to_item import ItemToItemScorer, ItemToItemSettings
from rankers.popularity import PopularityScorer
from rankers.trainer import EpochReport, TrainerSettings, fit, seed_everything
from store.ids import IndexArray
from store.interactions import Audience, Interactions

CUT = 20
_ROWS_AT_ONCE = 512
_BLEND_READERS, _BLEND_CANDIDATES = 6_000, 200


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
        num_users = max(max(users, default=0) for users in (train, test)) + 1
        num_items = (
            max(max((max(items, default=0) for items in part.values()), default=0) for part in (train, test)) + 1
        )
        users = np.repeat(np.fromiter(train, np.int64), [len(items) for items in train.values()]) + 1
        items = np.concatenate([np.array(items, dtype=np.int64) for items in train.values()]) + 1
        times = np.zeros(len(users), dtype=np.int64)
        interactions = Interactions.build(users, items, times, num_users=num_users, num_items=num_items)
        remaining, held = _one_out(interactions, seed)
        relevant = tuple(np.array(test.get(user - 1, []), dtype=np.int64) + 1 for user in range(num_users + 1))
        return cls(interactions, remaining, held, relevant)


def _read(folder: Path, name: str, limit: int | None) -> dict[int, list[int]]:
    path = next((path for path in (folder / f"{name}.txt.gz", folder / f"{name}.txt") if path.exists()), None)
    if path is None:
        sys.exit(f"{folder} holds neither {name}.txt nor {name}.txt.gz")
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        rows = ([int(part) for part in line.split()] for line in file if line.strip())
        if limit is None:
            return {row[0]: row[1:] for row in rows}
        return {row[0]: [item for item in row[1:] if item < 2 * limit] for row in rows if row[0] < limit}


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


def quality(scorer: Callable[[Audience], np.ndarray], split: Split) -> dict[str, float]:
    """recall@20 and ndcg@20 over all users with test items, ranking all items that they have not met in train."""
    users = np.array([user for user, items in enumerate(split.test) if len(items)], dtype=np.int64)
    ranked = []
    for start in range(0, len(users), _ROWS_AT_ONCE):
        audience = Audience.of_users(users[start : start + _ROWS_AT_ONCE], split.train)
        ranked.append(_top(scorer(audience), audience, CUT)[0])
    judged = judge(np.concatenate(ranked), [split.test[user] for user in users])
    return {f"recall@{CUT}": float(recall(judged, CUT).mean()), f"ndcg@{CUT}": float(ndcg(judged, CUT).mean())}


def _top(scores: np.ndarray, audience: Audience, count: int) -> tuple[IndexArray, np.ndarray]:
    """The best unmet items of each reader, int64 [B, count], and their scores."""
    met = audience.matrix(scores.shape[1] - 1).tocoo()
    scores[met.row, met.col] = -np.inf
    best = torch.topk(torch.from_numpy(scores), count, dim=1)
    return best.indices.numpy(), best.values.numpy()


# ---------------------------------------------------------------------- contenders


def popularity(split: Split) -> Callable[[Audience], np.ndarray]:
    """Readers per item."""
    return PopularityScorer.fit(split.train).score


def item_knn(split: Split) -> Callable[[Audience], np.ndarray]:
    """Cosine with shrinkage; the whole history counts alike, for it has no order."""
    return ItemToItemScorer.fit(split.train, ItemToItemSettings(decay=1.0, recent=1_000)).score


EASE_L2 = 500.0
"""Not chosen here: one fit inverts a matrix of N x N."""


def ease(split: Split) -> Callable[[Audience], np.ndarray]:
    """B = I - P / diag(P), P = (X^T X + l2 I)^-1 (Steck 2019, "Embarrassingly Shallow Autoencoders", eq. 8)."""
    gram = (split.train.matrix.T @ split.train.matrix).toarray(order="F")
    diagonal = np.arange(len(gram))
    gram[diagonal, diagonal] += EASE_L2
    # In place, on one triangle: a second copy of N x N would not fit for large catalogues.
    factorise, invert = get_lapack_funcs(("potrf", "potri"), (gram,))
    factor, info = factorise(gram, lower=1, clean=1, overwrite_a=1)
    if info:
        sys.exit(f"EASE: the Gram matrix of {len(gram) - 1} items is not positive definite")
    inverse, _ = invert(factor, lower=1, overwrite_c=1)
    for start in range(0, len(inverse), 2_048):
        block = slice(start, start + 2_048)
        inverse[block, start:] = inverse[start:, block].T
    inverse /= -np.diag(inverse)[None, :].copy()
    inverse[diagonal, diagonal] = 0.0
    return lambda audience: _without_padding((inverse.T @ audience.matrix(len(inverse) - 1).T).T)


def _without_padding(scores: np.ndarray) -> np.ndarray:
    scores = np.array(scores, dtype=np.float32)
    scores[:, 0] = -np.inf
    return scores


@dataclass(frozen=True)
class Chosen:
    """A scorer fitted without the validation items, and how to fit it on all of train with what they chose."""

    scorer: Scorer
    again: Callable[[], Scorer]


def choose_lightgcn(split: Split, seed: int, epochs: int) -> Chosen:
    """LightGCN with early stopping; fitted again for as many epochs."""

    def train(interactions: Interactions, settings: TrainerSettings, held: IndexArray | None) -> tuple[Scorer, int]:
        seed_everything(seed)
        model = LightGCN(BipartiteGraph(interactions), LightGCNSettings())
        result = fit(LightGCNTask(model, interactions, held=held), settings, on_epoch=_tell)
        return LightGCNScorer.from_model(model), result.best_epoch

    scorer, best = train(split.remaining, TrainerSettings(max_epochs=epochs, seed=seed), split.held)
    return Chosen(scorer, lambda: train(split.train, TrainerSettings(epochs=best, seed=seed), None)[0])


def _tell(report: EpochReport) -> None:
    value = "" if report.value is None else f", validation ndcg@10 {report.value:.4f}"
    print(f"  epoch {report.epoch}: {report.seconds:.0f} s, loss {report.loss:.4f}{value}", file=sys.stderr, flush=True)


def choose_closed_form(split: Split, seed: int) -> Chosen:
    """The spectral filter that ranks the validation items best."""
    scorer, choice = choose_spectral(split.remaining, split.held, settings=SpectralSettings(seed=seed))
    print(f"  {choice.settings}: validation ndcg@10 {choice.value:.4f}", file=sys.stderr, flush=True)
    return Chosen(scorer, lambda: SpectralScorer.fit(split.train, choice.settings))


def learn_channel(split: Split, parts: dict[str, Chosen]) -> Blend:
    """The blend of the parts, as the pipeline learns it: on the candidates that each of them recalls."""
    readers = np.flatnonzero(split.held)
    readers = readers[:: -(-len(readers) // _BLEND_READERS)]
    audience, targets = Audience.of_users(readers, split.remaining), split.held[readers]
    candidates, raw = _recalled(audience, [part.scorer for part in parts.values()], targets)
    mask = candidates > 0
    position = (candidates == targets[:, None]).argmax(axis=1)
    lengths = np.array([len(history) for history in audience.histories])
    return Blend.fit(np.where(mask[:, :, None], raw, np.nan), mask, position, lengths, list(parts))


def _recalled(
    audience: Audience, scorers: list[Scorer], targets: IndexArray | None = None
) -> tuple[IndexArray, np.ndarray]:
    """Candidates [B, C] that any scorer recalls, 0-padded, and all scores of them [B, C, S]."""
    found: list[IndexArray] = []
    raws: list[np.ndarray] = []
    for start in range(0, len(audience), _ROWS_AT_ONCE):
        part = audience.rows(start, start + _ROWS_AT_ONCE)
        scores = [scorer.score(part) for scorer in scorers]
        tops = [_top(each.copy(), part, _BLEND_CANDIDATES)[0] for each in scores]
        if targets is not None:
            tops.append(targets[start : start + len(part), None])
        merged = np.sort(np.concatenate(tops, axis=1), axis=1)
        merged[:, 1:][merged[:, 1:] == merged[:, :-1]] = 0
        found.append(merged)
        raws.append(np.stack([np.take_along_axis(each, merged, axis=1) for each in scores], axis=2))
    return np.concatenate(found), np.concatenate(raws)


def blended(blend: Blend, scorers: list[Scorer], num_items: int) -> Callable[[Audience], np.ndarray]:
    """Scores of all items: those of the blend for what its scorers recall, -inf for the rest."""

    def score(audience: Audience) -> np.ndarray:
        candidates, raw = _recalled(audience, scorers)
        mask = candidates > 0
        lengths = np.array([len(history) for history in audience.histories])
        values = blend.blend(np.where(mask[:, :, None], raw, np.nan), mask, lengths).scores
        scores = np.full((len(audience), num_items + 1), -np.inf, dtype=np.float32)
        rows = np.broadcast_to(np.arange(len(audience))[:, None], candidates.shape)
        scores[rows[mask], candidates[mask]] = values[mask]
        return scores

    return score


# ---------------------------------------------------------------------- rows

PLAIN = {"popularity": popularity, "item_knn": item_knn, "ease": ease}
LEARNED = ("lightgcn", "closed_form")
ROWS = (*PLAIN, *LEARNED, "channel")


def run(folder: Path, name: str, seed: int, *, quick: bool) -> dict[str, float | None]:
    """One contender, once."""
    split = Split.read(folder, seed=seed, limit=1_000 if quick else None)
    epochs = 2 if quick else TrainerSettings().max_epochs
    with measured() as cost:
        if name in PLAIN:
            scorer = PLAIN[name](split)
            chosen_at = 0.0
        else:
            scorer, chosen_at = _fit_learned(name, split, seed, epochs)
    with measured() as ranking:
        figures = quality(scorer, split)
    return figures | {
        "fit_s": round(cost.seconds, 2),
        "refit_s": round(cost.seconds - chosen_at, 2),
        "rank_s": round(ranking.seconds, 2),
        "peak_mb": cost.peak_mb,
    }


def _fit_learned(name: str, split: Split, seed: int, epochs: int) -> tuple[Callable[[Audience], np.ndarray], float]:
    """The scorer, and the seconds after which all that validation chooses was chosen."""
    with measured() as choosing:
        parts: dict[str, Chosen] = {}
        if name in ("lightgcn", "channel"):
            parts["lightgcn"] = choose_lightgcn(split, seed, epochs)
        if name in ("closed_form", "channel"):
            parts["closed_form"] = choose_closed_form(split, seed)
        blend = learn_channel(split, parts) if name == "channel" else None
    final = [part.again() for part in parts.values()]
    scorer = final[0].score if blend is None else blended(blend, final, split.train.num_items)
    return scorer, choosing.seconds


def main() -> None:
    """Parse the command line, run, print."""
    parser = options(__doc__)
    parser.add_argument("folder", type=Path, help="folder with train.txt and test.txt, or .gz")
    arguments = parser.parse_args()
    report = Report("graph", environment={"data": arguments.folder.name, "threads": torch.get_num_threads()})
    for name in chosen(ROWS, arguments.only):
        row = over_seeds(
            name,
            arguments.seeds,
            lambda seed, name=name: run(arguments.folder, name, seed, quick=arguments.quick),
        )
        report.rows.append(row)
    report.finish(arguments)


if __name__ == "__main__":
    main()
