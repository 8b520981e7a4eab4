"""Full ranking of all unmet items, and the blend over what several scorers recall, as the pipeline does both."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from pipeline.contracts import Scorer, Scores
from pipeline.topk import best, cells
from rankers.blend import Blend
from store.ids import PADDING, IndexArray
from store.interactions import Audience, Interactions, held_readers

Ranking = Callable[[Audience], Scores]
"""Scores of all items for a batch of readers: float32 [B, N+1], -inf where an item is out of the question."""

_ROWS_AT_ONCE = 512
_RECALL = 200
"""Candidates of each scorer, as in ``RankingSettings``."""
_BLEND_READERS = 10_000


def top(scores: Scores, audience: Audience, count: int) -> IndexArray:
    """The best unmet items of each reader, int64 [B, count]; writes into ``scores``."""
    scores[cells(audience.histories)] = -np.inf
    return best(scores, count)[0]


def rankings(ranking: Ranking, users: IndexArray, interactions: Interactions, count: int) -> IndexArray:
    """The best unmet items of many users, int64 [len(users), count]."""
    parts = []
    for start in range(0, len(users), _ROWS_AT_ONCE):
        audience = Audience.of_users(users[start : start + _ROWS_AT_ONCE], interactions)
        parts.append(top(ranking(audience), audience, count))
    return np.concatenate(parts)


def learn_blend(interactions: Interactions, held: IndexArray, scorers: Mapping[str, Scorer]) -> Blend:
    """The blend of scorers that were fitted without the held-out items.

    Args:
        held: held-out item per user, int64 [U+1], 0 where there is none.
    """
    readers = held_readers(held, at_most=_BLEND_READERS)
    audience, targets = Audience.of_users(readers, interactions), held[readers]
    candidates, raw = _recalled(audience, scorers)
    mask = candidates != PADDING
    found = candidates == targets[:, None]
    position = np.where(found.any(axis=1), found.argmax(axis=1), -1)
    return Blend.fit(raw, mask, position, _lengths(audience), list(scorers))


def blended(blend: Blend, scorers: Mapping[str, Scorer], num_items: int) -> Ranking:
    """Scores of the blend for what its scorers recall, -inf for the rest."""

    def score(audience: Audience) -> Scores:
        candidates, raw = _recalled(audience, scorers)
        mask = candidates != PADDING
        values = blend.blend(raw, mask, _lengths(audience)).scores
        scores = np.full((len(audience), num_items + 1), -np.inf, dtype=np.float32)
        rows = np.broadcast_to(np.arange(len(audience))[:, None], candidates.shape)
        scores[rows[mask], candidates[mask]] = values[mask]
        return scores

    return score


def _recalled(audience: Audience, scorers: Mapping[str, Scorer]) -> tuple[IndexArray, Scores]:
    """Candidates that any scorer recalls, int64 [B, C], 0-padded, and their scores [B, C, S]."""
    candidates: list[IndexArray] = []
    raw: list[Scores] = []
    for start in range(0, len(audience), _ROWS_AT_ONCE):
        part = audience.rows(start, start + _ROWS_AT_ONCE)
        scores = [scorer.score(part) for scorer in scorers.values()]
        lists = [top(each.copy(), part, _RECALL) for each in scores]
        merged = np.sort(np.concatenate(lists, axis=1), axis=1)
        merged[:, 1:][merged[:, 1:] == merged[:, :-1]] = PADDING
        candidates.append(merged)
        raw.append(np.stack([np.take_along_axis(each, merged, axis=1) for each in scores], axis=2))
    return np.concatenate(candidates), np.concatenate(raw)


def _lengths(audience: Audience) -> IndexArray:
    return np.array([len(history) for history in audience.histories], dtype=np.int64)
