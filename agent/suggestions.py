"""Things to say next that follow from the state; each is an utterance that understanding takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from agent.lexicon import Lexicon
from agent.request import Request
from agent.saying import chat_voice
from agent.turns import Card

LIMIT = 4
_OPENING_VALUES = 3
_ROLES = ("year", "price", "duration")


def suggestions_for(
    wish: Request, cards: Sequence[Card], lexicon: Lexicon, *, can_undo: bool, language: str = "en"
) -> tuple[str, ...]:
    """At most four."""
    say = chat_voice(language).suggestions
    if not cards:
        return _openings(lexicon, say)
    found: list[str] = []
    roles = lexicon.numeric_roles
    ranged = {bounds.attribute for bounds in wish.ranges}
    found += [say[role] for role in _ROLES if role in roles and roles[role] not in ranged]
    common = Counter(value for card in cards for value in card.item.categories)
    asked = {ref.value for group in wish.facets_in for ref in group} | {ref.value for ref in wish.facets_out}
    unasked = [value for value, _ in common.most_common() if value not in asked]
    if unasked:
        found.append(say["without"].format(value=unasked[0]))
    top = cards[0].item
    if top.item_id not in wish.items_like:
        found.append(say["more_like"])
    if len(cards) > 1:
        found.append(say["compare"])
    found += [say["others"]] if cards[0].recommendation else []
    found += [say["undo"]] if can_undo else []
    return tuple(dict.fromkeys(found))[:LIMIT]


def _openings(lexicon: Lexicon, say: Mapping[str, str]) -> tuple[str, ...]:
    """For a chat that has shown nothing: the most frequent categories, or attributes."""
    facets = lexicon.vocabulary.facets
    values = list(facets.get("category") or next(iter(facets.values()), {}))
    found = [say["recommend"].format(value=value) for value in values[:_OPENING_VALUES]]
    titles = lexicon.vocabulary.popularity
    if titles:
        best = max(titles, key=lambda item: titles[item])
        if best in lexicon.vocabulary.titles:
            found.append(say["like"].format(title=lexicon.spoken(best)))
    return tuple(found)[:LIMIT] or (say["surprise"],)
