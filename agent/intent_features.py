"""What the learned intents see of a reading: what is said around the catalogue's words, and what was found in it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent import language as cue_labels
from agent.reading import Reading
from agent.request import Intent

INTENTS = tuple(Intent)
_NAMES = ("title", "reference", "value", "person")
_LABELS = tuple(value for name, value in sorted(vars(cue_labels).items()) if name.isupper() and isinstance(value, str))
_WH = frozenset(("who", "what", "when", "where", "how", "which", "whats", "whos", "wheres", "hows"))
_AUXILIARY = frozenset(
    (
        *("is", "does", "did", "can", "was", "do", "has", "have", "are", "could", "should", "will", "would", "were"),
        *("isnt", "doesnt", "arent", "wasnt"),
    )
)
_SPEAKER = frozenset(["i", "we", "my", "im", "ive", "our"])
_SHORT, _LONG = 3, 12

Features = NDArray[np.float32]


def surroundings(reading: Reading, states: NDArray[np.float32]) -> NDArray[np.float32]:
    """float32 [D], L2-normalised: the mean state of the words that name nothing of the catalogue, from states [W, D]. A
    catalogue's own names would only be learned by heart; zeros where nothing else is said."""
    free = np.ones(len(states), dtype=bool)
    for mention in reading.of_kind(*_NAMES):
        free[mention.start : mention.end] = False
    mean = states[free].mean(axis=0) if free.any() else np.zeros(states.shape[1], dtype=np.float32)
    return (mean / max(float(np.linalg.norm(mean)), 1e-6)).astype(np.float32)


def features(reading: Reading, rule: Intent, *, mood: str, count: int | None, constrained: bool) -> Features:
    """float32 [F] of zeros and ones; the first ones say which intent the rules chose, 0..8."""
    titles, references, values, people = (
        len(reading.of_kind(kind)) for kind in ("title", "reference", "value", "person")
    )
    items = titles + references
    first = reading.folds[0] if reading.folds else ""
    asks = first in _WH | _AUXILIARY
    speaks = first in _SPEAKER
    found = (
        *(rule == intent for intent in INTENTS),
        *(reading.has(label) for label in _LABELS),
        titles == 1,
        titles > 1,
        references > 0,
        items > 1,
        values > 0,
        people > 0,
        not (items or values or people),
        constrained,
        count is not None,
        bool(reading.critiques),
        bool(reading.unresolved),
        bool(mood),
        reading.utterance.question,
        first in _WH,
        first in _AUXILIARY,
        first == "why",
        speaks,
        len(reading) <= _SHORT,
        len(reading) >= _LONG,
        any(mention.negative for mention in reading.mentions),
        items > 0 and asks,
        values + people > 0 and speaks,
    )
    return np.array(found, dtype=np.float32)


def without_rules(seen: Features) -> Features:
    """As if the rules had not chosen, [..., F]."""
    return np.concatenate((np.zeros_like(seen[..., : len(INTENTS)]), seen[..., len(INTENTS) :]), axis=-1)
