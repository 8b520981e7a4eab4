"""Evaluation of a whole catalogue: train without the test items as the service would, then ask everyone."""

from __future__ import annotations

from pathlib import Path

from evaluation.evaluate import EvaluationSettings, Ranker, evaluate, rank_readers
from evaluation.faithfulness import FaithfulnessSettings, faithfulness
from evaluation.protocols import Split, leave_last_out
from evaluation.report import write_report
from evaluation.results import Report, TrainingCurve
from pipeline.contracts import ItemEncoder
from pipeline.ranking import Ranker as PipelineRanker
from pipeline.state import ServingState
from pipeline.training import Fitted, Progress, TrainingData, TrainingSettings, fit_models, state_of
from store.database import Store
from store.ids import IndexArray
from store.interactions import Audience

PIPELINE = "pipeline"


def evaluate_catalogue(
    store: Store,
    encoder: ItemEncoder,
    settings: TrainingSettings,
    out: Path,
    *,
    on_progress: Progress,
    name: str = "catalogue",
) -> Report:
    """Leave-last-out evaluation of the pipeline and each of its parts; writes report.html and report.json.

    Everything is chosen on the item before the last (early stopping, blend, diversity), then fitted again with it, as
    the service does; the last item of each user is looked at once, here.

    Args:
        out: folder of the report; made where it does not exist.
        name: of the data, for the report.

    Raises:
        TrainingError: the data cannot be trained on.
        InputError: no user has enough interactions.
    """
    data = TrainingData.read(store, encoder, on_progress=on_progress)
    split = leave_last_out(data.interactions, minimum=settings.minimum_interactions)
    fitted = fit_models(data.on(split.known), settings, on_progress=on_progress)
    state = state_of(data.on(split.known), fitted.models)
    report = judge(state, fitted, split, settings, name=name, on_progress=on_progress)
    write_report(report, out)
    return report


def judge(
    state: ServingState,
    fitted: Fitted,
    split: Split,
    settings: TrainingSettings,
    *,
    name: str,
    on_progress: Progress,
) -> Report:
    """Ask the pipeline and each scorer alone for the test items of a split, and test the pipeline's explanations."""
    on_progress("Ranking for every reader", 0.0)
    asked = EvaluationSettings(main=PIPELINE)
    ranker = PipelineRanker(state, settings.ranking)
    depth = max(asked.cuts)
    rankers: dict[str, Ranker] = {scorer: _alone(ranker, scorer, state, split, depth) for scorer in state.scorers}
    rankers[PIPELINE] = _together(ranker, state, split, depth)
    rankings, milliseconds = rank_readers(rankers, split.readers)
    on_progress("Ranking for every reader", 1.0)
    on_progress("Testing explanations", 0.0)
    tried = FaithfulnessSettings(seed=settings.seed, history=settings.ranking.history, bootstrap=asked.bootstrap)
    faithful = faithfulness(state, ranker, split.known, split.readers, tried)
    on_progress("Testing explanations", 1.0)
    return evaluate(
        rankings,
        split,
        data_name=name,
        seed=settings.seed,
        item_vectors=state.item_vectors,
        milliseconds=milliseconds,
        training=[
            TrainingCurve(
                name=model,
                loss=tuple(epoch.loss for epoch in curve.history),
                value=tuple(epoch.value for epoch in curve.history),
                best_epoch=curve.best_epoch,
            )
            for model, curve in fitted.curves.items()
        ],
        faithfulness=faithful,
        settings=asked,
    )


def _alone(ranker: PipelineRanker, scorer: str, state: ServingState, split: Split, depth: int) -> Ranker:
    def rank(users: IndexArray) -> IndexArray:
        audience = Audience.of_users(users, split.known)
        return ranker.alone(
            scorer, audience, k=depth, allowed=state.catalogue.active, excluded=list(audience.histories)
        )

    return rank


def _together(ranker: PipelineRanker, state: ServingState, split: Split, depth: int) -> Ranker:
    def rank(users: IndexArray) -> IndexArray:
        audience = Audience.of_users(users, split.known)
        return ranker.top(audience, k=depth, allowed=state.catalogue.active, excluded=list(audience.histories))

    return rank
