"""Dumps of databases: the same rows come back, in either kind of database."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from store.database import Store
from store.dump import dump, load
from store.engine import Engine
from store.errors import InputError, StoreError
from store.records import Event, EventKind, Item

WHEN = datetime(2026, 11, 22, 10, 30, 0, 123456, tzinfo=UTC)


def unchanged(row: dict[str, Any]) -> dict[str, Any]:
    return row


def fill(url: str) -> None:
    """Rows of many kinds."""
    with Store.open(url) as store:
        store.put_items(
            [
                Item(
                    "a",
                    "Ünïcode 🎬",
                    "Two\nlines",
                    ("Drama",),
                    {"year": 1995, "price": 0.1, "tags": ["x", "y"]},
                    "/p/a.jpg",
                ),
                Item("b", "Beta", categories=(), attributes={}),
            ]
        )
        store.add_events([Event("u", "a", EventKind.RATING, WHEN, 4.5), Event("u", "b", EventKind.VIEW, WHEN)])
        store.set_active("b", False)
        store.save_chat("c", "u", "A chat", {})
        store.add_chat_picture("c", "p", bytes(range(256)))


def everything(url: str) -> dict[str, list[dict[str, Any]]]:
    engine = Engine(url)
    with engine.read() as connection:
        metadata = sa.MetaData()
        metadata.reflect(connection)
        found = {
            table.name: [dict(row) for row in connection.execute(sa.select(table)).mappings()]
            for table in metadata.sorted_tables
        }
    engine.close()
    return found


@pytest.fixture
def dumped(database_url: str, tmp_path: Path) -> tuple[str, Path, str]:
    """URL of a filled database, the folder of its dump, and its schema."""
    fill(database_url)
    folder = tmp_path / "dump"
    folder.mkdir()
    engine = Engine(database_url)
    revision, counts = dump(engine, folder, rewrite=unchanged)
    engine.close()
    assert counts["events"] == 2
    assert counts["items"] == 2
    return database_url, folder, revision


def loaded(url: str, folder: Path, revision: str) -> dict[str, int]:
    engine = Engine(url)
    try:
        return load(engine, folder, revision, rewrite=unchanged)
    finally:
        engine.close()


def test_all_rows_come_back(dumped: tuple[str, Path, str], tmp_path: Path) -> None:
    url, folder, revision = dumped
    target = f"sqlite:///{tmp_path / 'other.db'}"
    loaded(target, folder, revision)
    assert everything(target) == everything(url)


@pytest.mark.postgres
def test_from_sqlite_into_postgres_and_on(tmp_path: Path, postgres_url: str) -> None:
    source = f"sqlite:///{tmp_path / 'source.db'}"
    fill(source)
    folder = tmp_path / "dump"
    folder.mkdir()
    engine = Engine(source)
    revision, _ = dump(engine, folder, rewrite=unchanged)
    engine.close()
    loaded(postgres_url, folder, revision)
    assert everything(postgres_url) == everything(source)
    with Store.open(postgres_url) as store:  # new rows take numbers that are free
        store.put_items([Item("c", "Gamma")])
        store.add_events([Event("v", "c", EventKind.VIEW, WHEN)])
        assert [item.item_id for item in store.items()] == ["a", "b", "c"]


def test_a_restored_database_goes_on(dumped: tuple[str, Path, str], tmp_path: Path) -> None:
    _, folder, revision = dumped
    target = f"sqlite:///{tmp_path / 'other.db'}"
    loaded(target, folder, revision)
    with Store.open(target) as store:
        before = store.items_revision()
        assert store.add_events([Event("u", "a", EventKind.RATING, WHEN, 4.5)]).added == 0, "keys are known still"
        store.put_items([Item("c", "Gamma")])
        assert [item.item_id for item in store.items_changed_since(before)] == ["c"]


def test_pictures_may_lie_elsewhere(dumped: tuple[str, Path, str], tmp_path: Path) -> None:
    _, folder, revision = dumped
    engine = Engine(f"sqlite:///{tmp_path / 'other.db'}")
    load(engine, folder, revision, rewrite=lambda row: {**row, "image": row["image"] and f"/new{row['image']}"})
    engine.close()
    with Store.open(f"sqlite:///{tmp_path / 'other.db'}") as store:
        assert [item.image for item in store.items()] == ["/new/p/a.jpg", None]


def test_a_filled_database_is_refused_and_keeps_its_rows(dumped: tuple[str, Path, str]) -> None:
    url, folder, revision = dumped
    before = everything(url)
    with pytest.raises(InputError, match="already"):
        loaded(url, folder, revision)
    assert everything(url) == before


def test_an_older_dump_gets_the_later_tables(dumped: tuple[str, Path, str], tmp_path: Path) -> None:
    _, folder, _ = dumped
    kept = ("items", "users", "events", "impressions", "chats", "quarantine", "counters")
    for file in folder.iterdir():
        if file.stem not in kept:
            file.unlink()
    target = f"sqlite:///{tmp_path / 'other.db'}"
    assert loaded(target, folder, "0003")["events"] == 2
    assert everything(target)["verdicts"] == []


def test_an_older_dump_is_refused_by_a_database_of_this_version(dumped: tuple[str, Path, str], tmp_path: Path) -> None:
    _, folder, _ = dumped
    target = f"sqlite:///{tmp_path / 'other.db'}"
    Store.open(target).close()
    with pytest.raises(InputError, match="the backup has schema 0003") as raised:
        loaded(target, folder, "0003")
    assert "nothing has opened before" in raised.value.fix


def test_a_dump_of_a_newer_version_is_refused(dumped: tuple[str, Path, str], tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="not one of this version's"):
        loaded(f"sqlite:///{tmp_path / 'other.db'}", dumped[1], "9999")


def test_a_table_that_does_not_belong_there(dumped: tuple[str, Path, str], tmp_path: Path) -> None:
    _, folder, revision = dumped
    (folder / "events.parquet").rename(folder / "surprise.parquet")
    target = f"sqlite:///{tmp_path / 'other.db'}"
    with pytest.raises(InputError, match="'surprise'"):
        loaded(target, folder, revision)
    with Store.open(target) as store:
        assert store.count_items() == 0
