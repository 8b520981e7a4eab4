"""A picture that a person sends, as a direction in which items are looked for."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from pipeline.contracts import ItemEncoder, Vectors
from pipeline.notes import NO_PICTURE_ENCODER, NO_PICTURES
from pipeline.state import ServingState

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class SentPicture:
    """What became of it.

    Attributes:
        direction: float32 [Di], or None where it takes no part.
        degraded: what could not run.
        notes: why it takes no part.
    """

    direction: Vectors | None = None
    degraded: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def looked_at(picture: bytes, state: ServingState, encoder: ItemEncoder) -> SentPicture:
    """Encode a picture where there is something to compare it with; b"" is none.

    Raises:
        UnsafeInput: it cannot be decoded safely.
    """
    if not picture:
        return SentPicture()
    if not state.content.has_image.any():
        return SentPicture(notes=(NO_PICTURES,))
    try:
        direction = encoder.encode_picture(picture)
    except (RuntimeError, OSError):
        # A picture is one channel of several: the answer goes on without it, and says so.
        _log.exception("image_encoder_failed")
        return SentPicture(degraded=("image_encoder",))
    return SentPicture(direction, notes=() if direction is not None else (NO_PICTURE_ENCODER,))
