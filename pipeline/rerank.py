"""The last step: from a ranking to a list that is worth reading as a whole."""

from __future__ import annotations

import numpy as np

from pipeline.contracts import Scores, Vectors
from pipeline.vectors import unit_rows
from store.ids import IndexArray


def maximal_marginal_relevance(scores: Scores, vectors: Vectors, *, k: int, diversity: float) -> IndexArray:
    """Greedy list that trades score against likeness to what already stands in it.

    Carbonell & Goldstein 1998: take the candidate with the largest
    ``(1 - diversity) * score - diversity * max similarity to those taken``, with scores scaled to 0..1 over the pool
    and cosine similarity of item vectors.

    Args:
        scores: float32 [C], finite.
        vectors: float32 [C, D] item vectors of the pool; a zero vector resembles nothing.
        k: how many to take, at most C.
        diversity: 0 keeps the order of the scores; 1 looks at likeness alone.

    Returns:
        int64 [min(k, C)] positions in the pool, best first.
    """
    count = min(k, len(scores))
    if diversity <= 0 or count <= 1:
        return np.argsort(-scores, kind="stable")[:count].astype(np.int64)
    spread = float(scores.max() - scores.min())
    relevance = (scores - scores.min()) / spread if spread > 0 else np.ones_like(scores)
    unit = unit_rows(vectors)
    taken: list[int] = []
    likeness = np.zeros(len(scores), dtype=np.float32)
    available = np.ones(len(scores), dtype=bool)
    for _ in range(count):
        gain = np.where(available, (1 - diversity) * relevance - diversity * likeness, -np.inf)
        chosen = int(gain.argmax())
        taken.append(chosen)
        available[chosen] = False
        likeness = np.maximum(likeness, unit @ unit[chosen])
    return np.array(taken, dtype=np.int64)
