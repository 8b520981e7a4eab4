"""What the blend sees of a scorer: how far a candidate stands out, and where it ranks.

B readers, C candidates, S scorers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.float32]
Raw = NDArray[np.floating]
Mask = NDArray[np.bool_]

PER_SCORER = 2
"""Features per scorer: the standardised score and the standardised log-rank."""
SCORE, LOG_RANK = range(PER_SCORER)


def features(raw: Raw, mask: Mask) -> Features:
    """Two features per scorer, standardised over each reader's candidates.

    Scorers live on scales of their own, which also differ between readers, so only what is left after standardising
    can be added. The score tells by how much a candidate leads; its distribution may have a long tail, so the log-rank,
    which has none, stands beside it. A candidate of which the scorer has no evidence gets 0, the mean: it is neither
    pushed nor held back.

    Args:
        raw: [B, C, S], not finite where a scorer has no evidence.
        mask: bool [B, C], False at padding.

    Returns:
        float32 [B, C, S, 2].
    """
    return np.ascontiguousarray(np.moveaxis(features_by_scorer(raw, mask), 3, 1))


def features_by_scorer(raw: Raw, mask: Mask) -> Features:
    """``features`` as they are worked out, float32 [B, S, 2, C]: sorting and summing along memory is much faster."""
    values = np.ascontiguousarray(raw.swapaxes(1, 2))
    known = np.isfinite(values) & mask[:, None, :]
    result = np.empty((*values.shape[:2], PER_SCORER, values.shape[2]), dtype=np.float32)
    result[:, :, SCORE] = _standardised(values, known)
    result[:, :, LOG_RANK] = _standardised(_log_ranks(values, known), known)
    return result


def _standardised(values: Raw, known: Mask) -> Features:
    """z-scores over the known candidates, the last axis; 0 elsewhere, and where all are equal."""
    count = np.maximum(known.sum(axis=-1, keepdims=True), 1)
    values = np.where(known, values, 0.0)
    centred = np.where(known, values - values.sum(axis=-1, keepdims=True) / count, 0.0)
    deviation = np.sqrt(np.square(centred).sum(axis=-1, keepdims=True) / count)
    # Rounding alone can leave a deviation of about 1e-7 of the values: that is no spread.
    spread = deviation > 1e-6 * np.abs(values).max(axis=-1, keepdims=True)
    return np.divide(centred, deviation, out=np.zeros_like(centred), where=spread).astype(np.float32)


def _log_ranks(values: Raw, known: Mask) -> NDArray[np.float64]:
    """Minus the logarithms of 1-based ranks, best first, equal scores sharing their mean rank: [B, S, C].

    A shared rank keeps the many candidates that a sparse scorer leaves at 0 in one place. Meaningless where not known.
    """
    count = values.shape[2]
    descending = np.where(known, -values, np.inf)
    order = np.argsort(descending, axis=2)
    ordered = np.take_along_axis(descending, order, axis=2)
    edge = np.ones((*values.shape[:2], 1), dtype=bool)
    changes = ordered[:, :, 1:] != ordered[:, :, :-1]
    place = np.arange(1, count + 1, dtype=np.int32)
    first = np.maximum.accumulate(np.where(np.concatenate((edge, changes), axis=2), place, np.int32(0)), axis=2)
    last = np.where(np.concatenate((changes, edge), axis=2), place, np.int32(count))
    last = np.minimum.accumulate(last[:, :, ::-1], axis=2)[:, :, ::-1]
    # Twice a mean rank is a whole number: few logarithms serve all.
    logarithms = -np.log(np.arange(1, 2 * count + 1) / 2.0)
    result = np.empty(values.shape)
    np.put_along_axis(result, order, logarithms[first + last - 1], axis=2)
    return result
