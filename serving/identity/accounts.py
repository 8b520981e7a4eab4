"""Accounts of people: passwords, logging in, sessions.

Passwords are hashed by argon2id with the parameters that RFC 9106 gives for machines without gigabytes to spare.
Whether a login exists cannot be told from outside: an unknown one costs the same work, gets the same words, and has to
wait after as many failures. What a browser holds is 256 random bits, of which the store has the SHA-256.
"""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from serving.identity.principal import Principal
from serving.settings import IdentitySection
from store.accounts import Account, Lockout
from store.errors import BusyError, InputError, StoreError, TooManyAttempts, Unauthenticated
from store.identity import IdentityStore

LEAST_PASSWORD = 12
MOST_PASSWORD = 1_000
"""Characters of a password; without an upper limit a megabyte would be hashed."""
MAX_LOGIN = 100
AT_ONCE = 2
"""Passwords that are hashed at the same time: each takes 64 MiB."""
LONGEST_WAIT = 10.0
"""Seconds that a login waits for those before it."""
SEEN_EVERY = timedelta(minutes=1)
"""Between two writes of when a session was last seen: not one for each request."""
FORGOTTEN = timedelta(days=1)
"""Without a failure, after which earlier ones count no more."""
SESSION_BYTES = 32


class Accounts:
    """The accounts of a store.

    Args:
        settings: how long a login holds, and how many may fail.
    """

    def __init__(self, store: IdentityStore, settings: IdentitySection) -> None:
        self._store = store
        self._hasher = PasswordHasher()
        self._hashing = BoundedSemaphore(AT_ONCE)
        # Made now: an unknown login that came first would cost twice the work and be told by it.
        self._nobodys = self._hasher.hash(secrets.token_urlsafe(SESSION_BYTES))
        self._idle = timedelta(hours=settings.idle_hours)
        self._longest = timedelta(hours=settings.session_hours)
        wait, most = (timedelta(seconds=s) for s in (settings.first_wait_seconds, settings.longest_wait_seconds))
        self._of_login = Lockout(settings.login_failures, wait, most, FORGOTTEN)
        self._of_address = Lockout(settings.address_failures, wait, most, FORGOTTEN)

    # Administration

    def add(self, login: str, password: str, *, user_id: str | None, is_admin: bool = False, by: str) -> Account:
        """A new account.

        Args:
            user_id: the user of the catalogue that it is of; None only for an administrator.

        Raises:
            InputError: the login or the password breaks a rule, or the login is taken.
            UnknownUser: there is no such user.
        """
        if user_id is None and not is_admin:
            raise InputError(f"account {login!r} is of no user", fix="Name a user, or make it an administrator.")
        account = Account(_normal(login), user_id, is_admin, datetime.now(UTC))
        if not 0 < len(account.login) <= MAX_LOGIN or not account.login.isprintable():
            raise InputError(
                f"login {login[:20]!r} is not 1 to {MAX_LOGIN} printable characters", fix="Choose another login."
            )
        self._store.add_account(account, self._hash(password), by=by)
        return account

    def list(self) -> list[Account]:
        """All accounts, by login."""
        return self._store.accounts()

    def change_password(self, login: str, password: str, *, by: str) -> None:
        """Another password; whoever is logged in has to log in again.

        Raises:
            InputError: it breaks a rule, or there is no such account.
        """
        self._store.set_password(_normal(login), self._hash(password), by=by)

    def set_disabled(self, login: str, disabled: bool, *, by: str) -> None:
        """Shut an account, from its next request on, or open it again. Raises ``InputError`` where there is none."""
        self._store.set_disabled(_normal(login), disabled, by=by)

    # Logging in

    def log_in(self, login: str, password: str, *, address: str, session: str = "") -> str:
        """Begin a session; returns what the browser has to hold.

        Args:
            address: where the request comes from.
            session: what the browser held before, which is over.

        Raises:
            TooManyAttempts: too many have failed for this login or from this address.
            Unauthenticated: login and password do not go together, for whatever reason.
            BusyError: too many log in at once.
        """
        now = datetime.now(UTC)
        login = _normal(login)[:MAX_LOGIN]
        subjects = f"login:{_digest(login)}", f"address:{_network(address)}"
        limits = zip(subjects, (self._of_login, self._of_address), strict=True)
        until = self._store.count_attempt(limits, now)
        if until is not None:
            raise TooManyAttempts(int((until - now).total_seconds()) + 1)
        known = self._store.account(login)
        right = self._verify(known[1] if known else self._nobodys, password)
        if known is None or known[0].disabled_at is not None or not right:
            raise Unauthenticated("login and password do not go together", fix="Check both, then try again.")
        self._store.take_back_attempt(forgiven=subjects[0], counted=subjects[1])
        self._store.forget_attempts(now - FORGOTTEN)
        if self._hasher.check_needs_rehash(known[1]):
            self._store.rehash_password(login, self._hash(password))
        token = secrets.token_urlsafe(SESSION_BYTES)
        over = now - self._longest
        self._store.begin_session(_digest(token), login, now, not_since=over, instead_of=_digest(session))
        return token

    def log_out(self, session: str) -> None:
        """End a session; nothing happens where there is none."""
        self._store.end_session(_digest(session))

    def principal(self, session: str) -> Principal | None:
        """Whose session it is; None where it is none, is over, or its account is shut. Reads the store each time."""
        digest = _digest(session)
        found = self._store.session(digest)
        now = datetime.now(UTC)
        if found is None or found.account.disabled_at is not None:
            return None
        if now - found.seen_at >= self._idle or now - found.created_at >= self._longest:
            self._store.end_session(digest)
            return None
        if now - found.seen_at >= min(SEEN_EVERY, self._idle / 2):
            with suppress(StoreError):  # a database that cannot be written now answers reads all the same
                self._store.note_seen(digest, now)
        account = found.account
        return Principal.account(account.login, user_id=account.user_id, is_admin=account.is_admin)

    def _hash(self, password: str) -> str:
        if not LEAST_PASSWORD <= len(password) <= MOST_PASSWORD:
            raise InputError(
                f"the password has {len(password)} characters, not {LEAST_PASSWORD} to {MOST_PASSWORD}",
                fix="Choose another one; a few words will do.",
            )
        with self._hashing:
            return self._hasher.hash(_bytes(password))

    def _verify(self, known: str, password: str) -> bool:
        if not self._hashing.acquire(timeout=LONGEST_WAIT):
            raise BusyError("too many people log in at once", fix="Try again in a few seconds.")
        try:
            return self._hasher.verify(known, _bytes(password if len(password) <= MOST_PASSWORD else ""))
        except (VerificationError, InvalidHashError):
            return False
        finally:
            self._hashing.release()


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")


def _normal(login: str) -> str:
    return login.strip().casefold()


def _digest(text: str) -> str:
    """SHA-256; of a login so that a stranger's text of any kind and length becomes a short one."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _network(address: str) -> str:
    """An address as far as one subscriber has it: of IPv6 everyone has 2^64."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return _digest(address)
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))
