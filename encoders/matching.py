"""What of two items' texts and pictures makes them alike.

A text's vector is the mean of its tokens' vectors t_1 .. t_n brought to unit length, so its cosine with a unit vector v
is a sum over tokens, cos = sum over k of <t_k, v> / (n |mean|): exact, and so for words and phrases. A picture's vector
is no such sum: it is looked at again with one patch greyed out at a time (Zeiler & Fergus 2014, "Visualizing and
Understanding Convolutional Networks"), and what the cosine loses is put down to the patch.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from PIL import Image

GRID = 7
"""Patches along each side of a picture."""

GREY = (128, 128, 128)

_WORD = re.compile(r"\S+")
_BREAK = re.compile(r"\n|(?<=[,;.!?])\s+")


@dataclass(frozen=True)
class TextPart:
    """A stretch of a text, ``text[start:end]``, with what it adds to the cosine; negative where it takes from it."""

    start: int
    end: int
    value: float


@dataclass(frozen=True)
class TextParts:
    """A text's side of a cosine: ``words``, and ``phrases``, each sum with ``rest`` to the cosine.

    Attributes:
        words: runs without white space, in order.
        phrases: lines and clauses, in order.
        rest: what the special tokens of the model add.
        read: where the model's length limit cuts the text; its length where it does not.
    """

    text: str
    words: tuple[TextPart, ...]
    phrases: tuple[TextPart, ...]
    rest: float
    read: int


@dataclass(frozen=True)
class HeatMap:
    """What a picture's cosine with another loses when a patch is greyed out, by row and column from the top left."""

    drops: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class TextMatch:
    """Two texts, the first item's and the other's, and their cosine."""

    cosine: float
    sides: tuple[TextParts, TextParts]


@dataclass(frozen=True)
class PictureMatch:
    """Two pictures and their cosine."""

    cosine: float
    sides: tuple[HeatMap, HeatMap]


@dataclass(frozen=True)
class Match:
    """What makes two items alike.

    Attributes:
        text: None where one has none, or where ``notes`` says why its words cannot be told apart.
        picture: likewise.
        notes: what could not be looked at, and why.
    """

    text: TextMatch | None
    picture: PictureMatch | None
    notes: tuple[str, ...]


def text_parts(text: str, offsets: Sequence[tuple[int, int]], values: NDArray[np.floating]) -> TextParts:
    """Group what tokens add by the words and phrases that they stand in.

    Args:
        offsets: start and end of each token in ``text``; an empty stretch marks a special token.
        values: float [T], what each token adds.
    """
    ordinary = np.array([end > start for start, end in offsets], dtype=bool)
    starts = np.array([start for start, _ in offsets], dtype=np.int64)[ordinary]
    own = values[ordinary].astype(np.float64)
    words = [match.span() for match in _WORD.finditer(text)]
    ends = [0, *(match.end() for match in _BREAK.finditer(text)), len(text)]
    phrases = [_trimmed(text, start, end) for start, end in pairwise(ends)]
    return TextParts(
        text=text,
        words=_summed(words, starts, own),
        phrases=_summed([(start, end) for start, end in phrases if end > start], starts, own),
        rest=float(values[~ordinary].sum()),
        read=max((end for _, end in offsets), default=0),
    )


class Occlusions:
    """Vectors of pictures with one patch greyed out at a time. Safe to call from several threads.

    They belong to one picture, whatever it is compared with, and cost 50 looks at it: the last ones are kept.

    Args:
        encode: RGB pictures to unit vectors [N, D].
        kept: pictures that are remembered; one takes about 256 kB at 1,280 dimensions.
    """

    def __init__(self, encode: Callable[[Sequence[Image.Image]], NDArray[np.float32]], *, kept: int = 64) -> None:
        self._encode = encode
        self._most = kept
        self._kept: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()
        self._lock = Lock()

    def of(self, key: bytes, image: Callable[[], Image.Image]) -> NDArray[np.float32]:
        """The picture as it is, then without each patch by row and column from the top left: float32 [1 + G^2, D].

        Args:
            key: of the picture's content.
            image: gives the picture, where it has to be looked at.
        """
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        vectors = self._encode(occluded(image()))
        with self._lock:
            self._kept[key] = vectors
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return vectors


def occluded(image: Image.Image) -> list[Image.Image]:
    """An RGB picture as it is, then with each patch greyed out, by row and column from the top left."""
    columns, rows = (np.linspace(0, side, GRID + 1).round().astype(int).tolist() for side in image.size)
    variants = [image]
    for row in range(GRID):
        for column in range(GRID):
            covered = image.copy()
            covered.paste(GREY, (columns[column], rows[row], columns[column + 1], rows[row + 1]))
            variants.append(covered)
    return variants


def heat_map(vectors: NDArray[np.float32], direction: NDArray[np.float32]) -> HeatMap:
    """What the cosine with another picture loses by each patch.

    Args:
        vectors: float32 [1 + G^2, D], of ``Occlusions``.
        direction: float32 [D], unit vector of the other picture.
    """
    cosines = vectors @ direction
    drops = (cosines[0] - cosines[1:]).reshape(GRID, GRID)
    return HeatMap(tuple(tuple(float(drop) for drop in row) for row in drops))


def _summed(
    spans: Sequence[tuple[int, int]], starts: NDArray[np.int64], values: NDArray[np.float64]
) -> tuple[TextPart, ...]:
    """Values of the tokens that start in each span; spans are in order and cover all tokens."""
    if not spans:
        return ()
    place = np.searchsorted([start for start, _ in spans], starts, side="right") - 1
    sums = np.bincount(np.maximum(place, 0), values, minlength=len(spans))
    return tuple(TextPart(start, end, float(value)) for (start, end), value in zip(spans, sums, strict=True))


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), end - (len(part) - len(part.rstrip()))
