"""Who asks, told from the headers of a request."""

from __future__ import annotations

from serving.identity.keys import Keys
from serving.identity.principal import Principal
from serving.settings import IdentitySection
from store.errors import Unauthenticated
from store.identity import IdentityStore

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
