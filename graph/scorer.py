"""LightGCN as a scorer of live histories: frozen arrays, fold-in of any reader, exact contributions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray

from graph.lightgcn import LightGCN, tempered
from store.errors import InputError
from store.ids import PADDING, IndexArray
from store.interactions import Audience

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class Contributions:
    """A reader's scores as sums: ``own + by_item.sum(axis=1)`` is the score, exactly, by linearity.

    Attributes:
        history: int64 [H], the distinct history items that the scorer knows, in the order of their last occurrence.
        candidates: int64 [C].
        own: float64 [C], the part of the reader's own embedding; 0 for a reader who was not in training.
        by_item: float64 [C, H], the part of each history item; negative where it counts against the candidate.
    """

    history: IndexArray
    candidates: IndexArray
    own: NDArray[np.float64]
    by_item: NDArray[np.float64]

    @property
    def scores(self) -> NDArray[np.float64]:
        """float64 [C]."""
        return self.own + self.by_item.sum(axis=1)

    def without(self, removed: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Scores once sets of history items are taken out, exact: the parts that stay grow with 1/sqrt(|H|).

        Args:
            removed: bool [R, H], one set per row.

        Returns:
            float64 [R, C].
        """
        kept = ~removed
        stretch = np.sqrt(len(self.history) / np.maximum(kept.sum(axis=1), 1))
        return self.own + stretch[:, None] * (kept @ self.by_item.T)

    def fewest_removals(self, row: int, *, k: int) -> int:
        """Lower bound on how many history items must go before candidate ``row`` is not among the k best.

        For each size and each rival, the removal that favours this rival most is known, by linearity: it takes the
        items with the smallest lead of the rival over the candidate. Fewer than k rivals in front at their best means
        that no removal of the size does it. With k = 1 the bound is reached.

        Returns:
            0..H, or H + 1 where even the whole history does not do it.
        """
        lead = np.delete(self.by_item, row, axis=0) - self.by_item[row]
        own = np.delete(self.own, row) - self.own[row]
        count = len(self.history)
        # Kept sums when the rival's r worst items are gone, r = 0..H.
        kept = np.cumsum(np.sort(lead, axis=1)[:, ::-1], axis=1)[:, ::-1]
        kept = np.concatenate((kept, np.zeros((len(kept), 1))), axis=1)
        stretch = np.sqrt(count / np.maximum(count - np.arange(count + 1), 1))
        in_front = (own[:, None] + stretch * kept > 0).sum(axis=0)
        return int(np.argmax(in_front >= k)) if (in_front >= k).any() else count + 1

    def shares(self, row: int) -> NDArray[np.float64]:
        """What each history item carries of one candidate's score, float64 [H].

        Shares are of all that speaks for the candidate (positive parts, the reader's own among them): 0..1, together at
        most 1; an item that counts against it has 0.
        """
        positive = np.maximum(self.by_item[row], 0.0)
        total = positive.sum() + max(float(self.own[row]), 0.0)
        return positive / total if total > 0 else np.zeros_like(positive)


