"""All tables of a database as Parquet files, and back: the same files for SQLite and PostgreSQL.

A dump holds rows, not a database's pages, so that it can be restored into either database. It names the schema that
it was made under; an older one is restored under its own schema, which is then brought up to date.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext

from store.engine import Engine
from store.errors import InputError

ROWS, FILES = 50_000, 100
"""Rows held in memory at a time, and rows with a picture in them."""
VERSION_TABLE = "alembic_version"
_COUNTED = ("items", "users", "events", "chats")
"""Tables of which a database is empty if none of these has a row."""

Rewrite = Callable[[dict[str, Any]], dict[str, Any]]
"""Changes a row of ``items`` on its way: where pictures lie differs between machines."""


def dump(engine: Engine, folder: Path, *, rewrite: Rewrite) -> tuple[str, dict[str, int]]:
    """Write ``<table>.parquet`` for each table, all of one state of the database, while others go on writing.

    Returns:
        The schema's revision, and the rows of each table.
    """
    with engine.read() as connection:
        counts = {}
        for table in _tables(connection):
            rows = _rows(connection, table)
            counts[table.name] = _write(folder / f"{table.name}.parquet", table, _rewritten(table, rows, rewrite))
        return _revision(connection), counts


def load(engine: Engine, folder: Path, revision: str, *, rewrite: Rewrite) -> dict[str, int]:
    """Fill an empty database with a dump, in one transaction, and bring it to this version's schema.

    Returns:
        The rows of each table.

    Raises:
        InputError: the database is not empty or was opened by another version, or a table of the dump does not belong
            to the schema.
        StoreError: the dump was made by a newer version.
    """
    engine.migrate(revision)
    with engine.write() as connection:
        tables = _tables(connection)
        _refuse_filled(connection, tables)
        if (found := _revision(connection)) != revision:
            raise InputError(
                f"the backup has schema {revision} and the database {found} already",
                fix="Restore into a database that nothing has opened before.",
            )
        files = {path.stem: path for path in folder.glob("*.parquet")}
        if unknown := sorted(files.keys() - {table.name for table in tables}):
            raise InputError(
                f"the backup has a table {unknown[0]!r}, which schema {revision} lacks", fix="Make the backup again."
            )
        for table in reversed(tables):
            connection.execute(table.delete())  # counters, which a new database has already
        counts = {}
        for table in tables:
            counts[table.name] = 0
            for rows in _read(files[table.name], table) if table.name in files else ():
                connection.execute(table.insert(), list(_rewritten(table, rows, rewrite)))
                counts[table.name] += len(rows)
            _number_on(connection, table)
    engine.migrate()
    return counts


def _revision(connection: sa.Connection) -> str:
    return str(MigrationContext.configure(connection).get_current_revision())


def _tables(connection: sa.Connection) -> list[sa.Table]:
    """As the database has them, those that others refer to first."""
    metadata = sa.MetaData()
    metadata.reflect(connection)
    return [table for table in metadata.sorted_tables if table.name != VERSION_TABLE]


def _rows(connection: sa.Connection, table: sa.Table) -> Iterator[dict[str, Any]]:
    found = connection.execution_options(yield_per=_at_once(table)).execute(sa.select(table))
    for row in found.mappings():
        yield dict(row)


def _rewritten(table: sa.Table, rows: Iterable[dict[str, Any]], rewrite: Rewrite) -> Iterator[dict[str, Any]]:
    return (rewrite(row) for row in rows) if table.name == "items" else iter(rows)


def _write(path: Path, table: sa.Table, rows: Iterator[dict[str, Any]]) -> int:
    schema = pa.schema([(column.name, _arrow(column)) for column in table.columns])
    documents = [column.name for column in table.columns if isinstance(column.type, sa.JSON)]
    count, batch = 0, []
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for row in rows:
            batch.append({**row, **{name: json.dumps(row[name], allow_nan=False) for name in documents}})
            if len(batch) == _at_once(table):
                writer.write_table(pa.Table.from_pylist(batch, schema=schema))
                count, batch = count + len(batch), []
        writer.write_table(pa.Table.from_pylist(batch, schema=schema))
    return count + len(batch)


def _read(path: Path, table: sa.Table) -> Iterator[list[dict[str, Any]]]:
    documents = [column.name for column in table.columns if isinstance(column.type, sa.JSON)]
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_at_once(table)):
            rows = batch.to_pylist()
            for row in rows:
                row |= {name: json.loads(row[name]) for name in documents}
            if rows:
                yield rows


def _at_once(table: sa.Table) -> int:
    return FILES if any(isinstance(column.type, sa.LargeBinary) for column in table.columns) else ROWS


def _arrow(column: sa.Column[Any]) -> pa.DataType:
    if isinstance(column.type, sa.JSON):
        return pa.string()
    kinds: Mapping[type, pa.DataType] = {
        bool: pa.bool_(),
        int: pa.int64(),
        float: pa.float64(),
        str: pa.string(),
        bytes: pa.large_binary(),
    }
    return kinds[column.type.python_type]


def _refuse_filled(connection: sa.Connection, tables: Sequence[sa.Table]) -> None:
    for table in tables:
        if table.name in _COUNTED and connection.scalar(sa.select(sa.func.count()).select_from(table)):
            raise InputError(
                f"the database has {table.name} already", fix="Restore into an empty database, or an empty --home."
            )


def _number_on(connection: sa.Connection, table: sa.Table) -> None:
    """PostgreSQL's sequences do not see numbers that were given; SQLite numbers on from the largest."""
    if connection.dialect.name == "postgresql" and "seq" in table.columns:
        largest = sa.select(sa.func.max(table.columns["seq"])).scalar_subquery()
        sequence = sa.func.pg_get_serial_sequence(table.name, "seq")
        connection.execute(sa.select(sa.func.setval(sequence, sa.func.coalesce(largest, 1), largest.is_not(None))))
