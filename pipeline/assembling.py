"""From ranked candidates to an answer: the chosen items with their provenance and reasons, and notes on the list."""

from __future__ import annotations

import numpy as np

from pipeline.catalogue import Mask
from pipeline.evidence import Evidence, channel_scores
from pipeline.exposure import Placed
from pipeline.query import MAX_K, Query, Reason, Recommendation
from pipeline.ranking import Ranked
from pipeline.reader import Reader
from pipeline.state import ServingState
from store.errors import InputError
from store.ids import IndexArray

NOTHING = np.zeros(0, dtype=np.int64)
"""No items."""


def assembled(
    state: ServingState,
    evidence: Evidence,
    query: Query,
    reader: Reader,
    ranked: Ranked,
    placed: Placed,
    *,
    row: int,
) -> tuple[Recommendation, ...]:
    """The chosen candidates of one row with their provenance and reasons."""
    positions = placed.chosen[row][placed.chosen[row] >= 0]
    trial = (Reason(kind="trial"),)
    reasons = evidence.reasons(query, reader, ranked, positions, row=row)
    return tuple(
        Recommendation(
            item=state.catalogue.at(int(ranked.candidates[row, position])),
            rank=rank,
            score=float(ranked.scores[row, position]),
            channels=channel_scores(ranked, row, int(position)),
            reasons=(trial if placed.on_trial[row, rank - 1] else ()) + reasons[rank - 1],
            is_new=bool(state.is_new[ranked.candidates[row, position]]),
        )
        for rank, position in enumerate(positions, start=1)
    )


def contenders(state: ServingState, ranked: Ranked, count: int) -> tuple[tuple[str, float], ...]:
    """The best candidates of the only row by score, as (external id, score)."""
    if not count:
        return ()
    scores = ranked.scores[0]
    best = np.argsort(-scores, kind="stable")[:count]
    return tuple(
        (state.catalogue.at(int(ranked.candidates[0, place])).item_id, float(scores[place]))
        for place in best
        if np.isfinite(scores[place])
    )


def check_k(k: int) -> None:
    """Raises ``InputError`` for a number of items that cannot be asked for."""
    if isinstance(k, bool) or not 1 <= k <= MAX_K:
        raise InputError(f"k is {k!r}, not a whole number from 1 to {MAX_K}", fix="Ask for fewer items.")


def notes(query: Query, count: int) -> tuple[str, ...]:
    """What a reader should know of a list of ``count`` items."""
    if count >= query.k:
        return ()
    return (f"Only {count} of the {query.k} that were asked for fit.",) if count else ("Nothing fits every wish.",)


def left(allowed: Mask, excluded: IndexArray) -> int:
    """How many items may be shown: allowed bool [N+1] without some, each named once."""
    return int(allowed.sum() - allowed[excluded].sum())
