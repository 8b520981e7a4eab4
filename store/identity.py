"""Who may come in: keys, accounts and sessions in the store, and the log of administrative acts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from store import accounts, audit_log, keys
from store.accounts import Account, Lockout, Session
from store.audit_log import AuditEntry
from store.engine import Engine
from store.keys import ApiKey


class IdentityStore:
    """Part of a ``Store``, with the same promises: every method is one transaction.

    What takes ``by`` is an administrative act: it is stored together with its row in the audit log, or not at all.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # Keys

    def add_key(self, key: ApiKey, digest: str, *, by: str) -> None:
        """Store a new key with the digest of its secret."""
        with self._engine.write() as connection:
            keys.add(connection, key, digest)
            details = {"name": key.name, "scopes": list(key.scopes)}
            audit_log.add(connection, actor=by, act="keys.create", target=key.prefix, details=details)

    def keys(self) -> list[ApiKey]:
        """All keys, oldest first."""
        with self._engine.read() as connection:
            return keys.every(connection)

    def key(self, prefix: str) -> tuple[ApiKey, str] | None:
        """The key of a prefix and the digest of its secret."""
        with self._engine.read() as connection:
            return keys.find(connection, prefix)

    def note_key_used(self, prefix: str, at: datetime) -> None:
        """Remember when a key was last used."""
        with self._engine.write() as connection:
            keys.note_used(connection, prefix, at)

    def revoke_key(self, prefix: str, *, by: str) -> ApiKey:
        """From now on the key opens nothing. Raises ``InputError`` where there is none."""
        with self._engine.write() as connection:
            key = keys.revoke(connection, prefix, datetime.now(UTC))
            audit_log.add(connection, actor=by, act="keys.revoke", target=prefix, details={"name": key.name})
            return key

    # Accounts

    def add_account(self, account: Account, password: str, *, by: str) -> None:
        """Store a new account with the hash of its password.

        Raises:
            InputError: the login is taken.
            UnknownUser: there is no such user.
        """
        with self._engine.write() as connection:
            accounts.add(connection, account, password)
            details = {"user_id": account.user_id, "is_admin": account.is_admin}
            audit_log.add(connection, actor=by, act="accounts.add", target=account.login, details=details)

    def accounts(self) -> list[Account]:
        """All accounts, by login."""
        with self._engine.read() as connection:
            return accounts.every(connection)

    def account(self, login: str) -> tuple[Account, str] | None:
        """The account of a login, and the hash of its password."""
        with self._engine.read() as connection:
            return accounts.find(connection, login)

    def set_password(self, login: str, password: str, *, by: str) -> None:
        """Another password (its hash); sessions of before end. Raises ``InputError`` where there is no such account."""
        with self._engine.write() as connection:
            accounts.set_password(connection, login, password, end_sessions=True)
            audit_log.add(connection, actor=by, act="accounts.passwd", target=login)

    def rehash_password(self, login: str, password: str) -> None:
        """The same password under a newer hash."""
        with self._engine.write() as connection:
            accounts.set_password(connection, login, password, end_sessions=False)

    def set_disabled(self, login: str, disabled: bool, *, by: str) -> None:
        """Shut an account and end its sessions, or open it again. Raises ``InputError`` where there is none."""
        with self._engine.write() as connection:
            accounts.set_disabled(connection, login, datetime.now(UTC) if disabled else None)
            act = "accounts.disable" if disabled else "accounts.enable"
            audit_log.add(connection, actor=by, act=act, target=login)

    # Logging in

    def count_attempt(self, limits: Iterable[tuple[str, Lockout]], now: datetime) -> datetime | None:
        """Count an attempt to log in before it is looked at; until when it is not, or None. See ``store.accounts``."""
        with self._engine.write() as connection:
            return accounts.count_attempt(connection, limits, now)

    def take_back_attempt(self, *, forgiven: str, counted: str) -> None:
        """An attempt succeeded: the login's failures are forgotten, and this one of the address."""
        with self._engine.write() as connection:
            accounts.take_back_attempt(connection, forgiven=forgiven, counted=counted)

    def forget_attempts(self, before: datetime) -> None:
        """Delete what nobody waits for any more."""
        with self._engine.write() as connection:
            accounts.forget_attempts(connection, before)

    def begin_session(
        self, digest: str, login: str, at: datetime, *, not_since: datetime, instead_of: str = ""
    ) -> None:
        """Someone has logged in.

        Args:
            not_since: sessions from before that are over.
            instead_of: digest of the session that the same browser had before, which ends.
        """
        with self._engine.write() as connection:
            accounts.end_session(connection, instead_of)
            accounts.begin_session(connection, digest, login, at, not_since=not_since)

    def session(self, digest: str) -> Session | None:
        """The session of a digest."""
        with self._engine.read() as connection:
            return accounts.find_session(connection, digest)

    def note_seen(self, digest: str, at: datetime) -> None:
        """A request of a session came."""
        with self._engine.write() as connection:
            accounts.note_seen(connection, digest, at)

    def end_session(self, digest: str) -> None:
        """Nothing happens where there is none."""
        with self._engine.write() as connection:
            accounts.end_session(connection, digest)

    # The log

    def note_act(self, by: str, act: str, target: str, details: Mapping[str, Any] | None = None) -> None:
        """Write down an act that changes nothing in the database."""
        with self._engine.write() as connection:
            audit_log.add(connection, actor=by, act=act, target=target, details=details)

    def audit_log(self, *, limit: int = 100, before: int | None = None) -> list[AuditEntry]:
        """Administrative acts, newest first; those of before a place in the log where it is given."""
        with self._engine.read() as connection:
            return audit_log.newest(connection, limit=limit, before=before)
