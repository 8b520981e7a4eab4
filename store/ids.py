"""External ids are the user's own strings; internal indices are dense ints. They meet here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, NewType, TypeVar

import numpy as np
from numpy.typing import NDArray

from store.errors import InputError, UnknownItem, UnknownUser

UserId = NewType("UserId", str)
ItemId = NewType("ItemId", str)
ExternalId = TypeVar("ExternalId", UserId, ItemId)

PADDING = 0
"""Index 0 stands for "nothing": padding in a history, a user the model has not seen."""

IndexArray = NDArray[np.int64]


class IdMap(Generic[ExternalId]):
    """Two-way map between external ids and the indices 1..N.

    Args:
        external: ids in index order; the first gets index 1.
        unknown: builds the error for an id that is not in the map.

    Raises:
        InputError: an id occurs twice.
    """

    def __init__(self, external: Iterable[ExternalId], *, unknown: Callable[[object], InputError]) -> None:
        self._external: tuple[ExternalId, ...] = tuple(external)
        self._index: dict[ExternalId, int] = {id_: i for i, id_ in enumerate(self._external, start=1)}
        self._unknown = unknown
        if len(self._index) != len(self._external):
            twice = next(id_ for i, id_ in enumerate(self._external, start=1) if self._index[id_] != i)
            raise InputError(f"id {twice!r} occurs twice", fix="Ids must be unique; merge the two rows.")

    def __len__(self) -> int:
        return len(self._external)

    def __contains__(self, external: object) -> bool:
        return external in self._index

    @property
    def external(self) -> Sequence[ExternalId]:
        """All external ids in index order; position 0 holds the id of index 1."""
        return self._external

    def index(self, external: str) -> int:
        """Index of one id.

        Raises:
            UnknownItem | UnknownUser: the id is not in the map.
        """
        try:
            return self._index[external]  # type: ignore[index]
        except KeyError:
            raise self._unknown(external) from None

    def get(self, external: str, default: int = PADDING) -> int:
        """Index of one id, or ``default`` where it is not in the map."""
        return self._index.get(external, default)  # type: ignore[arg-type]

    def known(self, external: Iterable[str]) -> IndexArray:
        """Indices of those ids that are in the map, in their order; the others are left out."""
        found = (self._index.get(id_) for id_ in external)  # type: ignore[arg-type]
        return np.array([i for i in found if i is not None], dtype=np.int64)

    def external_of(self, index: int) -> ExternalId:
        """Id of one index in 1..N."""
        if not 1 <= index <= len(self._external):
            raise self._unknown(index)
        return self._external[index - 1]

    def extended(self, external: Iterable[ExternalId]) -> IdMap[ExternalId]:
        """A new map with more ids behind those of this one; existing indices stay."""
        return IdMap((*self._external, *external), unknown=self._unknown)


def item_ids(external: Iterable[str]) -> IdMap[ItemId]:
    """Map of items; an id that is not in it raises ``UnknownItem``."""
    return IdMap((ItemId(id_) for id_ in external), unknown=UnknownItem)


def user_ids(external: Iterable[str]) -> IdMap[UserId]:
    """Map of users; an id that is not in it raises ``UnknownUser``."""
    return IdMap((UserId(id_) for id_ in external), unknown=UnknownUser)
