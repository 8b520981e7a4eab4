"""How many requests are under way at once: what cannot be begun soon is told to come again, at once and in words.

A queue without an end makes everybody wait for longer and longer, and holds everything they sent in memory.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import ASGIApp, Receive, Scope, Send

from serving.http.problems import plain_problem, respond
from serving.http.responses import PREFIX

PER_CHAT = 2
"""Turns of one chat: the one that is answered, and one that waits for it."""

_ALWAYS = (f"{PREFIX}/health/", f"{PREFIX}/metrics")
"""Who watches the service must see that it is busy."""

_TURN = re.compile(rf"{PREFIX}/chats/(?P<chat>[^/]+)/(?:messages|retry|undo|chips)(?:/|$)")


class Admission:
    """Counts requests to the API from their start to the last byte of their answer.

    Args:
        requests: that may be under way; turns of chats, which go on while their words are written, count apart.
        turns: of all chats that may be under way.
    """

    def __init__(self, app: ASGIApp, *, requests: int, turns: int) -> None:
        self._app = app
        self._most = {"requests": requests, "turns": turns}
        self._under_way: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith(PREFIX) or path.startswith(_ALWAYS):
            await self._app(scope, receive, send)
            return
        turn = _TURN.match(path) if scope["method"] != "GET" else None
        if turn is not None and self._under_way[turn["chat"]] >= PER_CHAT:
            await _refuse(429, "this chat is being answered, and another message waits", scope, receive, send)
            return
        kind = "turns" if turn is not None else "requests"
        if self._under_way[kind] >= self._most[kind]:
            await _refuse(503, f"{self._most[kind]} {kind} are under way", scope, receive, send)
            return
        with self._counted(kind), self._counted(turn["chat"] if turn is not None else ""):
            await self._app(scope, receive, send)

    @contextmanager
    def _counted(self, key: str) -> Iterator[None]:
        """Runs in the event loop only, so that a plain count will do."""
        self._under_way[key] += 1
        try:
            yield
        finally:
            self._under_way[key] -= 1
            if not self._under_way[key]:
                del self._under_way[key]


async def _refuse(status: int, detail: str, scope: Scope, receive: Receive, send: Send) -> None:
    problem = plain_problem(status, detail, fix="Send it again after the seconds of Retry-After.")
    # The body, if there is one, was not read: the connection cannot carry another request.
    headers = {"Retry-After": "1", "Connection": "close"}
    await respond(problem, headers)(scope, receive, send)
