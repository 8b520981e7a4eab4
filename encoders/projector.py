"""From content to the spaces in which the scorers know items: ridge regression on the items that readers have met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from encoders.content import Content, Vectors
from encoders.features import FeatureSpec
from store.records import Item


@dataclass(frozen=True)
class ProjectorSettings:
    """Settings of the projector.

    Attributes:
        ridge: weight of the squared norm of the map.
        minimum_share: share of training items that must have a modality before it takes part.
        seed: of everything random.
    """

    ridge: float = 3.0
    minimum_share: float = 0.05
    seed: int = 0


class ContentProjector:
    """A linear map from text, image and attributes to several spaces at once."""

    def __init__(
        self, weights: Vectors, spec: FeatureSpec, modalities: frozenset[str], spaces: Mapping[str, int]
    ) -> None:
        self._weights = weights
        self._spec = spec
        self._modalities = modalities
        self._spaces = dict(spaces)

    @property
    def trained_modalities(self) -> frozenset[str]:
        return self._modalities

    def project(self, items: Sequence[Item], content: Content) -> dict[str, Vectors]:
        rows = _inputs(items, content, self._spec, self._modalities) @ self._weights
        ends = np.cumsum(list(self._spaces.values()))
        return dict(zip(self._spaces, np.split(rows, ends[:-1], axis=1), strict=True))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        return {
            "weights": self._weights,
            "spec": np.frombuffer(self._spec.to_json().encode(), dtype=np.uint8).copy(),
            "modalities": np.frombuffer(",".join(sorted(self._modalities)).encode(), dtype=np.uint8).copy(),
            "spaces": np.frombuffer(",".join(self._spaces).encode(), dtype=np.uint8).copy(),
            "widths": np.array(list(self._spaces.values()), dtype=np.int64),
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> ContentProjector:
        text = {name: arrays[name].tobytes().decode() for name in ("spec", "modalities", "spaces")}
        return cls(
            arrays["weights"],
            FeatureSpec.from_json(text["spec"]),
            frozenset(filter(None, text["modalities"].split(","))),
            dict(zip(text["spaces"].split(","), arrays["widths"].tolist(), strict=True)),
        )


def fit_projector(
    items: Sequence[Item],
    content: Content,
    targets: Mapping[str, Vectors],
    *,
    weights: NDArray[np.float32],
    settings: ProjectorSettings,
    fit: object = None,
) -> ContentProjector:
    """Fit by weighted ridge regression.

    Args:
        items: N items that readers have met.
        content: their content.
        targets: space -> float32 [N, D].
        weights: interactions of each item, float32 [N]; they count by their square root.
    """
    shares = {"text": content.has_text.mean(), "image": content.has_image.mean()}
    modalities = frozenset(name for name, share in shares.items() if share >= settings.minimum_share)
    spec = FeatureSpec.learn(items, minimum=3, most_values=2_000, most_knots=8)
    inputs = _inputs(items, content, spec, modalities)
    scale = np.sqrt(np.sqrt(weights / weights.mean()))[:, None]
    left, right = inputs * scale, np.concatenate(list(targets.values()), axis=1) * scale
    solution = np.linalg.solve(left.T @ left + settings.ridge * np.eye(left.shape[1], dtype=np.float32), left.T @ right)
    return ContentProjector(
        solution.astype(np.float32), spec, modalities, {name: values.shape[1] for name, values in targets.items()}
    )


def _inputs(items: Sequence[Item], content: Content, spec: FeatureSpec, modalities: frozenset[str]) -> Vectors:
    parts = [np.ones((len(items), 1), dtype=np.float32), spec.encode(items)]
    if "text" in modalities:
        parts.append(np.where(content.has_text[:, None], content.text, 0.0))
    if "image" in modalities:
        parts.append(np.where(content.has_image[:, None], content.image, 0.0))
    return np.concatenate(parts, axis=1).astype(np.float32)
