"""Builds the backend that the settings name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from agent.llm.breaker import Breaker, BreakerSettings
from agent.llm.embedded import EmbeddedLLM, EmbeddedSettings
from agent.llm.fake import FakeLLM
from agent.llm.openai_server import OpenAIServerLLM, ServerSettings
from agent.llm.protocol import LLM, Sampling
from store.errors import InputError


@dataclass(frozen=True)
class LLMSettings:
    """Which model writes the words.

    Attributes:
        backend: "embedded" (GGUF in process), "transformers" (hub id or path), "openai" (a server), "fake", or "none"
            (templates only).
        model: GGUF path, hub id or path, or the server's name for the model.
        base_url: of the server, up to and including "/v1".
        api_key: of the server; never shown in ``repr``.
        slots: replies made at the same time (embedded).
        threads: CPU threads (embedded).
        context: tokens of prompt and reply together (embedded).
        device: torch device (transformers).
        sampling: how tokens are drawn.
        breaker: when a failing backend is skipped.
    """

    backend: Literal["embedded", "transformers", "openai", "fake", "none"] = "embedded"
    model: str = ""
    base_url: str = ""
    api_key: str = field(default="none", repr=False)
    slots: int = 2
    threads: int = 2
    context: int = 2_048
    device: str = "cpu"
    sampling: Sampling = field(default_factory=Sampling)
    breaker: BreakerSettings = field(default_factory=BreakerSettings)

    def __post_init__(self) -> None:
        if self.backend not in (*_BACKENDS, "none"):
            raise InputError(
                f"LLM backend {self.backend!r} is none of {', '.join((*_BACKENDS, 'none'))}", fix="Name one of them."
            )
        if self.backend in ("embedded", "transformers", "openai") and not self.model:
            raise InputError(f"backend {self.backend!r} has no model", fix="Set the model's path, hub id or name.")


def _embedded(settings: LLMSettings) -> LLM:
    return EmbeddedLLM(
        Path(settings.model),
        EmbeddedSettings(
            context=settings.context, slots=settings.slots, threads=settings.threads, sampling=settings.sampling
        ),
    )


def _transformers(settings: LLMSettings) -> LLM:
    from agent.llm.transformers_local import TransformersLLM, TransformersSettings  # seconds to import

    return TransformersLLM(
        TransformersSettings(model=settings.model, device=settings.device, sampling=settings.sampling)
    )


def _openai(settings: LLMSettings) -> LLM:
    return OpenAIServerLLM(
        ServerSettings(
            base_url=settings.base_url, model=settings.model, api_key=settings.api_key, sampling=settings.sampling
        )
    )


def _fake(settings: LLMSettings) -> LLM:
    return FakeLLM()


_BACKENDS: Mapping[str, Callable[[LLMSettings], LLM]] = {
    "embedded": _embedded,
    "transformers": _transformers,
    "openai": _openai,
    "fake": _fake,
}


def build(settings: LLMSettings) -> LLM | None:
    """The backend behind a breaker; None for "none".

    Returns at once: a local model loads in the background or on the first call.

    Raises:
        InputError: a setting breaks a rule.
    """
    if settings.backend == "none":
        return None
    return Breaker(_BACKENDS[settings.backend](settings), settings.breaker)
