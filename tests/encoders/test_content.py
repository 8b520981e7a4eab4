from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from encoders.cache import EmbeddingCache
from encoders.content import Content, ContentEncoder, fused, item_text
from encoders.image import EfficientNetEncoder
from encoders.text import TextEncoder
from store.records import Item


class CountingText:
    """Three dimensions from the letters of a text; counts what it is asked."""

    dimension = 3
    fingerprint = "letters"

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.encoded.extend(texts)
        raw = np.array([[1 + text.count(letter) for letter in "aei"] for text in texts], dtype=np.float32)
        return raw.reshape(-1, 3) / np.linalg.norm(raw.reshape(-1, 3), axis=1, keepdims=True)


class CountingImage:
    """Mean colour; counts pictures."""

    dimension = 3
    fingerprint = "colour"

    def __init__(self) -> None:
        self.encoded = 0

    def encode(self, images: Sequence[Image.Image]) -> np.ndarray:
        self.encoded += len(images)
        raw = np.stack([np.asarray(image, dtype=np.float32).mean(axis=(0, 1)) + 1 for image in images])
        return raw / np.linalg.norm(raw, axis=1, keepdims=True)


def encoder(
    text: CountingText, image: CountingImage | None = None, cache: EmbeddingCache | None = None
) -> ContentEncoder:
    return ContentEncoder(text=text, image=image, cache=cache)  # type: ignore[arg-type]


@pytest.fixture
def pictures(tmp_path: Path) -> dict[str, str]:
    for name, colour in (("red", (255, 0, 0)), ("blue", (0, 0, 255))):
        Image.new("RGB", (40, 30), colour).save(tmp_path / f"{name}.png")
    whole = (tmp_path / "red.png").read_bytes()
    (tmp_path / "broken.png").write_bytes(whole[: len(whole) // 2])
    return {name: str(tmp_path / f"{name}.png") for name in ("red", "blue", "broken", "gone")}


def test_the_text_of_an_item_holds_all_it_is_known_by() -> None:
    item = Item(
        "1",
        " Heat ",
        "A thief and a detective.",
        ("Crime", "Drama"),
        {
            "year": 1995,
            "people": ["De Niro", "Pacino"],
            "price": 9.50,
            "sequel": False,
            "colour": True,
            "tagline": None,
        },
    )
    assert item_text(item) == (
        "Heat\nCrime, Drama\ncolour: yes\npeople: De Niro, Pacino\nprice: 9.5\nyear: 1995\nA thief and a detective."
    )
    backwards = replace(item, attributes=dict(reversed(list(item.attributes.items()))))
    assert item_text(backwards) == item_text(item)


def test_missing_and_broken_pictures_are_masked_and_the_item_is_kept(pictures: dict[str, str]) -> None:
    items = [
        Item("1", "red", image=pictures["red"]),
        Item("2", "none"),
        Item("3", "broken", image=pictures["broken"]),
        Item("4", "gone", image=pictures["gone"]),
    ]
    content = encoder(CountingText(), CountingImage()).encode(items)
    assert content.has_text.tolist() == [True] * 4
    assert content.has_image.tolist() == [True, False, False, False]
    assert content.notes[:2] == ("", "")
    assert "picture not used: the picture is truncated or broken" in content.notes[2]
    assert "'gone.png' cannot be read: No such file" in content.notes[3]


def test_an_item_without_words_has_no_text() -> None:
    content = encoder(CountingText()).encode([Item("1", "  "), Item("2", "aa")])
    assert content.has_text.tolist() == [False, True]
    assert content.image.shape == (2, 0)


def test_no_items(text_encoder: TextEncoder) -> None:
    content = ContentEncoder(text=text_encoder).encode([])
    assert len(content) == 0
    assert content.text.shape == (0, 384)


def test_batch_equals_single_across_chunks(pictures: dict[str, str]) -> None:
    items = [Item(str(n), "aei"[n % 3] * n or "x", image=pictures[("red", "blue")[n % 2]]) for n in range(150)]
    batch = encoder(CountingText(), CountingImage()).encode(items)
    for row in (0, 63, 64, 149):
        single = encoder(CountingText(), CountingImage()).encode([items[row]])
        np.testing.assert_array_equal(batch.text[row], single.text[0])
        np.testing.assert_array_equal(batch.image[row], single.image[0])


def test_what_was_encoded_once_comes_from_the_cache(tmp_path: Path, pictures: dict[str, str]) -> None:
    cache = EmbeddingCache(tmp_path / "embeddings.db")
    items = [Item("1", "one", image=pictures["red"]), Item("2", "two", image=pictures["red"]), Item("3", "one")]
    text, image = CountingText(), CountingImage()
    first = encoder(text, image, cache).encode(items)
    assert (len(text.encoded), image.encoded) == (2, 1), "equal content is encoded once"
    second = encoder(text, image, cache).encode(items)
    assert (len(text.encoded), image.encoded) == (2, 1)
    np.testing.assert_array_equal(first.text, second.text)
    np.testing.assert_array_equal(first.image, second.image)
    encoder(text, image, cache).encode([replace(items[0], title="other")])
    assert (len(text.encoded), image.encoded) == (3, 1), "only what changed is encoded again"


def test_progress_is_told() -> None:
    seen: list[tuple[int, int]] = []
    encoder(CountingText()).encode(
        [Item(str(n), "a") for n in range(100)], on_progress=lambda done, of: seen.append((done, of))
    )
    assert seen == [(64, 100), (100, 100)]


def unit(*values: float) -> np.ndarray:
    return (np.array(values, dtype=np.float32) / np.linalg.norm(values)).astype(np.float32)


def test_fused_weighs_the_modalities_that_are_there() -> None:
    content = Content(
        text=np.stack([unit(1, 0), unit(1, 0), unit(0, 1), np.full(2, np.nan, np.float32), unit(1, 0)]),
        image=np.stack([unit(1, 0), unit(0, 1), unit(1, 0), unit(1, 0), np.full(2, 7, np.float32)]),
        has_text=np.array([True, True, True, False, True]),
        has_image=np.array([True, True, True, True, False]),
        notes=("",) * 5,
    )
    vectors = fused(content, {"text": 0.75, "image": 0.25})
    assert vectors.shape == (5, 4)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)
    likeness = vectors @ vectors.T
    assert likeness[0, 1] == pytest.approx(0.75)
    assert likeness[0, 2] == pytest.approx(0.25)
    assert likeness[0, 3] == pytest.approx(0.5)
    assert likeness[0, 4] == pytest.approx(0.75**0.5)
    nothing = replace(content, has_text=np.zeros(5, bool), has_image=np.zeros(5, bool))
    assert (fused(nothing) == 0).all()


def test_real_models_put_like_with_like(
    text_encoder: TextEncoder, image_encoder: EfficientNetEncoder, pictures: dict[str, str]
) -> None:
    real = ContentEncoder(text=text_encoder, image=image_encoder)
    content = real.encode(
        [
            Item("1", "Alien", "A monster hunts the crew of a spaceship.", ("Horror",), image=pictures["red"]),
            Item("2", "Sunshine", "Astronauts fly into space to save the sun.", ("Sci-Fi",)),
            Item("3", "Notting Hill", "A bookseller falls in love with a film star.", ("Romance",)),
        ]
    )
    assert content.image.shape == (3, 1280)
    assert content.has_image.tolist() == [True, False, False]
    scores = content.text @ real.encode_query("a scary film in outer space")
    assert scores.argsort().tolist() == [2, 1, 0]
