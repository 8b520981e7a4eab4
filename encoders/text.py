"""Texts as vectors, by any model that SentenceTransformer loads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from encoders.content import Vectors
from encoders.matching import TextParts, text_parts
from encoders.weights import folder_fingerprint, refuse_pickles
from store.errors import InputError


@dataclass(frozen=True)
class TextSettings:
    """How texts are encoded.

    Attributes:
        device: torch device.
        batch_size: texts at a time.
        max_length: tokens; the rest of a text is cut off. None keeps the model's own limit.
    """

    device: str = "cpu"
    batch_size: int = 32
    max_length: int | None = None

    def __post_init__(self) -> None:
        for name in ("batch_size", "max_length"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{name} is {value!r}, below 1", fix=f"Give {name} a whole number >= 1.")


class TextEncoder:
    """A sentence embedding model (Reimers & Gurevych 2019), weights in safetensors only.

    Args:
        model: folder of the model, or an id of the Hugging Face hub.
        settings: device, batch size, length.

    Raises:
        UnsafeInput: the folder has no safetensors file.
    """

    def __init__(self, model: Path | str, settings: TextSettings | None = None) -> None:
        self.settings = settings or TextSettings()
        folder = Path(model)
        if folder.is_dir():
            refuse_pickles(folder)
        self._model = SentenceTransformer(
            str(model),
            device=self.settings.device,
            trust_remote_code=False,
            local_files_only=folder.is_dir(),
            model_kwargs={"use_safetensors": True},
        )
        if self.settings.max_length is not None:
            self._model.max_seq_length = self.settings.max_length
        name = folder_fingerprint(folder) if folder.is_dir() else str(model)
        self.fingerprint = f"text:{name}:{self._model.max_seq_length}"

    @property
    def dimension(self) -> int:
        """D of the vectors."""
        dimension = self._model.get_embedding_dimension()
        if dimension is None:
            raise InputError("the text model does not state its dimension", fix="Choose a sentence embedding model.")
        return dimension

    def encode(self, texts: Sequence[str]) -> Vectors:
        """float32 [N, D], L2-normalised; a text's vector does not depend on its neighbours in the batch."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        with torch.inference_mode():
            vectors = self._model.encode(
                list(texts),
                batch_size=self.settings.batch_size,
                normalize_embeddings=True,
                convert_to_numpy=True,
                show_progress_bar=False,
            )
        return np.asarray(vectors, dtype=np.float32)

    def tokens(self, text: str) -> tuple[list[tuple[int, int]], Vectors]:
        """Where each token of a text stands, and its state: float32 [T, D].

        Raises:
            InputError: the model does not tell where its tokens stand.
        """
        return self.tokens_of([text])[0]

    def tokens_of(self, texts: Sequence[str]) -> list[tuple[list[tuple[int, int]], Vectors]]:
        """``tokens`` of several texts, those of like length together.

        Raises:
            InputError: the model does not tell where its tokens stand.
        """
        order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        found: dict[int, tuple[list[tuple[int, int]], Vectors]] = {}
        for start in range(0, len(order), self.settings.batch_size):
            rows = order[start : start + self.settings.batch_size]
            with torch.inference_mode():
                made: Any = self._model.forward(self._model.preprocess([texts[row] for row in rows]))
                inside = made["attention_mask"].bool().cpu()
                states = made["token_embeddings"].float().cpu()
            for place, row in enumerate(rows):
                ids = made["input_ids"][place].cpu()[inside[place]].numpy()
                found[row] = self._offsets(texts[row], ids), states[place][inside[place]].numpy()
        return [found[row] for row in range(len(texts))]

    def parts(self, text: str, direction: Vectors) -> TextParts:
        """What the words of a text add to its cosine with a vector, exact where the model takes the mean of its tokens.

        Args:
            direction: float32 [D], L2-normalised.

        Raises:
            InputError: the model makes its vectors in another way, or does not tell where its tokens stand.
        """
        with torch.inference_mode():
            # Annotated as Any: the overloads of ``encode`` do not cover one dictionary per text.
            encode: Any = self._model.encode
            made = encode([text], output_value=None, show_progress_bar=False)[0]
            ids, mask = made["input_ids"].cpu().numpy(), made["attention_mask"].cpu().numpy().astype(bool)
            tokens = made["token_embeddings"].float().cpu().numpy()[mask]
        mean = tokens.mean(axis=0)
        length = float(np.linalg.norm(mean))
        if length == 0 or not np.allclose(mean / length, self.encode([text])[0], atol=1e-3):
            raise InputError(
                "the text model does not take the mean of its tokens, so its words have no parts that add up",
                fix="Choose a sentence embedding model with mean pooling.",
            )
        return text_parts(text, self._offsets(text, ids[mask]), tokens @ direction / (len(tokens) * length))

    def _offsets(self, text: str, ids: NDArray[np.int64]) -> list[tuple[int, int]]:
        """Where each token stands in the text."""
        tokenizer = self._model.tokenizer
        read: Mapping[str, Any] = {}
        if getattr(tokenizer, "is_fast", False):
            limit = self._model.max_seq_length
            read = tokenizer(text, return_offsets_mapping=True, truncation=limit is not None, max_length=limit)
        if not np.array_equal(read.get("input_ids", ()), ids):
            raise InputError(
                "the tokenizer of the text model does not tell where its tokens stand",
                fix="Choose a model with a fast tokenizer and no prompt.",
            )
        return [(int(start), int(end)) for start, end in read["offset_mapping"]]
