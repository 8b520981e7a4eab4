"""Connections, transactions and migrations for SQLite and PostgreSQL."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from store.errors import InputError, StoreError

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_SECONDS = 10.0
"""How long a write waits for another one to finish, in seconds."""

CACHE_KIB = 64 * 1024
"""Page cache of SQLite's writing connection, KiB: keys are random, so an ingest touches pages all over their index."""

MIGRATION_LOCK = 0x7A57E  # any number that other users of the same PostgreSQL server are unlikely to lock
_alembic_lock = threading.Lock()  # alembic keeps the running migration in module globals


class Engine:
    """One database: many readers, one writer.

    SQLite gets two pools. All writes of this process go through one connection, which also owns checkpoints (two
    connections that checkpoint at the same moment can damage a file in SQLite before 3.51.3); readers see the last
    committed state and never wait. PostgreSQL needs no such care and gets one pool.

    Args:
        url: ``sqlite:///path`` or ``postgresql://user@host/name``.

    Raises:
        InputError: the URL names no database that is understood.
        StoreError: the database cannot be opened.
    """

    def __init__(self, url: str) -> None:
        self.url = _parsed(url)
        self._is_sqlite = self.url.get_backend_name() == "sqlite"
        with translated():
            if self._is_sqlite:
                try:
                    Path(str(self.url.database)).parent.mkdir(parents=True, exist_ok=True)
                except OSError as error:
                    raise StoreError(
                        f"the folder of database {self.url.database!r} cannot be made: {error.strerror}",
                        fix="Name a path that can be written.",
                    ) from error
                self._writer = _sqlite_engine(self.url, writes=True)
                self._reader = _sqlite_engine(self.url, writes=False)
            else:
                self._writer = _postgres_engine(self.url)
                self._reader = self._writer.execution_options(isolation_level="REPEATABLE READ")

    @property
    def one_writer(self) -> bool:
        """Whether all writes of this process go through one connection."""
        return self._is_sqlite

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A transaction that sees one state of the database from its first query to its last."""
        with translated(), self._reader.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that is durable once the block ends, and leaves nothing if it raises."""
        with translated(), self._writer.begin() as connection:
            yield connection

    def migrate(self, revision: str = "head") -> None:
        """Bring the tables to this version's schema, or to an older one of it where the database is new.

        Raises:
            StoreError: the database was written by a newer version, or cannot be written.
        """
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        wanted = ScriptDirectory.from_config(config).get_current_head() if revision == "head" else revision
        with self.read() as connection:
            if MigrationContext.configure(connection).get_current_revision() == wanted:
                return
        with _alembic_lock, self.write() as connection:
            if not self._is_sqlite:  # SQLite's write transaction is a lock already
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION_LOCK)))
            config.attributes["connection"] = connection
            try:
                command.upgrade(config, revision)
            except CommandError as error:
                raise StoreError(
                    f"the database's schema is not one of this version's ({error})",
                    fix="It was written by a newer Tastemaker: update, or name another database.",
                ) from error

    def close(self) -> None:
        """Close all connections; the writer's last, so that it makes the final checkpoint."""
        self._reader.dispose()
        self._writer.dispose()


def _parsed(url: str) -> sa.URL:
    fix = "Use sqlite:///path/to/file.db or postgresql://user:password@host/name."
    try:
        parsed = sa.make_url(url)
    except ArgumentError as error:
        raise InputError("the database URL cannot be read", fix=fix) from error
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise InputError("an SQLite database in memory is private to one connection", fix=fix)
        return parsed.set(drivername="sqlite+pysqlite")
    if backend in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    raise InputError(f"databases of the kind {backend!r} are not supported", fix=fix)


def _to_json(value: object) -> str:
    """Escapes all but ASCII, so that text of any kind survives in any database; NaN is not JSON."""
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


def _postgres_engine(url: sa.URL) -> sa.Engine:
    try:
        return sa.create_engine(url, json_serializer=_to_json, pool_pre_ping=True, pool_size=8, max_overflow=24)
    except ModuleNotFoundError as error:
        raise StoreError(
            f"PostgreSQL needs the package {error.name!r}, which is not installed",
            fix='Install it: pip install -e ".[postgres]"',
        ) from error


def _sqlite_engine(url: sa.URL, *, writes: bool) -> sa.Engine:
    engine = sa.create_engine(
        url,
        json_serializer=_to_json,
        poolclass=QueuePool,
        pool_size=1 if writes else 8,
        max_overflow=0 if writes else 56,
        pool_timeout=BUSY_SECONDS,
        connect_args={"check_same_thread": False, "timeout": BUSY_SECONDS, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA mmap_size = 0")
        if writes:
            cursor.execute("PRAGMA journal_mode = WAL")  # the file remembers it
            cursor.execute("PRAGMA synchronous = FULL")  # one fsync per commit: no acknowledged write is ever lost
            cursor.execute("PRAGMA secure_delete = ON")  # what was erased must not stay readable in the file
            cursor.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        else:
            cursor.execute("PRAGMA query_only = ON")
            cursor.execute("PRAGMA wal_autocheckpoint = 0")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # IMMEDIATE takes the write lock at once, so that waiting happens here and not in the middle of the work.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@contextmanager
def translated() -> Iterator[None]:
    """Turn the errors of the database and its driver into ``StoreError``."""
    try:
        yield
    except SQLAlchemyError as error:
        cause = str(error.orig if isinstance(error, DBAPIError) else error).strip().partition("\n")[0]
        raise StoreError(f"the database cannot do this now: {cause}", fix=_fix(error, cause.lower())) from error


def _fix(error: SQLAlchemyError, cause: str) -> str:
    if "locked" in cause or "busy" in cause or isinstance(error, PoolTimeout):
        return "Another write is in progress, here or in another process; try again when it has finished."
    if "full" in cause or "no space" in cause:
        return "Free some space on the database's disk, then try again."
    if "readonly" in cause or "read-only" in cause or "unable to open" in cause:
        return "Make the database's file and folder writable, or name another path."
    if "not a database" in cause or "malformed" in cause:
        return "The file is not an intact SQLite database: name another path, or restore it from a copy."
    if "connect" in cause:
        return "Check that the PostgreSQL server runs and that the URL's host, port, name and password are right."
    return "Run `tastemaker doctor`, which checks the database."
