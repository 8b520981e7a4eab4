"""The rows: each ranks the whole catalogue for a question, taught by the dialogues of the other folds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from agent.leaning.affinity import AffinitySettings, RivalSettings
from agent.leaning.features import ASKED, FEATURES, LEARNED, POPULARITY, Dialogues
from agent.leaning.habits import Example, Habits
from agent.leaning.items import Floats, ItemArrays
from agent.leaning.model import LeaningSettings, Lesson

_COLLABORATIVE = ("named_together", "met_together", "met_together_now")
_FEW = RivalSettings(head=150, tail=50)
QUICK = LeaningSettings(folds=2, steps=5, rivals=_FEW, affinity=AffinitySettings(steps=3, rivals=_FEW))


ROWS = ("popularity", "neighbours", "text", "collaborative", "full")
_FEATURES = {
    "text": (*POPULARITY, *ASKED, *LEARNED),
    "collaborative": (*POPULARITY, *_COLLABORATIVE),
    "full": FEATURES,
}
"""``text`` and ``collaborative`` are what ``full`` is with popularity and their own features."""


class Contenders:
    """All rows, taught by the same dialogues.

    Args:
        known: dialogues to learn from.
        examples: what was recommended in them.
        items: the catalogue.
        quick: learn little.
        seed: of what the weights are learned from.
    """

    def __init__(
        self, known: Dialogues, examples: Sequence[Example], items: ItemArrays, *, quick: bool, seed: int
    ) -> None:
        self._known, self._examples, self._items = known, examples, items
        self._settings = QUICK if quick else LeaningSettings()
        self._seed = seed

    @cached_property
    def _lesson(self) -> Lesson:
        return Lesson.of(self._known, self._examples, self._items, settings=self._settings, seed=self._seed)

    def scores(self, name: str, asked: Dialogues) -> Floats:
        """Of all items by one row, float32 [Q, N+1]."""
        if name in _FEATURES:
            return self._lesson.learned(_FEATURES[name], settings=self._settings).scores(asked, self._items)
        counted = np.bincount(np.concatenate([one.targets for one in self._examples]), minlength=len(self._items))
        popularity = (counted + 1e-3 * self._items.readers)[None].astype(np.float32)
        if name == "popularity":
            return np.repeat(popularity, len(asked), axis=0)
        # What is named together with what was mentioned; popularity where nothing was.
        together = Habits.of(self._examples, self._items).together(asked.all)
        return (together + 1e-6 * popularity).astype(np.float32)
