"""Real models, fetched once; tests that need one are skipped, with the reason, where it cannot be had."""

from __future__ import annotations

from pathlib import Path

import pytest

from encoders.image import EfficientNetEncoder
from encoders.text import TextEncoder
from store.assets import AssetCache, default_cache_root
from store.errors import AssetError


def _fetch(name: str) -> Path:
    try:
        return AssetCache(default_cache_root()).fetch(name)
    except AssetError as error:
        pytest.skip(f"needs the asset {name}: {error}")


@pytest.fixture(scope="session")
def text_model() -> Path:
    return _fetch("text-encoder")


@pytest.fixture(scope="session")
def image_weights() -> Path:
    return _fetch("image-encoder")


@pytest.fixture(scope="session")
def text_encoder(text_model: Path) -> TextEncoder:
    return TextEncoder(text_model)


@pytest.fixture(scope="session")
def image_encoder(image_weights: Path) -> EfficientNetEncoder:
    return EfficientNetEncoder(image_weights)
