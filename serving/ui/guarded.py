"""The service as one visitor may use it, where identity is on.

Handlers of the page take the ids of users and chats from the browser. So nothing that they name is trusted: what they
call stands in the tables below with what it needs, and what does not stand there cannot be called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, cast

from gradio.context import LocalContext

from agent.dialogue import Dialogues
from pipeline.query import Query
from serving.identity.identity import Identity
from serving.identity.principal import Principal, Scope
from serving.service import Service
from serving.ui.api import UiService
from store.errors import Forbidden, Unauthenticated, UnknownUser
from store.records import User

Check = Callable[..., None]
"""Takes the arguments of a call, and raises ``Forbidden`` where the visitor may not make it."""


class Guarded:
    """An object of which only what is in a table can be reached.

    Args:
        target: what is guarded.
        checks: by name of a method or attribute; None where every visitor may use it.
    """

    def __init__(self, target: object, checks: Mapping[str, Check | None]) -> None:
        self._target = target
        self._checks = checks

    def __getattr__(self, name: str) -> Any:
        if name not in self._checks:
            raise AttributeError(f"{name!r} of {type(self._target).__name__} has no rule who may use it")
        check, found = self._checks[name], getattr(self._target, name)
        if check is None:
            return found

        @wraps(found)
        def checked(*args: Any, **named: Any) -> Any:
            check(*args, **named)
            return found(*args, **named)

        return checked


class Visitors:
    """Who is behind the event that is being answered, and what they may reach."""

    def __init__(self, service: Service) -> None:
        self._identity: Identity = service.identity
        self._store = service.store

    def principal(self) -> Principal:
        """Raises ``Unauthenticated`` where their login is over, or nobody is there."""
        request = LocalContext.request.get(None)
        found = None if request is None else self._identity.session(request.cookies)
        if found is None:
            raise Unauthenticated("your login is over", fix="Reload the page and log in again.")
        return found

    def needs(self, scope: Scope) -> Check:
        """A check of a scope, whatever the arguments."""

        def check(*_args: Any, **_named: Any) -> None:
            if not self.principal().may(scope):
                raise Forbidden("this is for those who keep the catalogue", fix="Log in as an administrator.")

        return check

    def user(self, user_id: str | None = None, *_args: Any, **_named: Any) -> None:
        """The first argument, or the one named ``user_id``, is a user in reach."""
        if not self.principal().may_reach(user_id or None):
            raise Forbidden("this is another user's", fix="Stay with your own user, or log in as theirs.")

    def query(self, query: Query, *_args: Any, **_named: Any) -> None:
        """The first argument is a query for a user in reach."""
        self.user(query.user_id)

    def chat(self, chat_id: str, *_args: Any, **_named: Any) -> None:
        """The first argument is a chat of a user in reach, or none that there is."""
        record = self._store.load_chat(chat_id)
        self.user(None if record is None else record.user_id)

    def user_and_chat(self, user_id: str, *, chat_id: str | None = None) -> None:
        """Both are in reach."""
        self.user(user_id)
        if chat_id:
            self.chat(chat_id)


class GuardedPeople(Guarded):
    """Users, of whom a visitor finds those in reach."""

    def __init__(self, service: Service, visitors: Visitors) -> None:
        user, operating = visitors.user, visitors.needs(Scope.ADMIN)
        checks = {
            "user": user, "ensure_user": user, "history": user, "load_chat": visitors.chat, "verdict_counts": operating,
        }  # fmt: skip
        super().__init__(service.store, checks)
        self._store = service.store
        self._visitors = visitors

    def users(self, *, search: str = "", limit: int = 50) -> Sequence[User]:
        """Those in reach, with the most events first."""
        visitor = self._visitors.principal()
        if visitor.may(Scope.WRITE):
            return self._store.users(search=search, limit=limit)
        try:
            return [] if visitor.user_id is None else [self._store.user(visitor.user_id)]
        except UnknownUser:
            return []


class GuardedDialogues(Guarded):
    """Chats, with what is done with whole ones."""

    def __init__(
        self, dialogues: Dialogues, checks: Mapping[str, Check | None], of_history: Mapping[str, Check | None]
    ):
        super().__init__(dialogues, checks)
        self.history = Guarded(dialogues.history, of_history)


class GuardedService(Guarded):
    """Implements ``serving.ui.api.UiService`` for the visitor of each event."""

    limited = True

    def __init__(self, service: Service) -> None:
        self._service = service
        self._visitors = visitors = Visitors(service)
        keeping, operating = visitors.needs(Scope.WRITE), visitors.needs(Scope.ADMIN)
        self._rules = _rules(visitors, keeping, operating)
        checks = {
            "note_shown": visitors.user, "catalogue_map": None, "launches": None, "favourites": operating,
            "compare_snapshots": visitors.query, "status": operating, "snapshots": None,
            "spoken_seconds": None,
        }  # fmt: skip
        super().__init__(service, checks)
        self.store = GuardedPeople(service, visitors)

    @property
    def recommender(self) -> Guarded:
        return self._part("recommender")

    @property
    def dialogues(self) -> Guarded:
        return GuardedDialogues(self._service.dialogues, self._rules["dialogues"], self._rules["chat history"])

    @property
    def batches(self) -> Guarded:
        return self._part("batches")

    @property
    def audits(self) -> Guarded:
        return self._part("audits")

    @property
    def pictures(self) -> Guarded:
        return self._part("pictures")

    @property
    def verdicts(self) -> Guarded:
        return self._part("verdicts")

    def reader(self, user_id: str) -> str:
        """Who the page is of: the visitor, whoever the browser remembers; an administrator chooses."""
        visitor = self._visitors.principal()
        return user_id if user_id and visitor.may_reach(user_id) else visitor.user_id or ""

    def may(self, scope: Scope) -> bool:
        """Whether the visitor has a scope."""
        return self._visitors.principal().may(scope)

    def _part(self, name: str) -> Guarded:
        return Guarded(getattr(self._service, name), self._rules[name])


def _rules(visitors: Visitors, keeping: Check, operating: Check) -> dict[str, dict[str, Check | None]]:
    """What each call of each part needs."""

    def all_of(check: Check | None, *names: str) -> dict[str, Check | None]:
        return dict.fromkeys(names, check)

    return {
        "recommender": {
            **all_of(
                visitors.query,
                "recommend", "matching", "explain", "taste", "contrast", "standings", "smallest_removal",
            ),
            **all_of(
                None,
                "snapshot_id", "similar", "search", "content_match", "item_profile", "item", "items", "vocabulary",
            ),
            **all_of(keeping, "preview", "publish", "publish_all", "deactivate"),
        },
        "dialogues": {
            "open": visitors.user_and_chat,
            **all_of(None, "refined", "chips"),
            **all_of(
                visitors.chat,
                "respond", "remove_chip", "add_chip", "feedback", "retry", "undo", "view", "attach", "picture",
                "leaning",
            ),
        },
        "chat history": {
            "chats": visitors.user,
            **all_of(visitors.chat, "rename", "delete", "branch", "share", "unshare", "written_out"),
        },
        "batches": all_of(keeping, "receive", "list", "get", "start", "stop", "map_columns", "rows")
        | all_of(None, "fetching"),
        "audits": all_of(operating, "start", "get", "stop"),
        "pictures": all_of(keeping, "keep"),
        "verdicts": all_of(visitors.user, "note", "set_aside", "bring_back", "aside"),
    }  # fmt: skip


def guarded_service(service: Service) -> UiService:
    """The service for the page, each event with what its visitor may do."""
    return cast(UiService, GuardedService(service))