@dataclass(frozen=True)
class LightGCNScorer:
    """Scores by dot product with a reader vector that is always made from the live history.

    By eq. 3-4 of LightGCN a user's final vector is

        u = (e_u^0 + sum over j in H of A_j / sqrt(|H|)) / (K + 1),    A_j = sum over k < K of e_j^k / sqrt(d_j)

    with H the user's items, d_j the users of item j and e_j^k its embedding at layer k. So a new event counts at once,
    a reader who was not in training is folded in (e_u^0 = 0), and with the training history the vector is the model's
    own.

    Attributes:
        user_base: e_u^0, float32 [U+1, D]; row 0 (unknown) is zero.
        item_base: e_i^0, float32 [N+1, D]; zeros for items that were not trained. Only evidence paths read it.
        item_neighbours: A_j, float32 [N+1, D]; what item j passes to its readers. A zero row passes nothing.
        item_final: F_i, mean of e_i^k over layers 0..K, divided by its norm to the power that the settings say, float32
            [N+1, D].
        num_layers: K.
    """

    user_base: FloatArray
    item_base: FloatArray
    item_neighbours: FloatArray
    item_final: FloatArray
    num_layers: int

    def __post_init__(self) -> None:
        for name in ("item_base", "item_neighbours"):
            if getattr(self, name).shape != self.item_final.shape:
                raise InputError(
                    f"{name} is {getattr(self, name).shape} and item_final {self.item_final.shape}",
                    fix="Both need one row per item, row 0 for padding.",
                )
        if self.user_base.shape[1:] != self.item_final.shape[1:]:
            raise InputError(
                f"user_base is {self.user_base.shape} beside item_final {self.item_final.shape}",
                fix="Users and items must have one dimension.",
            )
        if self.num_layers < 0:
            raise InputError(
                f"num_layers is {self.num_layers}, below 0", fix="Pass the K that the model was built with."
            )

    @classmethod
    def from_model(cls, model: LightGCN) -> LightGCNScorer:
        """Freeze a fitted model. Items that nobody interacted with were never trained: their rows are zero."""
        with torch.no_grad():
            items = [layer for _, layer in model.layers()]
            degrees = model.graph.item_degrees[:, None]
            met = degrees > 0
            passed = torch.stack(items[:-1]).sum(dim=0) if len(items) > 1 else torch.zeros_like(items[0])
            neighbours = torch.where(met, passed / degrees.clamp(min=1.0).sqrt(), 0.0)
            base = torch.where(met, items[0], 0.0)
            final = torch.where(met, torch.stack(items).mean(dim=0), 0.0)
            squares = final.square().sum(dim=1, keepdim=True)
            final = tempered(final, squares, power=model.settings.norm_power)
        return cls(
            user_base=_frozen(model.users),
            item_base=_frozen(base),
            item_neighbours=_frozen(neighbours),
            item_final=_frozen(final),
            num_layers=model.settings.layers,
        )

    @property
    def name(self) -> str:
        return "lightgcn"

    @property
    def num_items(self) -> int:
        return len(self.item_final) - 1

    @property
    def num_users(self) -> int:
        return len(self.user_base) - 1

    @cached_property
    def _passes_on(self) -> NDArray[np.bool_]:
        """Items with anything to pass, bool [N+1]: the others must not count in |H|."""
        return np.asarray(self.item_neighbours.any(axis=1))

    def reader_vectors(self, audience: Audience) -> FloatArray:
        """The vector of each reader, float32 [B, D]; zeros for an unknown reader with nothing known in the history."""
        histories = [self._known(history) for history in audience.histories]
        lengths = np.array([len(history) for history in histories], dtype=np.int64)
        columns = np.concatenate(histories) if histories else np.zeros(0, dtype=np.int64)
        weights = np.repeat(1.0 / np.sqrt(np.maximum(lengths, 1)), lengths).astype(np.float32)
        offsets = np.concatenate(([0], np.cumsum(lengths)))
        passing = sp.csr_matrix((weights, columns, offsets), shape=(len(audience), self.num_items + 1))
        return (self._base(audience.users) + passing @ self.item_neighbours) / np.float32(self.num_layers + 1)

    def score(self, audience: Audience, candidates: IndexArray | None = None) -> FloatArray:
        """Dot products of reader vectors and F_i.

        Args:
            audience: B readers.
            candidates: int64 [B, C], 0 where a row has fewer; None scores all items.

        Returns:
            float32 [B, C], or [B, N+1]; -inf at padding.

        Raises:
            InputError: a candidate is outside 0..N.
        """
        readers = self.reader_vectors(audience)
        if candidates is None:
            scores = readers @ self.item_final.T
            scores[:, PADDING] = -np.inf
            return scores
        self._check(candidates)
        if (candidates == candidates[:1]).all():  # variants of one reader: one product, nothing gathered twice
            scores = readers @ self.item_final[candidates[:1].ravel()].T
        else:
            scores = np.einsum("bd,bcd->bc", readers, self.item_final[candidates])
        scores[candidates == PADDING] = -np.inf
        return scores

    def split(self, audience: Audience, candidates: IndexArray) -> Contributions:
        """One reader's scores, divided exactly among the reader's own embedding and the history items.

        Args:
            audience: one reader.
            candidates: int64 [C], 1..N.

        Raises:
            InputError: not one reader, or a candidate is outside 0..N.
        """
        if len(audience) != 1:
            raise InputError(f"{len(audience)} readers were passed", fix="Split the scores of one reader at a time.")
        self._check(candidates)
        history = self._known(audience.histories[0])
        final = self.item_final[candidates].astype(np.float64)
        own = final @ self._base(audience.users)[0].astype(np.float64)
        by_item = final @ self.item_neighbours[history].astype(np.float64).T / np.sqrt(max(len(history), 1))
        return Contributions(history, candidates, own / (self.num_layers + 1), by_item / (self.num_layers + 1))

    def split_pairs(self, audience: Audience, candidates: IndexArray) -> tuple[Contributions, ...]:
        """Many readers' scores of one candidate each, divided as by ``split``, in one pass.

        Args:
            audience: B readers.
            candidates: int64 [B], 1..N.

        Raises:
            InputError: there is not one candidate per reader, or one is outside 0..N.
        """
        if len(candidates) != len(audience):
            raise InputError(
                f"{len(candidates)} candidates for {len(audience)} readers", fix="Pass one candidate per reader."
            )
        self._check(candidates)
        histories = [self._known(history) for history in audience.histories]
        lengths = np.array([len(history) for history in histories], dtype=np.int64)
        final = self.item_final[candidates].astype(np.float64) / (self.num_layers + 1)
        own = np.einsum("bd,bd->b", final, self._base(audience.users))
        scaled = final / np.sqrt(np.maximum(lengths, 1))[:, None]
        items = np.concatenate(histories) if histories else np.zeros(0, dtype=np.int64)
        parts = np.einsum("ed,ed->e", np.repeat(scaled, lengths, axis=0), self.item_neighbours[items])
        by_reader = np.split(parts, np.cumsum(lengths)[:-1])
        return tuple(
            Contributions(history, candidates[row : row + 1], own[row : row + 1], by_reader[row][None, :])
            for row, history in enumerate(histories)
        )

    def losses(self, history: IndexArray, candidates: IndexArray, weights: FloatArray) -> FloatArray:
        """What weighted sums of scores lose when one history item is taken out, exact.

        Args:
            history: int64 [H], each item once.
            candidates: int64 [C], 0 at padding.
            weights: float32 [K, C], one sum per row; the identity gives every candidate's own loss.

        Returns:
            float32 [K, H]; 0 for an item that passes nothing on.
        """
        known = self._known(history)
        result = np.zeros((len(weights), len(history)), dtype=np.float32)
        if not len(known):
            return result
        parts = (weights @ self.item_final[candidates]) @ self.item_neighbours[known].T
        total, count = parts.sum(axis=1, keepdims=True), len(known)
        left = (total - parts) / np.sqrt(max(count - 1, 1))
        result[:, np.isin(history, known)] = (total / np.sqrt(count) - left) / (self.num_layers + 1)
        return result

    def extended(self, item_final: FloatArray, item_neighbours: FloatArray) -> LightGCNScorer:
        """A scorer that also knows items behind the last one, by vectors that something else predicted.

        Args:
            item_final: F of the new items, float32 [M, D].
            item_neighbours: what they pass to their readers, float32 [M, D].
        """
        return replace(
            self,
            item_base=np.concatenate((self.item_base, np.zeros_like(item_final, dtype=np.float32))),
            item_neighbours=np.concatenate((self.item_neighbours, item_neighbours)).astype(np.float32),
            item_final=np.concatenate((self.item_final, item_final)).astype(np.float32),
        )

    def replaced(self, items: IndexArray, *, item_final: FloatArray, item_neighbours: FloatArray) -> LightGCNScorer:
        """A scorer with other vectors for some items it knows: those that nobody had met at training.

        Args:
            items: int64 [M], 1..N.
            item_final: float32 [M, D].
            item_neighbours: float32 [M, D].
        """
        self._check(items)
        final, neighbours = self.item_final.copy(), self.item_neighbours.copy()
        final[items], neighbours[items] = item_final, item_neighbours
        return replace(self, item_neighbours=neighbours, item_final=final)

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        return {
            "user_base": self.user_base,
            "item_base": self.item_base,
            "item_neighbours": self.item_neighbours,
            "item_final": self.item_final,
            "num_layers": np.array(self.num_layers, dtype=np.int64),
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[np.generic]]) -> LightGCNScorer:
        return cls(
            user_base=np.asarray(arrays["user_base"], dtype=np.float32),
            item_base=np.asarray(arrays["item_base"], dtype=np.float32),
            item_neighbours=np.asarray(arrays["item_neighbours"], dtype=np.float32),
            item_final=np.asarray(arrays["item_final"], dtype=np.float32),
            num_layers=int(np.asarray(arrays["num_layers"]).item()),
        )

    def _base(self, users: IndexArray) -> FloatArray:
        """e_u^0 [B, D]; zeros for users who came after training."""
        return self.user_base[np.where(users <= self.num_users, users, PADDING)]

    def _known(self, history: IndexArray) -> IndexArray:
        """Distinct items that pass something on, in the order of their last occurrence."""
        inside = history[(history > PADDING) & (history <= self.num_items)]
        inside = inside[self._passes_on[inside]]
        _, last = np.unique(inside[::-1], return_index=True)
        return inside[np.sort(len(inside) - 1 - last)]

    def _check(self, candidates: IndexArray) -> None:
        if candidates.size and (candidates.min() < 0 or candidates.max() > self.num_items):
            raise InputError(
                f"candidates run from {candidates.min()} to {candidates.max()}, outside 0..{self.num_items}",
                fix="Score only items that this scorer knows, or extend it first.",
            )


def _frozen(tensor: torch.Tensor) -> FloatArray:
    return tensor.detach().cpu().numpy().copy()
