"""Tables as CSV, TSV, JSON lines or Parquet: one row is one item or one event.

``columns`` says which column holds what. Columns of an item table that mean nothing else become attributes.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from itertools import chain, islice
from typing import Any, NoReturn, TextIO

from store.errors import InputError
from store.readers.columnar import parquet_names, parquet_rows
from store.readers.columns import EventColumns, ItemColumns
from store.readers.rules import RowError, event_of, image_of, item_of, time_of
from store.readers.source import LINE_LIMIT, SourceFile
from store.records import IMAGE_URL, Event, EventKind, Item, Rejected

Row = tuple[int, dict[str, Any] | RowError, str]
"""Line number, values by column or what is wrong, and the row as text."""


_KINDS = {kind.value: kind for kind in EventKind} | {
    "rate": EventKind.RATING, "review": EventKind.RATING, "pv": EventKind.VIEW, "read": EventKind.VIEW,
    "watch": EventKind.VIEW, "play": EventKind.VIEW, "listen": EventKind.VIEW, "buy": EventKind.PURCHASE,
    "order": EventKind.PURCHASE, "transaction": EventKind.PURCHASE, "fav": EventKind.LIKE, "favorite": EventKind.LIKE,
    "favourite": EventKind.LIKE,
}  # fmt: skip
_DELIMITERS = {"csv": ",;\t", "tsv": "\t"}
JSON_PEEK = 200
"""Lines of JSON that are looked at to find the columns: not every line has every key."""

_FALSE = frozenset({"false", "0", "no", "n", "f"})
_TRUE = frozenset({"true", "1", "yes", "y", "t", ""})
_WHOLE = re.compile(r"-?(0|[1-9]\d{0,14})")
_DECIMAL = re.compile(r"-?\d{1,15}\.\d{1,15}")
_URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


def column_names(file: SourceFile) -> list[str]:
    """The columns of a table: its header, or the keys of its first JSON lines."""
    suffix = _suffix(file)
    if suffix == "parquet":
        return parquet_names(file)
    if suffix in _DELIMITERS:
        with file.text() as text:
            return _csv_header(text, _DELIMITERS[suffix])[0]
    rows = (row for _, row, _ in islice(_rows(file), JSON_PEEK) if not isinstance(row, RowError))
    return list(dict.fromkeys(chain.from_iterable(rows)))


def first_rows(file: SourceFile, count: int) -> list[dict[str, Any]]:
    """Values by column of the first rows that can be read at all, as the file has them."""
    return list(islice((row for _, row, _ in _rows(file) if not isinstance(row, RowError)), count))


def item_reader(columns: ItemColumns) -> Callable[[SourceFile], Iterator[tuple[int, Item | Rejected]]]:
    """A reader of a table of items."""
    return lambda file: _read(file, lambda row: _item(row, columns, file))


def event_reader(columns: EventColumns) -> Callable[[SourceFile], Iterator[tuple[int, Event | Rejected]]]:
    """A reader of a table of events."""
    return lambda file: _read(file, lambda row: _event(row, columns))


def _read(file: SourceFile, build: Callable[[dict[str, Any]], Any]) -> Iterator[tuple[int, Any]]:
    for number, row, text in _rows(file):
        try:
            if isinstance(row, RowError):
                raise row
            yield number, build(row)
        except RowError as error:
            yield number, file.reject(number, error, text)


def _item(row: dict[str, Any], columns: ItemColumns, file: SourceFile) -> Item:
    def take(column: str | None) -> Any:
        return None if column is None else row.get(column)

    core = {getattr(columns, field.name) for field in fields(columns)}
    written_as_text = _suffix(file) in _DELIMITERS
    attributes = [
        (name, _number(value) if written_as_text else value) for name, value in _flat(row) if name not in core
    ]
    image = take(columns.image)
    if isinstance(image, str) and _URL.match(image):
        attributes.append((IMAGE_URL, image))  # pictures are read from disk; nothing is fetched at ingest
        image = None
    if columns.year is not None:
        attributes.append(("year", take(columns.year)))
    created = take(columns.created_at)
    description = take(columns.description)
    if isinstance(description, list):
        description = "\n".join(str(paragraph) for paragraph in description)
    return item_of(
        item_id=take(columns.item_id),
        title=take(columns.item_id if columns.title is None else columns.title),
        description=description,
        categories=_split(take(columns.categories)),
        attributes=attributes,
        image=image_of(image, file.path.parent, file.notes),
        created_at=None if created in (None, "") else time_of(created, "created_at"),
        active=_truth(take(columns.active)),
        notes=file.notes,
    )


def _event(row: dict[str, Any], columns: EventColumns) -> Event:
    value = row.get(columns.value) if columns.value else None
    kind = row.get(columns.kind) if columns.kind else None
    return event_of(
        user_id=row.get(columns.user_id),
        item_id=row.get(columns.item_id),
        time=row.get(columns.time) if columns.time else None,
        value=value,
        kind=_kind(kind, has_value=value not in (None, "")),
        key=row.get(columns.key) if columns.key else None,
    )


def _kind(value: object, *, has_value: bool) -> EventKind:
    if value is None or value == "":
        return EventKind.RATING if has_value else EventKind.VIEW
    kind = _KINDS.get(str(value).strip().lower())
    if kind is None:
        raise RowError(
            "unknown kind", f"event kind {ascii(value)[:60]} is not one of {', '.join(EventKind)}", "Rename it."
        )
    return kind


def _truth(value: object) -> bool:
    if value is None or isinstance(value, bool):
        return value is not False
    text = str(value).strip().lower()
    if text not in _FALSE | _TRUE:
        raise RowError("wrong type", f"active {ascii(value)[:60]} is neither true nor false", "Write true or false.")
    return text not in _FALSE


def _split(value: object) -> list[object]:
    if value is None:
        return []
    if isinstance(value, (list, tuple)):
        return [part for entry in value for part in (entry if isinstance(entry, (list, tuple)) else [entry])]
    if not isinstance(value, str):
        return [value]
    if value.startswith("["):
        try:
            return _split(json.loads(value))
        except ValueError:
            pass  # a text that begins with a bracket
    separator = next((mark for mark in "|;" if mark in value), ",")
    return list(value.split(separator))


def _flat(row: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Nested objects as ``outer.inner``; lists that hold more than texts and numbers as JSON."""
    for name, value in row.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list) and any(isinstance(entry, (list, dict)) for entry in value):
            yield prefix + name, json.dumps(value)
        else:
            yield prefix + name, value


