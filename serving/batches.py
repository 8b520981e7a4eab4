"""Files of new items on their way into the running service: received, looked at, worked off one after the other."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any, Protocol, TextIO

import structlog

from pipeline.api import RecommenderApi
from pipeline.contracts import ItemEncoder
from pipeline.onboarding import OnboardingProgress, RowReport, onboard
from serving import reports
from serving.background import UNDER_WAY, Stage, log_failure
from serving.batch_files import Reading, SampleRow, Upload, arranged, reading, remapped
from serving.pictures import Fetch, ItemPictures, PictureFolder
from serving.reports import write_rows
from store.database import Store
from store.errors import BusyError, InputError, NoIdColumn, TastemakerError
from store.fetching import fetch_all
from store.locks import FileLock
from store.readers.folder import DataFile

KEPT = 20
"""Batches that are remembered with their reports; the oldest that does not run goes first."""
WAITING = 4
"""Batches that may wait for the one that runs."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Batch:
    """A file and what became of it so far.

    Attributes:
        id: of the batch.
        name: of the file.
        stage: where it stands; ``READ`` waits for whoever sent it to start it.
        created: when it was received, UTC.
        columns: field of an item -> column of the table that holds it; empty where the format fixes them.
        names: columns of the table, in its order; empty where the format fixes what they hold.
        raw: its first rows as they stand, one cell for each of ``names``.
        sample: its first rows as they would be read; empty while no column is known to hold the ids.
        progress: rows and counts.
        problem, fix: why it failed.
    """

    id: str
    name: str
    stage: Stage
    created: datetime
    columns: Mapping[str, str]
    names: Sequence[str]
    raw: Sequence[Sequence[str]]
    sample: Sequence[SampleRow]
    progress: OnboardingProgress = field(default=OnboardingProgress(0, 0, 0.0, {}))
    problem: str = ""
    fix: str = ""


class BatchService(Protocol):
    """What batches need of the service."""

    @property
    def store(self) -> Store: ...

    @property
    def encoder(self) -> ItemEncoder: ...

    @property
    def recommender(self) -> RecommenderApi: ...

    @property
    def pictures(self) -> PictureFolder: ...


@dataclass(frozen=True)
class _Table:
    """Where a batch's table lies, the mapping that its sender gave, and how it is read with that."""

    path: Path
    given: Mapping[str, str]
    reading: Reading


class _Stopped(Exception):
    """Someone asked a batch to end."""


class UnknownBatch(InputError):
    """No batch has this id, or it was so long ago that it is forgotten."""

    status = 404

    def __init__(self, batch_id: str) -> None:
        super().__init__(f"batch {batch_id[:40]!r} is not known", fix="List the batches; send the file again.")


