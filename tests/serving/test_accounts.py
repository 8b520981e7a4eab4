"""Accounts: passwords, sessions, and how long a guesser has to wait."""

from __future__ import annotations

import statistics
import time
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from argon2 import PasswordHasher

from serving.identity import accounts as accounts_module
from serving.identity.accounts import Accounts
from serving.identity.principal import Scope
from serving.settings import IdentitySection
from store.database import Store
from store.errors import InputError, TooManyAttempts, Unauthenticated, UnknownUser

PASSWORD = "a few plain words"
HOME = "192.0.2.7"


class Clock(datetime):
    """A clock that a test sets."""

    moment = datetime(2026, 1, 1, tzinfo=UTC)

    @classmethod
    def now(cls, tz: object = None) -> datetime:
        return cls.moment

    @classmethod
    def forward(cls, **time: float) -> None:
        cls.moment += timedelta(**time)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> type[Clock]:
    """The clock of accounts."""
    monkeypatch.setattr(Clock, "moment", datetime(2026, 1, 1, tzinfo=UTC))
    monkeypatch.setattr(accounts_module, "datetime", Clock)
    return Clock


@pytest.fixture
def accounts(any_store: Store) -> Accounts:
    """Ada's account on each kind of database in turn; she is user 1."""
    any_store.ensure_user("1")
    made = Accounts(any_store.identity, IdentitySection(enabled=True))
    made.add("Ada", PASSWORD, user_id="1", by="test")
    return made


def test_who_logs_in_is_known_until_they_log_out(accounts: Accounts, any_store: Store) -> None:
    token = accounts.log_in(" aDA ", PASSWORD, address=HOME)
    principal = accounts.principal(token)
    assert principal is not None
    assert (principal.name, principal.user_id, principal.scopes) == ("account:ada", "1", {Scope.READ})
    known = any_store.identity.account("ada")
    assert known is not None
    assert known[1].startswith("$argon2id$")
    assert any_store.identity.session(token) is None  # the store has its digest
    for other in ("", token[:-1], "\ud800"):
        assert accounts.principal(other) is None
    accounts.log_out(token)
    assert accounts.principal(token) is None


def test_a_login_takes_the_place_of_the_one_before(accounts: Accounts) -> None:
    first = accounts.log_in("ada", PASSWORD, address=HOME)
    elsewhere = accounts.log_in("ada", PASSWORD, address=HOME)
    second = accounts.log_in("ada", PASSWORD, address=HOME, session=first)
    assert second != first
    assert accounts.principal(first) is None
    assert accounts.principal(second) is not None
    assert accounts.principal(elsewhere) is not None


def test_sessions_end_when_idle_and_in_any_case(accounts: Accounts, clock: type[Clock]) -> None:
    token = accounts.log_in("ada", PASSWORD, address=HOME)
    for _ in range(20):  # 11 hours and a request, again and again: 7 days from the login it ends
        clock.forward(hours=11)
        if clock.moment - datetime(2026, 1, 1, tzinfo=UTC) >= timedelta(hours=168):
            break
        assert accounts.principal(token) is not None, clock.moment
    assert accounts.principal(token) is None
    token = accounts.log_in("ada", PASSWORD, address=HOME)
    clock.forward(hours=12)
    assert accounts.principal(token) is None


def test_a_disabled_account_and_a_changed_password_end_all_sessions(accounts: Accounts) -> None:
    token = accounts.log_in("ada", PASSWORD, address=HOME)
    accounts.set_disabled("ada", True, by="test")
    assert accounts.principal(token) is None
    with pytest.raises(Unauthenticated, match="do not go together"):
        accounts.log_in("ada", PASSWORD, address=HOME)
    accounts.set_disabled("ada", False, by="test")
    token = accounts.log_in("ada", PASSWORD, address=HOME)
    accounts.change_password("ada", PASSWORD + "!", by="test")
    assert accounts.principal(token) is None
    with pytest.raises(Unauthenticated):
        accounts.log_in("ada", PASSWORD, address=HOME)
    accounts.log_in("ada", PASSWORD + "!", address=HOME)


def test_a_session_goes_with_its_user(accounts: Accounts, any_store: Store) -> None:
    token = accounts.log_in("ada", PASSWORD, address=HOME)
    with any_store._engine.write() as connection:
        connection.exec_driver_sql("DELETE FROM users WHERE user_id = '1'")
    assert accounts.principal(token) is None
    assert accounts.list() == []


