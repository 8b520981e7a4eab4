"""The blend: one score out of many, learned on validation as a conditional logit (McFadden 1974).

P(reader b picks candidate c) = softmax over c of sum_s contribution[b, c, s], where
contribution[b, c, s] = sum_f w[s, f](length of b's history) * feature[b, c, s, f]. The weights are piecewise linear in
the logarithm of the length and constant beyond the first and last knot, so a reader with 1 interaction and one with
1,000 are both served; for someone without a history popularity speaks alone. B readers, C candidates, S scorers, F
features per scorer, J knots.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rankers.arrays import Arrays, Scores
from rankers.blend_features import PER_SCORER, SCORE, Mask, Raw, features, features_by_scorer
from rankers.conditional_logit import Weights, conditional_logit
from rankers.held_out import ndcg
from store.errors import InputError, TrainingError
from store.ids import IndexArray

KINDS = ("non-negative", "free")

PRIOR = "popularity"
"""The scorer that knows something of a reader without a history."""


@dataclass(frozen=True)
class BlendSettings:
    """Settings of the blend.

    Attributes:
        l2: weight of half the squared norm of the weights, against the mean log-likelihood per reader.
        knots: history lengths at which weights may differ, at equal shares of the validation readers; 1 gives everybody
            the same weights.
        folds: of the cross-validation that decides between variants.
        cells: readers times candidates times scorers that are read at most; evenly chosen readers beyond.
    """

    l2: float = 1e-3
    knots: int = 3
    folds: int = 5
    cells: int = 20_000_000

    def __post_init__(self) -> None:
        if self.l2 < 0:
            raise InputError(f"l2 is {self.l2!r}, below 0", fix="Give l2 a number >= 0.")
        for name, least in (("knots", 1), ("folds", 2), ("cells", 1)):
            if getattr(self, name) < least:
                raise InputError(
                    f"{name} is {getattr(self, name)!r}, below {least}", fix=f"Give {name} a whole number >= {least}."
                )


@dataclass(frozen=True)
class BlendReport:
    """What cross-validation saw and what was decided.

    Attributes:
        singles: scorer -> ndcg@10 on its own.
        variants: kind of weights ("non-negative", "free") -> cross-validated ndcg@10.
        chosen: the kind that was kept.
        share: 1 is the learned blend, 0 the best single scorer; between them where the blend alone was worse.
        value: cross-validated ndcg@10 of what was kept.
        readers: how many readers it was learned from.
    """

    singles: dict[str, float]
    variants: dict[str, float]
    chosen: str
    share: float
    value: float
    readers: int


@dataclass(frozen=True)
class BlendedScores:
    """Scores float32 [B, C], and contributions float32 [B, C, S] whose sum over S they are. Padding is 0 in both."""

    scores: Scores
    contributions: Scores


class Blend:
    """Learned weights. Standardising sees the candidates of the call, so pass all that compete with each other.

    Args:
        names: S scorers.
        knots: float64 [J] ascending, ln(1 + history length).
        weights: float64 [J, S, F].
        report: how it was learned; None for a blend read from a snapshot.
    """

    def __init__(
        self, names: Sequence[str], knots: NDArray[np.float64], weights: Weights, *, report: BlendReport | None = None
    ) -> None:
        self.names = tuple(names)
        self.report = report
        self._knots = knots
        self._weights = weights

    @classmethod
    def fit(
        cls,
        raw: Raw,
        mask: Mask,
        target: IndexArray,
        history_lengths: IndexArray,
        names: Sequence[str],
        settings: BlendSettings = BlendSettings(),
        *,
        readers: IndexArray | None = None,
    ) -> Blend:
        """Learn from what readers picked.

        Args:
            raw: [B, C, S] scores, not finite where a scorer has no evidence.
            mask: bool [B, C], False at padding.
            target: int64 [B], column of the held-out item, -1 where recall missed it (the reader teaches nothing).
            history_lengths: int64 [B].
            names: S scorers.
            readers: int64 [B], whom each row is of: rows of one reader fall in one fold. None: each has a row.

        Raises:
            InputError: shapes differ.
            TrainingError: fewer readers with a target than folds.
        """
        _check(raw, mask, history_lengths, names)
        chosen = _usable_readers(mask, target, cells=settings.cells // max(1, raw[0].size))
        if len(chosen) < settings.folds:
            raise TrainingError(
                f"the blend has {len(chosen)} readers with a held-out candidate, fewer than {settings.folds} folds",
                fix="Ingest more users with three or more interactions.",
            )
        mask, target, history_lengths = mask[chosen], target[chosen], history_lengths[chosen]
        knots = _knots(history_lengths, settings.knots)
        who = np.arange(len(chosen)) if readers is None else np.unique(readers[chosen], return_inverse=True)[1]
        # By striding: neighbouring readers, who may have signed up together, fall in different folds.
        folds = who % settings.folds
        data = _Data(features(raw[chosen], mask), mask, target, knots, history_lengths, folds)
        singles = {name: data.quality(data.single(column)) for column, name in enumerate(names)}
        best_single = data.single(int(np.argmax(list(singles.values()))))
        everyone = np.arange(len(chosen))
        learned = {kind: data.learned(everyone, settings, non_negative=kind == "non-negative") for kind in KINDS}
        # Each fold's search begins at the optimum of all readers, which is near; it ends at the fold's own.
        variants = {
            kind: data.cross_fitted(settings, non_negative=kind == "non-negative", start=learned[kind])
            for kind in KINDS
        }
        gains = {kind: data.gains(weights) for kind, weights in variants.items()}
        values = {kind: float(gain.mean()) for kind, gain in gains.items()}
        kind = "free" if _clearly_better(gains["free"], gains["non-negative"]) else "non-negative"
        share, value = data.safest_share(variants[kind], best_single)
        weights = share * learned[kind] + (1.0 - share) * best_single
        report = BlendReport(singles, values, kind, share, value, len(chosen))
        return cls(names, data.knots, weights, report=report)

    def blend(self, raw: Raw, mask: Mask, history_lengths: IndexArray) -> BlendedScores:
        """Blend the scores of one batch.

        Args:
            raw: [B, C, S] in the order of ``names``, not finite where a scorer has no evidence.
            mask: bool [B, C], False at padding.
            history_lengths: int64 [B].

        Raises:
            InputError: shapes differ.
        """
        _check(raw, mask, history_lengths, self.names)
        contributions = _weighted(features_by_scorer(raw, mask), self.weights(history_lengths))
        return BlendedScores(contributions.sum(axis=1), contributions.swapaxes(1, 2))

    def channel(self, name: str, raw: Raw, mask: Mask, history_lengths: IndexArray) -> Scores:
        """What one scorer contributes: float32 [B, C] of raw scores [B, C]; the rest as in ``blend``."""
        column = self.names.index(name)
        weights = self.weights(history_lengths)[:, column : column + 1]
        return _weighted(features_by_scorer(raw[:, :, None], mask), weights)[:, 0]

    def weights(self, history_lengths: IndexArray) -> Weights:
        """Weights for readers of these history lengths, float64 [B, S, F]."""
        weights = np.einsum("bj,jsf->bsf", _hats(history_lengths, self._knots), self._weights)
        if PRIOR in self.names:
            # The others were learned from readers with a history, and may give popularity none beside what knows more.
            strangers = history_lengths == 0
            weights[strangers] = 0.0
            weights[strangers, self.names.index(PRIOR), SCORE] = 1.0
        return weights

    def to_arrays(self) -> Arrays:
        names = np.frombuffer("\n".join(self.names).encode(), dtype=np.uint8).copy()
        return {"names": names, "knots": self._knots, "weights": self._weights}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Blend:
        names = arrays["names"].astype(np.uint8).tobytes().decode().split("\n")
        return cls(names, arrays["knots"].astype(np.float64), arrays["weights"].astype(np.float64))


class _Data:
    """Validation readers with their features, and what can be learned from them."""

    def __init__(
        self,
        values: Scores,
        mask: Mask,
        target: IndexArray,
        knots: NDArray[np.float64],
        lengths: IndexArray,
        folds: IndexArray,
    ) -> None:
        self.values, self.mask, self.target, self.knots, self.folds = values, mask, target, knots, folds
        self.hats = _hats(lengths, knots)
        self.shape = (len(knots), values.shape[2], PER_SCORER)

    def single(self, column: int) -> Weights:
        """Weights with which one scorer ranks alone."""
        weights = np.zeros(self.shape)
        weights[:, column] = 1.0
        return weights

    def learned(
        self, readers: IndexArray, settings: BlendSettings, *, non_negative: bool, start: Weights | None = None
    ) -> Weights:
        return conditional_logit(
            self.values[readers],
            self.mask[readers],
            self.target[readers],
            self.hats[readers],
            l2=settings.l2,
            non_negative=non_negative,
            start=start,
        )

    def cross_fitted(self, settings: BlendSettings, *, non_negative: bool, start: Weights) -> NDArray[np.float64]:
        """For each reader, weights learned from the other folds: [B, J, S, F]; the search begins at ``start``."""
        weights = np.empty((len(self.target), *self.shape))
        for fold in range(settings.folds):
            inside = self.folds == fold
            weights[inside] = self.learned(np.flatnonzero(~inside), settings, non_negative=non_negative, start=start)
        return weights

    def quality(self, weights: Weights) -> float:
        """ndcg@10 with the same weights for all readers."""
        return float(self.gains(np.broadcast_to(weights, (len(self.target), *self.shape))).mean())

    def gains(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """ndcg@10 per reader [B], among all candidates, with weights by reader [B, J, S, F]; ties count against."""
        by_reader = np.einsum("bj,bjsf->bsf", self.hats, weights).astype(np.float32)
        scores = np.einsum("bcsf,bsf->bc", self.values, by_reader)
        own = np.take_along_axis(scores, self.target[:, None], axis=1)
        return ndcg(((scores >= own) & self.mask).sum(axis=1))

    def safest_share(self, weights: NDArray[np.float64], best_single: Weights) -> tuple[float, float]:
        """The largest share of the blend that is no worse than the best single scorer, and its quality."""
        floor = self.quality(best_single)
        for share in (1.0, 0.75, 0.5, 0.25):
            value = float(self.gains(share * weights + (1.0 - share) * best_single).mean())
            if value >= floor:
                return share, value
        return 0.0, floor


def _weighted(values: Scores, weights: Weights) -> Scores:
    """Contributions float32 [B, S, C]: features [B, S, F, C] times weights [B, S, F]."""
    parts = (values[:, :, feature] * weights[:, :, feature, None] for feature in range(PER_SCORER))
    return sum(parts, np.zeros(1)).astype(np.float32)


def _usable_readers(mask: Mask, target: IndexArray, *, cells: int) -> IndexArray:
    """Readers whose target is a candidate with competition; evenly chosen down to the number of ``cells`` allowed."""
    rows = np.arange(len(target))
    usable = np.flatnonzero((target >= 0) & mask[rows, np.maximum(target, 0)] & (mask.sum(axis=1) > 1))
    return usable[:: max(1, -(-len(usable) // max(1, cells)))]


def _clearly_better(gains: NDArray[np.float64], baseline: NDArray[np.float64]) -> bool:
    """Whether the mean difference exceeds its standard error.

    Non-negative weights are readable, because no evidence then counts against a candidate for being strong; they are
    not given up for noise.
    """
    difference = gains - baseline
    return bool(difference.mean() > difference.std() / np.sqrt(len(difference)))


def _knots(lengths: IndexArray, count: int) -> NDArray[np.float64]:
    """ln(1 + length) at the middle of ``count`` equal shares of the readers; fewer where they coincide."""
    shares = (np.arange(count) + 0.5) / count
    return np.unique(np.quantile(np.log1p(lengths), shares))


def _hats(lengths: IndexArray, knots: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of each knot in a reader's weights: [B, J], not negative, rows sum to 1.

    Non-negative weights at the knots are therefore non-negative between them.
    """
    return np.stack([np.interp(np.log1p(lengths), knots, unit) for unit in np.eye(len(knots))], axis=1)


def _check(raw: Raw, mask: Mask, lengths: IndexArray, names: Sequence[str]) -> None:
    if raw.shape != (*mask.shape, len(names)) or lengths.shape != mask.shape[:1]:
        raise InputError(
            f"raw {raw.shape}, mask {mask.shape}, history_lengths {lengths.shape} and {len(names)} names do not fit",
            fix="Pass [B, C, S], [B, C], [B] and S names.",
        )
