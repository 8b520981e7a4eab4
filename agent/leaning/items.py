"""What a catalogue tells of its items, as arrays over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from agent.lexicon import Lexicon
from agent.title_names import spoken_title
from agent.tokens import words_of
from pipeline.catalogue import CATEGORY, Catalogue
from pipeline.contracts import Vectors
from store.interactions import Sparse

Floats = NDArray[np.float32]
_YEARS = (1960, 1975, 1985, 1992, 1998, 2003, 2007, 2010, 2013, 2015)
_WIDTH = 6.0
"""Years around which items are told apart, and how far each reaches."""
_PLAIN_YEAR = 1995.0
"""Of items without one."""
_SAME_WORDS = 0.3
"""Cosine of two titles' words from which they sound alike."""
_DAMPING = 0.02
"""Keeps what hardly anybody met from being like everything."""


@dataclass(frozen=True)
class ItemArrays:
    """Rows 1..N are items, row 0 is padding.

    Attributes:
        values: of the categories, V of them.
        has: float32 [N+1, V], 0 or 1.
        years: float32 [N+1].
        readers: float32 [N+1], log(1 + how many of a thousand people met it).
        recent: float32 [N+1], likewise among the newest fifth of the interactions; zeros where there are no times.
        text: float32 [N+1, D], of title, categories and description, around their mean, L2-normalised.
        titles: [N+1, W] words of the titles, rarer ones weigh more, rows L2-normalised.
        names: of people, M of them.
        people: [N+1, M], who is named in an item's texts, weighed as words of titles are.
        met: [U, N+1] who met what, scaled so that rows and columns of a product are cosines (``together``).
    """

    values: tuple[str, ...]
    has: Floats
    years: Floats
    readers: Floats
    recent: Floats
    text: Vectors
    titles: Sparse
    names: tuple[str, ...]
    people: Sparse
    met: Sparse

    @classmethod
    def build(
        cls, catalogue: Catalogue, lexicon: Lexicon, *, readers: Floats, recent: Floats, text: Vectors, met: Sparse
    ) -> ItemArrays:
        """Put them together.

        Args:
            catalogue: N items.
            lexicon: over the same catalogue.
            readers: as above.
            recent: as above.
            text: float32 [N, D], as encoded.
            met: [U, N+1] who met what, 0 or 1.
        """
        values, has = catalogue.incidence(CATEGORY)
        years = np.array([_PLAIN_YEAR, *(lexicon.year_of(i.item_id) or _PLAIN_YEAR for i in catalogue.items)])
        names, people = _rows([[], *(lexicon.people_of(item.item_id) for item in catalogue.items)])
        words = [[], *([word for word in words_of(spoken_title(i.title)) if len(word) > 1] for i in catalogue.items)]
        stop = lexicon.language.stop_words
        _, titles = _rows([[word for word in title if word not in stop] for title in words])
        centred = text - text.mean(axis=0)
        return cls(
            values=tuple(values),
            has=has,
            years=years.astype(np.float32),
            readers=readers,
            recent=recent,
            text=np.concatenate((np.zeros((1, text.shape[1]), np.float32), unit(centred))),
            titles=titles,
            names=tuple(names),
            people=people,
            met=_scaled(met),
        )

    def __len__(self) -> int:
        return len(self.years)

    @cached_property
    def era(self) -> Floats:
        """float32 [N+1, 10]: nearness to each of the years that tell items apart."""
        return np.exp(-0.5 * ((self.years[:, None] - np.array(_YEARS)) / _WIDTH) ** 2).astype(np.float32)

    def together(self, mentions: Sparse) -> Floats:
        """Sums over mentions [Q, N+1] of the cosine between who met the item mentioned and who met each: [Q, N+1]."""
        return (mentions @ self.met.T @ self.met).toarray()

    @cached_property
    def kinds(self) -> Floats:
        """``has``, rows L2-normalised."""
        return unit(self.has)

    @cached_property
    def alike(self) -> Sparse:
        """[N+1, N+1]: cosine of two titles' words where they sound alike, its diagonal 0."""
        product = (self.titles @ self.titles.T).tocoo()
        kept = (product.data >= _SAME_WORDS) & (product.row != product.col)
        return sp.csr_matrix((product.data[kept], (product.row[kept], product.col[kept])), shape=product.shape)


def unit(rows: Floats) -> Floats:
    """Rows divided by their lengths; zeros stay zeros."""
    return (rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-9)).astype(np.float32)


def _rows(told: Sequence[Sequence[str]]) -> tuple[list[str], Sparse]:
    """All words, and which row has which: weighed by how few rows have a word, rows L2-normalised."""
    places: dict[str, int] = {}
    pairs = {(row, places.setdefault(word, len(places))) for row, words in enumerate(told) for word in words}
    rows, columns = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2).T
    counts = np.bincount(columns, minlength=len(places))
    weights = np.log(len(told) / counts)[columns]
    lengths = np.sqrt(np.bincount(rows, weights=weights**2, minlength=len(told)))
    found = sp.csr_matrix((weights / np.maximum(lengths[rows], 1e-9), (rows, columns)), shape=(len(told), len(places)))
    return list(places), found.astype(np.float32)


def _scaled(met: Sparse) -> Sparse:
    """Somebody who met much says little of each: a person counts 1 in all."""
    shares = met.multiply(1.0 / np.maximum(np.asarray(met.sum(axis=1)), 1.0)).tocsr()
    shares.data = np.sqrt(shares.data)
    lengths = np.sqrt(np.asarray(shares.multiply(shares).sum(axis=0)).ravel() + _DAMPING)
    return (shares @ sp.diags(1.0 / lengths)).tocsr().astype(np.float32)