def failures(accounts: Accounts, login: str, count: int, *, address: str = HOME) -> None:
    for _ in range(count):
        with pytest.raises(Unauthenticated, match="do not go together"):
            accounts.log_in(login, "something else entirely", address=address)


@pytest.mark.parametrize("login", ["ada", "nobody"])
def test_after_five_failures_a_login_waits_whether_it_exists_or_not(
    accounts: Accounts, clock: type[Clock], login: str
) -> None:
    failures(accounts, login, 5)
    for address in (HOME, "192.0.2.8"):
        with pytest.raises(TooManyAttempts) as raised:
            accounts.log_in(login, PASSWORD, address=address)
        assert raised.value.retry_after == 31
    waits = []
    for _ in range(8):
        clock.forward(seconds=raised.value.retry_after)
        failures(accounts, login, 1, address="192.0.2.9")
        with pytest.raises(TooManyAttempts) as raised:
            accounts.log_in(login, PASSWORD, address=HOME)
        waits.append(raised.value.retry_after - 1)
    assert waits == [60, 120, 240, 480, 900, 900, 900, 900]


def test_a_right_password_forgives_and_a_day_forgets(accounts: Accounts, clock: type[Clock]) -> None:
    failures(accounts, "ada", 4)
    accounts.log_in("ada", PASSWORD, address=HOME)
    failures(accounts, "ada", 4)
    clock.forward(days=1, seconds=1)
    failures(accounts, "ada", 4)
    accounts.log_in("ada", PASSWORD, address=HOME)


def test_an_address_waits_even_where_it_owns_an_account(accounts: Accounts, clock: type[Clock]) -> None:
    for n in range(19):
        failures(accounts, f"login-{n}", 1)
    accounts.log_in("ada", PASSWORD, address=HOME)  # takes back its own attempt and no other
    failures(accounts, "one more", 1)
    with pytest.raises(TooManyAttempts):
        accounts.log_in("ada", PASSWORD, address=HOME)
    accounts.log_in("ada", PASSWORD, address="192.0.2.8")


def test_one_subscriber_of_ipv6_is_one_address(accounts: Accounts, clock: type[Clock]) -> None:
    for n in range(20):
        failures(accounts, f"login-{n}", 1, address=f"2001:db8::{n:x}")
    with pytest.raises(TooManyAttempts):
        accounts.log_in("ada", PASSWORD, address="2001:db8::ffff")
    accounts.log_in("ada", PASSWORD, address="2001:db8:0:1::1")


def test_an_unknown_login_takes_as_long_as_a_known_one(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the work done: one comparison each, of hashes with the same parameters. And by the clock, loosely."""
    parameters, seconds = [], {"ada": [], "nobody": []}

    class Watched(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - argon2's own name
            parameters.append(str(hash).rpartition("$")[0].rpartition("$")[0])
            return super().verify(hash, password)

    monkeypatch.setattr(accounts, "_hasher", Watched())
    for n in range(4):
        for login, taken in seconds.items():
            began = time.perf_counter()
            failures(accounts, login, 1, address=f"192.0.2.{n}")
            taken.append(time.perf_counter() - began)
    assert len(parameters) == 8
    assert len(set(parameters)) == 1
    assert statistics.median(seconds["nobody"]) > 0.3 * statistics.median(seconds["ada"])


@pytest.mark.parametrize(
    ("login", "password", "user_id", "message"),
    [
        ("ben", "short", "1", "5 characters, not 12 to 1000"),
        ("ben", "x" * 1_001, "1", "1001 characters"),
        ("ADA", PASSWORD, "1", "there is an account 'ada' already"),
        ("", PASSWORD, "1", "is not 1 to 100 printable"),
        ("a\nb", PASSWORD, "1", "printable"),
        ("ben", PASSWORD, None, "is of no user"),
    ],
)
def test_accounts_that_break_a_rule_are_refused(
    accounts: Accounts, login: str, password: str, user_id: str | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        accounts.add(login, password, user_id=user_id, by="test")


def test_an_account_of_nobody_that_there_is(accounts: Accounts) -> None:
    with pytest.raises(UnknownUser):
        accounts.add("ben", PASSWORD, user_id="nobody", by="test")
    with pytest.raises(InputError, match="there is no account 'ben'"):
        accounts.change_password("ben", PASSWORD, by="test")


def test_texts_of_any_kind_are_no_password(accounts: Accounts) -> None:
    for login, password in (("\0", PASSWORD), ("ada", "\ud800" * 20), ("ada", "x" * 100_000), ("ada", "")):
        with pytest.raises(Unauthenticated):
            accounts.log_in(login, password, address="\0")
