"""What may be said of a recommendation: every reason here is backed by numbers of the scorers that voted for it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from pipeline.attribution import SEQUENCE, Attribution, attribution
from pipeline.catalogue import facets_of
from pipeline.contracts import Vectors
from pipeline.query import ChannelScore, Query, Reason
from pipeline.ranking import Ranked
from pipeline.reader import Reader
from pipeline.state import ServingState
from store.ids import IndexArray
from store.records import Item

TASTE = ("lightgcn", "spectral", "item_to_item", "content")
"""Channels that say "because of what you know": their votes are divided over the history items."""

POPULAR_SHARE = 0.1
"""An item is called popular when it is in this most-met share of the catalogue."""

NAMED = 2
"""History items that a reason names at most."""


def channel_scores(ranked: Ranked, row: int, position: int) -> dict[str, ChannelScore]:
    """What every channel said of one candidate."""
    scores: dict[str, ChannelScore] = {}
    for name, contribution in ranked.contributions.items():
        ranks = ranked.recall_ranks.get(name)
        rank = int(ranks[row, position]) if ranks is not None else 0
        raw = float(ranked.raw[name][row, position])
        scores[name] = ChannelScore(
            raw=raw if np.isfinite(raw) else 0.0,
            contribution=float(contribution[row, position]),
            recall_rank=rank or None,
        )
    return scores


class Evidence:
    """Finds the evidence for items that were recommended to one reader."""

    def __init__(self, state: ServingState) -> None:
        self._state = state
        counts = state.models.interactions.item_counts
        met = counts[counts > 0]
        self._popular_from = float(np.quantile(met, 1 - POPULAR_SHARE)) if len(met) else np.inf
        self._counts = np.zeros(len(state.catalogue) + 1, dtype=np.float32)
        self._counts[: len(counts)] = counts

    def history_shares(self, reader: Reader, candidates: IndexArray, ranked: Mapping[str, Vectors]) -> Vectors:
        """Share of each history item in what the taste channels say for each candidate.

        Args:
            candidates: int64 [C].
            ranked: channel -> contributions float32 [C] of these candidates.

        Returns:
            float32 [C, H] over ``reader.history``, >= 0; rows sum to 1, or to 0 where nothing in the history speaks
            for the candidate.
        """
        parts = {
            "lightgcn": self.graph_parts(reader, candidates),
            "spectral": self._state.models.spectral.contributions(reader.history, candidates),
            "item_to_item": self._state.models.item_to_item.contributions(reader.history, candidates),
            "content": self._state.vectors[candidates] @ self._state.vectors[reader.history].T,
        }
        total = np.zeros((len(candidates), len(reader.history)), dtype=np.float32)
        for name, part in parts.items():
            positive = np.maximum(part, 0.0)
            sums = positive.sum(axis=1, keepdims=True)
            share = np.divide(positive, sums, out=np.zeros_like(positive), where=sums > 0)
            total += share * np.maximum(ranked[name], 0.0)[:, None]
        sums = total.sum(axis=1, keepdims=True)
        return np.divide(total, sums, out=np.zeros_like(total), where=sums > 0)

    def graph_parts(self, reader: Reader, candidates: IndexArray) -> Vectors:
        """Exact LightGCN contributions float32 [C, H] over ``reader.history``; 0 for items that pass nothing on."""
        if not len(reader.history):  # what speaks for stated tastes was not met: nothing is because of it
            return np.zeros((len(candidates), 0), dtype=np.float32)
        split = self._state.lightgcn.split(reader.audience, candidates)
        return self._aligned(split.by_item, split.history, reader.history)

    def _aligned(self, parts: NDArray[np.floating], items: IndexArray, history: IndexArray) -> Vectors:
        aligned = np.zeros((len(parts), len(history)), dtype=np.float32)
        position = {int(item): column for column, item in enumerate(history)}
        aligned[:, [position[int(item)] for item in items]] = parts
        return aligned

    def reasons(
        self,
        query: Query,
        reader: Reader,
        ranked: Ranked,
        chosen: IndexArray,
        *,
        row: int = 0,
        said: Attribution | None = None,
    ) -> list[tuple[Reason, ...]]:
        """Reasons of each chosen candidate of one row, strongest first.

        Args:
            chosen: int64 [k] positions in ``ranked.candidates[row]``.
            said: their attribution, where it is known already.
        """
        if not len(chosen):
            return []
        candidates = ranked.candidates[row, chosen]
        lost = (said or attribution(self._state, ranked, reader, chosen, row=row)).by_item
        contributions = {name: values[row, chosen] for name, values in ranked.contributions.items()}
        following = self._state.models.transition.contributions(reader.history, candidates)
        return [
            self._reasons_of(
                query,
                reader,
                int(candidate),
                {name: float(values[place]) for name, values in contributions.items()},
                lost[place],
                following[place],
            )
            for place, candidate in enumerate(candidates)
        ]

    def _reasons_of(
        self,
        query: Query,
        reader: Reader,
        candidate: int,
        contributions: Mapping[str, float],
        lost: Vectors,
        following: Vectors,
    ) -> tuple[Reason, ...]:
        catalogue = self._state.catalogue
        item = catalogue.at(candidate)
        positive = sum(max(value, 0.0) for value in contributions.values())
        found: list[tuple[float, Reason]] = []

        def add(weight: float, kind: str, items: tuple[Item, ...] = (), values: tuple[str, ...] = ()) -> None:
            share = weight / positive if positive > 0 else None
            found.append((weight, Reason(kind=kind, items=items, values=values, share=share)))

        if contributions.get("seed", 0.0) > 0:
            seeds = tuple(catalogue.at(catalogue.ids.index(item_id)) for item_id in query.seeds)
            add(contributions["seed"], "seed", seeds, self._values_shared_by(item, seeds))
        if contributions.get("text", 0.0) > 0:
            add(contributions["text"], "text", (), (query.text,))
        if contributions.get("dialogue", 0.0) > 0:
            add(contributions["dialogue"], "dialogue")
        if contributions.get("picture", 0.0) > 0:
            add(contributions["picture"], "picture")
        taste = sum(max(contributions[name], 0.0) for name in TASTE)
        named = self._strongest(reader, lost)
        if taste > 0 and named:
            add(taste, "history", named, self._values_shared_by(item, named[:1]))
        sequence = sum(max(contributions[name], 0.0) for name in SEQUENCE)
        if sequence > 0 and (following > 0).any():
            # What speaks for it may be something that this reader did not care for: then nothing is named.
            add(sequence, "sequence", self._strongest(reader, following)[:1])
        if contributions["popularity"] > 0 and self._counts[candidate] >= self._popular_from:
            add(contributions["popularity"], "popular")
        if not found and taste > 0 and (lost > 0).any():
            add(taste, "history")
        found.sort(key=lambda pair: -pair[0])
        reasons = [reason for _, reason in found]
        if self._state.is_new[candidate]:
            reasons.insert(0, Reason(kind="new", readers=self._state.stand_ins.readers_of(candidate)))
        matched = _matched_values(query, item)
        if matched:
            reasons.append(Reason(kind="constraint", values=matched))
        return tuple(reasons)

    def _strongest(self, reader: Reader, weights: Vectors) -> tuple[Item, ...]:
        """History items with the largest positive weights that can be named as a reason."""
        order = np.argsort(-weights, kind="stable")[: np.count_nonzero(weights > 0)]
        named = (index for index in reader.history[order].tolist() if index in reader.valued)
        return tuple(self._state.catalogue.at(index) for index in islice(named, NAMED))

    def _values_shared_by(self, item: Item, others: tuple[Item, ...]) -> tuple[str, ...]:
        if not others:
            return ()
        return self._state.catalogue.shared_values(item, others[0])[:2]


def _matched_values(query: Query, item: Item) -> tuple[str, ...]:
    """Values that were asked for and that the item has."""
    own = set(facets_of(item))
    groups = (*query.constraints.include, query.tastes)
    values = [facet.value for group in groups for facet in sorted(group) if facet in own]
    values += [f"{name} {item.attributes[name]}" for name in query.constraints.ranges if name in item.attributes]
    return tuple(dict.fromkeys((*values, *sorted(query.constraints.phrases_in))))
