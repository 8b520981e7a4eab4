"""Answers to "what would this reader like": of readers who ask at the same time together, and kept while they hold.

A reader's list depends on the state that serves and on what the reader did. Both have a version that is cheap to ask
for, so that a kept answer is given only where a new one would be the same.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace

from pipeline.query import Query, Recommendations
from store.records import ReaderVersion
from store.together import Together

MOST_TOGETHER = 16
"""Readers of one batch: more would make the first of them wait long, and cost no less each."""

MOST_KEPT = 2_000
"""Answers in memory, about 20 kB each."""

NOBODY = ReaderVersion(0, 0)
"""Of a stranger."""

Compute = Callable[[Sequence[Query]], Sequence[Recommendations | Exception]]


class Answers:
    """Safe to call from several threads.

    Args:
        compute: answers queries that ask for nothing but the best items.
    """

    def __init__(self, compute: Compute) -> None:
        self._together = Together(compute, most=MOST_TOGETHER)
        self._lock = threading.Lock()
        self._state: object = None
        self._kept: OrderedDict[tuple[str | None, int], tuple[ReaderVersion, Recommendations]] = OrderedDict()

    def answer(self, query: Query, *, state: object, version: ReaderVersion) -> Recommendations:
        """The answer to one query.

        Args:
            state: what serves. Answers by another one are forgotten.
            version: of the reader, read before: should they do something meanwhile, the answer is not given again.
        """
        key = (query.user_id, query.k)
        with self._lock:
            if state is not self._state:
                self._state = state
                self._kept.clear()
            known, kept = self._kept.get(key, (None, None))
            if kept is not None and known == version:
                self._kept.move_to_end(key)
                return kept
        answer = self._together.ask(query)
        with self._lock:
            if state is self._state:  # a newer one that came meanwhile begins with nothing kept
                self._kept[key] = (version, replace(answer, milliseconds={}))
                if len(self._kept) > MOST_KEPT:
                    self._kept.popitem(last=False)
        return answer
