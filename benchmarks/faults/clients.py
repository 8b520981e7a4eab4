"""Clients that send events with keys and remember which the service acknowledged."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

EVENTS = "/api/v1/events"
CLIENTS = 4
LARGEST = 10
_PATIENCE_SECONDS = 30

Body = dict[str, Any]


@dataclass
class Ledger:
    """Events to send, and what became of them. Safe to use from several threads.

    Attributes:
        waiting: requests that nobody has acknowledged and nobody sends now; each holds whole events.
        acknowledged: keys of events that the service said it has.
        refused: answers that were no acknowledgement, by status.
    """

    waiting: deque[list[Body]] = field(default_factory=deque[list[Body]])
    acknowledged: set[str] = field(default_factory=set[str])
    refused: list[int] = field(default_factory=list[int])
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def add(self, requests: Iterable[list[Body]]) -> None:
        """More requests to send."""
        with self._changed:
            self.waiting.extend(requests)

    def take(self) -> list[Body] | None:
        """The next request, None where none waits."""
        with self._changed:
            return self.waiting.popleft() if self.waiting else None

    def put_back(self, request: list[Body], *, status: int | None = None) -> None:
        """A request that was not acknowledged: refused with a status, or without any answer."""
        with self._changed:
            self.waiting.append(request)
            if status is not None:
                self.refused.append(status)

    def note(self, request: Sequence[Body]) -> None:
        """The service has the events of this request."""
        with self._changed:
            self.acknowledged.update(event["key"] for event in request)
            self._changed.notify_all()

    def wait_for(self, count: int, *, seconds: float) -> bool:
        """Until so many events are acknowledged; False where the time ended first."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self.acknowledged) >= count, timeout=seconds)


def requests(first: int, count: int, *, prefix: str, items: Sequence[str], users: int) -> Iterator[list[Body]]:
    """Events ``first`` to ``first + count``, one to ten in a request, of ``users`` users who are new at first."""
    sizes = 0
    number = first
    while number < first + count:
        sizes = sizes % LARGEST + 1
        numbers = range(number, min(number + sizes, first + count))
        yield [
            {
                "user_id": f"{prefix}user-{one % users}",
                "item_id": items[one % len(items)],
                "kind": "view",
                "key": f"{prefix}{one}",
            }
            for one in numbers
        ]
        number = numbers.stop


@contextmanager
def sending(ledger: Ledger, address: str) -> Iterator[None]:
    """Clients that send what waits while the block runs; they end with it, or with the service."""
    stop = threading.Event()
    threads = [threading.Thread(target=_send, args=(ledger, address, stop)) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _send(ledger: Ledger, address: str, stop: threading.Event) -> None:
    with httpx.Client(base_url=address, timeout=_PATIENCE_SECONDS) as client:
        while not stop.is_set() and (request := ledger.take()) is not None:
            try:
                answer = client.post(EVENTS, json={"events": request})
            except httpx.TransportError:  # killed: whether it stored them nobody has said
                ledger.put_back(request)
                return
            if answer.status_code == httpx.codes.OK:
                ledger.note(request)
            else:
                ledger.put_back(request, status=answer.status_code)
