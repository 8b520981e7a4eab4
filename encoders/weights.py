"""Model weights from files: safetensors, or a file whose hash is pinned. A pickle can run code, so it is refused."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from store.assets import IMAGE_ENCODER
from store.downloads import sha256_of
from store.errors import UnsafeInput

PINNED = frozenset(file.sha256 for file in IMAGE_ENCODER.files)
"""Checkpoints in torch's own format that are known to hold tensors only."""


def load_weights(path: Path) -> dict[str, Tensor]:
    """Tensors of one file.

    Raises:
        UnsafeInput: neither safetensors nor a pinned checkpoint.
    """
    if path.suffix == ".safetensors":
        return load_file(path)
    if sha256_of(path) not in PINNED:
        raise UnsafeInput(
            f"{path.name} is neither safetensors nor a checkpoint with a known hash; a pickle can run code",
            fix="Convert the weights with safetensors.torch.save_file, in a place where you trust them.",
        )
    return torch.load(path, map_location="cpu", weights_only=True)


def refuse_pickles(folder: Path) -> None:
    """Check that a model folder can be loaded without a pickle.

    Raises:
        UnsafeInput: it has no safetensors file.
    """
    if not any(folder.rglob("*.safetensors")):
        raise UnsafeInput(
            f"{folder} holds no .safetensors file; other formats of weights can run code",
            fix="Save the model with safe_serialization=True.",
        )


def folder_fingerprint(folder: Path) -> str:
    """Names a model folder's content: the hash of all its files."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            digest.update(f"{path.relative_to(folder)} {sha256_of(path)}\n".encode())
    return digest.hexdigest()[:16]
