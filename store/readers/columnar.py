"""Parquet, read a batch at a time and refused where its metadata announces more than it can be worth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from store.errors import InputError, UnsafeInput
from store.readers.rules import RowError
from store.readers.source import GZIP_FREE, GZIP_RATIO, SourceFile

BATCH_ROWS = 1_000
"""Rows that are held at a time."""

GROUP_LIMIT = 1 << 30
"""Largest unpacked row group, bytes: Parquet unpacks a column of a group at a time."""

ROWS_PER_BYTE = 64
"""Most rows per byte on disk: run lengths can announce billions of rows in a few bytes."""


def parquet_names(file: SourceFile) -> list[str]:
    """Its columns."""
    with _opened(file) as table:
        return list(table.schema_arrow.names)


def parquet_rows(file: SourceFile) -> Iterator[tuple[int, dict[str, Any] | RowError, str]]:
    """Row number, values by column, and the row as text.

    Raises:
        UnsafeInput: the file would expand beyond its limits.
        InputError: it is damaged or no Parquet file.
    """
    number = 0
    with _opened(file) as table:
        total = max(table.metadata.num_rows, 1)
        try:
            for batch in table.iter_batches(BATCH_ROWS):
                for row in batch.to_pylist():
                    number += 1
                    yield number, row, repr(row)
                file.consumed = file.size * number // total
        except (pa.ArrowException, OSError) as error:
            raise _damaged(file, error) from error


def _opened(file: SourceFile) -> pq.ParquetFile:
    try:
        table = pq.ParquetFile(file.path, memory_map=False)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(file, error) from error
    metadata = table.metadata
    groups = [metadata.row_group(index).total_byte_size for index in range(metadata.num_row_groups)]
    unpacked = sum(groups)
    if (
        (unpacked > GZIP_FREE and unpacked > GZIP_RATIO * file.size)
        or max(groups, default=0) > GROUP_LIMIT
        or metadata.num_rows > ROWS_PER_BYTE * file.size
    ):
        table.close()
        raise UnsafeInput(
            f"Parquet file {file.name!r} of {file.size:,} bytes announces {metadata.num_rows:,} rows in {unpacked:,} "
            f"bytes, above the limits of {GZIP_RATIO} times its size, {GROUP_LIMIT:,} bytes a row group and "
            f"{ROWS_PER_BYTE} rows a byte",
            fix="If you trust it, write it again in smaller row groups or as JSON lines.",
        )
    return table


def _damaged(file: SourceFile, error: Exception) -> InputError:
    cause = str(error).partition("\n")[0]
    return InputError(f"{file.name!r} cannot be read as Parquet: {cause}", fix="Write the file again.")
