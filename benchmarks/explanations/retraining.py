"""What a score loses when the models are fitted again as if the cited items had never been met."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.explanations.cases import Case
from graph.spectral import SpectralScorer, SpectralSettings
from pipeline.models import Models
from pipeline.ranking import Ranker, RankingSettings
from pipeline.training import TrainingData, state_of
from rankers.item_to_item import ItemToItemScorer
from rankers.popularity import PopularityScorer
from rankers.transition import TransitionScorer
from store.ids import IndexArray
from store.interactions import Audience


def retrained_drops(
    data: TrainingData, models: Models, cases: list[Case], cited: Mapping[int, IndexArray]
) -> NDArray[np.float64]:
    """Relative drop of each case's score.

    What is counted or has a closed form is fitted again (spectral filter, item-to-item, transitions, popularity);
    LightGCN and SASRec keep their weights, and read the history without the cited items.

    Args:
        cases: of one scope, "blend" or "spectral".
        cited: by user, positions in the case's history.
    """
    met, size = models.interactions, models.interactions.num_items + 1
    gone = [case.reader.user * size + case.history[cited[case.reader.user]] for case in cases]
    left = met.where(~np.isin(met.users * size + met.items, np.concatenate(gone)))
    linear, out_power = (float(number) for number in models.spectral.to_arrays()["filter"])
    settings = SpectralSettings(rank=models.spectral.rank, linear=linear, out_power=out_power)
    spectral = SpectralScorer.fit(left, settings)
    if cases[0].scope == "spectral":
        return np.array([_drop(case, cited, spectral.score(*_asked(case, cited))) for case in cases])
    fitted = replace(
        models,
        interactions=left,
        spectral=spectral,
        item_to_item=ItemToItemScorer.fit(left),
        transition=TransitionScorer.fit(left),
        popularity=PopularityScorer.fit(left),
    )
    ranker = Ranker(state_of(data, fitted), RankingSettings())
    return np.array([_drop(case, cited, ranker.score(*_asked(case, cited)).scores) for case in cases])


def _asked(case: Case, cited: Mapping[int, IndexArray]) -> tuple[Audience, IndexArray]:
    history = np.delete(case.history, cited[case.reader.user])
    return Audience.of_history(history, user=case.reader.user), case.candidates[None, :]


def _drop(case: Case, cited: Mapping[int, IndexArray], scores: NDArray[np.float32]) -> float:
    whole = float(case.before[case.target])
    return (whole - float(scores[0, case.target])) / abs(whole)
