"""The page that a link to a chat leads to: to read, without scripts of the app, without anything of the reader."""

from __future__ import annotations

import base64
import hashlib

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from serving.ui.api import UiService
from serving.ui.render import Renderer
from serving.ui.theme import stylesheet

DARK = 'document.documentElement.classList.toggle("dark", matchMedia("(prefers-color-scheme: dark)").matches)'
"""The one script of such a page."""
_DIGEST = base64.b64encode(hashlib.sha256(DARK.encode()).digest()).decode()


def headers(*, forms: bool = False) -> dict[str, str]:
    """Of a page that runs nothing but ``DARK``; ``forms`` is whether it may send any, to this service."""
    goal = "'self'" if forms else "'none'"
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{_DIGEST}'; "
            f"base-uri 'none'; form-action {goal}; frame-ancestors 'none'"
        ),
        "Cache-Control": "no-store",
        # With no-referrer a browser would call the origin of a form "null", as it does for pages of other sites.
        "Referrer-Policy": "same-origin" if forms else "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex",
    }


HEADERS = headers()


def shared_pages(service: UiService, renderer: Renderer) -> APIRouter:
    """The route ``/shared/{token}``."""
    router = APIRouter()

    @router.get("/shared/{token}", include_in_schema=False, response_class=HTMLResponse)
    def shared(token: str) -> HTMLResponse:
        chat = service.dialogues.history.shared(token)
        page = renderer("shared.html", chat=chat, css=stylesheet(), script=DARK)
        return HTMLResponse(page, status_code=404 if chat is None else 200, headers=HEADERS)

    return router