class Batches:
    """All batches of one process. Safe to call from several threads.

    Args:
        root: folder for what was sent; each process has a part of its own, emptied when it ends.
        service: to bring items into.
        fetching: whether addresses of pictures are fetched.
    """

    def __init__(self, root: Path, service: BatchService, *, fetching: bool) -> None:
        root.mkdir(parents=True, exist_ok=True)
        _remove_left(root)
        self._folder = Path(tempfile.mkdtemp(prefix="run-", dir=root)).resolve()
        self._claim = FileLock(self._folder / "lock", purpose="keeping batches")
        self._claim.acquire()
        self._service = service
        self._fetch: Fetch | None = fetch_all if fetching else None
        self._lock = threading.Lock()
        self._batches: dict[str, Batch] = {}
        self._tables: dict[str, _Table] = {}
        self._stopping: dict[str, threading.Event] = {}
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="batches")

    def receive(self, uploads: Sequence[Upload], *, columns: Mapping[str, str] | None = None) -> Batch:
        """Take files in and look at the first rows; nothing is stored before ``start``.

        Args:
            uploads: one table, with or without a zip of its pictures; or one zip of both.
            columns: as for ``open_dataset``.

        Raises:
            InputError: there is no table, more than one, or it is not understood.
            UnsafeInput: an archive or a compressed table is refused.
        """
        batch_id = token_hex(8)
        files = self._folder / batch_id / "files"
        files.mkdir(parents=True)
        try:
            path, name = arranged(uploads, files)
            table = _Table(path, dict(columns or {}), reading(path, columns or {}))
        except BaseException:
            shutil.rmtree(files.parent)
            raise
        batch = _read(Batch(batch_id, name, Stage.READ, datetime.now(UTC), {}, (), (), ()), table.reading)
        with self._lock:
            self._batches[batch_id], self._tables[batch_id] = batch, table
            self._stopping[batch_id] = threading.Event()
        self._forget_old()
        return batch

    def map_columns(self, batch_id: str, changes: Mapping[str, str]) -> Batch:
        """Read the first rows again with other columns; only before ``start``.

        Args:
            changes: field of an item -> column of the table, or "" where none holds it; the other fields stay.

        Raises:
            UnknownBatch: there is none.
            InputError: it began already, or there is no such field or column.
        """
        while True:
            with self._lock:
                batch, before = self._known(batch_id), self._tables[batch_id]
            columns = remapped(before.given, batch.names, changes)
            table = before
            if batch.stage is Stage.READ:
                table = _Table(before.path, columns, reading(before.path, columns))
            with self._lock:
                batch = self._known(batch_id)
                if batch.stage is not Stage.READ:
                    raise InputError(f"batch {batch_id} is {batch.stage.value} already", fix="Send the file again.")
                if self._tables[batch_id] is not before:
                    continue  # someone else said something meanwhile: neither change may be lost
                self._batches[batch_id], self._tables[batch_id] = _read(batch, table.reading), table
                return self._batches[batch_id]

    def drop(self, batch_id: str) -> None:
        """Forget one that did not begin, with its files. Raises ``UnknownBatch``."""
        with self._lock:
            if self._known(batch_id).stage is not Stage.READ:
                return
            del self._batches[batch_id], self._tables[batch_id], self._stopping[batch_id]
        shutil.rmtree(self._folder / batch_id, ignore_errors=True)

    def start(self, batch_id: str) -> Batch:
        """Begin, or wait for those before; one that began stays as it is.

        Raises:
            UnknownBatch: there is none.
            NoIdColumn: no column is known to hold the ids.
            NoSnapshot: nothing has been trained yet.
            BusyError: too many wait.
        """
        recommender = self._service.recommender
        with self._lock:
            batch, data_file = self._known(batch_id), self._tables[batch_id].reading.data_file
            if batch.stage is not Stage.READ:
                return batch
            if data_file is None:
                raise NoIdColumn(
                    f"{batch.name[:60]!r} has the columns {', '.join(batch.names[:12]) or '(none)'}, among them no id "
                    "of an item",
                    fix="Name one column item_id, or say which one holds the ids: item_id=COLUMN.",
                )
            if sum(other.stage is Stage.WAITING for other in self._batches.values()) >= WAITING:
                raise BusyError(f"{WAITING} batches wait already", fix="Try again when one of them is done.")
            batch = self._batches[batch_id] = replace(batch, stage=Stage.WAITING)
            self._worker.submit(self._run, batch_id, data_file, recommender).add_done_callback(log_failure)
        return batch

    def stop(self, batch_id: str) -> None:
        """End a batch after the items at hand; what was published stays. Raises ``UnknownBatch``."""
        with self._lock:
            batch = self._known(batch_id)
            self._stopping[batch_id].set()
            if batch.stage is Stage.READ:
                self._batches[batch_id] = replace(batch, stage=Stage.STOPPED)

    def get(self, batch_id: str) -> Batch:
        """Raises ``UnknownBatch``."""
        with self._lock:
            return self._known(batch_id)

    @property
    def fetching(self) -> bool:
        """Whether addresses of pictures are fetched."""
        return self._fetch is not None

    def list(self) -> Sequence[Batch]:
        """Newest first."""
        with self._lock:
            return tuple(reversed(self._batches.values()))

    def rows(self, batch_id: str, *, only: str | None = None) -> Iterator[dict[str, Any]]:
        """Reports on the rows so far, one after the other. Raises ``UnknownBatch``.

        Args:
            only: one of ``reports.FILTERS``.
        """
        self.get(batch_id)
        return reports.read_rows(self._report(batch_id), only=only)

    def close(self) -> None:
        """Stop what runs and forget everything."""
        for stopping in tuple(self._stopping.values()):
            stopping.set()
        self._worker.shutdown(cancel_futures=True)
        self._claim.release()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, batch_id: str, data_file: DataFile, recommender: RecommenderApi) -> None:
        self._change(batch_id, stage=Stage.RUNNING)
        ended: dict[str, Any] = {
            "stage": Stage.FAILED, "problem": "Something unexpected happened.", "fix": "The service's log says what."
        }  # fmt: skip
        try:
            with self._report(batch_id).open("a", encoding="ascii") as report:
                onboard(
                    data_file,
                    store=self._service.store,
                    encoder=self._service.encoder,
                    publish=recommender.publish_all,
                    pictures=ItemPictures(self._service.pictures, copied=True, fetch=self._fetch),
                    on_rows=lambda rows: _written(report, rows),
                    on_progress=lambda progress: self._progress(batch_id, progress),
                )
            ended = {"stage": Stage.DONE}
        except _Stopped:
            ended = {"stage": Stage.STOPPED}
        except TastemakerError as error:
            ended |= {"problem": error.problem, "fix": error.fix}
        except OSError as error:
            ended |= {"problem": f"a file cannot be written or read: {error.strerror}", "fix": "Look at the disk."}
        finally:
            shutil.rmtree(self._folder / batch_id / "files", ignore_errors=True)
            self._change(batch_id, **ended)

    def _progress(self, batch_id: str, progress: OnboardingProgress) -> None:
        self._change(batch_id, progress=progress)
        if self._stopping[batch_id].is_set():
            raise _Stopped

    def _change(self, batch_id: str, **values: Any) -> None:
        with self._lock:
            self._batches[batch_id] = replace(self._batches[batch_id], **values)

    def _known(self, batch_id: str) -> Batch:
        if batch_id not in self._batches:
            raise UnknownBatch(batch_id)
        return self._batches[batch_id]

    def _report(self, batch_id: str) -> Path:
        return self._folder / batch_id / "report.jsonl"

    def _forget_old(self) -> None:
        with self._lock:
            idle = [batch.id for batch in self._batches.values() if batch.stage not in UNDER_WAY]
            gone = idle[: max(len(self._batches) - KEPT, 0)]
            for batch_id in gone:
                del self._batches[batch_id], self._tables[batch_id], self._stopping[batch_id]
        for batch_id in gone:
            shutil.rmtree(self._folder / batch_id, ignore_errors=True)


def _read(batch: Batch, how: Reading) -> Batch:
    return replace(batch, columns=how.columns, names=how.names, raw=how.raw, sample=how.sample)


def _written(report: TextIO, rows: Sequence[RowReport]) -> None:
    write_rows(report, rows)
    report.flush()


def _remove_left(root: Path) -> None:
    """What processes left that were killed."""
    for folder in root.glob("run-*"):
        try:
            with FileLock(folder / "lock", purpose="removing old batches"):
                shutil.rmtree(folder, ignore_errors=True)
        except BusyError:
            continue
