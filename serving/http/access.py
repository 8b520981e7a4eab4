"""Who may do what: one rule for every route of the API, in one table. A route without a rule is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from json import JSONDecodeError
from typing import Any

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from serving.http.responses import PREFIX
from serving.identity.principal import LOCAL, Principal, Scope
from serving.service import Service
from store.errors import Forbidden


@dataclass(frozen=True)
class Asked:
    """What a rule looks at: a request, and its body as JSON where it has one."""

    request: Request
    body: Any
    service: Service


Whose = Callable[[Asked], Iterable[object]]
"""Whose things a request names: ids of users, None where it names nobody."""


@dataclass(frozen=True)
class Rule:
    """Who may send a request.

    Whoever is named in it by ``whose`` must be in reach: the user of the account, or any user for a key with the scope
    "write" and for administrators. Where nobody is named, ``scope`` is needed.

    Attributes:
        scope: None where everyone may, also without credentials.
        whose: where users are named.
    """

    scope: Scope | None
    whose: Whose = lambda _asked: ()


def _path(name: str) -> Whose:
    return lambda asked: (asked.request.path_params[name],)


def _parameter(name: str) -> Whose:
    return lambda asked: asked.request.query_params.getlist(name)


def _body(*steps: str) -> Whose:
    return lambda asked: _found(asked.body, steps)


def _found(value: Any, steps: tuple[str, ...]) -> Iterator[object]:
    """What lies under some keys; every element of a list on the way."""
    if isinstance(value, list):
        for part in value:
            yield from _found(part, steps)
    elif not steps:
        yield value
    elif isinstance(value, dict):
        yield from _found(value.get(steps[0]), steps[1:])


def _of_chats(chat_ids: Whose) -> Whose:
    """Whose chats these are; nobody's where there is no such chat."""

    def owners(asked: Asked) -> Iterator[object]:
        for chat_id in chat_ids(asked):
            record = asked.service.store.load_chat(chat_id) if isinstance(chat_id, str) else None
            yield None if record is None else record.user_id

    return owners


def _all(*places: Whose) -> Whose:
    return lambda asked: [named for place in places for named in place(asked)]


EVERYONE = Rule(None)
CATALOGUE = Rule(Scope.READ)
KEEPING = Rule(Scope.WRITE)
OPERATING = Rule(Scope.ADMIN)
FOR_USER = Rule(Scope.READ, _body("user_id"))
FOR_QUERY = Rule(Scope.READ, _body("query", "user_id"))
CHAT = Rule(Scope.READ, _of_chats(_path("chat_id")))

