"""Logging of the running program: to standard error, without the values of variables."""

from __future__ import annotations

import logging
import sys
import traceback

import structlog


def configure(level: int = logging.WARNING) -> None:
    """Set up logging of this process.

    Tracebacks come without local variables: those hold people's data and keys, and whole models.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # whatever stderr is at that moment
    )


def trace_of(error: BaseException) -> str:
    """A traceback as text, for the ``exception`` of a log entry; without local variables."""
    return "".join(traceback.format_exception(error))
