from __future__ import annotations

import numpy as np
import pytest

from evaluation.protocols import leave_last_out, time_split
from store.errors import InputError
from store.interactions import Interactions


def interactions(rows: list[tuple[int, int, int]], *, num_users: int, num_items: int) -> Interactions:
    users, items, times = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return Interactions.build(users, items, times, num_users=num_users, num_items=num_items)


def triples(data: Interactions) -> list[tuple[int, int, int]]:
    return list(zip(data.users.tolist(), data.items.tolist(), data.times.tolist(), strict=True))


def test_leave_last_out_by_hand() -> None:
    rows = [(1, 5, 10), (1, 6, 40), (1, 7, 30), (1, 8, 20), (2, 5, 1), (2, 6, 2), (3, 1, 1), (3, 2, 2), (3, 3, 3)]
    split = leave_last_out(interactions(rows, num_users=4, num_items=8))
    assert [items.tolist() for items in split.test] == [[], [6], [], [3], []]
    assert split.validation.tolist() == [0, 7, 6, 2, 0]
    assert triples(split.train) == [(1, 5, 10), (1, 8, 20), (2, 5, 1), (3, 1, 1)]
    assert split.known.history(1).tolist() == [5, 8, 7]
    assert split.readers.tolist() == [1, 3]
    assert [items.tolist() for items in split.relevant] == [[6], [3]]


def test_leave_last_out_asks_only_about_new_items() -> None:
    rows = [(1, 5, 1), (1, 6, 2), (1, 7, 3), (1, 5, 4), (2, 1, 1), (2, 1, 2), (2, 3, 3)]
    split = leave_last_out(interactions(rows, num_users=2, num_items=7))
    assert split.readers.tolist() == [2]
    assert split.validation.tolist() == [0, 7, 0]


def test_leave_last_out_refuses() -> None:
    data = interactions([(1, 1, 1), (1, 2, 2)], num_users=1, num_items=2)
    with pytest.raises(InputError, match="minimum is 2, below 3"):
        leave_last_out(data, minimum=2)
    with pytest.raises(InputError, match="no user has 3 interactions"):
        leave_last_out(data)


def test_time_split_by_hand() -> None:
    rows = [(1, time, time) for time in range(1, 7)]  # times 1..6 train
    rows += [(1, 8, 7), (2, 1, 3), (1, 9, 8)]  # 7 and 8: validation
    rows += [(1, 1, 9), (1, 10, 9), (2, 10, 10), (3, 10, 10)]  # 9 and 10: test
    split = time_split(interactions(rows, num_users=3, num_items=10), test_share=0.3, validation_share=0.15)
    assert split.train.times.max() < split.known.times.max() < 9
    assert split.validation.tolist() == [0, 8, 0, 0]
    # Item 1 is not new to user 1; user 3 was not there before.
    assert [items.tolist() for items in split.test] == [[], [10], [10], []]
    assert split.readers.tolist() == [1, 2]


@pytest.mark.parametrize("seed", range(5))
def test_nothing_of_the_future_is_known(seed: int) -> None:
    generator = np.random.default_rng(seed)
    data = Interactions.build(
        generator.integers(1, 20, 500),
        generator.integers(1, 40, 500),
        generator.integers(0, 100, 500),
        num_users=19,
        num_items=39,
    )
    split = time_split(data, test_share=0.2, validation_share=0.1)
    assert split.train.times.max() < split.known.times.max()
    assert len(split.known) <= 400
    known = set(zip(split.known.users.tolist(), split.known.items.tolist(), strict=True))
    later = {(u, i) for u, i, time in triples(data) if time > split.known.times.max()}
    for user, items in enumerate(split.test):
        assert all((user, int(item)) in later - known for item in items)
    trained = set(zip(split.train.users.tolist(), split.train.items.tolist(), strict=True))
    assert all((user, int(item)) in known - trained for user, item in enumerate(split.validation) if item)


def test_time_split_refuses() -> None:
    data = interactions([(1, 1, 1), (2, 2, 2)], num_users=2, num_items=2)
    with pytest.raises(InputError, match="leave nothing to learn from"):
        time_split(data, test_share=0.6, validation_share=0.5)
    with pytest.raises(InputError, match="on both sides"):
        time_split(data, test_share=0.4, validation_share=0.1)
