"""Pictures as vectors: EfficientNet-Lite0 by default, CLIP or SigLIP by a setting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional
from transformers import AutoImageProcessor, AutoModel

from encoders.content import Vectors
from encoders.efficientnet import FEATURES, IMAGE_SIZE, EfficientNetLite0, preprocess
from encoders.weights import folder_fingerprint, refuse_pickles
from store.downloads import sha256_of
from store.errors import InputError


@dataclass(frozen=True)
class ImageSettings:
    """How pictures are encoded.

    Attributes:
        device: torch device.
        batch_size: pictures at a time. On a CPU what a few pictures make of themselves stays in its cache; a GPU
            wants more.
    """

    device: str = "cpu"
    batch_size: int = 4

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise InputError(f"batch_size is {self.batch_size!r}, below 1", fix="Give batch_size a number >= 1.")


class ImageEncoder(Protocol):
    """Turns decoded RGB pictures into vectors."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the vectors would."""
        ...

    @property
    def dimension(self) -> int: ...

    def encode(self, images: Sequence[Image.Image]) -> Vectors:
        """float32 [N, D], L2-normalised; batch equals single."""
        ...


class EfficientNetEncoder:
    """ImageNet features of EfficientNet-Lite0, 1280 dimensions.

    Args:
        weights: file of the asset "image-encoder".
        settings: device and batch size.

    Raises:
        UnsafeInput: ``weights`` is a pickle whose hash is not pinned.
    """

    dimension = FEATURES

    def __init__(self, weights: Path, settings: ImageSettings | None = None) -> None:
        self.settings = settings or ImageSettings()
        self._model = EfficientNetLite0.load(weights).to(self.settings.device)
        self.fingerprint = f"image:efficientnet-lite0:{sha256_of(weights)[:16]}"

    def encode(self, images: Sequence[Image.Image]) -> Vectors:
        if not images:
            return np.zeros((0, self.dimension), dtype=np.float32)
        return _in_batches(images, self.settings.batch_size, self._features)

    def _features(self, images: Sequence[Image.Image]) -> Tensor:
        pixels = np.stack([np.asarray(fit_square(image)) for image in images])
        return self._model(preprocess(torch.from_numpy(pixels).to(self.settings.device)))


class TransformersImageEncoder:
    """The picture tower of CLIP, SigLIP or any model of transformers that has ``get_image_features``.

    Args:
        model: folder of the model, or an id of the Hugging Face hub.
        settings: device and batch size.

    Raises:
        UnsafeInput: the folder has no safetensors file.
        InputError: the model has no picture tower.
    """

    def __init__(self, model: Path | str, settings: ImageSettings | None = None) -> None:
        self.settings = settings or ImageSettings()
        folder = Path(model)
        if folder.is_dir():
            refuse_pickles(folder)
        options: dict[str, Any] = {"local_files_only": folder.is_dir(), "trust_remote_code": False}
        # The PIL backend: torchvision is not a dependency.
        self._processor = AutoImageProcessor.from_pretrained(str(model), backend="pil", **options)
        self._model: Any = AutoModel.from_pretrained(str(model), use_safetensors=True, **options)
        if not hasattr(self._model, "get_image_features"):
            raise InputError(
                f"model {str(model)!r} ({type(self._model).__name__}) has no get_image_features",
                fix="Choose a model of pictures and texts, such as CLIP or SigLIP.",
            )
        self._model.to(self.settings.device).eval()
        name = folder_fingerprint(folder) if folder.is_dir() else str(model)
        self.fingerprint = f"image:transformers:{name}"
        self.dimension = self.encode([Image.new("RGB", (IMAGE_SIZE, IMAGE_SIZE))]).shape[1]

    def encode(self, images: Sequence[Image.Image]) -> Vectors:
        if not images:
            return np.zeros((0, self.dimension), dtype=np.float32)
        return _in_batches(images, self.settings.batch_size, self._features)

    def _features(self, images: Sequence[Image.Image]) -> Tensor:
        inputs = self._processor(images=list(images), return_tensors="pt").to(self.settings.device)
        features = self._model.get_image_features(**inputs)
        return features if isinstance(features, Tensor) else features.pooler_output


def fit_square(image: Image.Image) -> Image.Image:
    """The whole picture squeezed onto the network's square: a poster or a cover loses nothing to a crop."""
    return image.resize((IMAGE_SIZE, IMAGE_SIZE), Image.Resampling.BICUBIC)


@torch.inference_mode()
def _in_batches(
    images: Sequence[Image.Image], batch_size: int, features: Callable[[Sequence[Image.Image]], Tensor]
) -> Vectors:
    rows = [features(images[start : start + batch_size]) for start in range(0, len(images), batch_size)]
    return functional.normalize(torch.cat(rows).float(), dim=1).cpu().numpy()
