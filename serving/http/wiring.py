"""How a route gets the service, and the numbers that several routes take.

These functions are coroutines so that they run where they are called: others would each cost a way to the thread pool.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request

from pipeline.query import MAX_K
from serving.http.access import principal_of
from serving.http.guards import Metrics
from serving.identity.principal import Principal
from serving.service import Service
from store.errors import Unauthenticated


async def _service(request: Request) -> Service:
    return request.app.state.service


async def _metrics(request: Request) -> Metrics:
    return request.app.state.metrics


async def _principal(request: Request) -> Principal:
    principal = principal_of(request)
    if principal is None:
        raise Unauthenticated("nobody that is known asks", fix="Send a key, or log in.")
    return principal


ServiceOf = Annotated[Service, Depends(_service)]
PrincipalOf = Annotated[Principal, Depends(_principal)]
MetricsOf = Annotated[Metrics, Depends(_metrics)]
K = Annotated[int, Query(ge=1, le=MAX_K, description="How many at most.")]
Id = Annotated[str, Query(min_length=1, max_length=512)]
