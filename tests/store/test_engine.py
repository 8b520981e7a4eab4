"""URLs, migrations, and what the database does when it cannot."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from store import engine
from store.database import Store
from store.engine import Engine
from store.errors import InputError, StoreError
from store.records import Event, EventKind, Impression, Item, Verdict
from store.schema import metadata


def _comparable(_object: object, name: str | None, *_: object) -> bool:
    return name != "users_by_event_count"  # alembic cannot compare an index with a descending column; see the plans


def test_the_migrations_build_the_tables_of_the_schema(database_url: str) -> None:
    opened = Engine(database_url)
    opened.migrate()
    with opened.read() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": _comparable})
        assert compare_metadata(context, metadata) == []
    opened.close()


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("SELECT * FROM events WHERE user_seq = 1 AND NOT retracted ORDER BY time DESC, seq DESC", "events_by_user"),
        ("SELECT * FROM users ORDER BY event_count DESC, user_id LIMIT 50", "users_by_event_count"),
        ("SELECT * FROM items WHERE revision > 5", "items_by_revision"),
        ("SELECT * FROM events WHERE item_seq = 5", "events_by_item"),
        ("SELECT * FROM impressions WHERE item_seq = 5", "impressions_by_item"),
        ("DELETE FROM impressions WHERE time < 5", "impressions_by_time"),
        ("DELETE FROM impressions WHERE user_seq = 5", "impressions_by_user"),
    ],
)
def test_what_every_request_asks_is_answered_from_an_index(tmp_path: Path, query: str, index: str) -> None:
    opened = Engine(f"sqlite:///{tmp_path / 'store.db'}")
    opened.migrate()
    with opened.read() as connection:
        plan = " ".join(row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}"))
    opened.close()
    assert index in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "cannot be read"),
        ("store.db", "cannot be read"),
        ("mysql://host/x", "kind 'mysql' are not supported"),
        ("sqlite://", "in memory is private"),
        ("sqlite:///:memory:", "in memory is private"),
    ],
)
def test_urls_that_name_no_database(url: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as raised:
        Store.open(url)
    assert "sqlite:///path/to/file.db" in raised.value.fix


def test_a_password_is_never_shown() -> None:
    with pytest.raises(StoreError) as raised:
        Store.open("postgresql://someone:hunter2@127.0.0.1:1/nothing")
    assert "Check that the PostgreSQL server runs" in raised.value.fix
    assert "hunter2" not in str(raised.value)
    opened = Engine("postgresql://someone:hunter2@127.0.0.1:1/nothing")
    assert "hunter2" not in Store(opened).url


def test_folders_are_made(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'deep' / 'er' / 'store.db'}") as store:
        assert store.count_items() == 0
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be made"):
        Store.open(f"sqlite:///{tmp_path / 'file' / 'store.db'}")


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_text("This is not a database, but it is long enough to look at. " * 20)
    with pytest.raises(StoreError, match="not a database") as raised:
        Store.open(f"sqlite:///{tmp_path / 'store.db'}")
    assert "restore it" in raised.value.fix


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    Store.open(f"sqlite:///{tmp_path / 'store.db'}").close()
    with sqlite3.connect(tmp_path / "store.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreError, match="not one of this version's") as raised:
        Store.open(f"sqlite:///{tmp_path / 'store.db'}")
    assert "newer Tastemaker" in raised.value.fix


def test_a_database_of_an_older_version_gets_the_later_tables_and_keeps_its_rows(database_url: str) -> None:
    with Store.open(database_url) as store:
        store.put_items([Item("a", "Alpha")])
        store.add_events([Event("u", "a", EventKind.LIKE, datetime(2020, 1, 1, tzinfo=UTC))])
    opened = Engine(database_url)
    with opened.write() as connection:  # as the version before left it
        connection.exec_driver_sql("DROP TABLE impressions")
        connection.exec_driver_sql("DROP TABLE verdicts")
        connection.exec_driver_sql("DROP TABLE chat_shares")
        for table in ("audit_log", "login_attempts", "sessions", "accounts", "api_keys"):
            connection.exec_driver_sql(f"DROP TABLE {table}")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0002'")
    opened.close()
    with Store.open(database_url) as store:
        assert len(store.history("u")) == 1
        now = datetime.now(UTC)
        assert store.add_impressions([Impression("a", "u", 1, now, "s", "api")]) == 1
        assert [one.impressions for one in store.shown(["a"])] == [1]
        store.add_verdict(Verdict("u", "a", None, agrees=True, time=now, snapshot_id="s"))
        assert len(store.verdicts()) == 1


def test_many_open_a_new_database_at_once(database_url: str) -> None:
    failures: list[BaseException] = []

    def open_it() -> None:
        try:
            with Store.open(database_url) as store:
                store.ensure_user("u")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_locked_database_refuses_writes_and_goes_on_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.1)
    with Store.open(f"sqlite:///{tmp_path / 'store.db'}") as store:
        store.put_items([Item("a", "Alpha")])
        other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked") as raised:
            store.put_items([Item("b", "Beta")])
        assert raised.value.status == 503
        assert "try again" in raised.value.fix
        assert store.item("a").title == "Alpha"
        other.execute("ROLLBACK")
        other.close()
        store.put_items([Item("b", "Beta")])
        assert store.count_items() == 2


def test_a_full_disk_refuses_writes_and_goes_on_reading(tmp_path: Path) -> None:
    opened = Engine(f"sqlite:///{tmp_path / 'store.db'}")
    opened.migrate()
    store = Store(opened)
    store.put_items([Item("a", "Alpha")])
    with opened.write() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="full") as raised:
        store.put_items([Item("b", "x" * 500_000)])
    assert "Free some space" in raised.value.fix
    assert [item.item_id for item in store.items()] == ["a"]
    store.close()


def test_sqlite_is_set_up_for_durability(tmp_path: Path) -> None:
    opened = Engine(f"sqlite:///{tmp_path / 'store.db'}")
    opened.migrate()
    with opened.write() as connection:
        wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "mmap_size": 0}
        assert {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in wanted} == wanted
    with opened.read() as connection:
        wanted = {"query_only": 1, "mmap_size": 0, "wal_autocheckpoint": 0}
        assert {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in wanted} == wanted
    opened.close()


def test_readers_see_one_state_while_a_writer_commits(database_url: str) -> None:
    with Store.open(database_url) as store:
        store.put_items([Item("a", "Alpha")])
        opened = Engine(database_url)
        with opened.read() as connection:
            count = sa.text("SELECT count(*) FROM items")
            assert connection.scalar(count) == 1
            store.put_items([Item("b", "Beta")])
            assert connection.scalar(count) == 1
        with opened.read() as connection:
            assert connection.scalar(count) == 2
        opened.close()


def test_a_copy_of_the_file_after_closing_holds_everything(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'store.db'}") as store:
        store.put_items([Item("a", "Alpha")])
        store.add_events([Event("u", "a", EventKind.LIKE, datetime(2020, 1, 1, tzinfo=UTC))])
    shutil.copy(tmp_path / "store.db", tmp_path / "copy.db")
    with Store.open(f"sqlite:///{tmp_path / 'copy.db'}") as copy:
        assert len(copy.history("u")) == 1
