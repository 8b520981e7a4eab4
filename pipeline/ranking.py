"""Recall, rank, rerank for a batch of readers: the same code for one request, for all users, and for evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.contracts import Scores, Vectors
from pipeline.rerank import maximal_marginal_relevance
from pipeline.state import ServingState
from pipeline.topk import best, cells
from store.errors import InputError
from store.ids import PADDING, IndexArray
from store.interactions import Audience

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class RankingSettings:
    """Settings of the ranking.

    Attributes:
        recall: candidates that each channel brings.
        pool: candidates that the rerank step looks at; at least k is used.
        history: newest history items that the models read.
        seed_weight: score per standard deviation of likeness to the items asked for ("something like ...").
        text_weight: score per standard deviation of likeness to the words asked for.
        picture_weight: score per standard deviation of likeness to the picture that was sent.
        taste_weight: score per standard deviation of how many stated tastes an item has.
        leaning_weight: score per unit of the log-odds that the dialogue led to an item.
        dislike_weight: score taken per standard deviation of likeness to disliked items, above the mean only.
    """

    recall: int = 200
    pool: int = 100
    history: int = 1_000
    seed_weight: float = 4.0
    text_weight: float = 2.0
    picture_weight: float = 6.0
    taste_weight: float = 0.3
    leaning_weight: float = 1.0
    dislike_weight: float = 0.5

    def __post_init__(self) -> None:
        for name in ("recall", "pool", "history"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}, below 1", fix="Use a positive number.")
        weights = ("seed_weight", "text_weight", "picture_weight", "taste_weight", "leaning_weight", "dislike_weight")
        for name in weights:
            if getattr(self, name) < 0:
                raise InputError(f"{name} is {getattr(self, name)}, below 0", fix="Use 0 to switch it off.")


@dataclass(frozen=True)
class Terms:
    """What a request adds to the reader's taste.

    Attributes:
        seeds: items to resemble.
        disliked: items to stay away from.
        text: float32 [Dt] direction of the words asked for, or None.
        picture: float32 [Di] direction of the picture that was sent, or None.
        tastes: float32 [N+1], how many stated tastes each item has, or None.
        leaning: float32 [N+1], log-odds that a dialogue led to each item, their least where it is silent, or None.
    """

    seeds: IndexArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    disliked: IndexArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    text: Vectors | None = None
    picture: Vectors | None = None
    tastes: Scores | None = None
    leaning: Scores | None = None


@dataclass(frozen=True)
class Ranked:
    """Scored candidates of a batch, in no order.

    Attributes:
        candidates: int64 [B, C], 0 where a row has fewer.
        scores: float32 [B, C], -inf at padding.
        contributions: channel -> float32 [B, C]; they sum to the score.
        raw: channel -> float32 [B, C], what the scorer itself said (nan: it said nothing).
        recall_ranks: channel -> int64 [B, C], 1-based rank in the channel's own list, 0 where it was not in it.
    """

    candidates: IndexArray
    scores: Scores
    contributions: Mapping[str, Scores]
    raw: Mapping[str, Scores]
    recall_ranks: Mapping[str, IndexArray]


class Ranker:
    """Ranks for one serving state."""

    def __init__(self, state: ServingState, settings: RankingSettings) -> None:
        self._state = state
        self._settings = settings

    def rank(
        self,
        audience: Audience,
        *,
        allowed: Mask,
        excluded: list[IndexArray],
        terms: Terms = Terms(),
        at_least: int = 1,
    ) -> Ranked:
        """Recall candidates and score them.

        Args:
            audience: B readers with their live histories.
            allowed: bool [N+1], items that may be shown at all.
            excluded: per reader, items that must not come back (history, seeds).
            terms: what this request adds.
            at_least: each channel recalls so many where there are so many.
        """
        everything = {name: scorer.score(audience) for name, scorer in self._state.scorers.items()}
        sources = everything | self._request_scores(audience, terms)
        fresh = allowed & self._state.is_cold
        cut = max(self._settings.recall, at_least)
        left_out = cells(excluded)
        lists = {name: _top(scores, cut, allowed, left_out) for name, scores in sources.items()}
        if fresh.any():
            lists["new"] = _top(everything["content"], cut, fresh, left_out)
        candidates, recall_ranks = _union(lists, len(audience))
        raw = {name: np.take_along_axis(scores, candidates, axis=1) for name, scores in everything.items()}
        return self._combine(audience, candidates, raw, terms=terms, recall_ranks=recall_ranks)

    def score(self, audience: Audience, candidates: IndexArray, *, terms: Terms = Terms()) -> Ranked:
        """Score given candidates int64 [B, C], 0 at padding."""
        raw = {name: scorer.score(audience, candidates) for name, scorer in self._state.scorers.items()}
        return self._combine(audience, candidates, raw, terms=terms, recall_ranks={})

    def _combine(
        self,
        audience: Audience,
        candidates: IndexArray,
        raw: dict[str, Scores],
        *,
        terms: Terms,
        recall_ranks: Mapping[str, IndexArray],
    ) -> Ranked:
        blend = self._state.models.blend
        if not candidates.size:  # nothing fits: there is nothing to standardise over
            nothing = np.zeros(candidates.shape, dtype=np.float32)
            return Ranked(candidates, nothing, dict.fromkeys(blend.names, nothing), raw, recall_ranks)
        mask = candidates != PADDING
        lengths = np.array([len(history) for history in audience.histories], dtype=np.int64)
        stacked = np.stack([np.where(mask, raw[name], np.nan) for name in blend.names], axis=2)
        blended = blend.blend(stacked, mask, lengths)
        contributions = {name: blended.contributions[:, :, column] for column, name in enumerate(blend.names)}
        scores = blended.scores.copy()
        for name, values, weight in self._terms(candidates, mask, terms):
            raw[name] = values
            contributions[name] = weight * _standardised(values, mask, floor=0.0 if weight < 0 else None)
            scores += contributions[name]
        if terms.leaning is not None:
            # Log-odds as the score: how far they stand apart says how much the dialogue told.
            raw["dialogue"] = np.where(mask, terms.leaning[candidates], np.float32(np.nan))
            centred = _centred(raw["dialogue"], mask)
            contributions["dialogue"] = (self._settings.leaning_weight * centred).astype(np.float32)
            scores += contributions["dialogue"]
        return Ranked(candidates, np.where(mask, scores, -np.inf), contributions, raw, recall_ranks)

    def _terms(self, candidates: IndexArray, mask: Mask, terms: Terms) -> list[tuple[str, Scores, float]]:
        settings, state = self._settings, self._state
        parts: list[tuple[str, Scores, float]] = []
        if len(terms.seeds):
            parts.append(("seed", state.likeness(terms.seeds).mean(axis=0)[candidates], settings.seed_weight))
        if terms.text is not None:
            parts.append(("text", state.text_likeness(terms.text)[candidates], settings.text_weight))
        if terms.picture is not None:
            parts.append(("picture", state.picture_likeness(terms.picture)[candidates], settings.picture_weight))
        if terms.tastes is not None:
            parts.append(("taste", terms.tastes[candidates], settings.taste_weight))
        if len(terms.disliked):
            parts.append(("dislike", state.likeness(terms.disliked).max(axis=0)[candidates], -settings.dislike_weight))
        return [(name, np.where(mask, values, np.nan).astype(np.float32), weight) for name, values, weight in parts]

    def _request_scores(self, audience: Audience, terms: Terms) -> dict[str, Scores]:
        """Scores of all items by the channels that only this request has."""
        scores: dict[str, Scores] = {}
        if len(terms.seeds):
            scores["seed"] = self._state.likeness(terms.seeds).mean(axis=0)
        if terms.text is not None:
            scores["text"] = self._state.text_likeness(terms.text)
        if terms.leaning is not None:
            scores["dialogue"] = np.where(terms.leaning > terms.leaning.min(), terms.leaning, np.float32(-np.inf))
        if terms.picture is not None:
            scores["picture"] = np.nan_to_num(self._state.picture_likeness(terms.picture), nan=-np.inf)
        return {name: np.repeat(values[None, :], len(audience), axis=0) for name, values in scores.items()}

    def select(self, ranked: Ranked, *, k: int, diversity: float | None = None) -> IndexArray:
        """Final lists: positions in ``ranked.candidates`` int64 [B, k], best first, -1 where fewer are left."""
        diversity = self._state.models.diversity if diversity is None else diversity
        chosen = np.full((len(ranked.candidates), k), -1, dtype=np.int64)
        for row, scores in enumerate(ranked.scores):
            usable = np.flatnonzero(np.isfinite(scores))
            pool = usable[np.argsort(-scores[usable], kind="stable")][: max(self._settings.pool, k)]
            vectors = self._state.item_vectors[ranked.candidates[row, pool]]
            order = maximal_marginal_relevance(scores[pool], vectors, k=k, diversity=diversity)
            chosen[row, : len(order)] = pool[order]
        return chosen

    def top(self, audience: Audience, *, k: int, allowed: Mask, excluded: list[IndexArray]) -> IndexArray:
        """Items int64 [B, k] as they would be shown, 0 where fewer are left."""
        ranked = self.rank(audience, allowed=allowed, excluded=excluded)
        chosen = self.select(ranked, k=k)
        items = np.take_along_axis(ranked.candidates, np.maximum(chosen, 0), axis=1)
        return np.where(chosen >= 0, items, PADDING)

    def alone(self, name: str, audience: Audience, *, k: int, allowed: Mask, excluded: list[IndexArray]) -> IndexArray:
        """What one scorer would show by itself: items int64 [B, k], 0 where fewer are left."""
        lists = _top(self._state.scorers[name].score(audience), k, allowed, cells(excluded))
        return np.pad(lists, ((0, 0), (0, k - lists.shape[1])))


def _top(scores: Scores, cut: int, allowed: Mask, left_out: tuple[IndexArray, IndexArray]) -> IndexArray:
    """Best allowed items of each row but those in the cells left out, int64 [B, <= cut]."""
    scores = np.where(allowed[None, :], scores, np.float32(-np.inf)).astype(np.float32, copy=False)
    scores[left_out] = -np.inf
    return best(scores, min(cut, int(allowed.sum())))[0]


def _union(lists: Mapping[str, IndexArray], rows: int) -> tuple[IndexArray, dict[str, IndexArray]]:
    """Merge ranked lists [B, R] into candidates [B, C] and ranks per list [B, C]."""
    merged = [np.unique(np.concatenate([items[row] for items in lists.values()])) for row in range(rows)]
    merged = [items[items != PADDING] for items in merged]
    width = max((len(items) for items in merged), default=0)
    candidates = np.zeros((rows, width), dtype=np.int64)
    for row, items in enumerate(merged):
        candidates[row, : len(items)] = items
    ranks = {name: np.zeros((rows, width), dtype=np.int64) for name in lists}
    for name, items in lists.items():
        for row in range(rows):
            found = items[row][items[row] != PADDING]
            ranks[name][row, np.searchsorted(merged[row], found)] = np.arange(1, len(found) + 1)
    return candidates, ranks


def _centred(values: Scores, mask: Mask) -> NDArray[np.float64]:
    """Zero mean over each row's candidates; 0 at padding and where nothing is known."""
    known = mask & np.isfinite(values)
    count = np.maximum(known.sum(axis=1, keepdims=True), 1)
    mean = np.where(known, values, 0.0).sum(axis=1, keepdims=True) / count
    return np.where(known, values - mean, 0.0)


def _standardised(values: Scores, mask: Mask, *, floor: float | None) -> Scores:
    """Zero mean, unit deviation over each row's candidates; 0 at padding and where all are equal."""
    centred = _centred(values, mask)
    count = np.maximum((mask & np.isfinite(values)).sum(axis=1, keepdims=True), 1)
    deviation = np.sqrt((centred**2).sum(axis=1, keepdims=True) / count)
    scaled = np.divide(centred, deviation, out=np.zeros_like(centred), where=deviation > 1e-9)
    return (scaled if floor is None else np.maximum(scaled, floor)).astype(np.float32)
