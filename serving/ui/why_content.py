"""The content matches of the Why tab, opened: highlighted words of two texts, and heat over two pictures."""

from __future__ import annotations

from dataclasses import dataclass

from encoders.matching import HeatMap, TextParts
from pipeline.explanation import ContentMatch
from store.records import Item

MAX_WORDS = 300
"""Words of a text that are drawn."""
PHRASES = 4
FAINTEST = 0.06
"""Words below this part of the strongest are left plain."""


@dataclass(frozen=True)
class Run:
    """A stretch of a text as it is drawn.

    Attributes:
        strength: -1..1, relative to the strongest word of both texts; 0 leaves it plain.
        read: whether the model saw it.
    """

    text: str
    strength: float
    read: bool = True


@dataclass(frozen=True)
class Side:
    """One of the two items.

    Attributes:
        runs: its text; empty where the texts could not be compared.
        phrases: strongest phrases with their shares of the cosine.
        heat: 0..1 by patch, from the top left; empty where the pictures could not be compared.
        across: patches in a row.
    """

    item: Item
    runs: tuple[Run, ...]
    phrases: tuple[tuple[str, float], ...]
    heat: tuple[float, ...]
    across: int


def sides(match: ContentMatch) -> tuple[Side, Side]:
    """Both items, strengths on one scale."""
    texts = match.text.sides if match.text else (None, None)
    maps = match.picture.sides if match.picture else (None, None)
    reach = max((abs(part.value) for text in texts if text for part in text.words), default=0.0) or 1.0
    hottest = max((drop for one in maps if one for row in one.drops for drop in row), default=0.0)
    cosine = match.text.cosine if match.text else 0.0
    first, second = (
        Side(
            item=item,
            runs=_runs(text, reach) if text else (),
            phrases=_phrases(text, cosine) if text else (),
            heat=_heat(found, hottest) if found else (),
            across=len(found.drops[0]) if found else 0,
        )
        for item, text, found in zip((match.item, match.other), texts, maps, strict=True)
    )
    return first, second


def _runs(text: TextParts, reach: float) -> tuple[Run, ...]:
    runs: list[Run] = []
    end = 0
    for part in text.words[:MAX_WORDS]:
        strength = part.value / reach
        runs.append(Run(text.text[end : part.start], 0.0))
        shown = strength if abs(strength) >= FAINTEST else 0.0
        runs.append(Run(text.text[part.start : part.end], round(shown, 2), read=part.start < text.read))
        end = part.end
    if len(text.words) > MAX_WORDS:
        runs.append(Run(" …", 0.0))
    return tuple(run for run in runs if run.text)


def _phrases(text: TextParts, cosine: float) -> tuple[tuple[str, float], ...]:
    """Nothing where the texts are not alike at all: shares of nothing say nothing."""
    strongest = sorted((part for part in text.phrases if part.value > 0), key=lambda part: -part.value)[:PHRASES]
    if cosine <= 0:
        return ()
    return tuple((text.text[part.start : part.end].rstrip(",;"), part.value / cosine) for part in strongest)


def _heat(found: HeatMap, hottest: float) -> tuple[float, ...]:
    """Patches that hold the likeness up; one that covers what tells the pictures apart stays cold."""
    if hottest <= 0:
        return tuple(0.0 for row in found.drops for _ in row)
    return tuple(round(max(drop, 0.0) / hottest, 2) for row in found.drops for drop in row)
