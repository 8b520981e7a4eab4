"""From files to the store: good rows in batches, bad ones into the quarantine with their reasons."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from store.database import Store
from store.errors import InputError
from store.items import PutResult
from store.readers.folder import DataFile, Dataset, open_dataset
from store.readers.rules import RowError
from store.readers.source import SourceFile
from store.records import Event, Item, Rejected, User

Record = Item | User | Event | Rejected


@dataclass(frozen=True)
class IngestProgress:
    """How far an ingest is.

    Attributes:
        file: name of the file that is being read.
        rows: records that were read from it so far.
        fraction: of the bytes of all files, 0 to 1.
    """

    file: str
    rows: int
    fraction: float


@dataclass(frozen=True)
class IngestReport:
    """What an ingest did.

    Attributes:
        items_inserted: items that were new, those included that only an event named.
        items_updated: items that existed and now differ.
        items_unchanged: items that existed and were the same.
        users_inserted: users that a file of users named and who were new; events create theirs besides.
        events_added: events that were new.
        duplicates: events that were stored already.
        rejected: rows in the quarantine because of this run.
        reasons: rejected rows by rule: {"missing id": 3}.
        notes: what was changed in rows that were kept: {"invisible characters removed": 2}.
        seconds: wall time.
    """

    items_inserted: int
    items_updated: int
    items_unchanged: int
    users_inserted: int
    events_added: int
    duplicates: int
    rejected: int
    reasons: Mapping[str, int]
    notes: Mapping[str, int]
    seconds: float


def ingest(
    store: Store,
    data: Dataset | str | Path | Sequence[str | Path],
    *,
    on_progress: Callable[[IngestProgress], None] | None = None,
    batch_size: int = 50_000,
) -> IngestReport:
    """Read files into the store.

    Each batch is one transaction, so an interrupted run leaves whole batches; running it again stores only what is
    missing. Items are read before events. An event with an unknown item is quarantined where the data set has a file
    of items; where it has none, the item is created with its id as its title.

    Args:
        store: where to.
        data: a data set, a path, or several paths.
        on_progress: called after every batch.
        batch_size: records in memory at a time.

    Raises:
        InputError: a path does not exist, is damaged, or nothing in it is understood.
        UnsafeInput: a compressed file expands beyond its limits; rows before that point are stored.
        StoreError: the database cannot be written.
    """
    if batch_size < 1:
        raise InputError(f"a batch of {batch_size} records is empty", fix="Use a batch_size of at least 1.")
    if not isinstance(data, Dataset):
        data = open_dataset(data) if isinstance(data, (str, Path)) else open_dataset(*data)
    return _Run(store, data, on_progress, batch_size).report()


@dataclass
class _Run:
    store: Store
    data: Dataset
    on_progress: Callable[[IngestProgress], None] | None
    batch_size: int
    items: PutResult = field(default_factory=PutResult)
    users: int = 0
    added: int = 0
    duplicates: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)

    def report(self) -> IngestReport:
        start = time.perf_counter()
        files = (*self.data.items, *self.data.events)
        total = sum(file.path.stat().st_size for file in files)
        done = 0
        for data_file in files:
            file = SourceFile(data_file.path)
            self._read(data_file, file, done, max(total, 1))
            done += file.size
            self.notes += file.notes
        return IngestReport(
            items_inserted=self.items.inserted,
            items_updated=self.items.updated,
            items_unchanged=self.items.unchanged,
            users_inserted=self.users,
            events_added=self.added,
            duplicates=self.duplicates,
            rejected=self.reasons.total(),
            reasons=dict(self.reasons.most_common()),
            notes=dict(self.notes.most_common()),
            seconds=time.perf_counter() - start,
        )

    def _read(self, data_file: DataFile, file: SourceFile, done: int, total: int) -> None:
        rows = 0
        for batch in _batches(data_file.read(file), self.batch_size):
            self._store(batch, file)
            rows += len(batch)
            if self.on_progress is not None:
                self.on_progress(IngestProgress(file.name, rows, min((done + file.consumed) / total, 1.0)))

    def _store(self, batch: list[tuple[int, Record]], file: SourceFile) -> None:
        rejected = [record for _, record in batch if isinstance(record, Rejected)]
        items = [record for _, record in batch if isinstance(record, Item)]
        users = [record for _, record in batch if isinstance(record, User)]
        events = [(line, record) for line, record in batch if isinstance(record, Event)]
        if items:
            self.items += self.store.put_items(items)
        if users:
            self.users += self.store.put_users(users)
        if events:
            known = self.store.known_items({event.item_id for _, event in events})
            unknown = [(line, event) for line, event in events if event.item_id not in known]
            if unknown and self.data.defines_items:
                rejected.extend(_unknown_item(file, line, event) for line, event in unknown)
                events = [(line, event) for line, event in events if event.item_id in known]
            elif unknown:
                named = dict.fromkeys(event.item_id for _, event in unknown)
                self.items += self.store.put_items(Item(item_id, title=item_id) for item_id in named)
            result = self.store.add_events(event for _, event in events)
            self.added += result.added
            self.duplicates += result.duplicates
        if rejected:
            self.store.quarantine(rejected)
            self.reasons.update(row.reason.partition(":")[0] for row in rejected)


def _batches(records: Iterator[tuple[int, Record]], size: int) -> Iterator[list[tuple[int, Record]]]:
    while batch := list(islice(records, size)):
        yield batch


def _unknown_item(file: SourceFile, line: int, event: Event) -> Rejected:
    error = RowError("unknown item", f"item {event.item_id!a} is not in the catalogue", "Add the item, ingest again.")
    value = "" if event.value is None else event.value
    return file.reject(line, error, f"{event.user_id} {event.item_id} {event.kind} {event.time.isoformat()} {value}")
