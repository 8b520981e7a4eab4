"""The ASGI application: the API under /api/v1 and the page on everything else."""

from __future__ import annotations

from functools import partial

import gradio as gr
from fastapi import APIRouter, Depends, FastAPI
from fastapi.security import HTTPBearer

from serving.http import (
    batches,
    catalogue,
    catalogue_views,
    chat,
    chat_history,
    inspection,
    operations,
    people,
    problems,
    recommending,
)
from serving.http.access import authorize
from serving.http.admission import Admission
from serving.http.guards import BodyLimit, Measured, Metrics, SameOrigin
from serving.http.identified import Ask, Identified
from serving.http.page_bounds import PageBounds
from serving.http.request_log import RequestLog
from serving.http.responses import PREFIX
from serving.service import Service

MULTIPART_OVERHEAD = 65_536
"""Bytes around the file of an upload."""

DESCRIPTION = """
Recommendations that you can talk to, for items from their first day, with the evidence behind each.

Errors are [problem documents](https://www.rfc-editor.org/rfc/rfc9457) that say what was wrong and how to fix it.
"""


def build_api(service: Service, *, ask: Ask | None = None) -> FastAPI:
    """The API alone; it uses a service that its caller opens and closes.

    Args:
        ask: the page that asks who someone is.
    """
    app = FastAPI(
        title="Tastemaker",
        version=service.version,
        description=DESCRIPTION,
        license_info={"name": "Apache-2.0"},
    )
    app.state.service = service
    _ = service.listener  # a setting that names no model is told at the start, not to the first who speaks
    app.state.metrics = Metrics()
    problems.install(app)
    guarded = service.settings.identity.enabled
    asks = [Depends(HTTPBearer(auto_error=False)), Depends(authorize)] if guarded else []
    v1 = APIRouter(prefix=PREFIX, responses=problems.RESPONSES, dependencies=asks)
    for part in (recommending, batches, catalogue, catalogue_views, inspection, people, chat, chat_history, operations):
        v1.include_router(part.router)
    app.include_router(v1)
    if guarded:
        app.add_middleware(PageBounds)
        app.add_middleware(Identified, identity=service.identity, ask=ask)
    app.add_middleware(
        BodyLimit,
        limit=service.settings.max_body_bytes,
        picture_limit=catalogue.MAX_PICTURE_BYTES + MULTIPART_OVERHEAD,
        batch_limit=service.settings.max_batch_bytes + MULTIPART_OVERHEAD,
    )
    app.add_middleware(Admission, requests=service.settings.max_requests, turns=service.settings.max_turns)
    app.add_middleware(SameOrigin, allowed=service.settings.allowed_origins)
    app.add_middleware(Measured, metrics=app.state.metrics)
    app.add_middleware(RequestLog)
    return app


def build_app(service: Service) -> FastAPI:
    """The API with the page mounted at "/"; where identity is on, behind a login."""
    from encoders.images import load_image
    from serving.ui.app import build_ui, page_settings
    from serving.ui.guarded import guarded_service
    from serving.ui.login import login_page, login_routes
    from serving.ui.pictures import Pictures
    from serving.ui.render import Renderer
    from serving.ui.shared import shared_pages

    renderer = Renderer(Pictures(load_image))
    guarded = service.settings.identity.enabled
    app = build_api(service, ask=partial(login_page, renderer, status=401))
    app.include_router(shared_pages(service, renderer))
    if guarded:
        app.include_router(login_routes(service.identity, renderer))
    page = build_ui(guarded_service(service) if guarded else service, renderer)
    return gr.mount_gradio_app(app, page, path="/", **page_settings(service.settings.max_batch_bytes))
