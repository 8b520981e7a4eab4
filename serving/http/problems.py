"""Errors as RFC 9457 problem documents. What went wrong, which rule, how to fix it; never a stack trace."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from serving.http.routes import route_of
from serving.logs import current_request_id, trace_of
from store.errors import TastemakerError

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = "5"
REQUEST_ID = "X-Request-ID"
"""The header that names a request in answers and in the log."""

log = structlog.get_logger(__name__)


class FieldProblem(BaseModel):
    """One field of a request that breaks a rule."""

    model_config = ConfigDict(extra="forbid")

    where: str
    rule: str


class Problem(BaseModel):
    """Why a request was not answered."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:tastemaker:unknown-item",
                    "title": "Unknown item",
                    "status": 404,
                    "detail": "item 'x' is not in the catalogue",
                    "fix": "Check the id with a search, or add the item first.",
                }
            ]
        },
    )

    type: str
    title: str
    status: int
    detail: str
    fix: str = ""
    errors: list[FieldProblem] = []


RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": description, "content": {MEDIA_TYPE: {}}}
    for status, description in (
        (401, "Identity is on, and no credentials came, or none that are known"),
        (403, "Cross-origin request, or something that whoever asks may not do or see"),
        (404, "Unknown user, item or chat"),
        (413, "Body too large"),
        (422, "The request breaks a rule"),
        (429, "Too many messages to one chat, or too many failed logins; `Retry-After` says when to come again"),
        (503, "Too busy, not trained yet, or the database cannot do it now; `Retry-After` says when to come again"),
    )
}


def problem_of(error: TastemakerError) -> Problem:
    """The document of one of this project's own errors."""
    words = re.sub(r"(?<!^)(?=[A-Z])", " ", type(error).__name__.removesuffix("Error")).lower()
    return Problem(
        type=f"urn:tastemaker:{words.replace(' ', '-')}",
        title=words.capitalize(),
        status=error.status,
        detail=error.problem,
        fix=error.fix,
    )


def plain_problem(status: int, detail: str, *, fix: str = "") -> Problem:
    """A document for what has no error class of its own."""
    return Problem(type="about:blank", title=HTTPStatus(status).phrase, status=status, detail=detail, fix=fix)


def respond(problem: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    """The response that carries a problem."""
    headers = dict(headers or {})
    if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers.setdefault("Retry-After", RETRY_SECONDS)
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers.setdefault("WWW-Authenticate", "Bearer")
    return JSONResponse(
        problem.model_dump(exclude_defaults=True), status_code=problem.status, headers=headers, media_type=MEDIA_TYPE
    )


def install(app: FastAPI) -> None:
    """Answer every error of an app with a problem document."""

    @app.exception_handler(TastemakerError)
    def own(request: Request, error: TastemakerError) -> JSONResponse:
        if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.warning(
                "request failed", route=route_of(request.scope), error=type(error).__name__, problem=error.problem
            )
        return respond(problem_of(error))

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        # The values received are not echoed: they may be a megabyte, secret, or not even JSON (NaN).
        fields = [
            FieldProblem(where=".".join(str(part) for part in found["loc"]), rule=str(found["msg"]))
            for found in error.errors()[:20]
        ]
        detail = "; ".join(f"{field.where}: {field.rule}" for field in fields[:3])
        problem = plain_problem(422, detail, fix="Correct these fields; /docs shows what is accepted.")
        return respond(problem.model_copy(update={"errors": fields}))

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> JSONResponse:
        return respond(plain_problem(error.status_code, str(error.detail)), dict(error.headers or {}))

    @app.exception_handler(Exception)
    def unexpected(request: Request, error: Exception) -> JSONResponse:
        reference = current_request_id()
        log.error("unexpected error", route=route_of(request.scope), reference=reference, exception=trace_of(error))
        problem = plain_problem(500, f"something unexpected happened; the log has it as {reference}")
        return respond(problem, {REQUEST_ID: reference})  # what adds it to other answers has been left
