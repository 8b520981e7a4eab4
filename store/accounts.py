"""Queries on accounts of people, their sessions, and logins that failed.

Each function works inside the transaction of the connection that it is given.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from store.errors import InputError
from store.events import user_row_number
from store.lookups import insert_new
from store.schema import accounts, from_micros, login_attempts, sessions, to_micros, users
from store.storable import can_exist, check_id, check_time


@dataclass(frozen=True)
class Account:
    """Someone who can log in.

    Attributes:
        login: what they type; in lower case.
        user_id: the user of the catalogue that they are; None for an administrator who is none.
        is_admin: whether they may do everything, for everyone.
        created_at, disabled_at: UTC; None where it is not disabled.
    """

    login: str
    user_id: str | None
    is_admin: bool
    created_at: datetime
    disabled_at: datetime | None = None


@dataclass(frozen=True)
class Session:
    """Someone who has logged in.

    Attributes:
        created_at: when they logged in, UTC.
        seen_at: when the last request came, to within a minute, UTC.
    """

    account: Account
    created_at: datetime
    seen_at: datetime


@dataclass(frozen=True)
class Lockout:
    """When logging in has to wait.

    Attributes:
        failures: after which the next attempt waits.
        first: wait after that many, doubled by each further failure.
        longest: wait that is never exceeded.
        forgotten: time without a failure after which the count begins anew.
    """

    failures: int
    first: timedelta
    longest: timedelta
    forgotten: timedelta


_account_columns = (
    accounts.c.login,
    users.c.user_id,
    accounts.c.is_admin,
    accounts.c.created_at,
    accounts.c.disabled_at,
)
_known = sa.outerjoin(accounts, users, users.c.seq == accounts.c.user_seq)


def add(connection: sa.Connection, account: Account, password: str) -> None:
    """Store a new account.

    Args:
        password: its hash.

    Raises:
        InputError: the login is taken.
        UnknownUser: there is no such user.
    """
    values = {
        "login": check_id(account.login, what="login"),
        "password": password,
        "user_seq": None if account.user_id is None else user_row_number(connection, account.user_id),
        "is_admin": account.is_admin,
        "created_at": to_micros(check_time(account.created_at, what="created_at")),
    }
    if connection.scalars(insert_new(connection, accounts).returning(accounts.c.seq), [values]).one_or_none() is None:
        raise InputError(f"there is an account {account.login!r} already", fix="Choose another login.")


def every(connection: sa.Connection) -> list[Account]:
    """All accounts, by login."""
    query = sa.select(*_account_columns).select_from(_known).order_by(accounts.c.login)
    return [_account(row) for row in connection.execute(query)]


def find(connection: sa.Connection, login: str) -> tuple[Account, str] | None:
    """The account of a login, and the hash of its password."""
    if not can_exist(login):
        return None
    query = sa.select(*_account_columns, accounts.c.password).select_from(_known).where(accounts.c.login == login)
    row = connection.execute(query).one_or_none()
    return None if row is None else (_account(row), row.password)


def set_password(connection: sa.Connection, login: str, password: str, *, end_sessions: bool) -> None:
    """Another password (its hash) for an account. Raises ``InputError`` where there is none."""
    seq = _seq(connection, login)
    connection.execute(sa.update(accounts).where(accounts.c.seq == seq).values(password=password))
    if end_sessions:
        connection.execute(sa.delete(sessions).where(sessions.c.account_seq == seq))


def set_disabled(connection: sa.Connection, login: str, at: datetime | None) -> None:
    """Shut an account and end its sessions, or open it again (None). Raises ``InputError`` where there is none."""
    seq = _seq(connection, login)
    values = {"disabled_at": None if at is None else to_micros(at)}
    connection.execute(sa.update(accounts).where(accounts.c.seq == seq).values(values))
    if at is not None:
        connection.execute(sa.delete(sessions).where(sessions.c.account_seq == seq))


def begin_session(connection: sa.Connection, digest: str, login: str, at: datetime, *, not_since: datetime) -> None:
    """Someone has logged in. Sessions from before ``not_since`` are over and go."""
    connection.execute(sa.delete(sessions).where(sessions.c.created_at < to_micros(not_since)))
    now = to_micros(at)
    values = {"digest": digest, "account_seq": _seq(connection, login), "created_at": now, "seen_at": now}
    connection.execute(sa.insert(sessions).values(values))


def find_session(connection: sa.Connection, digest: str) -> Session | None:
    """The session of a digest."""
    query = (
        sa.select(*_account_columns, sessions.c.created_at.label("since"), sessions.c.seen_at)
        .select_from(sa.join(_known, sessions, sessions.c.account_seq == accounts.c.seq))
        .where(sessions.c.digest == digest)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else Session(_account(row), from_micros(row.since), from_micros(row.seen_at))


def note_seen(connection: sa.Connection, digest: str, at: datetime) -> None:
    """A request of a session came."""
    connection.execute(sa.update(sessions).where(sessions.c.digest == digest).values(seen_at=to_micros(at)))


def end_session(connection: sa.Connection, digest: str) -> None:
    """Nothing happens where there is none."""
    connection.execute(sa.delete(sessions).where(sessions.c.digest == digest))


def count_attempt(connection: sa.Connection, limits: Iterable[tuple[str, Lockout]], now: datetime) -> datetime | None:
    """Count an attempt as failed before it is looked at, so that many at once are no more than their number.

    Args:
        limits: the subjects that it counts for (a login, an address), each with its rule.

    Returns:
        until when none of this is looked at, and then nothing is counted; None where it may be looked at.
    """
    limits = sorted(
        limits, key=lambda pair: pair[0]
    )  # in one order for all writers, so that no two wait for each other
    at = to_micros(now)
    for subject, rule in limits:
        new = insert_new(connection, login_attempts)
        connection.execute(new.values(subject=subject, failures=0, last_at=at, locked_until=0))
        long_ago = at - rule.forgotten // timedelta(microseconds=1)
        old = sa.update(login_attempts).where(login_attempts.c.subject == subject, login_attempts.c.last_at < long_ago)
        connection.execute(old.values(failures=0, locked_until=0))
    # Locked until the transaction ends: another attempt waits for this one's count.
    rows = {row.subject: row for row in connection.execute(_attempts([subject for subject, _ in limits]))}
    locked = max(rows[subject].locked_until for subject, _ in limits)
    if locked > at:
        return from_micros(locked)
    for subject, rule in limits:
        failures = rows[subject].failures + 1
        wait = _wait(rule, failures)
        values = {"failures": failures, "last_at": at, "locked_until": at + wait if wait else 0}
        connection.execute(sa.update(login_attempts).where(login_attempts.c.subject == subject).values(values))
    return None


def take_back_attempt(connection: sa.Connection, *, forgiven: str, counted: str) -> None:
    """An attempt succeeded after all.

    Args:
        forgiven: the login, of which earlier failures are forgotten.
        counted: the address, which keeps its other failures: a guesser may own one account.
    """
    connection.execute(sa.delete(login_attempts).where(login_attempts.c.subject == forgiven))
    row = sa.update(login_attempts).where(login_attempts.c.subject == counted, login_attempts.c.failures > 0)
    connection.execute(row.values(failures=login_attempts.c.failures - 1, locked_until=0))


def forget_attempts(connection: sa.Connection, before: datetime) -> None:
    """Delete what nobody waits for any more."""
    connection.execute(sa.delete(login_attempts).where(login_attempts.c.last_at < to_micros(before)))


def _attempts(subjects: list[str]) -> sa.Select:
    return sa.select(login_attempts).where(login_attempts.c.subject.in_(subjects)).with_for_update()


def _wait(rule: Lockout, failures: int) -> int:
    """Microseconds."""
    if failures < rule.failures:
        return 0
    wait = min(rule.longest, rule.first * 2 ** min(failures - rule.failures, 20))
    return wait // timedelta(microseconds=1)


def _seq(connection: sa.Connection, login: str) -> int:
    query = sa.select(accounts.c.seq).where(accounts.c.login == login)
    seq = connection.scalar(query) if can_exist(login) else None
    if seq is None:
        raise InputError(f"there is no account {login[:40]!r}", fix="`tastemaker accounts list` shows them.")
    return seq


def _account(row: sa.Row) -> Account:
    disabled = None if row.disabled_at is None else from_micros(row.disabled_at)
    return Account(row.login, row.user_id, row.is_admin, from_micros(row.created_at), disabled)
