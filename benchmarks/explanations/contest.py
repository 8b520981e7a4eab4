"""All explainers on the users of one seed."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Sequence
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from benchmarks.explanations.cases import Case, Sample
from benchmarks.explanations.explainers import EXPLAINERS
from benchmarks.explanations.measures import CITED, CUT, Chance, figures
from benchmarks.explanations.retraining import retrained_drops
from pipeline.counterfactual import smallest_removal
from pipeline.explain import Explainer
from pipeline.exposure import Placed
from pipeline.models import Models
from pipeline.query import Query
from pipeline.ranking import Ranked, Ranker, RankingSettings, Terms
from pipeline.training import TrainingData, state_of
from rankers.sasrec_attribution import integrated_gradients
from store.ids import IndexArray

SCOPES = ("blend", "lightgcn", "spectral")
RETRAINED = ("ours", "random", "oracle", "shuffled")
_RETRAINED_USERS = 50
PAGE = 10

Values = dict[str, list[float]]


class Contest:
    """Figures by row and metric, one value per user (``retrained`` ones fewer).

    Args:
        models: trained on ``data``.
        users: how many are explained.
        seed: of the users, of the random removals and explainers.
    """

    def __init__(self, data: TrainingData, models: Models, *, users: int, seed: int) -> None:
        self._data, self._models, self._seed = data, models, seed
        self._state = state_of(data, models)
        self._ranker = Ranker(self._state, RankingSettings())
        self._users = Sample.draw(self._state, users, seed=seed).users

    def run(self, rows: Sequence[str]) -> dict[str, Values]:
        """Values of the rows asked for, named as by ``row_name``."""
        results: dict[str, Values] = {}
        for scope in SCOPES:
            names = [name for name in EXPLAINERS if row_name(scope, name) in rows]
            if names:
                results |= self._scope(scope, names)
        if "card" in rows or "page" in rows:
            results |= {name: values for name, values in self._times().items() if name in rows}
        return results

    def _scope(self, scope: str, names: Sequence[str]) -> dict[str, Values]:
        rng = np.random.default_rng(self._seed)
        values: dict[str, Values] = {name: defaultdict(list) for name in names}
        cited: dict[str, dict[int, NDArray[np.int64]]] = {name: {} for name in names}
        cases: list[Case] = []
        for count, user in enumerate(self._users.tolist()):
            case = Case(self._state, self._ranker, scope, user)
            chance = Chance.of(case, rng)
            for name in names:
                started = perf_counter()
                importance = EXPLAINERS[name](case, rng)
                seconds = perf_counter() - started
                for metric, value in (figures(case, importance, chance) | {"explain_s": seconds}).items():
                    values[name][metric].append(value)
                if count < _RETRAINED_USERS:
                    cited[name][user] = np.argsort(-importance, kind="stable")[:CITED]
            if "ours" in names:
                for metric, value in _own_figures(case).items():
                    values["ours"][metric].append(value)
            if count < _RETRAINED_USERS:
                cases.append(case)
            if count % 50 == 49:
                print(f"  {scope}, seed {self._seed}: {count + 1} users", file=sys.stderr, flush=True)
        if scope != "lightgcn":
            for name in names:
                if name in RETRAINED:
                    drops = retrained_drops(self._data, self._models, cases, cited[name])
                    values[name][f"retrained@{CITED}"] = drops.tolist()
        return {row_name(scope, name): dict(one) for name, one in values.items()}

    def _times(self) -> dict[str, Values]:
        """Wall seconds of one card's whole explanation, and of the evidence of a page, without words."""
        explainer = Explainer(self._state, self._ranker)
        allowed, terms = self._state.catalogue.active, Terms()
        times: dict[str, Values] = {"card": {"explain_s": []}, "page": {"explain_s": []}}
        for user in self._users.tolist():
            case = Case(self._state, self._ranker, "blend", user)
            assert case.ranked is not None
            started = perf_counter()
            explainer.explain(
                Query(),
                case.reader,
                case.item,
                allowed=allowed,
                terms=terms,
                full=None,
                place=_unplaced,
                trial_share=0.0,
            )
            times["card"]["explain_s"].append(perf_counter() - started)
            chosen = np.argsort(-case.before, kind="stable")[:PAGE]
            started = perf_counter()
            explainer.evidence.reasons(Query(), case.reader, case.ranked, chosen)
            times["page"]["explain_s"].append(perf_counter() - started)
        return times


def _unplaced(ranked: Ranked, chosen: IndexArray) -> Placed:
    """Lists as the models have them: no item of the benchmark is new."""
    return Placed(chosen, np.zeros(chosen.shape, dtype=np.bool_))


def row_name(scope: str, explainer: str) -> str:
    """The whole blended score has the plain names."""
    return explainer if scope == "blend" else f"{scope}_{explainer}"


def _own_figures(case: Case) -> dict[str, float]:
    """What only our explanation claims: that parts add up, and that a set is the smallest."""
    state, history = case.state, case.history
    score = float(case.before[case.target])
    if case.ranked is not None:
        total = sum(float(part[0, case.target]) for part in case.ranked.contributions.values())
        direction = state.sasrec.item_rows[[case.item]]
        gap = integrated_gradients(state.sasrec, history, direction).gaps[0]
        return {"additivity_error": abs(score - total) / abs(score), "completeness_gap": float(gap)}
    if case.scope == "spectral":
        total = float(state.models.spectral.contributions(history, case.item).sum(dtype=np.float64))
        return {"additivity_error": abs(score - total) / abs(score)}
    split = state.lightgcn.split(case.reader.audience, case.candidates)
    own_share = float(split.own[case.target] / split.scores[case.target])
    error = abs(score - float(split.scores[case.target])) / abs(score)

    def score_without(removed: Sequence[tuple[int, ...]]) -> NDArray[np.float32]:
        gone = np.zeros((len(removed), len(split.history)), dtype=np.bool_)
        for row, positions in enumerate(removed):
            gone[row, list(positions)] = True
        return split.without(gone).astype(np.float32)

    order = np.argsort(-split.by_item[case.target], kind="stable")
    bound = split.fewest_removals(case.target, k=CUT)
    removal = smallest_removal(score_without, case.target, k=CUT, order=order, tries=0, at_least=bound)
    figures = {
        "additivity_error": error,
        "own_term": own_share,
        f"removable@{CUT}": float(removal.positions is not None),
    }
    if removal.positions is not None:
        figures |= {
            f"removal_size@{CUT}": float(len(removal.positions)),
            f"certified@{CUT}": float(removal.is_smallest),
        }
        figures |= {f"removal_excess@{CUT}": len(removal.positions) / max(removal.at_least, 1) - 1.0}
    return figures
