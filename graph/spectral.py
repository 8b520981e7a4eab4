"""The closed-form companion of LightGCN: a filter on the spectrum of the item graph, with nothing trained by steps.

Shen et al. 2021, "How Powerful is Graph Convolution for Recommendation?" (GF-CF). With R~ = D_u^-1/2 R D_i^-1/2 the
item graph is P = R~^T R~; a reader is the signal x = r D_i^-1/2 on it, r the items met. The score keeps what of the
signal is smooth on the graph:

    score = x (V V^T + linear * P) D_i^out_power

V are the ``rank`` eigenvectors of P with the largest eigenvalues (an ideal low-pass filter), P itself a filter that
falls off linearly. GF-CF has out_power 1/2; a smaller one holds popular items back.
U users, N items, B readers, r rank.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray

from graph.bipartite import inverse_root, normalised_adjacency
from graph.validation import held_out_gains
from store.eigenvectors import leading_eigenvectors
from store.errors import InputError, TrainingError
from store.ids import PADDING, IndexArray
from store.interactions import Audience, Interactions, Sparse, held_readers

FloatArray = NDArray[np.float32]
Arrays = dict[str, NDArray[np.generic]]

RANKS = (16, 32, 64, 128, 256, 512, 1024)
LINEARS = (0.0, 0.3, 1.0, 3.0)
OUT_POWERS = (0.3, 0.4, 0.5)
"""What `choose_spectral` tries."""

_TABLE_CELLS = 1 << 28
"""Numbers that the eigenvectors may have at most: 1 GB."""
_CHOOSING_READERS = 2_000
_READERS_AT_ONCE = 256
_SHARED_FROM = 3
"""Where a batch asks about at most this part of the items, only they are scored."""
_DENSE_FROM = 0.1
"""Share of the users that a reader's items lead to."""
_ALIKE = 2
"""Histories whose distinct items are at most so many times what one of them holds are variants of one."""


@dataclass(frozen=True)
class SpectralSettings:
    """Settings of the filter.

    Attributes:
        rank: eigenvectors of the low-pass filter; fewer where the graph has no more.
        linear: weight of the linear filter beside it.
        out_power: power of an item's degree in its score, 0..1.
        iterations: of the subspace iteration that finds the eigenvectors.
        seed: of its start.
    """

    rank: int = 256
    linear: float = 1.0
    out_power: float = 0.4
    iterations: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("rank", "iterations"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)!r}, below 1", fix=f"Give {name} a whole number >= 1.")
        if self.linear < 0:
            raise InputError(f"linear is {self.linear!r}, below 0", fix="Give linear a number >= 0.")
        if not 0 <= self.out_power <= 1:
            raise InputError(f"out_power is {self.out_power!r}, outside 0..1", fix="Give 0 <= out_power <= 1.")


