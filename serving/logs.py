"""Logging of the running program: to standard error, without the values of variables."""

from __future__ import annotations

import logging
import sys
import traceback
from typing import Literal
from uuid import uuid4

import structlog
from structlog.typing import Processor

Form = Literal["console", "json"]
Level = Literal["debug", "info", "warning", "error"]


def configure(form: Form = "console", level: Level | None = None) -> None:
    """Set up logging of this process.

    Tracebacks come without local variables: those hold people's data and keys, and whole models.

    Args:
        form: lines for people, or one JSON object a line for programs.
        level: the least that is logged; None is "info" as JSON, where requests are wanted, and "warning" for people.
    """
    least = logging.getLevelNamesMapping()[(level or ("info" if form == "json" else "warning")).upper()]
    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*common, *_renderers(form)],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # whatever stderr is at that moment
    )
    if form == "json":
        _take_over_libraries(common)


def trace_of(error: BaseException) -> str:
    """A traceback as text, for the ``exception`` of a log entry; without local variables."""
    return "".join(traceback.format_exception(error))


def current_request_id() -> str:
    """The id of the request that is being answered; a new one outside of requests."""
    return structlog.contextvars.get_contextvars().get("request_id") or uuid4().hex


def _renderers(form: Form) -> list[Processor]:
    if form == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    return [
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
    ]


def _take_over_libraries(common: list[Processor]) -> None:
    """Warnings and errors of libraries, the HTTP server's among them, as JSON too: a program reads every line."""
    handler = _ToStandardError(logging.WARNING)  # some libraries set their own loggers to less
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=common,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers("json")],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


class _ToStandardError(logging.Handler):
    """Writes to whatever standard error is at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(self.format(record) + "\n")
