"""All explainers on the users of one seed."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.explanations.cases import Case, Sample
from benchmarks.explanations.explainers import EXPLAINERS, Importance
from benchmarks.explanations.measures import CITED, CUT, figures, random_removals, strongest
from benchmarks.explanations.retraining import retrained_drops
from benchmarks.harness import Cost, measured
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
PAGE = 10

Values = dict[str, list[float]]


class Contest:
    """Figures by row and metric, one value per user (``retrained`` ones fewer).

    Args:
        models: trained on ``data``.
        users: how many are explained.
        retrained: of them, those for whom models are fitted again.
        seed: of the users, of the random removals and explainers.
    """

    def __init__(self, data: TrainingData, models: Models, *, users: int, retrained: int, seed: int) -> None:
        self._data, self._models, self._seed, self._retrained = data, models, seed, retrained
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
        again: list[tuple[Case, dict[str, Importance]]] = []
        for count, user in enumerate(self._users.tolist()):
            case = Case(self._state, self._ranker, scope, user)
            randoms = random_removals(case, rng)
            importances: dict[str, Importance] = {}
            for name in names:
                with measured() as cost:
                    importances[name] = EXPLAINERS[name](case, rng)
                _add_cost(values[name], cost)
            found = figures(case, importances, randoms)
            if "ours" in names:
                found["ours"] |= _own_figures(case)
            for name in names:
                for metric, value in found[name].items():
                    values[name][metric].append(value)
            if count < self._retrained:
                again.append((case, importances))
            if count % 50 == 49:
                print(f"  {scope}, seed {self._seed}: {count + 1} users", file=sys.stderr, flush=True)
        if scope != "lightgcn":
            for name in set(names).intersection(RETRAINED):
                values[name][f"retrained@{CITED}"] = self._retrained_drops(again, name)
        return {row_name(scope, name): dict(one) for name, one in values.items()}

    def _retrained_drops(self, again: Sequence[tuple[Case, dict[str, Importance]]], name: str) -> list[float]:
        cited = {case.reader.user: strongest(importances[name]) for case, importances in again}
        return retrained_drops(self._data, self._models, [case for case, _ in again], cited).tolist()

    def _times(self) -> dict[str, Values]:
        """What one card's whole explanation costs, and the evidence of a page, without words."""
        explainer = Explainer(self._state, self._ranker)
        allowed, terms = self._state.catalogue.active, Terms()
        times: dict[str, Values] = {"card": defaultdict(list), "page": defaultdict(list)}
        for user in self._users.tolist():
            case = Case(self._state, self._ranker, "blend", user)
            assert case.ranked is not None
            with measured() as cost:
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
            _add_cost(times["card"], cost)
            chosen = np.argsort(-case.before, kind="stable")[:PAGE]
            with measured() as cost:
                explainer.evidence.reasons(Query(), case.reader, case.ranked, chosen)
            _add_cost(times["page"], cost)
        return times


def _add_cost(values: Values, cost: Cost) -> None:
    values["explain_s"].append(cost.seconds)
    values["explain_cpu_s"].append(cost.cpu_seconds)


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
        total = float(state.models.spectral.contributions(history, np.array([case.item])).sum(dtype=np.float64))
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
