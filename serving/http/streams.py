"""A turn of the dialogue as server-sent events."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import anyio
import structlog
from fastapi.concurrency import run_in_threadpool
from fastapi.encoders import jsonable_encoder
from fastapi.responses import StreamingResponse

from agent.turns import TurnEvent
from serving.http.problems import plain_problem, problem_of
from serving.http.responses import public
from serving.logs import trace_of
from store.errors import TastemakerError

log = structlog.get_logger(__name__)

RESPONSE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": (
            "Server-sent events in this order: `understood` (chips, summary), `cards` (where there are any), `words` "
            "(pieces of text), `finished` (suggestions, degraded, milliseconds, trace). `error` carries a problem "
            "document and ends the stream."
        ),
        "content": {
            "text/event-stream": {
                "schema": {"type": "string"},
                "example": 'event: words\ndata: {"text": "Five close to Fargo, all after 1996."}\n\n',
            }
        },
    }
}


async def stream(begin: Callable[[], Iterator[TurnEvent]]) -> StreamingResponse:
    """Send a turn as it happens. ``begin`` and every step of the turn run in the thread pool.

    The first event is awaited before the response begins, so that a chat that does not exist is a 404 and not a stream.
    A client that goes away closes the turn, which stops the words.
    """
    turn = await run_in_threadpool(begin)
    first = await run_in_threadpool(next, turn, None)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_events(first, turn), media_type="text/event-stream", headers=headers)


async def _events(first: TurnEvent | None, turn: Iterator[TurnEvent]) -> AsyncIterator[str]:
    event = first
    try:
        while event is not None:
            yield encode(type(event).__name__.lower(), public(event))
            event = await run_in_threadpool(next, turn, None)
    except TastemakerError as error:
        yield encode("error", problem_of(error).model_dump(exclude_defaults=True))
    except Exception as error:  # the response has begun: the only way left to say it is an event
        log.error("unexpected error in a stream", exception=trace_of(error))
        yield encode("error", plain_problem(500, "something unexpected happened").model_dump(exclude_defaults=True))
    finally:
        close = getattr(turn, "close", None)
        if close is not None:
            with anyio.CancelScope(shield=True):
                await run_in_threadpool(close)


def encode(name: str, data: Any) -> str:
    """One event on the wire."""
    return f"event: {name}\ndata: {json.dumps(jsonable_encoder(data), ensure_ascii=False, separators=(',', ':'))}\n\n"
