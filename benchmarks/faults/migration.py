"""A migration that is killed at one of its statements, and finished by the next process that opens the database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from alembic.runtime.migration import MigrationContext

from benchmarks.faults.acts import Act
from benchmarks.faults.counting import disagreements, keys
from store.database import Store
from store.engine import Engine
from store.records import Event, EventKind, Item

FIRST_REVISION = "0001"
EVENTS = 200
MOST_STATEMENTS = 30
"""Statements of a migration from the first revision, about."""


def killed_migration(
    path: Path, statement: int, *, on_killed: Callable[[str | None], None] | None = None
) -> tuple[int, list[str]]:
    """Make a database of the first schema, kill its migration, open it again.

    Args:
        path: of the SQLite file; one that is there is replaced.
        statement: that the killed process does not reach, counted from 1; beyond the last one nothing is killed.
        on_killed: told which revision the killed process left.

    Returns:
        how many of its events are lost, and sentences about what else is wrong.
    """
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()
    url = f"sqlite:///{path}"
    old = Engine(url)
    old.migrate(FIRST_REVISION)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    with Store(old) as store:
        store.put_items([Item("a", "Alpha")])
        store.add_events([Event(f"u{n % 7}", "a", EventKind.VIEW, at, key=f"old-{n}") for n in range(EVENTS)])
    act = Act("migrate", url, str(statement))
    act.process.wait()
    act.kill()
    if on_killed is not None:
        on_killed(_revision(url))
    Store.open(url).close()
    return EVENTS - len(keys(url, "old-")), disagreements(url)


def _revision(url: str) -> str | None:
    opened = Engine(url)
    try:
        with opened.read() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        opened.close()
