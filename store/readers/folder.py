"""Finds out what a path holds and which readers understand it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from store.errors import InputError, NoIdColumn
from store.readers import movielens, recbole, sequences, tabular
from store.readers.columns import EVENT_NAMES, ITEM_NAMES, ItemColumns, find_event_columns, find_item_columns
from store.readers.rules import RowError
from store.readers.source import SourceFile
from store.records import Event, Item, Rejected, User

Reader = Callable[[SourceFile], Iterator[tuple[int, Item | User | Event | Rejected]]]

ITEMS, USERS, EVENTS = "items", "users", "events"
BY_ENDING: tuple[tuple[str, str, str, Reader], ...] = (
    ("u.item", "movielens-100k", ITEMS, movielens.read_u_item),
    ("u.data", "movielens-100k", EVENTS, movielens.read_u_data),
    ("movies.dat", "movielens-1m", ITEMS, movielens.read_movies_dat),
    ("ratings.dat", "movielens-1m", EVENTS, movielens.read_ratings_dat),
    (".item", "recbole", ITEMS, recbole.read_item),
    (".user", "recbole", USERS, recbole.read_user),
    (".inter", "recbole", EVENTS, recbole.read_inter),
    ("sequences.txt", "sequences", EVENTS, sequences.read_ordered),
    (".txt", "sequences", EVENTS, sequences.read_unordered),
)
"""What a file is by the end of its name, the first that fits; any other file is a table."""

_TABLE = r"\.(csv|tsv|jsonl|ndjson|parquet)(\.gz)?"
LAYOUTS = tuple(
    re.compile(f"({pattern})$", re.IGNORECASE)
    for pattern in (
        r"^u\.(data|item)(\.gz)?",
        r"^(ratings|movies)\.dat(\.gz)?",
        r"\.(inter|item|user)(\.gz)?",
        rf"^(items|catalogue?|products|movies|books){_TABLE}|(events|interactions|ratings|purchases|clicks|views){_TABLE}",
        r"(train|test|valid|validation|sequences)\.txt(\.gz)?",
    )
)
"""Names of the files that make up a data set; a folder is read by the first layout of which it has a file."""

UNDERSTOOD = (
    "MovieLens (u.data and u.item; ratings.dat and movies.dat; ratings.csv and movies.csv), RecBole (.inter, .item), "
    "tables (items.* and events.*, interactions.* or *ratings.* as csv, tsv, jsonl or parquet), "
    "`user item item ...` lines (train.txt, sequences.txt), all gzipped or not"
)


@dataclass(frozen=True)
class DataFile:
    """One file and the reader that understands it.

    Attributes:
        columns: of a table of items, what was recognised.
    """

    path: Path
    reader: Reader
    columns: ItemColumns | None = None

    def read(self, file: SourceFile) -> Iterator[tuple[int, Item | User | Event | Rejected]]:
        """Line numbers and records; of two items with one id the later one is rejected."""
        seen: set[str] = set()
        for line, record in self.reader(file):
            if isinstance(record, Item):
                if record.item_id in seen:
                    error = RowError(
                        "duplicate id", f"item id {record.item_id!a} occurs again", "Keep one row per item."
                    )
                    yield line, file.reject(line, error, f"{record.item_id} {record.title}")
                    continue
                seen.add(record.item_id)
            yield line, record


@dataclass(frozen=True)
class Dataset:
    """What to read, in which order.

    Attributes:
        layout: what was recognised: "movielens-1m", "recbole", "tables" ...
        items: files of items and users, read first.
        events: files of events.
        defines_items: whether there is a file of items: then an event with another item is an error, and else it is
            how the store learns of the item.
    """

    layout: str
    items: tuple[DataFile, ...]
    events: tuple[DataFile, ...]
    defines_items: bool

    def records(self) -> Iterator[Item | User | Event | Rejected]:
        """Everything, without a store: items and users first."""
        for data_file in (*self.items, *self.events):
            for _, record in data_file.read(SourceFile(data_file.path)):
                yield record


def open_dataset(*paths: str | Path, columns: Mapping[str, str] | None = None) -> Dataset:
    """Recognise a folder in any known layout, or single files.

    Args:
        paths: folders and files.
        columns: what columns of tables hold, where their names do not say it: fields of ``columns.ItemColumns`` and
            ``columns.EventColumns`` to column names, ``{"item_id": "sku", "title": "label"}``.

    Raises:
        NoIdColumn: a table has no column that is known to hold ids of items.
        InputError: a path does not exist, nothing in it is understood, or ``columns`` maps an unknown field.
    """
    given = dict(columns or {})
    for field in given:
        if field not in ITEM_NAMES and field not in EVENT_NAMES:
            raise InputError(
                f"columns can not be mapped to {field!r}",
                fix=f"Map {', '.join(dict.fromkeys((*ITEM_NAMES, *EVENT_NAMES)))}.",
            )
    files = [file for path in paths for file in _files(Path(path))]
    recognised = [_recognise(SourceFile(file), given) for file in files]
    return Dataset(
        layout=" + ".join(dict.fromkeys(layout for layout, _, _ in recognised)),
        items=tuple(file for _, holds, file in recognised if holds != EVENTS),
        events=tuple(file for _, holds, file in recognised if holds == EVENTS),
        defines_items=any(holds == ITEMS for _, holds, _ in recognised),
    )


def _files(path: Path) -> list[Path]:
    """The files of a folder that belong to a data set, by the first layout that fits; a file is itself."""
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.iterdir() if file.is_file())
    for wanted in LAYOUTS:
        found = [file for file in files if wanted.search(file.name)]
        if found:
            return found
    listed = ", ".join(file.name for file in files[:8]) or "no files"
    raise InputError(f"{str(path)!r} holds no data set that is understood: {listed}", fix=f"Use {UNDERSTOOD}.")


def _recognise(file: SourceFile, given: Mapping[str, str]) -> tuple[str, str, DataFile]:
    """Layout, what the file holds, and how to read it."""
    for ending, layout, holds, reader in BY_ENDING:
        if file.stem.endswith(ending):
            return layout, holds, DataFile(file.path, reader)
    names = tabular.column_names(file)
    if names == movielens.MOVIES_CSV:
        return "movielens-csv", ITEMS, DataFile(file.path, movielens.read_movies_csv)
    event_columns = find_event_columns(names, given)
    if event_columns is not None:
        return "tables", EVENTS, DataFile(file.path, tabular.event_reader(event_columns))
    item_columns = find_item_columns(names, given)
    if item_columns is not None:
        return "tables", ITEMS, DataFile(file.path, tabular.item_reader(item_columns), item_columns)
    raise NoIdColumn(
        f"{file.name!r} has the columns {', '.join(names[:12]) or '(none)'}, among them no id of an item",
        fix="Name one column item_id, and for events another one user_id, or pass a mapping of columns.",
    )
