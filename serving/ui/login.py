"""The page on which people log in, and the two requests of it."""

from __future__ import annotations

from typing import Annotated

import structlog
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from serving.identity.identity import COOKIE, Identity
from serving.ui.render import Renderer
from serving.ui.shared import DARK, headers
from serving.ui.theme import stylesheet
from store.errors import TastemakerError, TooManyAttempts, Unauthenticated

PATH = "/login"
HEADERS = headers(forms=True)
MAX_PATH = 2_000

log = structlog.get_logger(__name__)


def login_page(renderer: Renderer, *, goal: str, status: int = 200, problem: TastemakerError | None = None) -> Response:
    """The form.

    Args:
        goal: path of this service to go on with.
        problem: why the last attempt failed.
    """
    page = renderer("login.html", goal=_inside(goal), problem=problem, css=stylesheet(), script=DARK)
    return HTMLResponse(page, status_code=status, headers=HEADERS)


def login_routes(identity: Identity, renderer: Renderer) -> APIRouter:
    """The routes ``/login`` and ``/logout``. Pages of other origins cannot send either: ``SameOrigin`` is in front."""
    router = APIRouter(include_in_schema=False)

    @router.get(PATH)
    def ask(goal: str = "/") -> Response:
        return login_page(renderer, goal=goal)

    @router.post(PATH)
    def log_in(
        request: Request,
        login: Annotated[str, Form()] = "",
        password: Annotated[str, Form()] = "",
        goal: Annotated[str, Form()] = "/",
    ) -> Response:
        address = request.client.host if request.client else ""
        try:
            token = identity.accounts.log_in(login, password, address=address, session=request.cookies.get(COOKIE, ""))
        except TastemakerError as error:
            if isinstance(error, Unauthenticated | TooManyAttempts):
                log.warning("login failed", address=address, problem=error.problem)
            answer = login_page(renderer, goal=goal, status=error.status, problem=error)
            if isinstance(error, TooManyAttempts):
                answer.headers["Retry-After"] = str(error.retry_after)
            return answer
        answer = RedirectResponse(_inside(goal), status_code=303)
        answer.set_cookie(
            COOKIE,
            token,
            max_age=round(3600 * identity.settings.session_hours),
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="lax",
        )
        return answer

    @router.post("/logout")
    def log_out(request: Request) -> Response:
        identity.accounts.log_out(request.cookies.get(COOKIE, ""))
        answer = RedirectResponse(PATH, status_code=303)
        answer.delete_cookie(COOKIE)
        return answer

    return router


def _inside(goal: str) -> str:
    """A path of this service; whatever leads elsewhere becomes its start."""
    inside = (
        goal.startswith("/") and not goal.startswith(("//", "/\\")) and len(goal) <= MAX_PATH and goal.isprintable()
    )
    return goal if inside else "/"
