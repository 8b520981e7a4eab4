"""What each history item is worth to a blended score, by channel: one pass back through the pipeline.

The blended score of a candidate depends on what the scorers say of it and of its rivals, over which scores are
standardised. Its slopes by all of these (rankers/blend_gradient.py) make each channel's influence one weighted sum of
its scores, and what that sum loses without a history item is exact and cheap wherever the channel can be taken apart:
LightGCN, its spectral companion, item-to-item, content. What comes next (SASRec, transitions) hangs on the newest
items, and a slope says little where one of them turns everything: those few are left out in earnest, and the older
ones get no part there. Integrated gradients for them made the order worse (docs/benchmarks.md, "Choices").
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from pipeline.contracts import Scores, Vectors
from pipeline.ranking import Ranked
from pipeline.reader import Reader
from pipeline.state import ServingState
from rankers.blend_gradient import blend_gradient
from store.ids import PADDING, IndexArray
from store.interactions import Audience

SEQUENCE = ("sasrec", "transition")
"""Channels that say "what comes next"."""

NEAR = 10
"""Newest history items that are left out in earnest in those channels."""


@dataclass(frozen=True)
class Attribution:
    """Parts of K blended scores.

    Attributes:
        names: S channels.
        parts: float32 [S, K, H], about what the blended score loses, by way of the channel, without the history item.
    """

    names: tuple[str, ...]
    parts: Vectors

    @property
    def by_item(self) -> Vectors:
        """All channels together, float32 [K, H]."""
        return self.parts.sum(axis=0)

    def of(self, names: Collection[str]) -> Vectors:
        """Some channels together, float32 [K, H]."""
        return self.parts[[name in names for name in self.names]].sum(axis=0)


@dataclass(frozen=True)
class Started:
    """An attribution that does not know yet what the newest items are worth to the channels of ``SEQUENCE``.

    Attributes:
        said: parts of the other channels; those of the items before the newest are final.
        candidates: int64 [C], all that are scored, without padding.
        raw: their raw scores [C, S].
        chosen: int64 [K], which of them are asked about.
    """

    state: ServingState
    reader: Reader
    said: Attribution
    candidates: IndexArray
    raw: Scores
    chosen: IndexArray

    def finished(self, without: Mapping[str, Scores]) -> Attribution:
        """The whole attribution.

        Args:
            without: channel -> [<= NEAR, C] its scores of the candidates without each of ``newest``, in their order.
        """
        names, parts = self.said.names, self.said.parts.copy()
        for channel, name in enumerate(names):
            if name in SEQUENCE and len(self.reader.history):
                parts[channel, :, -NEAR:] = self._lost(
                    name, np.concatenate((self.raw[None, :, channel], without[name]))
                )
        return Attribution(names, parts)

    def left_out(self) -> dict[str, Scores]:
        """Scores as ``finished`` wants them."""
        variants = [np.delete(self.reader.history, position) for position in newest(self.reader.history)]
        audience = Audience(np.full(len(variants), self.reader.user), variants)
        candidates = np.repeat(self.candidates[None, :], len(variants), axis=0)
        names = [name for name in self.said.names if name in SEQUENCE] if variants else []
        return {name: self.state.scorers[name].score(audience, candidates) for name in names}

    def _lost(self, name: str, raw: Scores) -> Vectors:
        """What the channel contributes by the first row less by each of the others: [R, C] -> [K, R - 1]."""
        lengths = np.full(len(raw), len(self.reader.history), dtype=np.int64)
        known = np.ones(raw.shape, dtype=bool)
        contributed = self.state.models.blend.channel(name, raw, known, lengths)[:, self.chosen]
        return (contributed[0] - contributed[1:]).T


def started(state: ServingState, ranked: Ranked, reader: Reader, chosen: IndexArray, *, row: int = 0) -> Started:
    """Attribute by the channels that need no scoring again. Arguments as of ``attribution``."""
    names = state.models.blend.names
    parts = np.zeros((len(names), len(chosen), len(reader.history)), dtype=np.float32)
    kept = ranked.candidates[row] != PADDING
    candidates = ranked.candidates[row, kept]
    raw = np.stack([ranked.raw[name][row, kept] for name in names], axis=1)
    chosen = (np.cumsum(kept) - 1)[chosen]
    if parts.size:
        slopes = blend_gradient(state.models.blend, raw, len(reader.history), chosen)
        for channel, name in enumerate(names):
            if name not in SEQUENCE and slopes[channel].any():
                parts[channel] = state.scorers[name].losses(reader.history, candidates, slopes[channel])
    return Started(state, reader, Attribution(names, parts), candidates, raw, chosen)


def attribution(
    state: ServingState, ranked: Ranked, reader: Reader, chosen: IndexArray, *, row: int = 0
) -> Attribution:
    """Attribute scores of one reader's candidates, as many as a page shows, in one pass.

    Args:
        ranked: the candidates.
        reader: whose they are.
        chosen: int64 [K] positions in ``ranked.candidates[row]``.
        row: of the reader.
    """
    begun = started(state, ranked, reader, chosen, row=row)
    return begun.finished(begun.left_out())


def newest(history: IndexArray) -> range:
    """Positions of the history items that are left out in earnest."""
    return range(max(len(history) - NEAR, 0), len(history))
