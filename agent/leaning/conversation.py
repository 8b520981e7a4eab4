"""What a chat leans to: log-odds of items from what was said in it, for the pipeline.

The model is laid over the catalogue again with each snapshot, and when items came, beside the chats, which go on. A
chat keeps which of its messages are heard, and they are few: turn 200 costs what turn 2 costs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from threading import Lock, Thread
from typing import Protocol

import numpy as np

from agent.leaning import LEANING_FILE
from agent.leaning.features import Dialogues
from agent.leaning.heard import Heard, Listener
from agent.leaning.items import ItemArrays
from agent.leaning.learnt import Learnt, title_key
from agent.leaning.model import Leaning
from agent.lexicon import Lexicon
from agent.state import ChatState, Memory
from agent.understanding import Understander
from pipeline.catalogue import Catalogue
from pipeline.contracts import Vectors
from pipeline.state import ServingState
from store.ids import PADDING

logger = logging.getLogger(__name__)

TOLD = 1_000
"""Items whose log-odds are told, the best."""
_EMBEDDED = 512
"""Texts whose embeddings are kept."""
_NEWEST = 0.8
"""Quantile of the times of interactions from which they are recent, as in `benchmarks.dialogues.films`."""


class _Encoder(Protocol):
    """The text side of ``encoders.content.ContentEncoder``."""

    @property
    def text_fingerprint(self) -> str: ...

    def encode_query(self, text: str) -> Vectors: ...


@dataclass(frozen=True)
class _Laid:
    """A model over the active items of a catalogue."""

    catalogue: Catalogue
    items: ItemArrays
    listener: Listener
    leaning: Leaning


@dataclass(frozen=True)
class _Served:
    """What there is for a state: ``laid`` is None where dialogues know too little of its catalogue.

    Attributes:
        size: items of that catalogue.
    """

    snapshot_id: str
    size: int
    laid: _Laid | None

    def is_of(self, state: ServingState) -> bool:
        return self.snapshot_id == state.snapshot_id and self.size == len(state.catalogue)


class ConversationLeaning:
    """Follows the catalogue. Safe to call from several threads.

    Args:
        learnt: from dialogues.
        encode: embeds a text, float32 [D], L2-normalised; the encoder that it was learned with.
        state: what is served.
        understander: links words.
    """

    def __init__(
        self,
        learnt: Learnt,
        encode: Callable[[str], Vectors],
        state: Callable[[], ServingState],
        understander: Understander,
    ) -> None:
        self._learnt = learnt
        self._encode = lru_cache(_EMBEDDED)(encode)
        self._state = state
        self._understander = understander
        self._served: _Served | None = None
        self._laying = Lock()

    def of(self, state: ChatState, memory: Memory, *, about: str = "") -> Mapping[str, float]:
        """Log-odds of the best items by external id; empty where nothing was said or dialogues know nothing.

        Args:
            state: of the chat, with its messages.
            memory: what of it is in force.
            about: an item that is asked about: it is not taken for one that was named.
        """
        said = state.said(memory.heard)
        laid = self._current().laid if said else None
        if laid is None:
            return {}
        heard = _with_items(laid.listener.hear(_in_turns(said)), memory, laid.catalogue, about=about)
        try:
            dialogue = Dialogues.of([heard], laid.items, self._vectors)
        except Exception:  # an encoder is somebody else's program; the pipeline can do without it
            logger.exception("the text encoder failed: what was said is not leaned to")
            return {}
        scores = laid.leaning.scores(dialogue, laid.items)[0]
        named = [item for item, _, _ in heard.items]
        scores[[PADDING, *named]] = -np.inf
        best = np.argsort(-scores, kind="stable")[: min(TOLD, len(scores) - 1 - len(named))]
        return {laid.catalogue.at(int(item)).item_id: float(scores[item]) for item in best}

    def prepare(self) -> None:
        """Lay the model over the catalogue before the first chat needs it. Takes seconds."""
        self._current()

    def _vectors(self, texts: Sequence[str]) -> Vectors:
        return np.stack([self._encode(text) for text in texts])

    def _current(self) -> _Served:
        """The model over what is served. The first call waits for it; later that of before answers until it follows."""
        state, served = self._state(), self._served
        if served is None:
            with self._laying:
                if self._served is None:
                    self._served = self._lay(state)
                return self._served
        if not served.is_of(state) and self._laying.acquire(blocking=False):
            Thread(target=self._follow, args=(state,), name="leaning", daemon=True).start()
        return served

    def _follow(self, state: ServingState) -> None:
        """Lay the model anew; whoever started this thread took the lock."""
        try:
            self._served = self._lay(state)
        finally:
            self._laying.release()

    def _lay(self, state: ServingState) -> _Served:
        return _Served(state.snapshot_id, len(state.catalogue), self._over(state))

    def _over(self, state: ServingState) -> _Laid | None:
        lexicon = self._understander.lexicon
        rows = [
            row
            for row, item in enumerate(state.catalogue.items, start=1)
            if item.active and item.item_id in lexicon.items and state.content.has_text[row - 1]
        ]
        catalogue = Catalogue([state.catalogue.at(row) for row in rows])
        keys = [title_key(item.title, int(lexicon.year_of(item.item_id) or 0)) for item in catalogue.items]
        if not self._learnt.knows(keys):
            return None
        items = items_of(state, catalogue, rows, lexicon)
        listener = Listener(self._understander, catalogue.ids)
        return _Laid(catalogue, items, listener, self._learnt.over(items, keys))


def open_leaning(
    encoder: _Encoder, state: Callable[[], ServingState], *, path: Path = LEANING_FILE
) -> Callable[[Understander], ConversationLeaning] | None:
    """What makes the leaning once there is an understander; None where it was learned with another encoder.

    Raises:
        InputError: the file holds nothing learned.
    """
    learnt = Learnt.load(path)
    if learnt.encoder != encoder.text_fingerprint:
        logger.warning("Chats lean to nothing: %s was learned with %s", path, learnt.encoder)
        return None
    return lambda understander: ConversationLeaning(learnt, encoder.encode_query, state, understander)


def items_of(state: ServingState, catalogue: Catalogue, rows: Sequence[int], lexicon: Lexicon) -> ItemArrays:
    """Some items of a serving state as the model sees them.

    Args:
        catalogue: of these items.
        rows: their indices in the state.
        lexicon: of the state's catalogue.
    """
    interactions = state.models.interactions
    met = interactions.matrix[:, [0, *(row if row <= interactions.num_items else 0 for row in rows)]]
    newest = interactions.times >= (np.quantile(interactions.times, _NEWEST) if len(interactions) else 0)
    recent = np.bincount(interactions.items[newest], minlength=len(state.catalogue) + 1)
    everyone = np.bincount(interactions.items, minlength=len(state.catalogue) + 1)
    people = max(int((np.diff(interactions.indptr) > 0).sum()), 1)
    readers, recent = (
        np.log1p(1000.0 * counts[[0, *rows]] / people).astype(np.float32) for counts in (everyone, recent)
    )
    text = state.content.text[np.array(rows, dtype=np.int64) - 1]
    return ItemArrays.build(catalogue, lexicon, readers=readers, recent=recent, text=text, met=met)


def _in_turns(said: Sequence[str]) -> list[str]:
    """The messages of one side, with nothing said by the other between them: ages are counted over both."""
    return [text for message in said for text in ("", message)][1:]


def _with_items(heard: Heard, memory: Memory, catalogue: Catalogue, *, about: str) -> Heard:
    """With what the request in force is about, for "like the second one" names no title, and without ``about``."""
    found = {item: (age, negative) for item, age, negative in heard.items}
    for item_id in memory.wish.items_like:
        found.setdefault(catalogue.ids.get(item_id), (0, False))
    for item_id in memory.wish.items_unlike:
        found[catalogue.ids.get(item_id)] = (0, True)
    for item in (PADDING, catalogue.ids.get(about)):
        found.pop(item, None)
    return replace(heard, items=tuple((item, age, negative) for item, (age, negative) in found.items()))
