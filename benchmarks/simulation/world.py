"""The catalogue, who met what, and who looks for what."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from store.ids import IndexArray
from store.interactions import Interactions

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class World:
    """U users and N items, counted from 1 here and from 0 in the files; A attributes.

    Attributes:
        attributes: 1 where an item has an attribute, sparse [N+1, A].
        train: interactions to learn from.
        valid: pairs to choose by, int64 [V, 2] of user and item.
        test: pairs to be found, int64 [T, 2].
    """

    attributes: sp.csr_matrix
    train: Interactions
    valid: IndexArray
    test: IndexArray

    @classmethod
    def read(cls, folder: Path) -> World:
        """Read `train.txt.gz`, `valid.txt.gz`, `test.txt.gz` and `item-attributes.txt.gz`."""
        train, valid, test = (_pairs(folder / f"{name}.txt.gz") + 1 for name in ("train", "valid", "test"))
        named = _pairs(folder / "item-attributes.txt.gz")
        everything = np.concatenate([train, valid, test])
        users, items = int(everything[:, 0].max()), int(max(everything[:, 1].max(), named[:, 0].max() + 1))
        ones, shape = np.ones(len(named), dtype=np.float32), (items + 1, int(named[:, 1].max()) + 1)
        attributes = sp.csr_matrix((ones, (named[:, 0] + 1, named[:, 1])), shape=shape)
        attributes.sum_duplicates()
        attributes.data[:] = 1.0
        known = _interactions(train, users, items)
        return cls(attributes, known, _describable(valid, attributes), _describable(test, attributes))

    def with_valid(self) -> Interactions:
        """All interactions but those of the test."""
        pairs = np.concatenate([np.stack([self.train.users, self.train.items], axis=1), self.valid])
        return _interactions(pairs, self.train.num_users, self.train.num_items)


def _interactions(pairs: IndexArray, users: int, items: int) -> Interactions:
    return Interactions.build(pairs[:, 0], pairs[:, 1], np.arange(len(pairs)), num_users=users, num_items=items)


def _describable(pairs: IndexArray, attributes: sp.csr_matrix) -> IndexArray:
    """Pairs whose item has an attribute to begin with."""
    return pairs[np.diff(attributes.indptr)[pairs[:, 1]] > 0]


def _pairs(file: Path) -> IndexArray:
    """Lines of one left and many right numbers, as pairs [E, 2]."""
    with gzip.open(file, "rt") as lines:
        rows = [np.array(line.split(), dtype=np.int64) for line in lines]
    return np.concatenate([np.stack([np.full(len(row) - 1, row[0]), row[1:]], axis=1) for row in rows])


@dataclass(frozen=True)
class Sessions:
    """S conversations about to begin.

    Attributes:
        users: [S].
        targets: what they look for, [S].
        given: the attribute that they name first, [S].
    """

    users: IndexArray
    targets: IndexArray
    given: IndexArray

    @classmethod
    def draw(
        cls, pairs: IndexArray, attributes: sp.csr_matrix, generator: np.random.Generator, *, at_most: int | None = None
    ) -> Sessions:
        """One conversation a pair, with a random attribute of its item; a random part of the pairs where told."""
        chosen = pairs if at_most is None else pairs[np.sort(generator.permutation(len(pairs))[:at_most])]
        users, targets = chosen.T
        begin, counts = attributes.indptr[targets], np.diff(attributes.indptr)[targets]
        given = attributes.indices[begin + (generator.random(len(targets)) * counts).astype(np.int64)]
        return cls(users, targets, given.astype(np.int64))

    def __len__(self) -> int:
        return len(self.users)

    def by_given(self) -> list[IndexArray]:
        """Positions of the sessions that begin with the same attribute."""
        order = np.argsort(self.given, kind="stable")
        return np.split(order, np.flatnonzero(np.diff(self.given[order])) + 1)
