"""Files of the published splits: one line per user, ``user item item ...``."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from store.ids import IndexArray
from store.interactions import Interactions


def read_lists(path: Path, *, first: int) -> list[tuple[int, IndexArray]]:
    """Each line's user, and its items in order. The file may be gzipped; it numbers items from ``first``, we from 1."""
    with gzip.open(path, "rt", encoding="ascii") if path.suffix == ".gz" else path.open(encoding="ascii") as lines:
        rows = [np.array(line.split(), dtype=np.int64) for line in lines if line.strip()]
    return [(int(row[0]), row[1:] + (1 - first)) for row in rows]


def as_interactions(lists: Sequence[IndexArray], *, num_items: int) -> Interactions:
    """Lists of items 1..N by user as interactions; a list's order is that of time."""
    users = np.repeat(np.arange(1, len(lists) + 1), [len(items) for items in lists])
    return Interactions.build(
        users, np.concatenate(lists), np.arange(len(users)), num_users=len(lists), num_items=num_items
    )
