"""Skips a backend that keeps failing, so that answers do not wait for its deadline each time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from agent.llm.protocol import DEADLINE, LLM, MAX_TOKENS, Cancelled, JsonSchema, Message
from store.errors import BackendError, InputError


@dataclass(frozen=True)
class BreakerSettings:
    """Settings of the breaker.

    Attributes:
        failures: failures in a row that open it.
        cooldown: seconds that it stays open; then one call is let through, and its outcome decides.
    """

    failures: int = 3
    cooldown: float = 30.0

    def __post_init__(self) -> None:
        if self.failures < 1 or self.cooldown <= 0:
            raise InputError(
                f"breaker of {self.failures!r} failures and {self.cooldown!r} s can't work",
                fix="Use at least 1 failure and a positive cooldown.",
            )


class Breaker:
    """An ``LLM`` around another one. While it is open, calls raise ``BackendError`` at once.

    Args:
        llm: the backend.
        settings: when to open, and for how long.
        clock: seconds that only grow; tests pass their own.
    """

    def __init__(
        self,
        llm: LLM,
        settings: BreakerSettings | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._llm = llm
        self._settings = settings or BreakerSettings()
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._opened: float | None = None

    @property
    def name(self) -> str:
        return self._llm.name

    @property
    def open(self) -> bool:
        """Whether calls are skipped now."""
        return self._opened is not None and self._clock() < self._opened + self._settings.cooldown

    def generate(
        self,
        messages: Sequence[Message],
        *,
        schema: JsonSchema | None = None,
        max_tokens: int = MAX_TOKENS,
        deadline: float = DEADLINE,
        cancelled: Cancelled | None = None,
    ) -> Iterator[str]:
        """See ``LLM.generate``."""
        self._enter()
        try:
            yield from self._llm.generate(
                messages, schema=schema, max_tokens=max_tokens, deadline=deadline, cancelled=cancelled
            )
        except BackendError:
            self._failed()
            raise
        self._succeeded()

    def close(self) -> None:
        """See ``LLM.close``."""
        self._llm.close()

    def _enter(self) -> None:
        with self._lock:
            if self.open:
                raise BackendError(
                    f"{self.name} is skipped after {self._settings.failures} failures in a row",
                    fix=f"It is tried again within {self._settings.cooldown:g} s.",
                )
            if self._opened is not None:
                self._opened = self._clock()  # only this call goes through; the others wait for its outcome

    def _failed(self) -> None:
        with self._lock:
            self._failures += 1
            if self._failures >= self._settings.failures:
                self._opened = self._clock()

    def _succeeded(self) -> None:
        with self._lock:
            self._failures = 0
            self._opened = None
