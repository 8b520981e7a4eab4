"""Keys: what is kept of them, what they open, and when they stop."""

from __future__ import annotations

import hashlib
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from serving.identity import keys as keys_module
from serving.identity.keys import Keys
from serving.identity.principal import LOCAL, Principal, Scope
from serving.server import require_identity
from serving.settings import IdentitySection, Settings
from store.database import Store
from store.errors import InputError, StoreError


@pytest.fixture
def keys(sqlite_store: Store) -> Keys:
    """Keys of an empty store."""
    return Keys(sqlite_store.identity)


def test_a_key_is_known_and_its_secret_is_not_stored(any_store: Store) -> None:
    keys = Keys(any_store.identity)
    key, token = keys.create(" shop ", ["write"], by="local")
    mark, prefix, secret = token.split("_", 2)
    assert (mark, prefix, len(secret)) == ("tm", key.prefix, 43)
    principal = keys.principal(token)
    assert principal is not None
    assert principal.name == f"key:shop ({prefix})"
    assert principal.scopes == {Scope.READ, Scope.WRITE}
    found = any_store.identity.key(prefix)
    assert found is not None
    assert found[1] == hashlib.sha256(secret.encode()).hexdigest()
    for other in (
        token[:-1],
        token + "x",
        f"tm_{prefix}_",
        f"tm_{prefix}",
        secret,
        "",
        "tm__" + secret,
        f"xx_{prefix}_{secret}",
        "\0",
        "\ud800",
    ):
        assert keys.principal(other) is None


def test_no_byte_of_the_database_holds_a_secret(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'store.db'}") as store:
        _, token = Keys(store.identity).create("shop", ["admin"], by="local")
    with sqlite3.connect(tmp_path / "store.db") as connection:
        dump = "\n".join(connection.iterdump())
    connection.close()
    assert "shop" in dump
    assert token.split("_", 2)[2] not in dump


def test_a_key_ends_at_once_when_it_is_revoked_and_when_it_expires(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    key, token = keys.create("a", ["read"], by="local")
    assert keys.principal(token) is not None
    keys.revoke(key.prefix, by="local")
    assert keys.principal(token) is None
    with pytest.raises(InputError, match="there is no key 'nothing'"):
        keys.revoke("nothing", by="local")
    soon = datetime.now(UTC) + timedelta(hours=1)
    key, token = keys.create("b", ["read"], by="local", expires_at=soon)
    assert keys.principal(token) is not None

    class Later(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return soon

    monkeypatch.setattr(keys_module, "datetime", Later)
    assert keys.principal(token) is None


def test_the_last_use_is_noted_once_a_minute_and_a_read_only_database_still_answers(
    keys: Keys, sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, token = keys.create("a", ["read"], by="local")
    assert keys.list()[0].used_at is None
    keys.principal(token)
    first = keys.list()[0].used_at
    assert first is not None
    keys.principal(token)
    assert keys.list()[0].used_at == first

    def full(*_: object) -> None:
        raise StoreError("the database cannot do this now: disk full", fix="Free some space.")

    monkeypatch.setattr(keys_module, "NOTE_EVERY", timedelta(0))
    monkeypatch.setattr(sqlite_store.identity, "note_key_used", full)
    assert keys.principal(token) is not None


@pytest.mark.parametrize(
    ("name", "scopes", "expires", "message"),
    [
        ("", ["read"], None, "0 characters"),
        ("x" * 81, ["read"], None, "81 characters"),
        ("a", [], None, "opens nothing"),
        ("a", ["root"], None, "scope 'root' does not exist"),
        ("a", ["read"], datetime(2020, 1, 1, tzinfo=UTC), "expired at 2020"),
    ],
)
def test_keys_that_break_a_rule_are_refused(
    keys: Keys, name: str, scopes: list[str], expires: datetime | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        keys.create(name, scopes, by="local", expires_at=expires)
    assert keys.list() == []


def test_whom_a_principal_reaches() -> None:
    reader, shop = Principal.key("a", ["read"]), Principal.key("b", ["write"])
    ada = Principal.account("ada", user_id="1", is_admin=False)
    chief = Principal.account("chief", user_id=None, is_admin=True)
    assert [one.may_reach("1") for one in (reader, shop, ada, chief, LOCAL)] == [False, True, True, True, True]
    assert [one.may_reach("2") for one in (reader, shop, ada, chief, LOCAL)] == [False, True, False, True, True]
    assert all(one.may_reach(None) for one in (reader, shop, ada, chief, LOCAL))
    assert not ada.may(Scope.WRITE)
    nobody = Principal.account("x", user_id=None, is_admin=False)
    assert not nobody.may_reach("")


def test_acts_are_in_the_log_and_the_log_stays(any_store: Store) -> None:
    keys = Keys(any_store.identity)
    key, _ = keys.create("shop", ["write"], by="local:ada")
    keys.revoke(key.prefix, by="key:other")
    log = any_store.identity.audit_log()
    assert [(entry.actor, entry.act, entry.target) for entry in log] == [
        ("key:other", "keys.revoke", key.prefix),
        ("local:ada", "keys.create", key.prefix),
    ]
    assert log[1].details == {"name": "shop", "scopes": ["write"]}
    assert any_store.identity.audit_log(before=log[0].seq) == log[1:]
    for change in ("UPDATE audit_log SET actor = 'nobody'", "DELETE FROM audit_log"):
        with pytest.raises(StoreError, match="stay as they were written"), any_store._engine.write() as connection:
            connection.exec_driver_sql(change)
    assert any_store.identity.audit_log() == log


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7"])
def test_a_public_address_needs_identity(host: str) -> None:
    with pytest.raises(InputError, match="TASTEMAKER_IDENTITY__ENABLED=true") as raised:
        require_identity(Settings(host=host))
    assert repr(host) in raised.value.problem
    require_identity(Settings(host=host, identity=IdentitySection(enabled=True)))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "::1", "no such host"])
def test_loopback_needs_none(host: str) -> None:
    require_identity(Settings(host=host))
