"""How interactions are divided into what is learned from and what is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from store.errors import InputError
from store.ids import IndexArray
from store.interactions import Interactions


@dataclass(frozen=True)
class Split:
    """One division of the interactions.

    Attributes:
        protocol: "leave-last-out" or "time-split", as reports name it.
        train: what models learn from.
        validation: one held-out item per user for choosing and early stopping, int64 [U+1], 0 where there is none.
        known: train and validation together: the histories that readers have when the test asks, and what a refit sees.
        test: relevant items per user, U+1 arrays, empty where a user is not asked about.
    """

    protocol: str
    train: Interactions
    validation: IndexArray
    known: Interactions
    test: tuple[IndexArray, ...]

    @cached_property
    def readers(self) -> IndexArray:
        """Users with something to be found, int64 [Q]."""
        return np.flatnonzero([len(items) > 0 for items in self.test])

    @property
    def relevant(self) -> tuple[IndexArray, ...]:
        """The test items of ``readers``, in their order."""
        return tuple(self.test[user] for user in self.readers)


def leave_last_out(interactions: Interactions, *, minimum: int = 3) -> Split:
    """Each user's last item by time is the test, the one before it validation.

    An item that the user had met before is not asked about: to recommend it again would be no recommendation.

    Args:
        minimum: users with fewer interactions are learned from but not asked about; at least 3, so that each user who
            is asked about keeps one interaction for training.

    Raises:
        InputError: ``minimum`` is below 3, or no user has that many.
    """
    if minimum < 3:
        raise InputError(
            f"minimum is {minimum}, below 3", fix="A user needs one item each for training, validation and test."
        )
    known, held = interactions.leave_last_out(minimum=minimum)
    train, validation = known.leave_last_out(minimum=minimum - 1)
    held, validation = _unmet(held, known), _unmet(validation, train)
    if not held.any():
        raise InputError(
            f"no user has {minimum} interactions or more and a new item as the last", fix="Ingest more events."
        )
    test = tuple(held[user : user + 1] if held[user] else held[:0] for user in range(len(held)))
    return Split("leave-last-out", train, validation, known, test)


def time_split(interactions: Interactions, *, test_share: float = 0.1, validation_share: float = 0.1) -> Split:
    """One moment for all: what comes after it is the test, as it would be for a service that is retrained.

    Users are asked about the items of the test period that they had not met before it; users who only appear in it are
    left out. Validation is each user's first new item in the period before the test.

    Args:
        test_share: share of the interactions in the last period, between 0 and 1.
        validation_share: share in the period before it.

    Raises:
        InputError: the shares leave nothing for training, or no user is in both periods.
    """
    if not (0 < test_share < 1 and 0 <= validation_share < 1 and test_share + validation_share < 1):
        raise InputError(
            f"shares {test_share:g} for test and {validation_share:g} for validation leave nothing to learn from",
            fix="Use shares such as 0.1 and 0.1.",
        )
    ends = np.quantile(interactions.times, (1 - test_share - validation_share, 1 - test_share), method="higher")
    train = interactions.where(interactions.times < ends[0])
    between = interactions.where((interactions.times >= ends[0]) & (interactions.times < ends[1]))
    known = interactions.where(interactions.times < ends[1])
    after = interactions.where(interactions.times >= ends[1])
    validation = np.zeros(interactions.num_users + 1, dtype=np.int64)
    fresh = between.where(_new_to_known_users(between, train))
    # Written backwards, so that the earliest of a user's items is the one that stays.
    validation[fresh.users[::-1]] = fresh.items[::-1]
    asked = after.where(_new_to_known_users(after, known))
    if not len(asked):
        raise InputError(
            "no user has interactions on both sides of the test's start",
            fix="Use a larger test_share, or leave_last_out.",
        )
    test = tuple(np.unique(asked.history(user)) for user in range(interactions.num_users + 1))
    return Split("time-split", train, validation, known, test)


def _unmet(held: IndexArray, earlier: Interactions) -> IndexArray:
    """The held-out items int64 [U+1] without those that the user had met."""
    met = np.asarray(earlier.matrix[np.arange(len(held)), held]).ravel() > 0
    return np.where(met, 0, held)


def _new_to_known_users(later: Interactions, earlier: Interactions) -> NDArray[np.bool_]:
    """Interactions of users whom ``earlier`` knows, with items that they had not met: bool [E]."""
    known = np.diff(earlier.indptr)[later.users] > 0
    width = later.num_items + 1
    met = np.isin(later.users * width + later.items, earlier.users * width + earlier.items)
    return known & ~met
