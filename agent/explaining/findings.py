"""What is found when an answer is taken apart further: a contrast, a smallest removal, a taste; as statements.

As of an explanation, each is made from the evidence object alone. What was searched and not proven says so, and what is
by attribution is told as an estimate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agent.explaining.statements import NEGLIGIBLE, Statement, amount, share, title, titles
from agent.naming import NAMED
from agent.plain_text import clean
from pipeline.explanation import Contrast, SmallestRemoval
from pipeline.taste import Taste, TasteGroup
from store.records import Item

Names = tuple[str, ...]

_AGAIN = ("", "_again")
"""Of the kinds of the first and the second statement of the same: two sentences must not begin alike."""


def contrasted(contrast: Contrast, history: Mapping[str, Item]) -> tuple[Statement, ...]:
    """Which of two items scores more, and what speaks most for each.

    Args:
        history: items by id; those that are missing are not named.
    """
    first, second = title(contrast.item), title(contrast.other)
    if abs(contrast.difference) < NEGLIGIBLE:
        score = Statement("contrast_even", {"item": first, "other": second})
    else:
        higher, lower = (first, second) if contrast.difference > 0 else (second, first)
        score = Statement(
            "contrast_leads", {"item": higher, "other": lower}, {"amount": (amount(contrast.difference),)}
        )
    helped = {key: value for key, value in contrast.history.items() if key in history}
    return (
        score,
        *(
            Statement(f"contrast_channel{again}", sides, {"amount": (by,)}, {"channel": (name,)})
            for again, (name, sides, by) in zip(_AGAIN, _strongest(contrast.channels, first, second), strict=False)
        ),
        *(
            Statement(f"contrast_history{again}", {"helper": title(history[key])} | sides, {"amount": (by,)})
            for again, (key, sides, by) in zip(_AGAIN, _strongest(helped, first, second), strict=False)
        ),
    )


def _strongest(parts: Mapping[str, float], first: Names, second: Names) -> Iterator[tuple[str, dict[str, Names], str]]:
    """For each side what speaks most for it, its titles, and how much; nothing where nothing does."""
    for sign, item, other in ((1.0, first, second), (-1.0, second, first)):
        key = max(parts, key=lambda one: sign * parts[one], default=None)
        if key is not None and sign * parts[key] >= NEGLIGIBLE:
            yield key, {"item": item, "other": other}, amount(parts[key])


def removed(found: SmallestRemoval, item: Item) -> tuple[Statement, ...]:
    """What has to go from the history before an item leaves the list."""
    said, k = {"item": title(item)}, {"k": (f"{found.k:,}",)}
    if found.items is None:
        return (Statement("removal_none", said, k),)
    if not found.items:
        return (Statement("removal_needless", said, k),)
    said = said | {"items": titles(found.items)}
    if found.is_smallest:
        return (Statement("removal_proven", said, k),)
    bound = [Statement("removal_bound", texts={"count": (f"{found.at_least:,}",)})] if found.at_least > 1 else []
    return (Statement("removal_found", said, k), *bound)


def tasted(taste: Taste) -> tuple[Statement, ...]:
    """The groups of a history: what is in each, what tells it apart, what it leads to."""
    return tuple(_tasted(taste))


def _tasted(taste: Taste) -> Iterator[Statement]:
    if not taste.groups:
        yield Statement("taste_none")
    else:
        count = {"count": (f"{taste.history:,}",)}
        if len(taste.groups) == 1:
            yield Statement("taste_one", texts=count)
        else:
            yield Statement("taste_groups", texts=count | {"groups": (f"{len(taste.groups):,}",)})
        for group in taste.groups:
            yield from _group(group, alone=len(taste.groups) == 1)
    if taste.left_out:
        yield Statement("taste_left_out", texts={"count": (f"{taste.left_out:,}",)})


def _group(group: TasteGroup, *, alone: bool) -> Iterator[Statement]:
    """Of the only group there is nothing to tell it apart from, and it drives all."""
    values = {"values": tuple(clean(name) for name in group.names)}
    if alone:
        yield Statement("taste_middle", {"items": titles(group.items[:NAMED])})
        if group.names:
            yield Statement("taste_common", texts=values)
        return
    size = {"count": (f"{group.size:,}",), "share": (share(group.weight),)}
    yield Statement("taste_group", {"items": titles(group.items[:NAMED])}, size)
    if group.names:
        yield Statement("taste_values", texts=values)
    if group.drives > 0:
        yield Statement("taste_drives", texts={"share": (share(group.drives),)})
    if group.leads_to:
        yield Statement("taste_leads", {"items": titles(group.leads_to[:NAMED])})
