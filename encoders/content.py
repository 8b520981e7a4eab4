"""Items as content vectors: what an item is known by on the day it arrives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from encoders.cache import EmbeddingCache, content_key
from encoders.images import ImageLimits, decode_image, read_image
from encoders.matching import HeatMap, Match, Occlusions, PictureMatch, TextMatch, heat_map
from store.errors import InputError, UnsafeInput
from store.ids import IndexArray
from store.records import IMAGE_URL, AttributeValue, Item

if TYPE_CHECKING:
    from encoders.image import ImageEncoder
    from encoders.text import TextEncoder

Vectors = NDArray[np.float32]
FUSION_WEIGHTS: Mapping[str, float] = {"text": 0.8, "image": 0.2}
"""Share of each modality in the similarity of two items that have both."""
CHUNK = 64
"""Items encoded between two writes of the cache: what Ctrl-C can lose, and what is in memory at once."""
LARGEST_SIDE = 1_024
"""Pixels kept of a decoded picture until it is encoded; every encoder looks at fewer."""


@dataclass(frozen=True)
class Content:
    """Encoded items, one row each; a missing modality is masked, never zeros that look like data.

    Attributes:
        text: float32 [N, Dt], L2-normalised rows; undefined where ``has_text`` is False.
        image: float32 [N, Di], L2-normalised rows; undefined where ``has_image`` is False.
        has_text: bool [N].
        has_image: bool [N].
        notes: per row, what could not be encoded and why ("" where nothing is wrong).
    """

    text: Vectors
    image: Vectors
    has_text: NDArray[np.bool_]
    has_image: NDArray[np.bool_]
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.has_text)

    def rows(self, rows: IndexArray) -> Content:
        """Some rows, int64 [M], in the order given."""
        return Content(
            text=self.text[rows],
            image=self.image[rows],
            has_text=self.has_text[rows],
            has_image=self.has_image[rows],
            notes=tuple(self.notes[row] for row in rows),
        )

    def followed_by(self, other: Content) -> Content:
        """The rows of both, one behind the other."""
        return Content(
            text=np.concatenate((self.text, other.text)),
            image=np.concatenate((self.image, other.image)),
            has_text=np.concatenate((self.has_text, other.has_text)),
            has_image=np.concatenate((self.has_image, other.has_image)),
            notes=(*self.notes, *other.notes),
        )

    def replaced(self, rows: IndexArray, other: Content) -> Content:
        """A copy in which ``rows`` hold the rows of ``other``."""
        if not len(rows):
            return self
        order = np.arange(len(self))
        order[rows] = len(self) + np.arange(len(other))
        return self.followed_by(other).rows(order)


def item_text(item: Item) -> str:
    """What the text encoder reads, one part per line: title, categories, attributes as "name: value", description.

    The description comes last: it is the part that the encoder's length limit may cut. Parts that are empty are left
    out; attributes come in the order of their names, so that equal items give equal texts.
    """
    names = sorted(name for name in item.attributes if name != IMAGE_URL)
    attributes = (f"{name}: {spoken}" for name in names if (spoken := _spoken(item.attributes[name])))
    parts = (item.title, ", ".join(item.categories), *attributes, item.description)
    return "\n".join(part.strip() for part in parts if part.strip())


def _spoken(value: AttributeValue) -> str:
    if value is None or value is False:
        return ""
    if value is True:
        return "yes"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value) if isinstance(value, str | int) else ", ".join(value)


def fused(content: Content, weights: Mapping[str, float] = FUSION_WEIGHTS) -> Vectors:
    """One vector per item for content-neighbour search.

    The modalities stand side by side, scaled by the square root of their weights, so that the inner product of two
    items is the weighted mean of their similarities. An item that lacks a modality is normalised over what it has;
    between it and an item that has both, the modality that it lacks counts as no similarity.

    Returns:
        float32 [N, Dt + Di], L2-normalised; zeros for an item that has nothing.
    """
    blocks = (
        np.where(present[:, None], vectors * np.float32(weights[name] ** 0.5), np.float32(0))
        for name, vectors, present in (
            ("text", content.text, content.has_text),
            ("image", content.image, content.has_image),
        )
    )
    rows = np.concatenate(tuple(blocks), axis=1)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(norms > 0, norms, 1.0)).astype(np.float32)


class ContentEncoder:
    """Encodes items by text and picture; what was encoded once comes from the cache.

    Args:
        text: encoder of texts.
        image: encoder of pictures; None knows items by text alone.
        cache: of embeddings; None computes every time.
        limits: pictures beyond them are refused, and the item is known by its text.
    """

    def __init__(
        self,
        *,
        text: TextEncoder,
        image: ImageEncoder | None = None,
        cache: EmbeddingCache | None = None,
        limits: ImageLimits | None = None,
    ) -> None:
        self._text = text
        self._image = image
        self._occlusions = None if image is None else Occlusions(image.encode)
        self._cache = cache
        self._limits = limits or ImageLimits()

    def encode(self, items: Sequence[Item], *, on_progress: Callable[[int, int], None] | None = None) -> Content:
        """Encode items; a picture that is missing or broken leaves a note, never an error.

        Args:
            items: N items; ``Item.image`` is the path of a picture file.
            on_progress: called with the number of items done and N.
        """
        if not items:
            return self._encode_chunk(())
        # Texts of like length share a chunk: a model pads each batch to its longest.
        order = np.argsort([-len(item_text(item)) for item in items], kind="stable")
        chunks: list[Content] = []
        for start in range(0, len(items), CHUNK):
            chunks.append(self._encode_chunk([items[row] for row in order[start : start + CHUNK]]))
            if on_progress is not None:
                on_progress(min(start + CHUNK, len(items)), len(items))
        encoded = Content(
            text=np.concatenate([chunk.text for chunk in chunks]),
            image=np.concatenate([chunk.image for chunk in chunks]),
            has_text=np.concatenate([chunk.has_text for chunk in chunks]),
            has_image=np.concatenate([chunk.has_image for chunk in chunks]),
            notes=tuple(note for chunk in chunks for note in chunk.notes),
        )
        return encoded.rows(np.argsort(order))

    @property
    def text_fingerprint(self) -> str:
        """Of the text encoder: what was learned from its vectors belongs to it."""
        return self._text.fingerprint

    def encode_query(self, text: str) -> Vectors:
        """A search or mood text in the space of ``Content.text``: float32 [Dt], L2-normalised."""
        return self._text.encode([text])[0]

    def encode_picture(self, data: bytes) -> Vectors | None:
        """A picture file in the space of ``Content.image``: float32 [Di], L2-normalised; None without an image encoder.

        What a person sends is theirs: unlike pictures of items it leaves nothing in the cache.

        Raises:
            UnsafeInput: it cannot be decoded safely.
        """
        if self._image is None:
            return None
        picture = decode_image(data, self._limits)
        picture.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
        return self._image.encode([picture])[0]

    def token_states(self, text: str) -> tuple[Sequence[tuple[int, int]], Vectors]:
        """Where the tokens of a text stand, and the encoder's state of each: float32 [T, Dt]."""
        return self._text.tokens(text)

    def token_states_of(self, texts: Sequence[str]) -> list[tuple[list[tuple[int, int]], Vectors]]:
        """``token_states`` of several texts at once."""
        return self._text.tokens_of(texts)

    def match(self, item: Item, other: Item) -> Match:
        """What of two items' texts and pictures makes them alike; a picture that is new here is looked at 50 times."""
        content = self.encode([item, other])
        notes = [f"{one.title}: {note}" for one, note in zip((item, other), content.notes, strict=True) if note]
        text = picture = None
        if content.has_text.all():
            try:
                first, second = content.text
                sides = self._text.parts(item_text(item), second), self._text.parts(item_text(other), first)
                text = TextMatch(float(first @ second), sides)
            except InputError as error:
                notes.append(str(error))
        if self._image is not None and item.image and other.image and content.has_image.all():
            try:
                first, second = content.image
                maps = self._heat_map(item.image, second), self._heat_map(other.image, first)
                picture = PictureMatch(float(first @ second), maps)
            except UnsafeInput as error:  # the vector came from the cache, and the file has changed since
                notes.append(f"pictures not compared: {error}")
        return Match(text, picture, tuple(notes))

    def _heat_map(self, path: str, direction: Vectors) -> HeatMap:
        assert self._occlusions is not None
        data = read_image(Path(path), self._limits)

        def seen() -> Image.Image:
            """The picture as it was encoded."""
            image = decode_image(data, self._limits)
            image.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
            return image

        return heat_map(self._occlusions.of(content_key(data), seen), direction)

    def _encode_chunk(self, items: Sequence[Item]) -> Content:
        texts = {row: text for row, item in enumerate(items) if (text := item_text(item))}
        text_vectors, has_text = self._texts(texts, len(items))
        image_vectors, has_image, notes = self._images(items)
        return Content(text_vectors, image_vectors, has_text, has_image, notes)

    def _texts(self, texts: Mapping[int, str], count: int) -> tuple[Vectors, NDArray[np.bool_]]:
        """Vectors by row, and which rows have one."""
        keys = {row: content_key(text) for row, text in texts.items()}
        by_key = {keys[row]: text for row, text in texts.items()}
        known = self._cached(self._text.fingerprint, list(by_key))
        missing = [key for key in by_key if key not in known]
        if missing:
            self._keep(self._text.fingerprint, missing, self._text.encode([by_key[key] for key in missing]), known)
        return _rows(count, self._text.dimension, {row: known[key] for row, key in keys.items()})

    def _images(self, items: Sequence[Item]) -> tuple[Vectors, NDArray[np.bool_], tuple[str, ...]]:
        """Vectors by row, which rows have one, and what was wrong with the others."""
        notes = [""] * len(items)
        if self._image is None:
            return *_rows(len(items), 0, {}), tuple(notes)
        data: dict[int, bytes] = {}
        for row, item in enumerate(items):
            if item.image is None:
                continue
            try:
                data[row] = read_image(Path(item.image), self._limits)
            except UnsafeInput as error:
                notes[row] = f"picture not used: {error}"
        keys = {row: content_key(content) for row, content in data.items()}
        known = self._cached(self._image.fingerprint, list(set(keys.values())))
        decoded = {}
        for row, key in keys.items():
            if key in known or key in decoded:
                continue
            try:
                decoded[key] = decode_image(data[row], self._limits)
                decoded[key].thumbnail((LARGEST_SIDE, LARGEST_SIDE))
            except UnsafeInput as error:
                notes[row] = f"picture not used: {error}"
        if decoded:
            self._keep(self._image.fingerprint, list(decoded), self._image.encode(list(decoded.values())), known)
        vectors, present = _rows(
            len(items), self._image.dimension, {row: known[key] for row, key in keys.items() if key in known}
        )
        return vectors, present, tuple(notes)

    def _cached(self, fingerprint: str, keys: Sequence[bytes]) -> dict[bytes, Vectors]:
        return {} if self._cache is None else self._cache.get(fingerprint, keys)

    def _keep(self, fingerprint: str, keys: Sequence[bytes], vectors: Vectors, known: dict[bytes, Vectors]) -> None:
        new = dict(zip(keys, vectors, strict=True))
        known.update(new)
        if self._cache is not None:
            self._cache.put(fingerprint, new)


def _rows(count: int, dimension: int, vectors: Mapping[int, Vectors]) -> tuple[Vectors, NDArray[np.bool_]]:
    """Vectors by row as one array [count, dimension] and its mask; rows without one hold zeros."""
    rows = np.zeros((count, dimension), dtype=np.float32)
    present = np.zeros(count, dtype=np.bool_)
    for row, vector in vectors.items():
        rows[row] = vector
        present[row] = True
    return rows, present
