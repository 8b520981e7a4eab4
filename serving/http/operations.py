"""Routes for whoever operates the service: is it alive, is it ready, how does it fare."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Response
from fastapi import Query as Parameter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from serving.http.responses import Liveness, public
from serving.http.wiring import MetricsOf, ServiceOf
from serving.readiness import Readiness
from store.audit_log import AuditEntry

router = APIRouter(tags=["operations"])


@router.get("/health/live", response_model=Liveness)
def live(service: ServiceOf) -> Any:
    """The process answers."""
    return Liveness(status="alive", version=service.version)


@router.get("/health/ready", response_model=Readiness, responses={503: {"model": Readiness}})
def ready(service: ServiceOf, response: Response) -> Any:
    """Whether recommendations can be had now; 503 where not, with the reasons unless strangers may ask."""
    readiness = service.readiness()
    if service.settings.identity.enabled:  # what is wrong names paths and databases
        readiness = replace(readiness, problems=())
    if not readiness.ready:
        response.status_code = 503
    return readiness


@router.get("/audit-log", response_model=list[AuditEntry])
def audit_log(
    service: ServiceOf,
    limit: Annotated[int, Parameter(ge=1, le=1_000)] = 100,
    before: Annotated[int | None, Parameter(ge=0, le=2**62, description="Only acts before this ``seq``.")] = None,
) -> Any:
    """What administrators did, newest first: who, what, when, to what."""
    return public(service.store.identity.audit_log(limit=limit, before=before))


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics(metrics: MetricsOf) -> Response:
    """Prometheus metrics."""
    return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)
