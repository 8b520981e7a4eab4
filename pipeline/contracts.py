"""What the parts of the pipeline promise each other: swap any of them and nothing else changes.

Shapes: B batch, C candidates, D dimension, N items (item arrays have N+1 rows, row 0 is padding), K cut.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from encoders.content import Content as Content
from encoders.matching import Match
from store.ids import IndexArray
from store.interactions import Audience
from store.records import Item

Scores = NDArray[np.float32]
Vectors = NDArray[np.float32]
Arrays = dict[str, NDArray[np.generic]]


class Scorer(Protocol):
    """Scores items for a batch of readers.

    Batch equals single; immutable once built. History items that the scorer does not know (index behind the last) are
    passed over, an empty history gets a sensible score (zeros, or popularity), and nothing is ever NaN.
    """

    @property
    def name(self) -> str: ...

    @property
    def num_items(self) -> int:
        """N: candidates are 1..N. Items behind the last one are not known to this scorer."""
        ...

    def score(self, audience: Audience, candidates: IndexArray | None = None) -> Scores:
        """Score candidates, higher is better.

        Args:
            audience: B readers.
            candidates: int64 [B, C], 0 where a row has fewer; None scores all items.

        Returns:
            float32 [B, C], or [B, N+1] for all items. Padding gets -inf.
        """
        ...

    def losses(self, history: IndexArray, candidates: IndexArray, weights: Vectors) -> Vectors:
        """What weighted sums of scores lose when one history item is taken out, exact.

        Args:
            history: int64 [H], of a reader whom training did not know, each item once.
            candidates: int64 [C].
            weights: float32 [K, C], one sum per row; the identity gives each candidate's own loss.

        Returns:
            float32 [K, H]: score of the whole history minus score without the item. What a user's own embedding adds
            is the same in both.
        """
        ...

    def to_arrays(self) -> Arrays:
        """All that is needed to build this scorer again, for the snapshot."""
        ...


class VectorIndex(Protocol):
    """Maximum inner product search over item vectors."""

    def search(
        self, queries: Vectors, k: int, *, exclude: Sequence[IndexArray] | None = None
    ) -> tuple[IndexArray, Scores]:
        """Best items by inner product.

        Args:
            queries: float32 [B, D].
            k: how many at most; more than there are items is allowed.
            exclude: per row, item indices that must not come back.

        Returns:
            items int64 [B, k] and scores float32 [B, k], best first; 0 and -inf where fewer were left.
        """
        ...


class ItemEncoder(Protocol):
    """Turns items into content vectors."""

    def encode(self, items: Sequence[Item], *, on_progress: Callable[[int, int], None] | None = None) -> Content:
        """Encode N items; ``on_progress`` is told how many of how many are done."""
        ...

    def encode_query(self, text: str) -> Vectors:
        """A search or mood text in the space of ``Content.text``: float32 [Dt], L2-normalised."""
        ...

    def encode_picture(self, data: bytes) -> Vectors | None:
        """A picture file in the space of ``Content.image``: float32 [Di], L2-normalised; None where none can be read.

        Raises:
            UnsafeInput: it cannot be decoded safely.
        """
        ...

    def match(self, item: Item, other: Item) -> Match:
        """What of two items' texts and pictures makes them alike. May take seconds."""
        ...


class Projector(Protocol):
    """Maps content into the spaces in which the scorers know items."""

    @property
    def trained_modalities(self) -> frozenset[str]:
        """Subset of {"text", "image"}: only these take part."""
        ...

    def project(self, items: Sequence[Item], content: Content) -> dict[str, Vectors]:
        """One float32 [N, D] per target space it was fitted on, by the name given at training.

        Args:
            items: N items; their categories and attributes are content too.
            content: what ``ItemEncoder.encode`` made of the same items.
        """
        ...

    def to_arrays(self) -> Arrays: ...

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self: ...
