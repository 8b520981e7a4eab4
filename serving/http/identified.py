"""Who sends each request: asked before any route, where identity is on."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.http.access import PUBLIC
from serving.http.problems import problem_of, respond
from serving.http.responses import PREFIX
from serving.identity.identity import HOW, Identity
from serving.identity.principal import Principal
from store.errors import Forbidden, TastemakerError, Unauthenticated

DOCUMENTS = ("/docs", "/openapi.json")
"""Paths beside the API that keys open."""


class Identified:
    """Lets nobody in who is not known, but to what is public; the routes then ask what they may do.

    Args:
        identity: knows keys and sessions.
    """

    def __init__(self, app: ASGIApp, *, identity: Identity) -> None:
        self._app = app
        self._identity = identity

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or (scope["type"] == "http" and scope["path"].startswith(PUBLIC)):
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # nothing here speaks over a web socket
            await send({"type": "websocket.close", "code": 1008})
            return
        try:
            principal = await run_in_threadpool(self._principal, Headers(scope=scope), scope["path"])
        except TastemakerError as error:
            await respond(problem_of(error))(scope, receive, send)
            return
        scope.setdefault("state", {})["principal"] = principal
        await self._app(scope, receive, send)

    def _principal(self, headers: Headers, path: str) -> Principal:
        """Who sends it.

        Raises:
            Unauthenticated: nobody that is known.
            Forbidden: a key asks for the page.
        """
        authorization = headers.get("authorization")
        if authorization is None:
            raise Unauthenticated("this request came without credentials", fix=HOW)
        principal = self._identity.bearer(authorization)
        if not path.startswith(f"{PREFIX}/") and path not in DOCUMENTS:
            raise Forbidden("keys are for the API, not for the page", fix=f"Ask below {PREFIX}.")
        return principal
