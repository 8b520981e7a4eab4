"""Each item beside what was said: F numbers for every pair of a dialogue and an item, which a model weighs.

Everything that was turned down counts for nothing here; what must not come back is left to whoever ranks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from agent.leaning.habits import Habits
from agent.leaning.heard import WINDOWS, Heard
from agent.leaning.items import Floats, ItemArrays, unit
from pipeline.contracts import Vectors
from store.interactions import Sparse

_FORGETS_ITEMS, _FORGETS_VALUES = 0.75, 0.85
"""What a mention counts for each message that followed it."""
_LAST = 1
"""Age in messages up to which something was said just now."""
_MANY = 8
"""Items named from which more make no difference."""
_SCALE = 3.0
"""Of cosines, so that all features vary about as much: the penalty meets all alike."""

POPULARITY = ("recommended", "spoken", "readers", "recent", "spoken_late", "readers_late")
MENTIONED = ("named_together", "met_together", "met_together_now", "titles_alike", "people_shared", "kinds_shared",
             "years_apart", "eras_apart", "younger", "text_of_mentioned")  # fmt: skip
ASKED = ("values", "values_now", "values_late", "values_not", "people", "text_1", "text_3", "text_all")
LEARNED = ("affinity", "precedents")
FEATURES = (*POPULARITY, *MENTIONED, *ASKED, *LEARNED)


@dataclass(frozen=True)
class Dialogues:
    """Q dialogues as arrays.

    Attributes:
        heard: the dialogues.
        contexts: float32 [Q, len(WINDOWS) * D], what was said last, embedded.
        named: weights of the items named, [Q, N+1].
        now: the same of the newest messages, 0 or 1.
        all: the same of all messages, 0 or 1.
    """

    heard: tuple[Heard, ...]
    contexts: Floats
    named: Sparse
    now: Sparse
    all: Sparse

    @classmethod
    def of(cls, heard: Sequence[Heard], items: ItemArrays, encode: Callable[[Sequence[str]], Vectors]) -> Dialogues:
        """Embed what was said, and lay out what was named.

        Args:
            heard: Q dialogues.
            items: N items.
            encode: texts as float32 [M, D], L2-normalised.
        """
        texts = dict.fromkeys(text for one in heard for text in one.texts)
        vectors = dict(zip(texts, encode(list(texts)), strict=True))
        contexts = np.stack([np.concatenate([vectors[text] for text in one.texts]) for one in heard])

        def weighed(weight: Callable[[int], float]) -> Sparse:
            cells = [(row, item, weight(age)) for row, one in enumerate(heard) for item, age, no in one.items if not no]
            rows, columns, values = np.array(cells, dtype=np.float64).reshape(-1, 3).T
            shape = (len(heard), len(items))
            return sp.csr_matrix((values, (rows.astype(int), columns.astype(int))), shape=shape, dtype=np.float32)

        return cls(
            tuple(heard),
            contexts.astype(np.float32),
            weighed(lambda age: _FORGETS_ITEMS**age),
            weighed(lambda age: float(age <= _LAST)),
            weighed(lambda age: 1.0),
        )

    def rows(self, chosen: Sequence[int]) -> Dialogues:
        """Some of them."""
        picked = list(chosen)
        return Dialogues(
            tuple(self.heard[row] for row in picked),
            self.contexts[picked],
            self.named[picked],
            self.now[picked],
            self.all[picked],
        )

    def __len__(self) -> int:
        return len(self.heard)


def features(dialogues: Dialogues, items: ItemArrays, habits: Habits, learned: Mapping[str, Floats]) -> Floats:
    """float32 [Q, N+1, F] in the order of ``FEATURES``.

    Args:
        dialogues: their contexts centred.
        learned: what `affinity` and `precedents` say, float32 [Q, N+1] each.
    """
    found = {
        **_popularity(dialogues, items, habits),
        **_mentioned(dialogues, items, habits),
        **_asked(dialogues, items),
    }
    found |= learned
    size = (len(dialogues), len(items))
    return np.stack([np.broadcast_to(found[name], size).astype(np.float32) for name in FEATURES], axis=2)


def _popularity(dialogues: Dialogues, items: ItemArrays, habits: Habits) -> Mapping[str, Floats]:
    late = _lateness(dialogues)
    return {
        "recommended": habits.recommended[None],
        "spoken": habits.spoken[None],
        "readers": items.readers[None],
        "recent": items.recent[None],
        "spoken_late": late * habits.spoken[None],
        "readers_late": late * items.readers[None],
    }


def _lateness(dialogues: Dialogues) -> Floats:
    """How much was named by now, 0..1: float32 [Q, 1]. First recommendations are what everybody knows."""
    counts = np.array([len(one.items) for one in dialogues.heard], dtype=np.float32)
    return (np.minimum(counts, _MANY)[:, None] / _MANY).astype(np.float32)


def _mentioned(dialogues: Dialogues, items: ItemArrays, habits: Habits) -> Mapping[str, Floats]:
    named, totals = dialogues.named, np.asarray(dialogues.named.sum(axis=1))
    some = (totals > 0).astype(np.float32)
    counts = np.sqrt(np.maximum(np.asarray(dialogues.all.sum(axis=1)), 1.0))
    year = named @ items.years[:, None] / np.maximum(totals, 1e-9)
    apart = (items.years[None] - year) / 10
    return {
        "named_together": _SCALE * habits.together(dialogues.all) / counts,
        "met_together": _SCALE * items.together(dialogues.all) / counts,
        "met_together_now": _SCALE * items.together(dialogues.now),
        "titles_alike": np.sqrt((named @ items.alike).toarray()),
        "people_shared": np.sqrt((named @ items.people @ items.people.T).toarray()),
        "kinds_shared": _SCALE * unit(named @ items.kinds) @ items.kinds.T,
        "years_apart": -np.abs(apart) * some,
        "eras_apart": -np.minimum(apart**2, 4.0) * some,
        "younger": np.clip((year - 1995) / 10, -2.0, 2.0) * some * (items.years[None] - 1998) / 10,
        "text_of_mentioned": _SCALE * unit(named @ items.text) @ items.text.T,
    }


def _asked(dialogues: Dialogues, items: ItemArrays) -> Mapping[str, Floats]:
    places = {value: column for column, value in enumerate(items.values)}
    names = {name: column for column, name in enumerate(items.names)}
    wanted, now, unwanted = (np.zeros((len(dialogues), len(places)), dtype=np.float32) for _ in range(3))
    people = sp.lil_matrix((len(dialogues), len(names)), dtype=np.float32)
    for row, one in enumerate(dialogues.heard):
        for value, age, negative in one.values:
            if (column := places.get(value)) is None:
                continue
            if negative:
                unwanted[row, column] = 1.0
            else:
                wanted[row, column] = _FORGETS_VALUES**age
                now[row, column] = float(age <= _LAST)
        for name, age in one.people:
            if name in names:
                people[row, names[name]] = _FORGETS_VALUES**age
    rarity = np.log(1.0 / np.maximum(items.has[1:].mean(axis=0), 1e-3))
    share = items.has.T / np.sqrt(np.maximum(items.has.sum(axis=1), 1.0))
    values = (wanted * rarity) @ share
    size = dialogues.contexts.shape[1] // len(WINDOWS)
    texts = (dialogues.contexts[:, start * size : (start + 1) * size] for start in range(len(WINDOWS)))
    text_1, text_3, text_all = (_SCALE * text @ items.text.T for text in texts)
    return {
        "values": values,
        "values_now": (now * rarity) @ share,
        "values_late": _lateness(dialogues) * values,
        "values_not": unwanted @ items.has.T,
        "people": (people.tocsr() @ (items.people > 0).astype(np.float32).T).toarray(),
        "text_1": text_1,
        "text_3": text_3,
        "text_all": text_all,
    }
