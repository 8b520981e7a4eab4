"""What is tried beside ours: scores of all N items from interactions with the W warm ones and the content of all."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.cold_start.protocol import Catalogue
from benchmarks.full_ranking import Ranking
from encoders.features import FeatureSpec
from pipeline.contracts import Scores, Vectors
from pipeline.topk import best_products
from rankers.popularity import PopularityScorer
from store.ids import PADDING
from store.interactions import Audience, Interactions

_NEIGHBOURS = 20
_FACTORS = 64
_PENALTY = 3.0


def random(known: Interactions, catalogue: Catalogue, *, seed: int) -> Ranking:
    """Scores drawn anew for every batch."""
    rng = np.random.default_rng(seed)
    return lambda audience: rng.random((len(audience), len(catalogue.items) + 1), dtype=np.float32)


def neighbour_popularity(known: Interactions, catalogue: Catalogue, *, seed: int) -> Ranking:
    """ln(1 + readers), for a cold item the mean of the 20 warm items with the nearest text; the same for everybody."""
    warm = PopularityScorer.fit(known).score(Audience.of_history([]))[0]
    text = _padded(catalogue.content.text)
    near, _ = best_products(text[known.num_items + 1 :], text[: known.num_items + 1], _NEIGHBOURS)
    scores = np.concatenate((warm, warm[near].mean(axis=1)))
    return lambda audience: np.tile(scores, (len(audience), 1))


def text(known: Interactions, catalogue: Catalogue, *, seed: int) -> Ranking:
    """Cosine of the item's text to the mean of what the user met."""
    return _nearest(_padded(catalogue.content.text))


def image(known: Interactions, catalogue: Catalogue, *, seed: int) -> Ranking:
    """Cosine of the item's picture to the mean of what the user met."""
    content = catalogue.content
    return _nearest(_padded(np.where(content.has_image[:, None], content.image, np.float32(0))))


def ridge(known: Interactions, catalogue: Catalogue, *, seed: int) -> Ranking:
    """Ridge regression from text, genres and year to 64 SVD factors of the items, penalty 3."""
    torch.manual_seed(seed)
    matrix = torch.from_numpy(known.matrix.toarray())
    users, values, factors = torch.svd_lowrank(matrix, min(_FACTORS, *matrix.shape), niter=4)
    features = plain_features(known, catalogue)
    warm = slice(1, known.num_items + 1)
    mean_features, mean_factors = features[warm].mean(axis=0), factors[warm].numpy().mean(axis=0)
    centred = features - mean_features
    gram = centred[warm].T @ centred[warm] + _PENALTY * np.eye(centred.shape[1], dtype=np.float32)
    map_ = np.linalg.solve(gram, centred[warm].T @ (factors[warm].numpy() - mean_factors))
    items = np.concatenate((factors.numpy(), centred[known.num_items + 1 :] @ map_ + mean_factors))
    return products((users * values).numpy(), items)


def plain_features(known: Interactions, catalogue: Catalogue) -> Vectors:
    """Text beside genres and year, float32 [N+1, F]; row 0 is zeros."""
    warm = catalogue.items[: known.num_items]
    spec = FeatureSpec.learn(warm, minimum=3, most_values=500, most_knots=11)
    return np.concatenate((_padded(catalogue.content.text), _padded(spec.encode(catalogue.items))), axis=1)


def products(users: Vectors, items: Vectors) -> Ranking:
    """Inner products of rows by index: users [U+1, D], items [N+1, D]."""

    def score(audience: Audience) -> Scores:
        scores = (users[audience.users] @ items.T).astype(np.float32)
        scores[:, PADDING] = -np.inf
        return scores

    return score


def _nearest(vectors: Vectors) -> Ranking:
    def score(audience: Audience) -> Scores:
        # The mean's length changes no order.
        means = audience.matrix(len(vectors) - 1) @ vectors
        scores = np.asarray(means @ vectors.T, dtype=np.float32)
        scores[:, PADDING] = -np.inf
        return scores

    return score


def _padded(rows: Vectors) -> Vectors:
    return np.concatenate((np.zeros((1, rows.shape[1]), dtype=np.float32), rows)).astype(np.float32)