RULES: dict[tuple[str, str], Rule] = {
    ("GET", "/recommend"): Rule(Scope.READ, _parameter("user_id")),
    ("POST", "/recommend"): FOR_USER,
    ("GET", "/similar"): CATALOGUE,
    ("POST", "/similar"): CATALOGUE,
    ("GET", "/search"): CATALOGUE,
    ("POST", "/search"): CATALOGUE,
    ("POST", "/explain"): FOR_QUERY,
    ("POST", "/explain/verdicts"): Rule(Scope.WRITE, _body("user_id")),
    ("GET", "/explain/verdicts"): Rule(Scope.ADMIN, _parameter("user_id")),
    ("GET", "/explain/verdicts/counts"): OPERATING,
    ("GET", "/explain/content"): CATALOGUE,
    ("GET", "/explain/item"): CATALOGUE,
    ("POST", "/explain/contrast"): FOR_QUERY,
    ("POST", "/explain/removal"): FOR_QUERY,
    ("POST", "/explain/taste"): FOR_USER,
    ("GET", "/snapshots"): CATALOGUE,
    ("POST", "/snapshots/compare"): FOR_QUERY,
    ("GET", "/audits/groups"): OPERATING,
    ("POST", "/audits"): OPERATING,
    ("GET", "/audits/{audit_id}"): OPERATING,
    ("DELETE", "/audits/{audit_id}"): OPERATING,
    ("GET", "/audits/{audit_id}/report"): OPERATING,
    ("POST", "/batches"): KEEPING,
    ("GET", "/batches"): KEEPING,
    ("GET", "/batches/{batch_id}"): KEEPING,
    ("DELETE", "/batches/{batch_id}"): KEEPING,
    ("PUT", "/batches/{batch_id}/columns"): KEEPING,
    ("POST", "/batches/{batch_id}/start"): KEEPING,
    ("GET", "/batches/{batch_id}/rows"): KEEPING,
    ("GET", "/batches/{batch_id}/report"): KEEPING,
    ("POST", "/items"): KEEPING,
    ("POST", "/items/preview"): KEEPING,  # it names the users whom an item would suit
    ("GET", "/items/{item_id:path}"): CATALOGUE,
    ("PATCH", "/items/{item_id:path}"): KEEPING,
    ("DELETE", "/items/{item_id:path}"): KEEPING,
    ("GET", "/items/{item_id:path}/image"): CATALOGUE,
    ("PUT", "/items/{item_id:path}/image"): KEEPING,
    ("GET", "/catalogue/map"): CATALOGUE,
    ("GET", "/catalogue/launches"): CATALOGUE,
    ("GET", "/users"): KEEPING,
    ("POST", "/users"): Rule(Scope.WRITE, _body("user_id")),
    ("GET", "/users/{user_id:path}"): Rule(Scope.WRITE, _path("user_id")),
    ("GET", "/users/{user_id:path}/events"): Rule(Scope.WRITE, _path("user_id")),
    ("GET", "/users/{user_id:path}/export"): Rule(Scope.WRITE, _path("user_id")),
    ("DELETE", "/users/{user_id:path}"): OPERATING,
    ("POST", "/events"): Rule(Scope.WRITE, _all(_body("user_id"), _body("events", "user_id"))),
    ("GET", "/chats"): Rule(Scope.WRITE, _parameter("user_id")),
    ("POST", "/chats"): Rule(Scope.WRITE, _all(_body("user_id"), _of_chats(_body("chat_id")))),
    ("GET", "/chats/{chat_id}"): CHAT,
    ("PATCH", "/chats/{chat_id}"): CHAT,
    ("DELETE", "/chats/{chat_id}"): CHAT,
    ("POST", "/chats/{chat_id}/messages"): CHAT,
    ("POST", "/chats/{chat_id}/pictures"): CHAT,
    ("GET", "/chats/{chat_id}/pictures/{name}"): CHAT,
    ("POST", "/chats/{chat_id}/speech"): CHAT,
    ("POST", "/chats/{chat_id}/feedback"): CHAT,
    ("POST", "/chats/{chat_id}/retry"): CHAT,
    ("POST", "/chats/{chat_id}/undo"): CHAT,
    ("POST", "/chats/{chat_id}/chips"): CHAT,
    ("DELETE", "/chats/{chat_id}/chips/{key:path}"): CHAT,
    ("POST", "/chats/{chat_id}/branch"): CHAT,
    ("PUT", "/chats/{chat_id}/share"): CHAT,
    ("DELETE", "/chats/{chat_id}/share"): CHAT,
    ("GET", "/chats/{chat_id}/export"): CHAT,
    ("GET", "/shared/{token}"): EVERYONE,
    ("GET", "/health/live"): EVERYONE,
    ("GET", "/health/ready"): EVERYONE,
    ("GET", "/audit-log"): OPERATING,
    ("GET", "/metrics"): CATALOGUE,
}
"""By method and path below the API's prefix."""

PUBLIC = tuple(f"{PREFIX}{path}" for path in ("/health/live", "/health/ready", "/shared/"))
"""Beginnings of the paths of ``EVERYONE``: a test checks that they are these."""


def principal_of(request: Request) -> Principal | None:
    """Who sends a request; everyone is local where identity is off, and None came without credentials."""
    return getattr(request.state, "principal", None if request.app.state.service.settings.identity.enabled else LOCAL)


async def authorize(request: Request) -> None:
    """Refuse what whoever asks may not do; a dependency of every route of the API.

    Raises:
        Forbidden: they may not.
    """
    service: Service = request.app.state.service
    if not service.settings.identity.enabled:
        return
    path = request.scope["route"].path.removeprefix(PREFIX)
    rule = RULES.get((request.method, path))
    if rule is None:
        raise Forbidden(f"{request.method} {path} has no rule who may use it", fix="Add one to serving/http/access.py.")
    if rule.scope is None:
        return
    asked = Asked(request, await _json(request), service)
    named = await run_in_threadpool(lambda: [user for user in rule.whose(asked) if user is not None])
    refuse(principal_of(request), rule.scope, named)


def refuse(principal: Principal | None, scope: Scope, named: Sequence[object]) -> None:
    """Raises ``Forbidden`` where someone may not send a request that names these users, or nobody."""
    if principal is None:  # the guard in front of all routes has asked already; nothing passes should it be missing
        raise Forbidden("nobody that is known asks", fix="Send a key, or log in.")
    if not all(isinstance(user_id, str) and principal.may_reach(user_id) for user_id in named):
        raise Forbidden(
            f"{principal.name} may not reach what is another user's",
            fix="Name your own user, or use a key with the scope write.",
        )
    if not named and not principal.may(scope):
        raise Forbidden(
            f"{principal.name} has not the scope {scope.value}",
            fix="Use a key with that scope (tastemaker keys create), or log in as an administrator.",
        )


async def _json(request: Request) -> Any:
    """The body as the route itself reads it; None where it is no JSON, which a route that wants JSON refuses."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind.startswith("multipart/") or kind == "application/x-www-form-urlencoded":
        return None
    try:
        return await request.json()
    except (JSONDecodeError, UnicodeDecodeError):
        return None
