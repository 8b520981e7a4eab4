"""What the steps after the score did to one item's place: diversity, and places kept for new items."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from pipeline.explanation import Alike, RerankEvidence
from pipeline.exposure import Placed
from pipeline.ranking import Ranked
from pipeline.state import ServingState
from pipeline.vectors import unit_rows
from store.ids import IndexArray

NAMED = 3
"""Items of each kind that are named."""


def rerank_evidence(
    state: ServingState, ranked: Ranked, position: int, *, chosen: IndexArray, placed: Placed, trial_share: float
) -> RerankEvidence | None:
    """Compare an item's places; None where nothing moved it.

    Args:
        ranked: candidates of one reader.
        position: of the item among them.
        chosen: int64 [k] the list after maximal marginal relevance, positions, -1 where it is shorter.
        placed: the same one with new items in the places kept for them, of one reader.
        trial_share: share of places that are kept.
    """
    order = np.argsort(-ranked.scores[0], kind="stable")
    by_score = _place(order, position)
    diverse, shown = _place(chosen, position), _place(placed.chosen[0], position)
    k = len(chosen)
    if by_score is None or shown == by_score == diverse or (shown is None and diverse is None and by_score > k):
        return None
    listed = chosen[chosen >= 0]
    standing = listed[: diverse - 1 if diverse else None]
    above, behind = order[: by_score - 1], listed[diverse:] if diverse else listed[:0]

    def named(positions: Iterable[int]) -> tuple[int, ...]:
        return tuple(int(ranked.candidates[0, one]) for one in positions)

    item = int(ranked.candidates[0, position])
    passed = [one for one in above if diverse and (one in behind or one not in listed)]
    ahead = [one for one in standing if one not in above]
    trials = placed.on_trial[0][: shown - 1] if shown else placed.on_trial[0]
    return RerankEvidence(
        k=k,
        by_score=by_score,
        diverse=diverse,
        shown=shown,
        diversity=float(state.models.diversity),
        alike=_alike(state, item, np.array(named(standing), dtype=np.int64)),
        before=tuple(state.catalogue.at(one) for one in named(ahead[:NAMED])),
        behind=tuple(state.catalogue.at(one) for one in named(passed[:NAMED])),
        on_trial=bool(shown and placed.on_trial[0, shown - 1]),
        trials_before=int(trials.sum()),
        trial_share=trial_share,
    )


def _place(positions: IndexArray, position: int) -> int | None:
    found = np.flatnonzero(positions == position)
    return int(found[0]) + 1 if len(found) else None


def _alike(state: ServingState, item: int, others: IndexArray) -> tuple[Alike, ...]:
    cosines = unit_rows(state.item_vectors[others]) @ unit_rows(state.item_vectors[[item]])[0]
    closest = np.argsort(-cosines, kind="stable")[:NAMED]
    return tuple(
        Alike(state.catalogue.at(int(others[row])), float(cosines[row])) for row in closest if cosines[row] > 0
    )
