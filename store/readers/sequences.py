"""The text format of many papers: a line per user, ``user item item item ...``.

The files have no times. Where a line is in time order, its items get times one second apart from 1970 on, so that the
order survives; where it is not, all of them get 1970-01-01, and order of arrival is all there is.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from store.readers.rules import RowError, event_of
from store.readers.source import SourceFile
from store.records import Event, EventKind, Rejected
from store.schema import EPOCH

_SECOND = timedelta(seconds=1)


def read_ordered(file: SourceFile) -> Iterator[tuple[int, Event | Rejected]]:
    """Lines whose items stand in time order."""
    return _read(file, step=_SECOND)


def read_unordered(file: SourceFile) -> Iterator[tuple[int, Event | Rejected]]:
    """Lines whose items stand in any order; an item that a line repeats counts once."""
    return _read(file, step=0 * _SECOND)


def _read(file: SourceFile, *, step: timedelta) -> Iterator[tuple[int, Event | Rejected]]:
    for number, line in file.lines():
        if isinstance(line, RowError):
            yield number, file.reject(number, line, "")
            continue
        user, *items = line.split()
        for position, item in enumerate(items):
            try:
                yield (
                    number,
                    event_of(user_id=user, item_id=item, time=EPOCH + position * step, kind=EventKind.VIEW),
                )
            except RowError as error:
                yield number, file.reject(number, error, f"{user} {item}")
