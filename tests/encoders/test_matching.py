from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

from encoders.content import ContentEncoder, item_text
from encoders.image import EfficientNetEncoder
from encoders.matching import GREY, GRID, HeatMap, Occlusions, TextParts, heat_map, occluded, text_parts
from encoders.text import TextEncoder, TextSettings
from store.errors import InputError
from store.records import Item

HEAT = Item("heat", "Heat", "A cop hunts a thief; both are alone.", ("Crime", "Thriller"), {"year": 1995})
FARGO = Item("fargo", "Fargo", "A pregnant cop solves a murder in the snow.", ("Crime", "Drama"), {"year": 1996})


class Letters:
    """Texts by their letters, with no token to tell apart."""

    dimension = 3
    fingerprint = "letters"

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        raw = np.array([[1 + text.count(letter) for letter in "aei"] for text in texts], dtype=np.float32)
        return raw / np.linalg.norm(raw, axis=1, keepdims=True)

    def parts(self, text: str, direction: np.ndarray) -> TextParts:
        raise InputError("letters have no parts", fix="Take words.")


class Colours:
    """Pictures by their mean colour."""

    dimension = 3
    fingerprint = "colours"

    def encode(self, images: Sequence[Image.Image]) -> np.ndarray:
        raw = np.stack([np.asarray(image, dtype=np.float32).mean(axis=(0, 1)) + 1 for image in images])
        return raw / np.linalg.norm(raw, axis=1, keepdims=True)


def test_tokens_by_words_and_phrases() -> None:
    text = "Heat\nCrime, Thriller"
    offsets = [(0, 0), (0, 2), (2, 4), (5, 10), (10, 11), (12, 20), (0, 0)]
    parts = text_parts(text, offsets, np.array([0.01, 0.1, 0.2, 0.3, -0.05, 0.4, 0.02]))
    assert [(text[part.start : part.end], pytest.approx(part.value)) for part in parts.words] == [
        ("Heat", 0.3),
        ("Crime,", 0.25),
        ("Thriller", 0.4),
    ]
    assert [text[part.start : part.end] for part in parts.phrases] == ["Heat", "Crime,", "Thriller"]
    assert parts.rest == pytest.approx(0.03)
    assert parts.read == len(text)
    assert text_parts("", [(0, 0)], np.array([0.5])).words == ()


@pytest.mark.parametrize("limit", [None, 8])
def test_phrases_add_up_to_the_cosine_of_the_vectors(text_model: Path, limit: int | None) -> None:
    encoder = ContentEncoder(text=TextEncoder(text_model, TextSettings(max_length=limit)))
    first, second = encoder.encode([HEAT, FARGO]).text
    match = encoder.match(HEAT, FARGO)
    assert match.text is not None
    assert match.text.cosine == pytest.approx(float(first @ second), abs=1e-6)
    for item, side in zip((HEAT, FARGO), match.text.sides, strict=True):
        assert side.text == item_text(item)
        assert sum(part.value for part in side.words) + side.rest == pytest.approx(match.text.cosine, abs=1e-4)
        assert sum(part.value for part in side.phrases) + side.rest == pytest.approx(match.text.cosine, abs=1e-4)
        assert (side.read == len(side.text)) == (limit is None)
        assert all(part.value == 0 for part in side.words if part.start >= side.read)
    assert match.picture is None
    assert match.notes == ()


def test_what_two_texts_share_stands_out(text_encoder: TextEncoder) -> None:
    vectors = text_encoder.encode(["a film about toy robots", "a cookbook about toy robots"])
    parts = text_encoder.parts("a film about toy robots", vectors[1])
    strongest = sorted(parts.words, key=lambda part: -part.value)[:2]
    assert {parts.text[part.start : part.end] for part in strongest} == {"toy", "robots"}


def test_a_model_with_another_pooling_says_that_it_cannot(text_model: Path, tmp_path: Path) -> None:
    transformer = Transformer(str(text_model))
    first = SentenceTransformer(modules=[transformer, Pooling(transformer.get_embedding_dimension(), "cls")])
    first.save(str(tmp_path / "cls"))
    encoder = ContentEncoder(text=TextEncoder(tmp_path / "cls"))
    match = encoder.match(HEAT, FARGO)
    assert match.text is None
    assert len(match.notes) == 1
    assert "does not take the mean of its tokens" in match.notes[0]


def painted(path: Path, ground: str, box: tuple[int, int, int, int] | None = None) -> str:
    image = Image.new("RGB", (140, 210), ground)
    if box is not None:
        ImageDraw.Draw(image).rectangle(box, fill="red")
    image.save(path)
    return str(path)


def hottest(found: HeatMap) -> tuple[int, int]:
    flat = int(np.argmax(found.drops))
    return flat // GRID, flat % GRID


