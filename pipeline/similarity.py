"""How close two items are by content, and what of them is close."""

from __future__ import annotations

import numpy as np

from pipeline.catalogue import facets_of
from pipeline.query import Neighbour
from pipeline.state import ServingState


def content_neighbour(state: ServingState, item: int, other: int) -> Neighbour:
    """``other`` as a neighbour of ``item``, with the share of each modality in their likeness.

    The likeness is the mean of what both have: cosine of the texts, cosine of the images where pictures take part, and
    the Jaccard index of their attribute values.
    """
    parts: dict[str, float] = {}
    content, catalogue = state.content, state.catalogue
    if content.has_text[item - 1] and content.has_text[other - 1]:
        parts["text"] = float(np.maximum(content.text[item - 1] @ content.text[other - 1], 0.0))
    pictures = "image" in state.models.modalities
    if pictures and content.has_image[item - 1] and content.has_image[other - 1]:
        parts["image"] = float(np.maximum(content.image[item - 1] @ content.image[other - 1], 0.0))
    first, second = catalogue.at(item), catalogue.at(other)
    values = (set(facets_of(first)), set(facets_of(second)))
    if all(values):
        parts["attribute"] = len(values[0] & values[1]) / len(values[0] | values[1])
    total = sum(parts.values())
    return Neighbour(
        item=second,
        similarity=total / len(parts) if parts else 0.0,
        shares={name: part / total for name, part in parts.items()} if total > 0 else {},
        shared_values=catalogue.shared_values(first, second),
    )
