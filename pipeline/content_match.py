"""What of two items' contents makes them alike, kept for whoever asks again."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from encoders.matching import Match
from pipeline.contracts import ItemEncoder
from pipeline.explanation import ContentMatch
from pipeline.state import ServingState
from store.records import Item

KEPT = 256
"""Pairs that are remembered; two long texts take about 50 kB."""

NO_PICTURES = "Pictures take no part in the scores of this snapshot: training had too few of them."


class ContentMatcher:
    """Looks at pairs of items; safe to call from several threads."""

    def __init__(self, encoder: ItemEncoder) -> None:
        self._encoder = encoder
        self._kept: OrderedDict[tuple[str, str], tuple[Item, Item, Match]] = OrderedDict()
        self._lock = Lock()

    def match(self, state: ServingState, item: Item, other: Item) -> ContentMatch:
        """Compare two items of the state's catalogue."""
        found = self._found(item, other)
        without = found.picture is not None and "image" not in state.models.modalities
        return ContentMatch(
            item=item,
            other=other,
            text=found.text,
            picture=found.picture,
            shared_values=state.catalogue.shared_values(item, other),
            notes=(*found.notes, *((NO_PICTURES,) if without else ())),
            snapshot_id=state.snapshot_id,
        )

    def _found(self, item: Item, other: Item) -> Match:
        key = (item.item_id, other.item_id)
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None and kept[:2] == (item, other):  # neither has changed since
                self._kept.move_to_end(key)
                return kept[2]
        found = self._encoder.match(item, other)
        with self._lock:
            self._kept[key] = (item, other, found)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found
