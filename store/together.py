"""Work of callers who come at the same time, done together: group commit for writes, one batch for the models."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


@dataclass
class _Asked(Generic[T, R]):
    """One caller who waits.

    Attributes:
        woken: set once there is an outcome, or once it is this caller's turn to work for all.
    """

    value: T
    woken: threading.Event = field(default_factory=threading.Event)
    outcome: R | BaseException | None = None
    leads: bool = False


class Together(Generic[T, R]):
    """Hands values of several threads to one call.

    Nobody waits for company: who comes alone is worked for at once. Those who come meanwhile wait, and the first of
    them then works for all of them. Safe to call from several threads.

    Args:
        work: takes 1 to ``most`` values and gives as many outcomes; an error among them is raised to its caller only.
        most: values of one call.
    """

    def __init__(self, work: Callable[[Sequence[T]], Sequence[R | Exception]], *, most: int) -> None:
        self._work = work
        self._most = most
        self._lock = threading.Lock()
        self._waiting: deque[_Asked[T, R]] = deque()
        self._busy = False

    def ask(self, value: T) -> R:
        """The outcome for one value. Raises what ``work`` gives for it, or raises."""
        mine = _Asked[T, R](value)
        with self._lock:
            self._waiting.append(mine)
            mine.leads = not self._busy
            self._busy = True
        if not mine.leads:
            mine.woken.wait()
        if mine.leads:
            self._lead()
        if isinstance(mine.outcome, BaseException):
            raise mine.outcome
        return mine.outcome  # pyright: ignore[reportReturnType]  # None only where R has it

    def _lead(self) -> None:
        """Work for those who wait, the caller among them, then wake them and whoever leads next."""
        with self._lock:
            batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
        try:
            outcomes = self._work([one.value for one in batch])
            for one, outcome in zip(batch, outcomes, strict=True):
                one.outcome = outcome
        except BaseException as error:
            for one in batch:
                one.outcome = error
        finally:
            with self._lock:
                following = self._waiting[0] if self._waiting else None
                self._busy = following is not None
                if following is not None:
                    following.leads = True
            for one in (*batch, following):
                if one is not None:
                    one.woken.set()
