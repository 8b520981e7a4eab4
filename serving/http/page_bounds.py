"""Gradio's own routes between visitors: which of them there are, whose page and whose upload each request names.

Gradio knows no visitors. It answers whoever names the random id of a page, and gives every file of its cache to whoever
names its path; what runs behind its events asks for itself (``serving.ui.guarded``).
"""

from __future__ import annotations

import json
import os
from collections import OrderedDict
from collections.abc import Iterator
from threading import Lock
from typing import Any
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.http.problems import problem_of, respond
from serving.identity.principal import Principal
from store.errors import Forbidden, InputError, TastemakerError

API = "/gradio_api/"
UPLOAD = f"{API}upload"
HEARTBEAT = f"{API}heartbeat/"
FILES = (f"{API}file=", f"{API}file/")
"""Before the path of an uploaded file."""
NEEDED = {UPLOAD} | {
    f"{API}{name}"
    for name in (
        "queue/join", "queue/data", "component_server", "component_server/", "cancel", "reset", "info",
        "startup-events", "theme.css", "app_id", "upload_progress",
    )
}  # fmt: skip
"""Gradio's other routes that the page uses; those left out run the same functions by other ways, or more."""
MOST = 20_000
"""Pages and uploads that are remembered."""


class Owned:
    """Whose things are, by the names of visitors; the oldest are forgotten."""

    def __init__(self) -> None:
        self._owners: OrderedDict[str, frozenset[str]] = OrderedDict()
        self._lock = Lock()

    def take(self, thing: str, visitor: str) -> bool:
        """Whether it is theirs, from now on if it was nobody's."""
        with self._lock:
            return visitor in self._put(thing, self._owners.get(thing, frozenset({visitor})))

    def give(self, thing: str, visitor: str) -> None:
        """It is theirs, whoever else's it is."""
        with self._lock:
            self._put(thing, self._owners.get(thing, frozenset()) | {visitor})

    def holds(self, thing: str, visitor: str) -> bool:
        """Whether it is theirs."""
        with self._lock:
            return visitor in self._owners.get(thing, ())

    def _put(self, thing: str, owners: frozenset[str]) -> frozenset[str]:
        self._owners[thing] = owners
        self._owners.move_to_end(thing)
        if len(self._owners) > MOST:
            self._owners.popitem(last=False)
        return owners


class PageBounds:
    """Refuses what belongs to another visitor's page; for where identity is on, behind ``Identified``."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._pages = Owned()
        self._uploads = Owned()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(API):
            await self._app(scope, receive, send)
            return
        visitor: Principal = scope["state"]["principal"]
        try:
            self._check_route(scope["path"], scope["query_string"], visitor.name)
            if scope["method"] == "POST" and scope["path"] != UPLOAD:
                body = await _whole(receive)
                self._check_body(body, visitor.name)
                receive = _again(body, receive)
        except TastemakerError as error:
            await respond(problem_of(error))(scope, receive, send)
            return
        await self._app(scope, receive, self._noting(visitor.name, send) if scope["path"] == UPLOAD else send)

    def _check_route(self, path: str, query: bytes, visitor: str) -> None:
        if path not in NEEDED and not path.startswith((HEARTBEAT, *FILES)):
            raise Forbidden(f"{path[:80]!r} is no part of this page", fix="Use the page, or the API.")
        for beginning in FILES:
            if path.startswith(beginning):
                self._check_upload(path.removeprefix(beginning), visitor)
        if path.startswith(HEARTBEAT):
            self._check_page(path.removeprefix(HEARTBEAT).strip("/"), visitor)
        for page in parse_qs(query.decode("latin-1")).get("session_hash", ()):
            self._check_page(page, visitor)

    def _check_body(self, body: bytes, visitor: str) -> None:
        try:
            sent = json.loads(body)
        except (ValueError, RecursionError):
            raise InputError("the body is no JSON", fix="Use the page.") from None
        if isinstance(sent, dict):
            if "session_hash" in sent:
                self._check_page(sent["session_hash"], visitor)
            for file in _paths(sent):
                self._check_upload(file, visitor)

    def _check_page(self, page: Any, visitor: str) -> None:
        if page is not None and not (isinstance(page, str) and self._pages.take(page, visitor)):
            raise Forbidden("this page was opened by another visitor", fix="Reload the page.")

    def _check_upload(self, file: str, visitor: str) -> None:
        if not self._uploads.holds(os.path.abspath(file), visitor):
            raise Forbidden("this file was not uploaded by you, or too long ago", fix="Upload it again.")

    def _noting(self, visitor: str, send: Send) -> Send:
        """Notes whose the uploaded files are, before their paths are told."""
        parts: list[bytes] = []

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.body":
                parts.append(message.get("body", b""))
                if not message.get("more_body", False):
                    self._note(b"".join(parts), visitor)
            await send(message)

        return noted

    def _note(self, answer: bytes, visitor: str) -> None:
        try:
            files = json.loads(answer)
        except ValueError:  # a refusal
            return
        for file in files if isinstance(files, list) else ():
            if isinstance(file, str):
                # The same content has the same path, whoever sends it: it is theirs too, and no secret to them.
                self._uploads.give(os.path.abspath(file), visitor)


def _paths(value: Any) -> Iterator[str]:
    """Files that an event names."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if isinstance(part.get("path"), str):
                yield part["path"]
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part


async def _whole(receive: Receive) -> bytes:
    """A body, of which the guard in front has limited the size."""
    parts: list[bytes] = []
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":  # the browser has gone
            break
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """A body once more, then what follows it."""
    told = False

    async def replayed() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed
