"""RecBole's atomic files: tab-separated, with a header of ``name:type``.

    .inter   user_id:token  item_id:token  rating:float  timestamp:float
    .item    item_id:token  movie_title:token_seq  release_year:token  class:token_seq
    .user    user_id:token  ...

Types are token, token_seq (tokens separated by spaces), float and float_seq. What a ``.user`` file says about people
beyond their id is not kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from store.errors import InputError
from store.readers.movielens import NO_GENRES
from store.readers.rules import RowError, event_of, id_of, item_of
from store.readers.source import SourceFile
from store.records import Event, Item, Rejected, User

_TITLES = ("title", "movie_title", "name", "item_name", "product_title")
_CATEGORIES = ("class", "genre", "genres", "categories", "category")
_YEARS = ("release_year", "year", "publication_year", "movie_year")
_VALUES = ("rating", "value", "label", "weight")


def read_inter(file: SourceFile) -> Iterator[tuple[int, Event | Rejected]]:
    """Interactions; their value is the rating where there is one."""
    value_column = ""
    for number, row, line in _rows(file, needed=("user_id", "item_id")):
        try:
            values = _checked(row)
            if not value_column:
                value_column = next((name for name in _VALUES if name in values), _VALUES[0])
            yield (
                number,
                event_of(
                    user_id=values["user_id"],
                    item_id=values["item_id"],
                    time=values.get("timestamp"),
                    value=values.get(value_column),
                ),
            )
        except RowError as error:
            yield number, file.reject(number, error, line)


def read_item(file: SourceFile) -> Iterator[tuple[int, Item | Rejected]]:
    """Items; without a column of titles the id is the title."""
    for number, row, line in _rows(file, needed=("item_id",)):
        try:
            values = _checked(row)
            yield number, _item(values, file)
        except RowError as error:
            yield number, file.reject(number, error, line)


def _item(values: dict[str, str], file: SourceFile) -> Item:
    item_id = values.pop("item_id")
    title_column = next((name for name in _TITLES if name in values), None)
    title = item_id if title_column is None else values.pop(title_column)
    categories = [word for name in _CATEGORIES for word in values.pop(name, "").split(" ") if word not in NO_GENRES]
    year = next((values.pop(name) for name in _YEARS if name in values), "")
    # A token may be any text, so one that is no number ("unknown", "V") means that the year is not known.
    if year.lstrip("-").isdecimal():
        values["year"] = year
    return item_of(
        item_id=item_id,
        title=title,
        description=values.pop("description", None),
        categories=categories,
        attributes=values.items(),
        notes=file.notes,
    )


def read_user(file: SourceFile) -> Iterator[tuple[int, User | Rejected]]:
    """Users, by id only."""
    for number, row, line in _rows(file, needed=("user_id",)):
        try:
            yield number, User(id_of(_checked(row)["user_id"], "user id"))
        except RowError as error:
            yield number, file.reject(number, error, line)


def _checked(row: dict[str, str] | RowError) -> dict[str, str]:
    if isinstance(row, RowError):
        raise row
    return row


def _rows(file: SourceFile, *, needed: Sequence[str]) -> Iterator[tuple[int, dict[str, str] | RowError, str]]:
    lines = file.lines()
    header = next(lines, (0, ""))[1]
    columns = [] if isinstance(header, RowError) else [column.split(":")[0] for column in header.split("\t")]
    missing = [name for name in needed if name not in columns]
    if missing:
        raise InputError(
            f"the header of {file.name!r} has no column {missing[0]!r}",
            fix="An atomic file begins with names and types, separated by tabs: user_id:token item_id:token ...",
        )
    for number, line in lines:
        if isinstance(line, RowError):
            yield number, line, ""
            continue
        fields = line.split("\t")
        if len(fields) != len(columns):
            error = RowError(
                "number of fields", f"the row has {len(fields)} fields, the header {len(columns)}", "Correct the row."
            )
            yield number, error, line
        else:
            yield number, dict(zip(columns, fields, strict=True)), line
