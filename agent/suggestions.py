"""Things to say next that follow from the state; each is an utterance that understanding takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from agent.lexicon import Lexicon
from agent.request import Request
from agent.turns import Card

LIMIT = 4
_OPENING_VALUES = 3


def suggestions_for(wish: Request, cards: Sequence[Card], lexicon: Lexicon, *, can_undo: bool) -> tuple[str, ...]:
    """At most four."""
    if not cards:
        return _openings(lexicon)
    found: list[str] = []
    roles = lexicon.numeric_roles
    ranged = {bounds.attribute for bounds in wish.ranges}
    for role, word in (("year", "newer"), ("price", "cheaper"), ("duration", "shorter")):
        if role in roles and roles[role] not in ranged:
            found.append(word)
    common = Counter(value for card in cards for value in card.item.categories)
    asked = {ref.value for group in wish.facets_in for ref in group} | {ref.value for ref in wish.facets_out}
    unasked = [value for value, _ in common.most_common() if value not in asked]
    if unasked:
        found.append(f"no {unasked[0]}")
    top = cards[0].item
    if top.item_id not in wish.items_like:
        found.append("more like the first one")
    if len(cards) > 1:
        found.append("compare the first two")
    found += ["show me others"] if cards[0].recommendation else []
    found += ["undo"] if can_undo else []
    return tuple(dict.fromkeys(found))[:LIMIT]


def _openings(lexicon: Lexicon) -> tuple[str, ...]:
    """For a chat that has shown nothing: the most frequent categories, or attributes."""
    facets = lexicon.vocabulary.facets
    values = list(facets.get("category") or next(iter(facets.values()), {}))
    found = [f"recommend {value}" for value in values[:_OPENING_VALUES]]
    titles = lexicon.vocabulary.popularity
    if titles:
        best = max(titles, key=lambda item: titles[item])
        if best in lexicon.vocabulary.titles:
            found.append(f"something like {lexicon.spoken(best)}")
    return tuple(found)[:LIMIT] or ("surprise me",)
