"""Cards, and the one line under a card's title."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agent.comparison import numbers_of, values_of
from agent.lexicon import Lexicon
from agent.plain_text import clean
from agent.state import Opinion
from agent.turns import Card
from pipeline.query import Recommendation
from store.records import Item

_SHOWN_CATEGORIES = 4
_DESCRIPTION = 600
"""Characters of a description that are said."""


def card_of(
    item: Item,
    lexicon: Lexicon,
    opinions: Mapping[str, Opinion],
    *,
    reason: str = "",
    recommendation: Recommendation | None = None,
) -> Card:
    """One card."""
    kind = opinions[item.item_id].kind if item.item_id in opinions else None
    return Card(item, reason, subtitle(item, lexicon), recommendation, None if kind == "set_aside" else kind)


def described(item: Item, card: Card) -> Iterator[str]:
    """All that the catalogue says of an item, as sentences."""
    yield f"{clean(item.title)}: {card.subtitle}." if card.subtitle else f"{clean(item.title)}."
    if item.description.strip():
        text = clean(item.description)
        cut = text if len(text) <= _DESCRIPTION else text[:_DESCRIPTION].rsplit(". ", 1)[0].rstrip(".") + "."
        yield f" {cut}"


def subtitle(item: Item, lexicon: Lexicon) -> str:
    """The two attributes that matter, as "1996 · Crime, Drama" or "49.90 · Bosch".

    The number is the year where the catalogue has one, else the price, else its first numeric attribute. The value goes
    with it: categories beside a year; otherwise the first attribute of which an item has one value (a brand), or else
    categories.
    """
    numbers, values = numbers_of(item), values_of(item)
    name = _number_name(lexicon)
    parts = (
        [f"{numbers[name]:g}" if name != lexicon.numeric_roles.get("price") else f"{numbers[name]:.2f}"]
        if name in numbers
        else []
    )
    own = next((found for found in lexicon.single_valued_order if found in values), None)
    if name != lexicon.numeric_roles.get("year") and own:
        parts.append(values[own][0])
    elif item.categories:
        parts.append(", ".join(item.categories[:_SHOWN_CATEGORIES]))
    return clean(" · ".join(parts))


def _number_name(lexicon: Lexicon) -> str:
    roles = lexicon.numeric_roles
    return roles.get("year") or roles.get("price") or next(iter(lexicon.vocabulary.numeric), "")