class SpectralScorer:
    """Scores any history through the filter: linear in its items, so what each of them adds is exact.

    Args:
        vectors: V, float32 [N+1, r]; row 0 zeros.
        adjacency: R~, sparse [U+1, N+1].
        degrees: users per item, float32 [N+1].
        linear: weight of P.
        out_power: power of the degree in the score.
    """

    name = "spectral"

    def __init__(
        self, vectors: FloatArray, adjacency: Sparse, degrees: FloatArray, *, linear: float, out_power: float
    ) -> None:
        self._vectors = vectors
        self._adjacency = adjacency
        self._by_item = sp.csr_matrix(adjacency.T)
        self._degrees = degrees
        self._linear, self._out_power = linear, out_power
        met = np.maximum(degrees, 1.0)
        self._inward = inverse_root(degrees).astype(np.float32)
        self._outward = np.where(degrees > 0, met**out_power, 0.0).astype(np.float32)

    @classmethod
    def fit(cls, interactions: Interactions, settings: SpectralSettings) -> SpectralScorer:
        """Find the eigenvectors.

        Raises:
            TrainingError: there are no interactions.
        """
        adjacency = normalised_adjacency(interactions)
        vectors = smooth_vectors(adjacency, settings)
        return cls(vectors, adjacency, interactions.item_counts, linear=settings.linear, out_power=settings.out_power)

    @property
    def num_items(self) -> int:
        return len(self._vectors) - 1

    def score(self, audience: Audience, candidates: IndexArray | None = None) -> FloatArray:
        """Filtered signals: float32 [B, C], or [B, N+1]; -inf at padding."""
        signals = self.signals(audience)
        if candidates is not None:
            wanted, places = np.unique(candidates, return_inverse=True)
            if len(wanted) * _SHARED_FROM <= self.num_items:  # variants of one reader ask about the same few items
                scores = np.take_along_axis(self._of(wanted, signals), places.reshape(candidates.shape), axis=1)
                return np.where(candidates == PADDING, np.float32(-np.inf), scores)
        scores = (signals @ self._vectors) @ self._vectors.T
        if self._linear:
            scores += self._linear * self.linear_part(signals)
        scores *= self._outward
        scores[:, PADDING] = -np.inf
        return scores if candidates is None else np.take_along_axis(scores, candidates, axis=1)

    def _of(self, items: IndexArray, signals: Sparse) -> FloatArray:
        """Scores of some items only, float32 [B, len(items)]."""
        scores = (signals @ self._vectors) @ self._vectors[items].T
        if self._linear:
            scores += self._linear * (self._by_item[items] @ self._met(signals)).T
        return scores * self._outward[items]

    def _met(self, signals: Sparse) -> FloatArray:
        """x R~^T: how much of each signal every person has met, float32 [U+1, B]."""
        items = np.unique(signals.indices)
        if len(items) * signals.shape[0] <= _ALIKE * signals.nnz:  # one reader, or variants of one
            return self._by_item[items].T @ np.ascontiguousarray(signals[:, items].toarray().T)
        return (signals @ self._by_item).T.toarray()

    def signals(self, audience: Audience) -> Sparse:
        """x of each reader, sparse [B, N+1]: distinct known items, each divided by the root of its degree."""
        known = Audience(
            audience.users,
            tuple(history[(history > PADDING) & (history <= self.num_items)] for history in audience.histories),
        )
        return sp.csr_matrix(known.matrix(self.num_items) @ sp.diags_array(self._inward), dtype=np.float32)

    def linear_part(self, signals: Sparse) -> FloatArray:
        """x P, float32 [B, N+1]."""
        if signals.shape[0] == 1 and self._degrees[signals.indices].sum() >= _DENSE_FROM * self._adjacency.shape[0]:
            return np.ascontiguousarray((self._by_item @ self._met(signals)).T)
        met = signals @ self._by_item
        if met.nnz < _DENSE_FROM * met.shape[0] * met.shape[1]:
            return (met @ self._adjacency).toarray()
        # Popular items lead to most users, and those to all items: a dense product then takes a fraction of the time.
        return np.ascontiguousarray((self._by_item @ met.T.toarray()).T)

    def contributions(self, history: IndexArray, candidates: IndexArray) -> FloatArray:
        """What each position of one history adds to the scores of C candidates.

        Returns:
            float32 [C, len(history)], whose rows sum to the scores; of an item that occurs twice the last position
            counts, and unknown items have 0.
        """
        distinct, last = np.unique(history[::-1], return_index=True)
        inside = (distinct > PADDING) & (distinct <= self.num_items)
        items, positions = distinct[inside], len(history) - 1 - last[inside]
        known = (candidates > PADDING) & (candidates <= self.num_items)
        shown = candidates[known]
        linked = (self._by_item[shown] @ self._by_item[items].T).toarray()
        parts = self._vectors[shown] @ self._vectors[items].T + self._linear * linked
        result = np.zeros((len(candidates), len(history)), dtype=np.float32)
        result[np.ix_(known, positions)] = parts * self._inward[items] * self._outward[shown, None]
        return result

    def losses(self, history: IndexArray, candidates: IndexArray, weights: FloatArray) -> FloatArray:
        """What weighted sums of scores lose when one history item is taken out: exact, and by linearity its own part.

        Args:
            history: int64 [H], each item once.
            candidates: int64 [C], 0 at padding.
            weights: float32 [K, C], one sum per row.

        Returns:
            float32 [K, H].
        """
        result = np.zeros((len(weights), len(history)), dtype=np.float32)
        inside = (history > PADDING) & (history <= self.num_items)
        items = history[inside]
        outward = weights * self._outward[candidates]
        parts = (outward @ self._vectors[candidates]) @ self._vectors[items].T
        if self._linear:
            reached = self._by_item[candidates].T @ outward.T  # [U+1, K]: one product each way, never items by items
            parts += self._linear * (self._by_item[items] @ reached).T
        result[:, inside] = parts * self._inward[items]
        return result

    def gains(
        self, audience: Audience, held: IndexArray, ranks: Sequence[int]
    ) -> Iterator[tuple[tuple[int, float, float], float]]:
        """Sum over the readers of ndcg@10 of their held-out items, for every combination of settings.

        Args:
            audience: B readers.
            held: int64 [B].
            ranks: ascending, at most the rank of this scorer.
        """
        signals = self.signals(audience)
        linear_part = torch.from_numpy(self.linear_part(signals))
        seen = audience.matrix(self.num_items).tocoo()
        closed = torch.from_numpy(seen.row.astype(np.int64)), torch.from_numpy(seen.col.astype(np.int64))
        targets = torch.from_numpy(held)[:, None]
        degrees = torch.from_numpy(self._degrees).clamp(min=1.0)
        spectrum = torch.from_numpy(np.asarray(signals @ self._vectors))
        vectors = torch.from_numpy(self._vectors)
        smooth = torch.zeros_like(linear_part)
        for start, rank in zip((0, *ranks), ranks, strict=False):
            smooth.addmm_(spectrum[:, start:rank], vectors[:, start:rank].T)
            for linear, out_power in itertools.product(LINEARS, OUT_POWERS):
                scores = (smooth + linear * linear_part).mul_(degrees**out_power)
                yield (rank, linear, out_power), float(held_out_gains(scores, targets, closed).sum())

    def narrowed(self, settings: SpectralSettings) -> SpectralScorer:
        """The same eigenvectors with the settings of another filter, of at most this rank."""
        return SpectralScorer(
            np.ascontiguousarray(self._vectors[:, : settings.rank]),
            self._adjacency,
            self._degrees,
            linear=settings.linear,
            out_power=settings.out_power,
        )

    @property
    def rank(self) -> int:
        """Eigenvectors held."""
        return self._vectors.shape[1]

    def to_arrays(self) -> Arrays:
        return {
            "vectors": self._vectors,
            "degrees": self._degrees,
            "data": self._adjacency.data,
            "indices": self._adjacency.indices.astype(np.int64),
            "indptr": self._adjacency.indptr.astype(np.int64),
            "filter": np.array([self._linear, self._out_power]),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> SpectralScorer:
        vectors = np.asarray(arrays["vectors"], dtype=np.float32)
        shape = (len(arrays["indptr"]) - 1, len(vectors))
        adjacency = sp.csr_matrix((arrays["data"], arrays["indices"], arrays["indptr"]), shape=shape)
        linear, out_power = (float(number) for number in arrays["filter"])
        degrees = np.asarray(arrays["degrees"], dtype=np.float32)
        return cls(vectors, adjacency, degrees, linear=linear, out_power=out_power)


def smooth_vectors(adjacency: Sparse, settings: SpectralSettings) -> FloatArray:
    """Eigenvectors of P = R~^T R~ with the largest eigenvalues, largest first: float32 [N+1, r]."""
    rank = min(settings.rank, min(adjacency.shape) - 1, max(1, _TABLE_CELLS // adjacency.shape[1]))
    transposed = sp.csr_matrix(adjacency.T)
    return leading_eigenvectors(
        lambda basis: transposed @ (adjacency @ basis),
        rank,
        size=adjacency.shape[1],
        iterations=settings.iterations,
        generator=torch.Generator().manual_seed(settings.seed),
    ).numpy()


@dataclass(frozen=True)
class SpectralChoice:
    """What validation chose, its ndcg@10, and that of everything tried."""

    settings: SpectralSettings
    value: float
    tried: dict[tuple[int, float, float], float]


def choose_spectral(
    interactions: Interactions,
    held: IndexArray,
    *,
    settings: SpectralSettings = SpectralSettings(),
    on_progress: Callable[[float], None] | None = None,
) -> tuple[SpectralScorer, SpectralChoice]:
    """The filter that ranks held-out items best, among all combinations of ``RANKS``, ``LINEARS`` and ``OUT_POWERS``.

    The eigenvectors are found once, for the largest rank: those of a smaller one are the first of them.

    Args:
        interactions: to fit on.
        held: held-out item per user, int64 [U+1], 0 where there is none.
        settings: what is not chosen here.
        on_progress: told of the share that is done.

    Returns:
        The fitted scorer, and how it was chosen.

    Raises:
        TrainingError: nothing is held out.
    """
    whole = SpectralScorer.fit(interactions, replace(settings, rank=RANKS[-1], linear=1.0))
    choice = choose_filter(whole, interactions, held, settings=settings, on_progress=on_progress)
    return whole.narrowed(choice.settings), choice


def choose_filter(
    whole: SpectralScorer,
    interactions: Interactions,
    held: IndexArray,
    *,
    settings: SpectralSettings = SpectralSettings(),
    on_progress: Callable[[float], None] | None = None,
) -> SpectralChoice:
    """The part of `choose_spectral` that follows the eigenvectors: judge every filter that they allow.

    Args:
        whole: fitted on ``interactions`` with the largest rank.

    Raises:
        TrainingError: nothing is held out.
    """
    readers = held_readers(held, at_most=_CHOOSING_READERS)
    if not len(readers):
        raise TrainingError("the spectral filter has 0 held-out items to be chosen by", fix="Ingest more events.")
    ranks = [rank for rank in RANKS if rank < whole.rank] + [whole.rank]
    gains: dict[tuple[int, float, float], float] = dict.fromkeys(itertools.product(ranks, LINEARS, OUT_POWERS), 0.0)
    for start in range(0, len(readers), _READERS_AT_ONCE):
        users = readers[start : start + _READERS_AT_ONCE]
        audience = Audience.of_users(users, interactions)
        for setting, gain in whole.gains(audience, held[users], ranks):
            gains[setting] += gain / len(readers)
        if on_progress is not None:
            on_progress(min(1.0, (start + _READERS_AT_ONCE) / len(readers)))
    rank, linear, out_power = max(gains, key=lambda setting: gains[setting])
    chosen = replace(settings, rank=rank, linear=linear, out_power=out_power)
    return SpectralChoice(chosen, gains[rank, linear, out_power], gains)