def _suffix(file: SourceFile) -> str:
    return file.stem.rpartition(".")[2]


def _rows(file: SourceFile) -> Iterator[Row]:
    suffix = _suffix(file)
    if suffix in _DELIMITERS:
        return _csv_rows(file, _DELIMITERS[suffix])
    if suffix in ("jsonl", "ndjson"):
        return _json_rows(file)
    if suffix == "parquet":
        return parquet_rows(file)
    raise InputError(
        f"{file.name!r} is not a table that can be read", fix="Use .csv, .tsv, .jsonl or .parquet, gzipped or not."
    )


def _csv_header(text: TextIO, delimiters: str) -> tuple[list[str], str]:
    """Names, and the delimiter: the one that the header holds most often."""
    line = text.readline(LINE_LIMIT)
    delimiter = max(delimiters, key=line.count)
    return [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])], delimiter


def _csv_rows(file: SourceFile, delimiters: str) -> Iterator[Row]:
    with file.text() as text:
        names, delimiter = _csv_header(text, delimiters)
        reader = csv.reader(text, delimiter=delimiter)
        while True:
            line = reader.line_num + 2  # the header is line 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield line, RowError("not CSV", str(error), "Close every quote, shorten the cell."), ""
                continue
            if not cells:
                continue
            shown = delimiter.join(cells)
            if len(cells) == len(names):
                yield line, dict(zip(names, cells, strict=True)), shown
            else:
                problem = f"the row has {len(cells)} fields, the header {len(names)}"
                yield line, RowError("number of fields", problem, "Quote or remove separators."), shown


def _number(cell: object) -> object:
    """Cells that are plainly numbers; "007" and "1e5" stay texts."""
    if isinstance(cell, str):
        if _WHOLE.fullmatch(cell):
            return int(cell)
        if _DECIMAL.fullmatch(cell):
            return float(cell)
    return cell


def _json_rows(file: SourceFile) -> Iterator[Row]:
    for number, line in file.lines():
        if isinstance(line, RowError):
            yield number, line, ""
            continue
        try:
            row = json.loads(line, parse_constant=_no_constant)
            if not isinstance(row, dict):
                raise RowError("not JSON", "the line is not an object", 'Write one {"item_id": ...} per line.')
            yield number, row, line
        except RowError as error:
            yield number, error, line
        except (ValueError, RecursionError) as error:
            yield number, RowError("not JSON", str(error)[:200], "Write one object per line."), line


def _no_constant(name: str) -> NoReturn:
    raise RowError("not finite", f"the line holds {name}", "Leave it out where it is not known.")
