"""Who asks, told from the headers of a request."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from serving.identity.accounts import Accounts
from serving.identity.keys import Keys
from serving.identity.principal import Principal
from serving.settings import IdentitySection
from store.errors import Unauthenticated
from store.identity import IdentityStore

COOKIE = "tastemaker_session"
"""Holds the session of a browser."""
HOW = "Send a key as `Authorization: Bearer KEY` (tastemaker keys create), or log in on the page."


class Identity:
    """Keys and accounts of one service.

    Attributes:
        settings: of this section.
        store: keys, accounts, sessions, the audit log.
        keys: of machines.
    """

    def __init__(self, store: IdentityStore, settings: IdentitySection) -> None:
        self.settings = settings
        self.store = store
        self.keys = Keys(store)

    @cached_property
    def accounts(self) -> Accounts:
        """Of people."""
        return Accounts(self.store, self.settings)

    def session(self, cookies: Mapping[str, str]) -> Principal | None:
        """Who has logged in on the browser that sends these cookies."""
        token = cookies.get(COOKIE)
        return self.accounts.principal(token) if token else None

    def bearer(self, authorization: str) -> Principal:
        """Who sends a header ``Authorization``.

        Raises:
            Unauthenticated: it holds no key, or one that opens nothing.
        """
        kind, _, token = authorization.strip().partition(" ")
        if kind.lower() != "bearer":
            raise Unauthenticated("the Authorization header is none of the kind Bearer", fix=HOW)
        principal = self.keys.principal(token.strip())
        if principal is None:
            raise Unauthenticated("this key does not exist, was revoked, or has expired", fix=HOW)
        return principal
