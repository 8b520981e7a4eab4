"""How many people met two items, and one soon after the other, by hand."""

from __future__ import annotations

import numpy as np

from pipeline.met_both import SOON, MetBoth
from store.interactions import Interactions

FIRST, CANDIDATE, LAST, NOBODY, LATER = 1, 2, 9, 10, 11


def counted() -> MetBoth:
    between = (3, 4, 5, 6, 7)
    assert len(between) == SOON
    histories = (
        (FIRST, CANDIDATE, LAST),
        (FIRST, *between, CANDIDATE),  # one step too far
        (CANDIDATE, FIRST),  # the other way round
        (FIRST, 3, CANDIDATE, 4, CANDIDATE),  # twice by one person
        (FIRST, LAST),
    )
    users = np.repeat(np.arange(1, len(histories) + 1), [len(one) for one in histories])
    items = np.concatenate(histories)
    return MetBoth(Interactions.build(users, items, np.arange(len(users)), num_users=len(histories), num_items=10))


def test_people_are_counted_once_and_the_order_tells() -> None:
    history = np.array([FIRST, LAST, 3, NOBODY, LATER])
    assert counted().together(history, CANDIDATE).tolist() == [4, 1, 2, 0, 0]
    assert counted().followed(history, CANDIDATE).tolist() == [2, 0, 2, 0, 0]


def test_of_an_item_that_nobody_met_or_training_did_not_know_nothing_is_counted() -> None:
    for candidate in (NOBODY, LATER):
        assert counted().together(np.array([FIRST]), candidate).tolist() == [0]
        assert counted().followed(np.array([FIRST]), candidate).tolist() == [0]