def test_the_heat_map_finds_a_planted_patch() -> None:
    image = Image.new("RGB", (140, 210), "#404040")
    ImageDraw.Draw(image).rectangle((80, 30, 99, 59), fill="red")
    red = Colours().encode([Image.new("RGB", (9, 9), "red")])[0]
    found = heat_map(Colours().encode(occluded(image)), red)
    assert hottest(found) == (1, 4)
    assert np.shape(found.drops) == (GRID, GRID)
    assert np.sum(np.array(found.drops) > 0.01) == 1


def test_the_heat_map_of_a_real_network_stays_on_what_is_there(image_encoder: EfficientNetEncoder) -> None:
    """Stripes on the grey of the patches, compared with stripes: elsewhere nothing changes."""
    stripes = np.zeros((64, 64, 3), dtype=np.uint8)
    stripes[::8] = stripes[1::8] = stripes[2::8] = stripes[3::8] = (230, 40, 40)
    canvas = np.full((224, 224, 3), 128, dtype=np.uint8)
    canvas[128:192, 32:96] = stripes
    direction = image_encoder.encode([Image.fromarray(stripes)])[0]
    drops = np.array(heat_map(image_encoder.encode(occluded(Image.fromarray(canvas))), direction).drops)
    covered = np.zeros_like(drops, dtype=bool)
    covered[4:6, 1:3] = True
    np.testing.assert_allclose(drops[~covered], 0.0, atol=1e-5)
    assert drops[covered].max() > 0.01


def test_a_heat_map_is_one_look_at_a_time(image_encoder: EfficientNetEncoder) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (90, 70, 3), dtype=np.uint8)
    image = Image.fromarray(noise)
    other = image_encoder.encode([Image.fromarray(noise[::-1].copy())])[0]
    drops = np.array(heat_map(Occlusions(image_encoder.encode).of(b"noise", lambda: image), other).drops)
    whole = float(image_encoder.encode([image])[0] @ other)
    rows, columns = np.linspace(0, 90, GRID + 1).round().astype(int), np.linspace(0, 70, GRID + 1).round().astype(int)
    for row in range(GRID):
        for column in range(GRID):
            covered = noise.copy()
            covered[rows[row] : rows[row + 1], columns[column] : columns[column + 1]] = GREY
            lost = whole - float(image_encoder.encode([Image.fromarray(covered)])[0] @ other)
            assert drops[row, column] == pytest.approx(lost, abs=1e-5)
    assert np.ptp(drops) > 0.01


def test_a_picture_is_looked_at_once_whatever_it_is_compared_with(tmp_path: Path) -> None:
    class Counted(Colours):
        looks = 0

        def encode(self, images: Sequence[Image.Image]) -> np.ndarray:
            self.looks += len(images)
            return super().encode(images)

    image = Counted()
    encoder = ContentEncoder(text=Letters(), image=image)  # type: ignore[arg-type]
    red, dark, blue = (
        Item(name, name, image=painted(tmp_path / f"{name}.png", name)) for name in ("red", "black", "blue")
    )
    first = encoder.match(red, dark)
    assert image.looks == 2 + 2 * (1 + GRID**2)
    assert encoder.match(red, dark) == first
    encoder.match(red, blue)
    assert image.looks == 2 + 2 + 2 + 3 * (1 + GRID**2)
    painted(tmp_path / "red.png", "white")
    encoder.match(red, dark)
    assert image.looks == 2 + 2 + 2 + 2 + 4 * (1 + GRID**2), "a picture that has changed is looked at again"


def test_the_oldest_occlusions_are_forgotten() -> None:
    looked: list[str] = []
    occlusions = Occlusions(Colours().encode, kept=2)

    def look(name: str) -> None:
        occlusions.of(name.encode(), lambda: (looked.append(name), Image.new("RGB", (9, 9), name))[1])

    for name in ("red", "blue", "red", "black", "red", "blue"):
        look(name)
    assert looked == ["red", "blue", "black", "blue"]


def test_pictures_of_two_items_and_what_is_missing(tmp_path: Path) -> None:
    encoder = ContentEncoder(text=Letters(), image=Colours())  # type: ignore[arg-type]
    red = replace(HEAT, image=painted(tmp_path / "red.png", "#202020", (60, 90, 79, 119)))
    blue = replace(FARGO, image=painted(tmp_path / "blue.png", "red"))
    match = encoder.match(red, blue)
    assert match.text is None
    assert match.notes == ("letters have no parts. Take words.",)
    assert match.picture is not None
    assert hottest(match.picture.sides[0]) == (3, 3)
    assert 0 < match.picture.cosine < 1
    assert encoder.match(red, FARGO).picture is None
    (tmp_path / "broken.png").write_bytes(Path(str(red.image)).read_bytes()[:40])
    broken = encoder.match(red, replace(FARGO, image=str(tmp_path / "broken.png")))
    assert broken.picture is None
    assert broken.notes[0].startswith("Fargo: picture not used:")


def test_items_without_a_text(tmp_path: Path) -> None:
    encoder = ContentEncoder(text=Letters())  # type: ignore[arg-type]
    match = encoder.match(HEAT, Item("nothing", " "))
    assert (match.text, match.picture, match.notes) == (None, None, ())
