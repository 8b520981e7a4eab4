"""Faithfulness of an order of history items, measured on scores and on places, with the models as they are.

The definitions of POS-P, NEG-P and PN-S are those of CFExpRec ("From Top-1 to Top-K: A Reproducibility Study and
Benchmarking of Counterfactual Explanations for Recommender Systems", SIGIR 2026; github.com/L2R-UET/CFExpRec,
src/metrics/exp_metrics.py at 79358f2, item level). The history is cut into T = 10 parts of nearly equal size, the first
ones larger by one where it does not divide. Step t = 1..T removes the t most important parts (POS-P) or the t least
important ones (NEG-P); the figure is the mean over the steps of [the item is still among the K best]. PN-S is
[the item is not among the K best once the explanation is removed]. Lower POS-P, higher NEG-P and PN-S are better. They
take K = 3 and 5, leave items of importance 0 out of the curves, and take as explanation a set of any size that the
explainer chooses; here K = 10, the curves run over the whole history, and the explanation is the ``CITED`` most
important items for every explainer.

``pos_auc`` and ``neg_auc`` are the same curves of scores: the mean over the steps of score / score with the whole
history. On frozen embeddings places hardly move for the first items, scores do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

from benchmarks.explanations.cases import Case
from pipeline.contracts import Scores
from pipeline.counterfactual import pool_rank
from store.ids import IndexArray

CITED = 3
RANDOM_REMOVALS = 20
STEPS = 10
CUT = 10


Sets = Sequence[IndexArray]


def random_removals(case: Case, rng: np.random.Generator) -> list[IndexArray]:
    """Sets of ``CITED`` random positions, the same for all explainers of a case."""
    return [rng.permutation(len(case.history))[:CITED] for _ in range(RANDOM_REMOVALS)]


def figures(case: Case, importances: Mapping[str, NDArray[np.float64]], randoms: Sets) -> dict[str, dict[str, float]]:
    """All figures of several explanations of one case, by explainer. What they remove is scored together.

    Args:
        importances: by explainer, a number for every history item.
        randoms: of ``random_removals``.

    Returns:
        ``comprehensiveness@3``: relative drop of the score without the cited items; ``chance@3``: mean of that of the
        random removals; ``above_random@3``: 1 where the first is the larger; ``sufficiency@3``: relative drop with the
        cited items alone, the less the better; curves and PN-S as above.
    """
    removed = [_removals(importance) for importance in importances.values()]
    scores = _scores_without(case, [*randoms, *chain.from_iterable(removed)])
    whole = float(case.before[case.target])
    chance = float(((whole - scores[: len(randoms), case.target].astype(np.float64)) / abs(whole)).mean())
    ends = np.cumsum([len(randoms), *(len(sets) for sets in removed)])
    return {
        name: _figures_of(scores[start:end], case.target, whole, chance)
        for name, (start, end) in zip(importances, pairwise(ends), strict=True)
    }


def strongest(importance: NDArray[np.float64]) -> IndexArray:
    """Positions of the cited items."""
    return _order(importance)[:CITED]


def _order(importance: NDArray[np.float64]) -> IndexArray:
    return np.argsort(-importance, kind="stable")


def _removals(importance: NDArray[np.float64]) -> list[IndexArray]:
    """What is taken out: the cited items, all others, the steps of the POS curves, those of the NEG curves."""
    order = _order(importance)
    sizes = np.cumsum(step_sizes(len(order)))
    return [order[:CITED], order[CITED:], *(order[:size] for size in sizes), *(order[-size:] for size in sizes)]


def _figures_of(scores: Scores, target: int, whole: float, chance: float) -> dict[str, float]:
    """Figures of one explanation: scores [2 + 2 ``STEPS``, C] as of ``_removals``."""
    own, ranks = scores[:, target], pool_rank(scores, target)
    drop = (whole - own[0]) / abs(whole)
    curve, places = own[2:] / whole, ranks[2:] <= CUT
    return {
        f"comprehensiveness@{CITED}": float(drop),
        f"chance@{CITED}": chance,
        f"above_random@{CITED}": float(drop > chance),
        f"sufficiency@{CITED}": float((whole - own[1]) / abs(whole)),
        f"pos_auc@{STEPS}": float(curve[:STEPS].mean()),
        f"neg_auc@{STEPS}": float(curve[STEPS:].mean()),
        f"pos_p@{CUT}": float(places[:STEPS].mean()),
        f"neg_p@{CUT}": float(places[STEPS:].mean()),
        f"pn_s@{CUT}": float(ranks[0] > CUT),
    }


def step_sizes(count: int) -> IndexArray:
    """Items that each of ``STEPS`` steps removes of ``count``, the larger parts first."""
    sizes = np.full(STEPS, count // STEPS, dtype=np.int64)
    sizes[: count % STEPS] += 1
    return sizes


def _scores_without(case: Case, removed: Sets) -> Scores:
    """``Case.without``, where sets repeat: what explainers agree on is scored once."""
    keys = [np.sort(one).tobytes() for one in removed]
    distinct = dict(zip(keys, removed, strict=True))
    row = {key: place for place, key in enumerate(distinct)}
    return case.without(list(distinct.values()))[[row[key] for key in keys]]
