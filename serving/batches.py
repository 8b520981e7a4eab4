"""Files of new items on their way into the running service: received, looked at, worked off one after the other."""

from __future__ import annotations

import re
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from secrets import token_hex
from typing import Any, Protocol, TextIO

import structlog

from pipeline.api import RecommenderApi
from pipeline.contracts import ItemEncoder
from pipeline.onboarding import OnboardingProgress, RowReport, items_file, onboard, read_rows
from serving import reports
from serving.background import UNDER_WAY, Stage, log_failure
from serving.pictures import Fetch, ItemPictures, PictureFolder
from serving.reports import write_rows
from store.archives import unpack
from store.database import Store
from store.errors import BusyError, InputError, TastemakerError
from store.fetching import fetch_all
from store.locks import FileLock
from store.readers.folder import DataFile, open_dataset
from store.readers.source import SourceFile
from store.records import IMAGE_URL, Item

SAMPLE = 8
"""Rows that are shown before a batch starts."""
KEPT = 20
"""Batches that are remembered with their reports; the oldest that does not run goes first."""
WAITING = 4
"""Batches that may wait for the one that runs."""
TABLE = re.compile(r"\.(csv|tsv|jsonl|ndjson|parquet)(\.gz)?$", re.IGNORECASE)
ARCHIVE = re.compile(r"\.zip$", re.IGNORECASE)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class SampleRow:
    """One of the first rows, as it would be read."""

    report: RowReport
    item: Item | None


@dataclass(frozen=True)
class Batch:
    """A file and what became of it so far.

    Attributes:
        id: of the batch.
        name: of the file.
        stage: where it stands; ``READ`` waits for whoever sent it to start it.
        created: when it was received, UTC.
        columns: field of an item -> column of the table that holds it; empty where the format fixes them.
        sample: its first rows.
        progress: rows and counts.
        problem, fix: why it failed.
    """

    id: str
    name: str
    stage: Stage
    created: datetime
    columns: Mapping[str, str]
    sample: Sequence[SampleRow]
    progress: OnboardingProgress = field(default=OnboardingProgress(0, 0, 0.0, {}))
    problem: str = ""
    fix: str = ""


@dataclass(frozen=True)
class Upload:
    """A file that someone sent.

    Attributes:
        name: as they call it.
        path: where it lies now; it is moved away.
    """

    name: str
    path: Path


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
        self._files: dict[str, DataFile] = {}
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
            table, name = _arranged(uploads, files)
            data_file = items_file(open_dataset(table, columns=columns))
            batch = Batch(batch_id, name, Stage.READ, datetime.now(UTC), _columns(data_file), _sample(data_file))
        except BaseException:
            shutil.rmtree(files.parent)
            raise
        with self._lock:
            self._batches[batch_id], self._files[batch_id] = batch, data_file
            self._stopping[batch_id] = threading.Event()
        self._forget_old()
        return batch

    def start(self, batch_id: str) -> Batch:
        """Begin, or wait for those before; one that began stays as it is.

        Raises:
            UnknownBatch: there is none.
            NoSnapshot: nothing has been trained yet.
            BusyError: too many wait.
        """
        recommender = self._service.recommender
        with self._lock:
            batch = self._known(batch_id)
            if batch.stage is not Stage.READ:
                return batch
            if sum(other.stage is Stage.WAITING for other in self._batches.values()) >= WAITING:
                raise BusyError(f"{WAITING} batches wait already", fix="Try again when one of them is done.")
            batch = self._batches[batch_id] = replace(batch, stage=Stage.WAITING)
            self._worker.submit(self._run, batch_id, recommender).add_done_callback(log_failure)
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

    def _run(self, batch_id: str, recommender: RecommenderApi) -> None:
        self._change(batch_id, stage=Stage.RUNNING)
        ended: dict[str, Any] = {
            "stage": Stage.FAILED, "problem": "Something unexpected happened.", "fix": "The service's log says what."
        }  # fmt: skip
        try:
            with self._report(batch_id).open("a", encoding="ascii") as report:
                onboard(
                    self._files[batch_id],
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
                del self._batches[batch_id], self._files[batch_id], self._stopping[batch_id]
        for batch_id in gone:
            shutil.rmtree(self._folder / batch_id, ignore_errors=True)


def _arranged(uploads: Sequence[Upload], folder: Path) -> tuple[Path, str]:
    """Put the table and its pictures into a folder; the table's path, and what its sender calls it."""
    archives = [upload for upload in uploads if ARCHIVE.search(upload.name)]
    tables = [upload for upload in uploads if TABLE.search(upload.name)]
    if len(archives) > 1 or len(tables) > 1 or len(archives) + len(tables) != len(uploads) or not uploads:
        given = ", ".join(upload.name[:60] for upload in uploads[:8]) or "nothing"
        raise InputError(
            f"{given} cannot be read as a batch",
            fix="Send one .csv, .tsv, .jsonl or .parquet file, with its pictures in one .zip, or one .zip of all.",
        )
    found: list[Path] = []
    for archive in archives:
        found = [path for path in unpack(archive.path, folder) if TABLE.search(path.name)]
        archive.path.unlink()
    if tables:
        target = folder / re.sub(r"[^\w.-]", "_", Path(tables[0].name).name)[-80:]
        shutil.move(tables[0].path, target)
        return target, tables[0].name
    if len(found) != 1:
        raise InputError(
            f"{archives[0].name[:60]!r} holds {len(found)} tables, not one",
            fix="Put one .csv, .tsv, .jsonl or .parquet file beside the pictures.",
        )
    return found[0], archives[0].name


def _columns(data_file: DataFile) -> dict[str, str]:
    if data_file.columns is None:
        return {}
    return {name: column for name, column in vars(data_file.columns).items() if column is not None}


def _sample(data_file: DataFile) -> list[SampleRow]:
    rows = islice(read_rows(data_file, SourceFile(data_file.path)), SAMPLE)
    return [SampleRow(report, record if isinstance(record, Item) else None) for report, record in rows]


def names_address(item: Item) -> bool:
    """Whether an item's picture would have to be fetched."""
    return IMAGE_URL in item.attributes


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
