"""Are explanations true? What a score loses without the items that its explanation cites, against random ones.

Comprehensiveness is the relative drop of a reader's best score once the cited history items are out, by the whole
pipeline over the same candidates; chance is the mean drop of random removals of the same size. Where the citation says
nothing, their ratio is 1. Additivity: the channels that an explanation shows have to sum to the score.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from evaluation.intervals import BootstrapSettings, mean_interval, ratio_interval
from evaluation.results import Faithfulness, Removal
from pipeline.attribution import attribution
from pipeline.counterfactual import FrozenPool
from pipeline.ranking import Ranker
from pipeline.reader import Reader
from pipeline.state import ServingState
from store.errors import InputError
from store.ids import IndexArray
from store.interactions import Interactions


@dataclass(frozen=True)
class FaithfulnessSettings:
    """What is tried.

    Attributes:
        readers: at most so many, drawn at random.
        cited: history items that an explanation cites, the strongest ones.
        removals: random removals of as many items for each reader.
        history: newest history items that the models read.
        least: items of a history at least; more than ``cited``.
        seed: of the draws.
        bootstrap: how intervals are made.
    """

    readers: int = 200
    cited: int = 3
    removals: int = 20
    history: int = 1_000
    least: int = 10
    seed: int = 0
    bootstrap: BootstrapSettings = field(default_factory=BootstrapSettings)

    def __post_init__(self) -> None:
        for name in ("readers", "cited", "removals", "history"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}, below 1", fix="Use a positive number.")
        if self.least <= self.cited:
            raise InputError(
                f"least is {self.least}, not above the {self.cited} cited", fix="Leave something of each history."
            )


def faithfulness(
    state: ServingState, ranker: Ranker, known: Interactions, readers: IndexArray, settings: FaithfulnessSettings
) -> Faithfulness | None:
    """Measure explanations of the best unmet items of a sample of readers.

    Args:
        known: what histories hold.
        readers: int64 [Q] to draw from.

    Returns:
        None where no reader has enough history and something to recommend.
    """
    rng = np.random.default_rng(settings.seed)
    found = list(_tried(state, ranker, known, rng.permutation(readers), settings, rng))
    if not found:
        return None
    cited, chance = (np.array([getattr(one, name) for one, _ in found]) for name in ("cited", "chance"))
    by_chance = mean_interval(chance, settings.bootstrap)
    return Faithfulness(
        readers=len(found),
        cited=settings.cited,
        removals=settings.removals,
        comprehensiveness=mean_interval(cited, settings.bootstrap),
        chance=by_chance,
        ratio=ratio_interval(cited, chance, settings.bootstrap) if by_chance.low > 0 else None,
        above_chance=float((cited > chance).mean()),
        additivity_error=max(error for _, error in found),
        drops=tuple(one for one, _ in found),
    )


def _tried(
    state: ServingState,
    ranker: Ranker,
    known: Interactions,
    users: IndexArray,
    settings: FaithfulnessSettings,
    rng: np.random.Generator,
) -> Iterator[tuple[Removal, float]]:
    """For each reader what removals cost, and how far the channels miss the score, relative."""
    count = 0
    for user in users.tolist():
        reader = _reader(known, user, settings)
        if count == settings.readers:
            return
        if len(reader.history) < settings.least:
            continue
        ranked = ranker.rank(reader.audience, allowed=state.catalogue.active, excluded=[reader.history])
        if not ranked.candidates.size:
            continue
        best = int(np.argmax(ranked.scores[0]))
        parts = attribution(state, ranked, reader, np.array([best])).by_item[0]
        order = np.argsort(-parts, kind="stable")
        sets = [order[: settings.cited]]
        sets += [rng.permutation(len(order))[: settings.cited] for _ in range(settings.removals)]
        scores = FrozenPool(ranker, reader, ranked).without([(), *sets])[:, best].astype(np.float64)
        drops = (scores[0] - scores[1:]) / abs(scores[0])
        total = sum(float(channel[0, best]) for channel in ranked.contributions.values())
        score = float(ranked.scores[0, best])
        yield Removal(cited=float(drops[0]), chance=float(drops[1:].mean())), abs(score - total) / abs(score)
        count += 1


def _reader(known: Interactions, user: int, settings: FaithfulnessSettings) -> Reader:
    """A reader with each item once, where it was met last."""
    history = known.history(user)[-settings.history :]
    last = len(history) - 1 - np.unique(history[::-1], return_index=True)[1]
    return Reader(user, history[np.sort(last)], np.zeros(0, dtype=np.int64), frozenset(), {})
