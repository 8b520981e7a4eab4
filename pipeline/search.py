"""Search by words: titles, text and meaning, fused by rank."""

from __future__ import annotations

from functools import cached_property
from typing import cast

import bm25s
import numpy as np
from rapidfuzz import fuzz, process, utils

from pipeline.catalogue import Mask
from pipeline.contracts import ItemEncoder, Scores
from pipeline.state import ServingState
from pipeline.topk import best
from store.ids import PADDING, IndexArray

DEPTH = 100
"""Results of each ranking that take part in the fusion."""

FUSION_CONSTANT = 60
"""k of reciprocal rank fusion (Cormack et al. 2009): how much the first ranks count above the later ones."""

TITLE_THRESHOLD = 75.0
"""Lowest title likeness, 0..100, that counts as a hit."""


class Search:
    """Finds items of one serving state by words."""

    def __init__(self, state: ServingState, encoder: ItemEncoder) -> None:
        self._state = state
        self._encoder = encoder

    @cached_property
    def _titles(self) -> list[str]:
        return [utils.default_process(item.title) for item in self._state.catalogue.items]

    @cached_property
    def _words(self) -> bm25s.BM25:
        """BM25 (Robertson & Zaragoza 2009) over title, values and description."""
        texts = [f"{item.title} {' '.join(item.categories)} {item.description}" for item in self._state.catalogue.items]
        index = bm25s.BM25()
        index.index(bm25s.tokenize(texts, show_progress=False), show_progress=False)
        return index

    def find(self, text: str, *, k: int, allowed: Mask) -> IndexArray:
        """Items int64 [<= k], best first.

        Args:
            allowed: bool [N+1], items that may come back.
        """
        if not text.strip() or not allowed.any():
            return np.zeros(0, dtype=np.int64)
        rankings = (self._by_title(text), self._by_words(text), self._by_meaning(text))
        fused = np.zeros(len(allowed), dtype=np.float32)
        for scores in rankings:
            scores[~allowed] = -np.inf
            items, _ = best(scores[None, :], DEPTH)
            found = items[0][items[0] != PADDING]
            fused[found] += 1.0 / (FUSION_CONSTANT + np.arange(1, len(found) + 1))
        fused[fused == 0] = -np.inf
        items, _ = best(fused[None, :], k)
        return items[0][items[0] != PADDING]

    def _by_title(self, text: str) -> Scores:
        scores = self._nothing()
        hits = process.extract(
            utils.default_process(text), self._titles, scorer=fuzz.WRatio, limit=DEPTH, score_cutoff=TITLE_THRESHOLD
        )
        for _, likeness, row in hits:
            scores[row + 1] = likeness
        return scores

    def _by_words(self, text: str) -> Scores:
        scores = self._nothing()
        (tokens,) = cast("list[list[str]]", bm25s.tokenize(text, return_ids=False, show_progress=False))
        if tokens:
            found = self._words.get_scores(tokens)
            scores[1:] = np.where(found > 0, found, -np.inf)
        return scores

    def _by_meaning(self, text: str) -> Scores:
        scores = self._state.text_likeness(self._encoder.encode_query(text))
        scores[PADDING] = -np.inf
        return scores

    def _nothing(self) -> Scores:
        return np.full(len(self._state.catalogue) + 1, -np.inf, dtype=np.float32)
