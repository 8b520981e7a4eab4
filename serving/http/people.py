"""Routes on users and on what they do."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Response
from fastapi import Path as InPath
from fastapi import Query as Parameter

from serving.http.requests import EventIn, EventsIn, UserIn
from serving.http.responses import StoredEvents, public
from serving.http.wiring import PrincipalOf, ServiceOf
from store.people import Erased, UserExport
from store.records import Event, User

router = APIRouter()

UserKey = Annotated[str, InPath(min_length=1, max_length=512)]
Key = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=200)]


@router.get("/users", response_model=list[User], tags=["users"])
def users(
    service: ServiceOf,
    search: Annotated[str, Parameter(max_length=200, description="Part of an id or a name.")] = "",
    limit: Annotated[int, Parameter(ge=1, le=1_000)] = 50,
    offset: Annotated[int, Parameter(ge=0, le=10_000_000)] = 0,
) -> Any:
    """Users with the most events first."""
    return public(service.store.users(search=search, limit=limit, offset=offset))


@router.post("/users", response_model=User, tags=["users"])
def ensure_user(service: ServiceOf, body: UserIn) -> Any:
    """The user with this id, created if there is none."""
    return public(service.store.ensure_user(body.user_id, name=body.name))


@router.get("/users/{user_id:path}/events", response_model=list[Event], tags=["users"])
def history(service: ServiceOf, user_id: UserKey, limit: Annotated[int, Parameter(ge=1, le=10_000)] = 100) -> Any:
    """What a user did, the newest ``limit`` events, oldest first."""
    return public(service.store.history(user_id, limit=limit))


@router.get("/users/{user_id:path}/export", response_model=UserExport, tags=["users"])
def export_user(service: ServiceOf, principal: PrincipalOf, response: Response, user_id: UserKey) -> Any:
    """All that is stored of one user, as a file: events, impressions, verdicts, chats, logins."""
    response.headers["Content-Disposition"] = 'attachment; filename="user.json"'
    response.headers["Cache-Control"] = "no-store"
    return public(service.export_user(user_id, by=None if principal.user_id == user_id else principal.name))


@router.delete("/users/{user_id:path}", response_model=Erased, tags=["users"])
def erase_user(service: ServiceOf, principal: PrincipalOf, user_id: UserKey) -> Any:
    """Erase a user: events, impressions, verdicts, chats, links, logins, and what the kept snapshots hold of them.

    Answers with how much there was. 503 while a training runs: it has read their events.
    """
    return public(service.erase_user(user_id, by=principal.name))


@router.get("/users/{user_id:path}", response_model=User, tags=["users"])
def user(service: ServiceOf, user_id: UserKey) -> Any:
    """One user."""
    return public(service.store.user(user_id))


@router.post("/events", response_model=StoredEvents, tags=["events"])
def add_events(service: ServiceOf, body: EventIn | EventsIn, idempotency_key: Key = None) -> Any:
    """Store one event or a batch, all or none; each counts from the next recommendation on.

    An event whose key is known is not stored again. The header gives a single event its key, and the events of a batch
    the keys ``<header>/0``, ``<header>/1``, ... Without any, the key follows from user, item, kind and time. A user who
    does not exist is created; an item that does not exist is a 404 and nothing is stored.
    """
    if isinstance(body, EventIn):
        events = [body.event(key=idempotency_key)]
    else:
        keys = (f"{idempotency_key}/{n}" if idempotency_key else None for n in range(len(body.events)))
        events = [event.event(key=key) for event, key in zip(body.events, keys, strict=True)]
    result = service.store.add_live(events)
    return StoredEvents(stored=result.added, duplicates=result.duplicates)
