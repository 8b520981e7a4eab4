"""Who sends a request, and what they may do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """What a key may do; each holds those before it."""

    READ = "read"
    """What is nobody's: the catalogue, items that are alike, recommendations for a history that is sent along."""
    WRITE = "write"
    """Change the catalogue, and read and write for any user: what the backend of a shop does."""
    ADMIN = "admin"
    """Everything: audits, erasing and exporting users, the audit log."""


_HELD = {scope: frozenset(list(Scope)[: place + 1]) for place, scope in enumerate(Scope)}


@dataclass(frozen=True)
class Principal:
    """Who sends a request.

    Attributes:
        name: "key:NAME", "account:LOGIN", "local", as the audit log has it.
        scopes: what they may do that is nobody's in particular.
        user_id: the user whose own things they may reach; None for machines and for administrators who are no user.
    """

    name: str
    scopes: frozenset[Scope]
    user_id: str | None = None

    @classmethod
    def key(cls, name: str, scopes: Iterable[str]) -> Principal:
        """A machine."""
        return cls(f"key:{name}", frozenset().union(*(_HELD[Scope(scope)] for scope in scopes)))

    @classmethod
    def account(cls, login: str, *, user_id: str | None, is_admin: bool) -> Principal:
        """A person who has logged in; one who is no administrator reads the catalogue and has what is their own."""
        return cls(f"account:{login}", _HELD[Scope.ADMIN if is_admin else Scope.READ], user_id)

    def may(self, scope: Scope) -> bool:
        """Whether they have a scope."""
        return scope in self.scopes

    def may_reach(self, user_id: str | None) -> bool:
        """Whether they may read and write what is one user's; None is nobody in particular."""
        return user_id is None or self.may(Scope.WRITE) or (self.user_id is not None and user_id == self.user_id)


LOCAL = Principal("local", _HELD[Scope.ADMIN])
"""Everyone, where identity is off."""
