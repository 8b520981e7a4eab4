"""The prior over items: a conditional logit on collaborative scores, content, popularity and what was named first."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.optimize import minimize

from benchmarks.ease import ease
from benchmarks.simulation.world import Floats, Sessions
from graph.spectral import SpectralScorer, SpectralSettings
from store.ids import IndexArray
from store.interactions import Audience, Interactions

NAMES = ("ease", "spectral", "profile", "best_match", "popularity", "unmet", "breadth")
_L2_EASE = 100.0
_SPECTRAL = SpectralSettings(rank=256, linear=1.0, out_power=0.4)
_RIDGE = 1e-3


@dataclass(frozen=True)
class Features:
    """What the prior knows of a user and an item, from some interactions: F = len(NAMES) numbers a pair.

    Attributes:
        tables: those that depend on both, float32 [U+1, N+1] each: EASE, spectral filter, likeness of the item's
            attributes to those of the user's items together, and to the most alike of them.
        items: those of the item, float32 [N+1, 3]: log popularity, no user yet, log of the number of its attributes
            (who names one of n attributes at random names a given one with probability 1/n).
    """

    tables: tuple[Floats, ...]
    items: Floats

    @classmethod
    def of(cls, interactions: Interactions, attributes: sp.csr_matrix) -> Features:
        """Fit the scorers."""
        audience = Audience.of_users(np.arange(interactions.num_users + 1), interactions)
        collaborative = ease(interactions, l2=_L2_EASE)(audience)
        spectral = SpectralScorer.fit(interactions, _SPECTRAL).score(audience)
        counts = np.asarray(attributes.sum(axis=0)).ravel()
        rare = np.log1p(attributes.shape[0] / np.maximum(counts, 1.0)).astype(np.float32)
        weighted = _unit(sp.csr_matrix(attributes @ sp.diags_array(rare)))
        profile = np.asarray((_unit(sp.csr_matrix(interactions.matrix @ weighted)) @ weighted.T).todense())
        alike = sp.csr_matrix(weighted @ weighted.T)
        nearest = np.zeros_like(profile)
        for user in range(1, interactions.num_users + 1):
            if len(history := interactions.history(user)):
                nearest[user] = alike[history].max(axis=0).toarray().ravel()
        tables = (_finite(collaborative), _scaled(_finite(spectral)), _scaled(profile.astype(np.float32)), nearest)
        met = interactions.item_counts
        size = np.log(np.maximum(np.diff(attributes.indptr), 1))
        return cls(tables, np.stack([np.log1p(met), met == 0, size], axis=1).astype(np.float32))

    def at(self, users: IndexArray, items: IndexArray) -> Floats:
        """Of some users about the same items: [B, C, F]."""
        pairs = [table[users[:, None], items] for table in self.tables]
        shape = (len(users), *self.items[items].shape)
        return np.concatenate([np.stack(pairs, axis=2), np.broadcast_to(self.items[items], shape)], axis=2)


def _unit(rows: sp.csr_matrix) -> sp.csr_matrix:
    norms = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    return sp.csr_matrix(sp.diags_array((1.0 / np.maximum(norms, 1e-9)).astype(np.float32)) @ rows)


def _finite(scores: Floats) -> Floats:
    return np.where(np.isfinite(scores), scores, np.float32(0.0))


def _scaled(scores: Floats) -> Floats:
    """In units of the user's largest."""
    return scores / np.maximum(scores.max(axis=1, keepdims=True), np.float32(1e-9))


@dataclass(frozen=True)
class Prior:
    """ln b(i) = w . x(u, i) up to a constant, over the items that have the attribute named first.

    Attributes:
        weights: w, float32 [F].
        features: x.
        met: whom an item cannot be for because they met it, bool sparse [U+1, N+1]; None where the met compete.
    """

    weights: Floats
    features: Features
    met: sp.csr_matrix | None

    def logs(self, users: IndexArray, items: IndexArray) -> Floats:
        """[B, C]; -inf where the user met the item."""
        logs = self.features.at(users, items) @ self.weights
        if self.met is not None:
            logs[self.met[users][:, items].toarray() > 0] = -np.inf
        return logs


def learn_weights(
    features: Features,
    sessions: Sessions,
    attributes: sp.csr_matrix,
    met: sp.csr_matrix,
    *,
    names: Collection[str] = NAMES,
) -> Floats:
    """Maximum likelihood of the targets among the items with the attribute named first: float32 [F].

    Args:
        features: from interactions without the sessions' targets.
        sessions: that are not of the test.
        attributes: sparse [N+1, A].
        met: sparse [U+1, N+1], items that do not compete.
        names: the features that may be used; the others weigh 0.
    """
    columns = sp.csc_matrix(attributes)
    cases = []
    for rows in sessions.by_given():
        given = sessions.given[rows[0]]
        items = columns.indices[columns.indptr[given] : columns.indptr[given + 1]]
        values = features.at(sessions.users[rows], items)
        open_ = met[sessions.users[rows]][:, items].toarray() == 0
        cases.append((values, open_, items[None] == sessions.targets[rows, None]))

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        total, slope = 0.0, np.zeros(len(weights))
        for values, open_, hit in cases:
            logits = np.where(open_, values @ weights.astype(np.float32), -np.inf)
            logits -= logits.max(axis=1, keepdims=True)
            odds = np.exp(logits)
            odds /= odds.sum(axis=1, keepdims=True)
            total -= float(np.log(odds[hit]).sum())
            slope += np.tensordot(odds - hit, values, axes=((0, 1), (0, 1)))
        count = len(sessions)
        return total / count + _RIDGE / 2 * float(weights @ weights), slope / count + _RIDGE * weights

    start = np.zeros(len(NAMES))
    bounds = [(None, None) if name in names else (0.0, 0.0) for name in NAMES]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 60})
    return found.x.astype(np.float32)
