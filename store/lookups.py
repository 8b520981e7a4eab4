"""Looking many ids up at once, and inserting what is new: the two things that the databases spell differently."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from store.storable import can_exist

CHUNK = 10_000
"""Rows that are looked up or written at a time."""

Row = TypeVar("Row")


def chunks(rows: Iterable[Row], size: int = CHUNK) -> Iterator[list[Row]]:
    """Split rows into lists of at most ``size``."""
    iterator = iter(rows)
    while chunk := list(islice(iterator, size)):
        yield chunk


def one_of(connection: sa.Connection, column: sa.Column[str], values: Iterable[str]) -> sa.ColumnElement[bool]:
    """``column IN values`` with one parameter however many values there are, so that the statement is compiled once.

    Values that no database can hold are left out: there is nothing to find.
    """
    wanted = [value for value in values if can_exist(value)]
    if _is_sqlite(connection):
        return column.in_(sa.select(sa.func.json_each(json.dumps(wanted)).table_valued("value").c.value))
    return column == sa.any_(sa.bindparam(None, wanted, type_=postgresql.ARRAY(sa.Text)))


def insert_into(connection: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """An insert that can say what to do where a unique key exists; both databases spell it alike."""
    return (sqlite.insert if _is_sqlite(connection) else postgresql.insert)(table)


def insert_new(connection: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """An insert that passes over rows whose unique key exists."""
    return insert_into(connection, table).on_conflict_do_nothing()


def row_numbers(connection: sa.Connection, column: sa.Column[str], ids: Iterable[str]) -> dict[str, int]:
    """Row number of each id in a column that exists there."""
    found: dict[str, int] = {}
    for chunk in chunks(ids):
        rows: Any = connection.execute(sa.select(column, column.table.c.seq).where(one_of(connection, column, chunk)))
        found.update((id_, seq) for id_, seq in rows)
    return found


def _is_sqlite(connection: sa.Connection) -> bool:
    return connection.dialect.name == "sqlite"
