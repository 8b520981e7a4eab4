"""What the agent asks of a language model, and nothing more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from store.errors import InputError

JsonSchema = Mapping[str, Any]
Cancelled = Callable[[], bool]

MAX_TOKENS = 160
DEADLINE = 20.0


@dataclass(frozen=True)
class Message:
    """One message of a prompt."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn.

    Attributes:
        temperature: 0 takes the likeliest token each time; higher is more varied. No unit.
        top_p: probability mass of the tokens that may be drawn, in (0, 1].
        seed: seed of the draw, for backends that take one.
    """

    temperature: float = 0.3
    top_p: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= 2:
            raise InputError(f"temperature {self.temperature!r} is outside 0..2", fix="Use 0 for the likeliest token.")
        if not 0 < self.top_p <= 1:
            raise InputError(f"top_p {self.top_p!r} is outside (0, 1]", fix="Use 1 to draw from all tokens.")


class LLM(Protocol):
    """A language model. Safe to call from several threads."""

    @property
    def name(self) -> str:
        """Backend and model, for traces and the status page."""
        ...

    def generate(
        self,
        messages: Sequence[Message],
        *,
        schema: JsonSchema | None = None,
        max_tokens: int = MAX_TOKENS,
        deadline: float = DEADLINE,
        cancelled: Cancelled | None = None,
    ) -> Iterator[str]:
        """Pieces of the reply as they are made.

        Nothing runs before the first piece is asked for. Closing the iterator, ``cancelled`` turning true and the
        deadline all stop the model's work, not only the reading of it; after a cancellation the iterator just ends.

        Args:
            messages: the prompt; the last one is the user's.
            schema: JSON schema; the pieces together are then one JSON value that is valid under it.
            max_tokens: longest reply.
            deadline: seconds from the first request for a piece to the last piece.
            cancelled: polled several times a second.

        Raises:
            BackendTimeout: the deadline passed.
            BackendError: the backend failed, or what it made is not valid under the schema.
        """
        ...

    def close(self) -> None:
        """Stop what runs and free the model; later calls raise ``BackendError``."""
        ...
