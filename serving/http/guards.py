"""What a request meets before any route: its origin and size are checked, and it is measured."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.http.problems import plain_problem, respond
from serving.http.responses import PREFIX
from serving.http.routes import route_of

_BATCH_PATHS = (f"{PREFIX}/batches", "/gradio_api/upload")
_PICTURE_PATHS = ("/image", "/pictures", "/speech")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class SameOrigin:
    """Blocks requests that change something and come from a page of another site.

    A browser states where such a request comes from; programs do not, and pass.
    """

    def __init__(self, app: ASGIApp, *, allowed: tuple[str, ...] = ()) -> None:
        self._app = app
        self._allowed = frozenset(allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in _SAFE_METHODS and not self._same(Headers(scope=scope)):
            problem = plain_problem(
                403,
                "this request comes from a page of another origin",
                fix="Send it from the service's own pages, or add the origin to TASTEMAKER_ALLOWED_ORIGINS.",
            )
            await respond(problem)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _same(self, headers: Headers) -> bool:
        origin = headers.get("origin")
        if origin is None:
            return headers.get("sec-fetch-site") != "cross-site"
        return origin in self._allowed or (urlsplit(origin).netloc or None) == headers.get("host")


class BodyLimit:
    """Refuses large bodies: by their announced length, and by counting what really comes.

    Args:
        limit: bytes of a request to the API.
        picture_limit: bytes of a request that uploads a picture or a recording, and of one from the page.
        batch_limit: bytes of a request that uploads a file of items, through the API or the page.
    """

    def __init__(self, app: ASGIApp, *, limit: int, picture_limit: int, batch_limit: int) -> None:
        self._app = app
        self._limit = limit
        self._picture_limit = picture_limit
        self._batch_limit = batch_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit_of(scope["path"])
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced) > limit:
            await respond(plain_problem(413, _too_large(limit)), {"Connection": "close"})(scope, receive, send)
            return
        arrived = 0

        async def counted() -> Message:
            nonlocal arrived
            message = await receive()
            arrived += len(message.get("body", b""))
            if arrived > limit:
                raise HTTPException(413, _too_large(limit))
            return message

        await self._app(scope, counted, send)

    def _limit_of(self, path: str) -> int:
        if path in _BATCH_PATHS:
            return self._batch_limit
        small = path.startswith(("/api/", "/login")) and not path.endswith(_PICTURE_PATHS)
        return self._limit if small else self._picture_limit


def _too_large(limit: int) -> str:
    return f"the body has more than {limit:,} bytes; send less at a time"


class Metrics:
    """Prometheus metrics of one app; a registry of its own, so that two apps in one process do not collide."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "tastemaker_requests_total",
            "Requests answered.",
            ("route", "method", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "tastemaker_request_seconds",
            "Time until a response was complete, in seconds.",
            ("route",),
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
            registry=self.registry,
        )
        self.degraded = Counter(
            "tastemaker_degraded_total",
            "Answers that went on without a part.",
            ("part",),
            registry=self.registry,
        )


class Measured:
    """Counts and times every request by its route, never by its raw path."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        began = time.perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            route = route_of(scope)
            self._metrics.requests.labels(route, scope["method"], str(status)).inc()
            self._metrics.seconds.labels(route).observe(time.perf_counter() - began)
