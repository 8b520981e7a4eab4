"""The lists of many readers without evidence, as an audit of all of them wants: in indices, with the histories."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.exposure import Placed
from pipeline.ranking import Ranked, Ranker, Terms
from pipeline.reader import Reader
from pipeline.state import ServingState
from store.ids import PADDING, IndexArray
from store.interactions import Audience


@dataclass(frozen=True)
class ReaderLists:
    """What some readers have and what they would be shown.

    Attributes:
        state: whose indices these are.
        histories: B arrays, oldest first.
        lists: int64 [B, k], best first, 0 where fewer fit.
    """

    state: ServingState
    histories: tuple[IndexArray, ...]
    lists: IndexArray


def ranked_together(
    state: ServingState, ranker: Ranker, readers: Sequence[Reader], *, at_least: int
) -> Iterator[tuple[list[int], Ranked]]:
    """Candidates of many readers who ask for nothing in particular: positions of some of them, and their ranking.

    What someone barred is not shared by the models' batch, so they are ranked alone; all others together.
    """
    together = [row for row, reader in enumerate(readers) if not len(reader.barred)]
    alone = [[row] for row, reader in enumerate(readers) if len(reader.barred)]
    for rows in ([together] if together else []) + alone:
        histories = [readers[row].history for row in rows]
        barred, disliked = readers[rows[0]].barred, readers[rows[0]].disliked
        ranked = ranker.rank(
            Audience(np.array([readers[row].user for row in rows], dtype=np.int64), histories),
            allowed=state.catalogue.active,
            excluded=[np.union1d(history, barred) for history in histories],
            terms=Terms(disliked=disliked),
            at_least=at_least,
        )
        yield rows, ranked


def reader_lists(
    state: ServingState,
    ranker: Ranker,
    readers: Sequence[Reader],
    place: Callable[[Ranked, Sequence[int]], Placed],
    *,
    k: int,
) -> ReaderLists:
    """The lists as ``Recommender.recommend`` has them.

    Args:
        place: puts new items into the lists of some of the readers, named by their positions.
    """
    lists = np.full((len(readers), k), PADDING, dtype=np.int64)
    for rows, ranked in ranked_together(state, ranker, readers, at_least=k):
        if not ranked.candidates.size:  # nothing is left that they have not met
            continue
        chosen = place(ranked, rows).chosen
        items = np.take_along_axis(ranked.candidates, np.maximum(chosen, 0), axis=1)
        lists[rows] = np.where(chosen >= 0, items, PADDING)
    return ReaderLists(state, tuple(reader.history for reader in readers), lists)
