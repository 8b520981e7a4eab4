from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from encoders.text import TextEncoder, TextSettings
from store.errors import InputError, UnsafeInput

TEXTS = [
    "A toy cowboy is jealous of a new astronaut doll.",
    "Toys come alive when people leave the room.",
    "A mafia family hands its empire from father to son. " * 12,
    "x",
]


def test_vectors_are_unit_length_and_float32(text_encoder: TextEncoder) -> None:
    vectors = text_encoder.encode(TEXTS)
    assert vectors.shape == (4, text_encoder.dimension) == (4, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_batch_equals_single(text_encoder: TextEncoder) -> None:
    single = np.concatenate([text_encoder.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(text_encoder.encode(TEXTS), single, atol=1e-5)


def test_meaning_decides_nearness(text_encoder: TextEncoder) -> None:
    toys, alive, mafia, _ = text_encoder.encode(TEXTS)
    assert toys @ alive > toys @ mafia + 0.2


def test_no_texts(text_encoder: TextEncoder) -> None:
    assert text_encoder.encode([]).shape == (0, 384)


def test_length_and_model_are_part_of_the_fingerprint(text_model: Path, text_encoder: TextEncoder) -> None:
    short = TextEncoder(text_model, TextSettings(max_length=8))
    assert short.fingerprint != text_encoder.fingerprint
    ends = [f"one two three four five six seven eight nine {end}" for end in ("alpha", "omega")]
    first, second = short.encode(ends)
    np.testing.assert_allclose(first, second, atol=1e-5)


def test_a_folder_without_safetensors_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(UnsafeInput, match=r"holds no \.safetensors file"):
        TextEncoder(tmp_path)


def test_settings_are_checked() -> None:
    with pytest.raises(InputError, match="batch_size is 0, below 1"):
        TextSettings(batch_size=0)
