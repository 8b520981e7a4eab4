"""Callers who come at the same time are worked for together; each gets their own outcome."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from store.errors import InputError
from store.together import Together


def test_who_comes_alone_is_worked_for_at_once() -> None:
    batches: list[list[int]] = []

    def double(values: Sequence[int]) -> list[int | Exception]:
        batches.append(list(values))
        return [2 * value for value in values]

    together = Together(double, most=4)
    assert [together.ask(value) for value in (1, 2)] == [2, 4]
    assert batches == [[1], [2]]


def test_who_comes_meanwhile_is_worked_for_together_and_no_more_than_may_be() -> None:
    begun, go_on = threading.Event(), threading.Event()
    batches: list[list[int]] = []

    def double(values: Sequence[int]) -> list[int | Exception]:
        batches.append(list(values))
        begun.set()
        assert go_on.wait(timeout=60)
        return [
            InputError(f"{value} is not for us", fix="Ask for another.") if value == 3 else 2 * value
            for value in values
        ]

    together = Together(double, most=4)
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(together.ask, 0)
        assert begun.wait(timeout=60)
        others = {value: pool.submit(together.ask, value) for value in range(1, 7)}
        while len(together._waiting) < 6:
            threading.Event().wait(0.01)
        go_on.set()
        assert first.result(timeout=60) == 0
        for value, other in others.items():
            if value == 3:
                with pytest.raises(InputError, match="3 is not for us"):
                    other.result(timeout=60)
            else:
                assert other.result(timeout=60) == 2 * value
    assert [len(batch) for batch in batches] == [1, 4, 2]


def test_a_failure_reaches_everyone_of_its_batch_and_nobody_waits_after_it() -> None:
    asked: list[int] = []

    def fail(values: Sequence[int]) -> list[int | Exception]:
        asked.extend(values)
        raise OSError("the disk is gone")

    together = Together(fail, most=2)
    with ThreadPoolExecutor(8) as pool:
        asking = [pool.submit(together.ask, value) for value in range(8)]
        for one in asking:
            with pytest.raises(OSError, match="the disk is gone"):
                one.result(timeout=60)
    assert sorted(asked) == list(range(8))
