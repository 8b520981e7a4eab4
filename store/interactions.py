"""Interactions as arrays: what every model trains on, and who a batch of recommendations is for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from store.errors import InputError
from store.ids import PADDING, IndexArray

Sparse = Any
"""A scipy CSR matrix; scipy ships no types, and those that pyright infers are wrong."""


@dataclass(frozen=True)
class Interactions:
    """Positive interactions in internal indices, sorted by user, then time, then order of arrival.

    Attributes:
        users: int64 [E], 1..U.
        items: int64 [E], 1..N.
        times: int64 [E], seconds since the epoch; equal times keep their order of arrival.
        num_users: U. Arrays by user have U+1 rows, row 0 is padding.
        num_items: N. Arrays by item have N+1 rows, row 0 is padding.
    """

    users: IndexArray
    items: IndexArray
    times: IndexArray
    num_users: int
    num_items: int

    @classmethod
    def build(
        cls, users: IndexArray, items: IndexArray, times: IndexArray, *, num_users: int, num_items: int
    ) -> Interactions:
        """Sort and check raw triples.

        Raises:
            InputError: lengths differ, or an index is outside 1..U or 1..N.
        """
        if not len(users) == len(items) == len(times):
            raise InputError(
                f"users, items and times have lengths {len(users)}, {len(items)}, {len(times)}",
                fix="Pass three arrays of one length.",
            )
        for name, values, top in (("user", users, num_users), ("item", items, num_items)):
            if len(values) and (values.min() < 1 or values.max() > top):
                raise InputError(
                    f"{name} indices run from {values.min()} to {values.max()}, outside 1..{top}",
                    fix="Convert external ids with IdMap first.",
                )
        order = np.lexsort((np.arange(len(users)), times, users))
        return cls(
            users=users[order].astype(np.int64),
            items=items[order].astype(np.int64),
            times=times[order].astype(np.int64),
            num_users=num_users,
            num_items=num_items,
        )

    def __len__(self) -> int:
        return len(self.users)

    @cached_property
    def indptr(self) -> IndexArray:
        """int64 [U+2]: the interactions of user u are ``indptr[u]:indptr[u + 1]``."""
        return np.searchsorted(self.users, np.arange(self.num_users + 2))

    def history(self, user: int) -> IndexArray:
        """Items of one user, oldest first; empty for user 0."""
        return self.items[self.indptr[user] : self.indptr[user + 1]]

    @cached_property
    def matrix(self) -> sp.csr_matrix:
        """Binary user-item matrix R, float32 [U+1, N+1]; repeated interactions count once."""
        ones = np.ones(len(self), dtype=np.float32)
        matrix = sp.csr_matrix((ones, (self.users, self.items)), shape=(self.num_users + 1, self.num_items + 1))
        matrix.sum_duplicates()
        matrix.data[:] = 1.0
        return matrix

    @cached_property
    def item_counts(self) -> NDArray[np.float32]:
        """Users per item, float32 [N+1]."""
        return np.asarray(self.matrix.sum(axis=0), dtype=np.float32).ravel()

    def where(self, keep: NDArray[np.bool_]) -> Interactions:
        """Those interactions that a mask [E] keeps, over the same users and items."""
        return Interactions(self.users[keep], self.items[keep], self.times[keep], self.num_users, self.num_items)

    def leave_last_out(self, *, minimum: int = 3) -> tuple[Interactions, IndexArray]:
        """Take the last interaction of every user who has at least ``minimum``.

        Returns:
            The rest, and the held-out items int64 [U+1] (0 where nothing was taken).
        """
        lengths = np.diff(self.indptr)
        held = np.zeros(self.num_users + 1, dtype=np.int64)
        keep = np.ones(len(self), dtype=bool)
        takers = np.flatnonzero(lengths >= minimum)
        last = self.indptr[takers + 1] - 1
        held[takers] = self.items[last]
        keep[last] = False
        return self.where(keep), held

    def check_held(self, held: IndexArray | None) -> None:
        """Refuse held-out items that do not fit these users.

        Raises:
            InputError: ``held`` is not [U+1].
        """
        if held is not None and held.shape != (self.num_users + 1,):
            raise InputError(
                f"held-out items have shape {held.shape}, not ({self.num_users + 1},)",
                fix="Pass one held-out item per user, 0 where there is none, with row 0 for padding.",
            )


def held_readers(held: IndexArray, *, at_most: int) -> IndexArray:
    """Users of whom something is held out, int64 [<= at_most]: evenly chosen where there are more.

    Args:
        held: held-out item per user, int64 [U+1], 0 where there is none.
        at_most: at least 1.
    """
    readers = np.flatnonzero(held)
    return readers[:: max(1, -(-len(readers) // at_most))]


@dataclass(frozen=True)
class Audience:
    """Who a batch of scores is for.

    Attributes:
        users: int64 [B]; 0 where the models have not seen the user.
        histories: B arrays of item indices, oldest first, possibly empty.
    """

    users: IndexArray
    histories: Sequence[IndexArray]

    @classmethod
    def of_history(cls, history: Sequence[int] | IndexArray, *, user: int = PADDING) -> Audience:
        """One reader."""
        return cls(np.array([user], dtype=np.int64), (np.asarray(history, dtype=np.int64),))

    @classmethod
    def of_users(cls, users: IndexArray, interactions: Interactions) -> Audience:
        """Users with the histories that ``interactions`` hold for them."""
        return cls(users, tuple(interactions.history(int(user)) for user in users))

    def __len__(self) -> int:
        return len(self.users)

    def rows(self, start: int, stop: int) -> Audience:
        """A slice of the batch."""
        return Audience(self.users[start:stop], self.histories[start:stop])

    def padded(self, length: int) -> IndexArray:
        """The last ``length`` items of each history, left-padded with 0: int64 [B, length]."""
        table = np.zeros((len(self), length), dtype=np.int64)
        for row, history in enumerate(self.histories):
            recent = history[-length:]
            if len(recent):
                table[row, length - len(recent) :] = recent
        return table

    def matrix(self, num_items: int) -> sp.csr_matrix:
        """Histories as a binary matrix, float32 [B, N+1]; repeats count once."""
        lengths = np.array([len(history) for history in self.histories], dtype=np.int64)
        columns = np.concatenate(self.histories) if len(self.histories) else np.zeros(0, dtype=np.int64)
        indptr = np.concatenate(([0], np.cumsum(lengths)))
        matrix = sp.csr_matrix(
            (np.ones(len(columns), dtype=np.float32), columns, indptr), shape=(len(self), num_items + 1)
        )
        matrix.sum_duplicates()
        matrix.data[:] = 1.0
        return matrix
