"""One line of the log for each request, and an id that all lines of a request share."""

from __future__ import annotations

import re
import time
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.http.problems import REQUEST_ID
from serving.http.routes import route_of

_SANE = re.compile(r"[A-Za-z0-9._-]{1,64}")

log = structlog.get_logger(__name__)


class RequestLog:
    """Logs method, route, status and time of every request; never what was asked, sent or answered.

    The id is the one that a proxy sends along, where it is short and plain enough for a log. It goes back in
    the answer.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope).get(REQUEST_ID, ""))
        # Not taken back at the end: an error that nobody foresaw is logged after this, in the same task, which ends
        # with the request.
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        status = 500
        began = time.perf_counter()

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID] = request_id
            await send(message)

        try:
            await self._app(scope, receive, named)
        finally:
            milliseconds = round(1_000 * (time.perf_counter() - began), 1)
            log.info("request", method=scope["method"], route=route_of(scope), status=status, milliseconds=milliseconds)


def _request_id(sent: str) -> str:
    return sent if _SANE.fullmatch(sent) else uuid4().hex
