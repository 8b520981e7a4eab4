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
    known = np.isfinite(raw) & mask[:, :, None]
    result = np.zeros((*raw.shape, PER_SCORER), dtype=np.float32)
    result[..., SCORE] = _standardised(raw, known)
    result[..., LOG_RANK] = _standardised(-np.log(_ranks(raw, known)), known)
    return result


def _standardised(values: Raw, known: Mask) -> Features:
    """z-scores over the known candidates; 0 elsewhere, and where all are equal."""
    count = np.maximum(known.sum(axis=1, keepdims=True), 1)
    values = np.where(known, values, 0.0)
    centred = np.where(known, values - values.sum(axis=1, keepdims=True) / count, 0.0)
    deviation = np.sqrt(np.square(centred).sum(axis=1, keepdims=True) / count)
    # Rounding alone can leave a deviation of about 1e-7 of the values: that is no spread.
    spread = deviation > 1e-6 * np.abs(values).max(axis=1, keepdims=True)
    return np.divide(centred, deviation, out=np.zeros_like(centred), where=spread).astype(np.float32)


def _ranks(raw: Raw, known: Mask) -> NDArray[np.float64]:
    """1-based ranks, best first, equal scores sharing their mean rank: [B, C, S]; meaningless where not known.

    A shared rank keeps the many candidates that a sparse scorer leaves at 0 in one place.
    """
    # Sorting along the last axis of a contiguous array is several times faster than across it.
    values = np.ascontiguousarray(np.where(known, -raw, np.inf).swapaxes(1, 2))
    order = np.argsort(values, axis=2)
    ordered = np.take_along_axis(values, order, axis=2)
    edge = np.ones((*values.shape[:2], 1), dtype=bool)
    changes = ordered[:, :, 1:] != ordered[:, :, :-1]
    place = np.arange(1, values.shape[2] + 1)
    first = np.maximum.accumulate(np.where(np.concatenate((edge, changes), axis=2), place, 0), axis=2)
    last = np.where(np.concatenate((changes, edge), axis=2), place, len(place))
    last = np.minimum.accumulate(last[:, :, ::-1], axis=2)[:, :, ::-1]
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, (first + last) / 2, axis=2)
    return ranks.swapaxes(1, 2)
