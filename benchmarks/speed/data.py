"""The published data sets as interactions, and as arrays that a peer's environment can read."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.lists import as_interactions, read_lists
from store.ids import IndexArray
from store.interactions import Interactions


@dataclass(frozen=True)
class Setting:
    """How much is run, and where peers find their data.

    Attributes:
        data: folder of the data sets.
        folder: for files that peers read.
        quick: as little as checks the path.
        seed: of all that is drawn.
    """

    data: Path
    folder: Path
    quick: bool
    seed: int

    @property
    def rounds(self) -> int:
        return 2 if self.quick else 5

    def saved(self, name: str, **arrays: np.ndarray) -> str:
        """Path of an npz file with these arrays."""
        path = self.folder / f"{name}.npz"
        np.savez(path, **arrays)  # pyright: ignore[reportArgumentType]
        return str(path)

    def scratch(self) -> str:
        """A new folder that a peer may write into."""
        return tempfile.mkdtemp(dir=self.folder)


@dataclass(frozen=True)
class Gowalla:
    """The LightGCN split: training interactions, and the test items of each user."""

    train: Interactions
    test: list[IndexArray]

    @classmethod
    def read(cls, data: Path, *, users: int | None = None) -> Gowalla:
        """All of it, or the first so many users."""
        folder = data / "gowalla"
        train, test = (
            [items for _, items in read_lists(folder / f"{part}.txt.gz", first=0)][:users] for part in ("train", "test")
        )
        num_items = int(max(items.max(initial=0) for items in (*train, *test)))
        return cls(as_interactions(train, num_items=num_items), test)


def read_beauty(data: Path) -> list[IndexArray]:
    """Whole sequences of Amazon Beauty; the last two items of each are held out."""
    return [items for _, items in read_lists(data / "beauty" / "sequences.txt.gz", first=1)]
