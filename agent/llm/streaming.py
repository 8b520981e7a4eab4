"""Hands pieces of text from the thread that makes them to the iterator that a caller reads."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator

from agent.llm.protocol import Cancelled
from store.errors import BackendTimeout

POLL = 0.05
"""Seconds between two looks at ``cancelled``."""


class PieceStream:
    """One reply on its way from a producer thread to its reader.

    The producer calls ``put`` for each piece and ``finish`` once; both may be called from any thread. ``stopped`` tells
    it that nobody reads any more.
    """

    def __init__(self, *, name: str, deadline: float, cancelled: Cancelled | None) -> None:
        self._name = name
        self._deadline = deadline
        self._ends = time.monotonic() + deadline
        self._cancelled = cancelled
        self._pieces: queue.SimpleQueue[str | BaseException | None] = queue.SimpleQueue()
        self._stop = threading.Event()

    @property
    def stopped(self) -> bool:
        """Whether the producer should stop: the reader left, or the deadline passed."""
        return self._stop.is_set() or time.monotonic() >= self._ends

    @property
    def seconds_left(self) -> float:
        return max(self._ends - time.monotonic(), 0.0)

    def put(self, piece: str) -> None:
        self._pieces.put(piece)

    def finish(self, error: BaseException | None = None) -> None:
        """The last call of the producer: the reply is whole, or ``error`` ended it."""
        self._pieces.put(error)

    def stop(self) -> None:
        self._stop.set()

    def timeout_error(self) -> BackendTimeout:
        return BackendTimeout(
            f"{self._name} did not finish within its deadline of {self._deadline:g} s",
            fix="Allow more time, ask for fewer tokens, or use a smaller model.",
        )

    def read(self) -> Iterator[str]:
        """Pieces until the producer is done, or until a cancellation, which just ends it.

        Raises:
            BackendTimeout: the deadline passed.
            BackendError: what the producer failed with.
        """
        try:
            while True:
                if self._cancelled is not None and self._cancelled():
                    return
                if not self.seconds_left:
                    raise self.timeout_error()
                try:
                    piece = self._pieces.get(timeout=min(POLL, self.seconds_left) or POLL)
                except queue.Empty:
                    continue
                if isinstance(piece, BaseException):
                    raise piece
                if piece is None:
                    return
                yield piece
        finally:
            self.stop()
