"""The ASGI application: the API under /api/v1 and the page on everything else."""

from __future__ import annotations

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
from serving.http.guards import BodyLimit, Measured, Metrics, SameOrigin
from serving.http.identified import Identified
from serving.http.responses import PREFIX
from serving.service import Service

MULTIPART_OVERHEAD = 65_536
"""Bytes around the file of an upload."""

DESCRIPTION = """
Recommendations that you can talk to, for items from their first day, with the evidence behind each.

Errors are [problem documents](https://www.rfc-editor.org/rfc/rfc9457) that say what was wrong and how to fix it.
"""


def build_api(service: Service) -> FastAPI:
    """The API alone; it uses a service that its caller opens and closes."""
    app = FastAPI(
        title="Tastemaker",
        version=service.version,
        description=DESCRIPTION,
        license_info={"name": "Apache-2.0"},
    )
    app.state.service = service
    app.state.metrics = Metrics()
    problems.install(app)
    guarded = service.settings.identity.enabled
    asks = [Depends(HTTPBearer(auto_error=False)), Depends(authorize)] if guarded else []
    v1 = APIRouter(prefix=PREFIX, responses=problems.RESPONSES, dependencies=asks)
    for part in (recommending, batches, catalogue, catalogue_views, inspection, people, chat, chat_history, operations):
        v1.include_router(part.router)
    app.include_router(v1)
    if guarded:
        app.add_middleware(Identified, identity=service.identity)
    app.add_middleware(
        BodyLimit,
        limit=service.settings.max_body_bytes,
        picture_limit=catalogue.MAX_PICTURE_BYTES + MULTIPART_OVERHEAD,
        batch_limit=service.settings.max_batch_bytes + MULTIPART_OVERHEAD,
    )
    app.add_middleware(SameOrigin, allowed=service.settings.allowed_origins)
    app.add_middleware(Measured, metrics=app.state.metrics)
    return app


def build_app(service: Service) -> FastAPI:
    """The API with the page mounted at "/"; the API alone where identity is on, which the page does not know yet."""
    if service.settings.identity.enabled:
        return build_api(service)
    from encoders.images import load_image
    from serving.ui.app import build_ui, page_settings
    from serving.ui.pictures import Pictures
    from serving.ui.render import Renderer
    from serving.ui.shared import shared_pages

    renderer = Renderer(Pictures(load_image))
    app = build_api(service)
    app.include_router(shared_pages(service, renderer))
    return gr.mount_gradio_app(
        app, build_ui(service, renderer), path="/", **page_settings(service.settings.max_batch_bytes)
    )
