"""What is known of a reader, from their events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from agent.turns import Profile
from store.records import Event, EventKind, Item

SHOWN = 20
TASTE = 6
_LIKING = frozenset((EventKind.LIKE, EventKind.PURCHASE, EventKind.RATING))


def profile_of(events: Sequence[Event], items: Mapping[str, Item]) -> Profile:
    """Likes, dislikes and taste; of an item only the newest opinion counts.

    A rating counts as a like where it is not below the reader's own mean.
    """
    ratings = [event.value for event in events if event.kind == EventKind.RATING and event.value is not None]
    mean = sum(ratings) / len(ratings) if ratings else 0.0
    newest: dict[str, bool] = {}
    for event in events:
        if event.item_id not in items or event.kind not in _LIKING | {EventKind.DISLIKE, EventKind.SET_ASIDE}:
            continue
        low = event.kind == EventKind.RATING and event.value is not None and event.value < mean
        newest.pop(event.item_id, None)
        if not low and event.kind != EventKind.SET_ASIDE:
            newest[event.item_id] = event.kind != EventKind.DISLIKE
    likes = [items[item] for item, liked in reversed(newest.items()) if liked]
    dislikes = [items[item] for item, liked in reversed(newest.items()) if not liked]
    counts = Counter(value for item in likes for value in dict.fromkeys(item.categories))
    taste = {value: count / len(likes) for value, count in counts.most_common(TASTE)}
    return Profile(tuple(likes[:SHOWN]), tuple(dislikes[:SHOWN]), taste)
