"""Work in the background: where it stands, and what happens to an error that nobody waits for."""

from __future__ import annotations

from concurrent.futures import Future
from enum import StrEnum
from typing import Any

import structlog

log = structlog.get_logger(__name__)


class Stage(StrEnum):
    """Where a batch or an audit stands; an audit is never only read."""

    READ = "read"
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


UNDER_WAY = (Stage.WAITING, Stage.RUNNING)


def log_failure(future: Future[Any]) -> None:
    """For ``Future.add_done_callback``."""
    if not future.cancelled() and (error := future.exception()) is not None:
        log.error("background work failed", error=type(error).__name__, exc_info=error)
