"""API keys: made, shown once, told again by their digest, revoked.

A secret is 256 random bits, so SHA-256 of it is all that has to be stored: nobody can guess their way back from the
digest, and a slow hash, which guards the few bits of a password, would only slow every request down.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from serving.identity.principal import Principal, Scope
from store.errors import InputError, StoreError
from store.identity import IdentityStore
from store.keys import ApiKey

MARK = "tm"
"""First part of every key, so that scanners for leaked secrets can know one."""
PREFIX_BYTES = 6
SECRET_BYTES = 32
MAX_NAME = 80
NOTE_EVERY = timedelta(minutes=1)
"""Between two writes of when a key was last used: not one for each request."""

_NO_DIGEST = "0" * 64


def digest_of(secret: str) -> str:
    """SHA-256 as hexadecimal digits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


class Keys:
    """The keys of a store."""

    def __init__(self, store: IdentityStore) -> None:
        self._store = store

    def create(
        self, name: str, scopes: Sequence[str], *, by: str, expires_at: datetime | None = None
    ) -> tuple[ApiKey, str]:
        """A new key, and the text to send as ``Authorization: Bearer``. Only now: the store does not hold it.

        Raises:
            InputError: the name is empty or too long, a scope does not exist, or the key would be expired already.
        """
        name = name.strip()
        if not 0 < len(name) <= MAX_NAME:
            raise InputError(f"a key's name has {len(name)} characters, not 1 to {MAX_NAME}", fix="Say what it is for.")
        unknown = sorted(set(scopes) - set(Scope))
        if unknown or not scopes:
            raise InputError(
                f"scope {unknown[0]!r} does not exist" if unknown else "a key without a scope opens nothing",
                fix=f"Give one of {', '.join(Scope)}; each holds those before it.",
            )
        now = datetime.now(UTC)
        if expires_at is not None and expires_at <= now:
            raise InputError(
                f"the key would have expired at {expires_at.isoformat()} already", fix="Name a time to come."
            )
        secret = secrets.token_urlsafe(SECRET_BYTES)
        ordered = tuple(scope.value for scope in Scope if scope in scopes)
        key = ApiKey(secrets.token_hex(PREFIX_BYTES), name, ordered, now, expires_at)
        self._store.add_key(key, digest_of(secret), by=by)
        return key, f"{MARK}_{key.prefix}_{secret}"

    def list(self) -> list[ApiKey]:
        """All keys, oldest first."""
        return self._store.keys()

    def revoke(self, prefix: str, *, by: str) -> ApiKey:
        """The key opens nothing from the next request on.

        Args:
            prefix: of the key, or the key itself.

        Raises:
            InputError: there is no such key.
        """
        mark, _, rest = prefix.partition("_")
        return self._store.revoke_key(rest.partition("_")[0] if mark == MARK and rest else prefix, by=by)

    def principal(self, token: str) -> Principal | None:
        """Whose key it is; None where it is none, or is revoked or expired. Reads the store each time."""
        mark, _, rest = token.partition("_")
        prefix, _, secret = rest.partition("_")
        known = self._store.key(prefix) if mark == MARK and secret else None
        # Compared in constant time, also where there is nothing to compare with.
        same = hmac.compare_digest(digest_of(secret), known[1] if known else _NO_DIGEST)
        now = datetime.now(UTC)
        if known is None or not same or not known[0].valid(now):
            return None
        key = known[0]
        if key.used_at is None or now - key.used_at >= NOTE_EVERY:
            with suppress(StoreError):  # a database that cannot be written now answers reads all the same
                self._store.note_key_used(key.prefix, now)
        return Principal.key(f"{key.name} ({key.prefix})", key.scopes)
