"""What was sent as a batch, and how it is read: table and pictures put in place, columns, the first rows."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from pipeline.onboarding import RowReport, items_file, read_rows
from store.archives import unpack
from store.errors import InputError, NoIdColumn
from store.readers.columns import ITEM_NAMES
from store.readers.folder import DataFile, open_dataset
from store.readers.source import SourceFile
from store.readers.tabular import column_names, first_rows
from store.records import IMAGE_URL, Item
from store.storable import can_exist

SAMPLE = 8
"""Rows that are shown before a batch starts."""
MOST_COLUMNS = 200
"""Columns that can be chosen from."""
CELL = 120
"""Characters of one value that are shown."""
TABLE = re.compile(r"\.(csv|tsv|jsonl|ndjson|parquet)(\.gz)?$", re.IGNORECASE)
ARCHIVE = re.compile(r"\.zip$", re.IGNORECASE)


@dataclass(frozen=True)
class Upload:
    """A file that someone sent.

    Attributes:
        name: as they call it.
        path: where it lies now; it is moved away.
    """

    name: str
    path: Path


@dataclass(frozen=True)
class SampleRow:
    """One of the first rows, as it would be read."""

    report: RowReport
    item: Item | None


@dataclass(frozen=True)
class Reading:
    """How a table is read.

    Attributes:
        data_file: what brings it in; None while no column is known to hold the ids.
        columns: field of an item -> column of the table that holds it; empty where the format fixes them.
        names: columns of the table, in its order; empty where the format fixes what they hold.
        raw: its first rows as they stand, one cell for each of ``names``.
        sample: its first rows as they would be read; empty while there is no ``data_file``.
    """

    data_file: DataFile | None
    columns: Mapping[str, str]
    names: Sequence[str]
    raw: Sequence[Sequence[str]]
    sample: Sequence[SampleRow]


def arranged(uploads: Sequence[Upload], folder: Path) -> tuple[Path, str]:
    """Put the table and its pictures into a folder; the table's path, and what its sender calls it.

    Raises:
        InputError: there is no table, or more than one.
        UnsafeInput: an archive is refused.
    """
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


def reading(table: Path, columns: Mapping[str, str]) -> Reading:
    """How a table is read with a mapping of columns.

    Args:
        columns: as for ``open_dataset``.

    Raises:
        InputError: it is not a table of items.
        UnsafeInput: it is refused while it is unpacked.
    """
    try:
        data_file = items_file(open_dataset(table, columns=columns))
    except NoIdColumn:
        return Reading(None, {}, *_as_it_stands(table), sample=())
    if data_file.columns is None:
        return Reading(data_file, {}, (), (), _sample(data_file))
    found = {field: column for field, column in vars(data_file.columns).items() if column is not None}
    return Reading(data_file, found, *_as_it_stands(table), sample=_sample(data_file))


def remapped(now: Mapping[str, str], names: Sequence[str], changes: Mapping[str, str]) -> dict[str, str]:
    """A mapping with some fields changed; an empty column means that none holds the field.

    Raises:
        InputError: there is no such field or column.
    """
    for field, column in changes.items():
        if field not in ITEM_NAMES:
            raise InputError(f"items have no field {field[:60]!r}", fix=f"Map {', '.join(ITEM_NAMES)}.")
        if column and column not in names:
            raise InputError(
                f"the table has no column {column[:60]!r}", fix=f"Take one of {', '.join(names[:12]) or 'its columns'}."
            )
    return {**now, **changes}


def names_address(item: Item) -> bool:
    """Whether an item's picture would have to be fetched."""
    return IMAGE_URL in item.attributes


def _as_it_stands(table: Path) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    file = SourceFile(table)
    names = [name for name in column_names(file) if name and can_exist(name)][:MOST_COLUMNS]
    return names, [[_cell(row.get(name)) for name in names] for row in first_rows(file, SAMPLE)]


def _cell(value: Any) -> str:
    text = value if isinstance(value, str) else "" if value is None else json.dumps(value, default=str)
    return text[:CELL].encode("utf-8", "replace").decode()


def _sample(data_file: DataFile) -> list[SampleRow]:
    rows = islice(read_rows(data_file, SourceFile(data_file.path)), SAMPLE)
    return [SampleRow(report, record if isinstance(record, Item) else None) for report, record in rows]
