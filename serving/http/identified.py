"""Who sends each request: asked before any route, where identity is on."""

from __future__ import annotations

from typing import Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.http.access import PUBLIC
from serving.http.problems import problem_of, respond
from serving.http.responses import PREFIX
from serving.identity.identity import HOW, Identity
from serving.identity.principal import Principal
from store.errors import Forbidden, TastemakerError, Unauthenticated

DOCUMENTS = ("/docs", "/openapi.json")
"""Paths beside the API that keys open."""
PAGES = ("/login", "/logout")
"""Paths beside the API that everyone reaches, and ``PAGES_BELOW`` with what follows."""
PAGES_BELOW = ("/shared/",)


class Ask(Protocol):
    """Makes the page that asks who someone is, who wanted to see ``goal``."""

    def __call__(self, *, goal: str) -> Response: ...


class Identified:
    """Lets nobody in who is not known, but to what is public; the routes then ask what they may do.

    Args:
        identity: knows keys and sessions.
        ask: answers a browser that nobody has logged in with; None where there is no page.
    """

    def __init__(self, app: ASGIApp, *, identity: Identity, ask: Ask | None = None) -> None:
        self._app = app
        self._identity = identity
        self._ask = ask

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or (scope["type"] == "http" and _is_public(scope["path"])):
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # nothing here speaks over a web socket
            await send({"type": "websocket.close", "code": 1008})
            return
        connection = HTTPConnection(scope)
        try:
            principal = await run_in_threadpool(self._principal, connection)
        except TastemakerError as error:
            await self._refusal(connection, error)(scope, receive, send)
            return
        scope.setdefault("state", {})["principal"] = principal
        await self._app(scope, receive, send)

    def _principal(self, connection: HTTPConnection) -> Principal:
        """Who sends it.

        Raises:
            Unauthenticated: nobody that is known.
            Forbidden: a key asks for the page.
        """
        authorization = connection.headers.get("authorization")
        path = connection.scope["path"]
        if authorization is None:
            principal = self._identity.session(connection.cookies)
            if principal is None:
                raise Unauthenticated("this request came without credentials, or with a login that is over", fix=HOW)
            return principal
        principal = self._identity.bearer(authorization)
        if not path.startswith(f"{PREFIX}/") and path not in DOCUMENTS:
            raise Forbidden("keys are for the API, not for the page", fix=f"Ask below {PREFIX}.")
        return principal

    def _refusal(self, connection: HTTPConnection, error: TastemakerError) -> Response:
        path = connection.scope["path"]
        by_browser = connection.scope["method"] == "GET" and "text/html" in connection.headers.get("accept", "")
        if self._ask is None or not isinstance(error, Unauthenticated) or not by_browser or path.startswith(PREFIX):
            return respond(problem_of(error))
        query = connection.url.query
        return self._ask(goal=f"{path}?{query}" if query else path)


def _is_public(path: str) -> bool:
    return path in PAGES or path.startswith((*PUBLIC, *PAGES_BELOW))
