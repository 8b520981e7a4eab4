"""Two items against each other for one reader, in words: only what the numbers of the contrast hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agent.plain_text import clean
from pipeline.explanation import Contrast
from store.records import Item

LEAST = 5e-4
"""Smaller differences round to nothing and are not spoken of."""


def contrast_summary(contrast: Contrast, history: Mapping[str, Item], *, channel_label: Callable[[str], str]) -> str:
    """Which item stands higher, which channel and which history item speak most for each.

    Args:
        history: items by id; those that are missing are not named.
        channel_label: what a channel is called.
    """
    first, second = clean(contrast.item.title), clean(contrast.other.title)
    return " ".join(
        [
            _difference(contrast.difference, first, second),
            *_strongest(
                {f'"{channel_label(name)}"': value for name, value in contrast.channels.items()},
                first, second, says="Of the channels, {name} says the most for {item} ({value})",
            ),
            *_strongest(
                {clean(history[key].title): value for key, value in contrast.history.items() if key in history},
                first, second, says="Of the history, {name} helps {item} the most over the other ({value})",
            ),
        ]
    )  # fmt: skip


def _difference(difference: float, first: str, second: str) -> str:
    if abs(difference) < LEAST:
        return f"{first} and {second} have the same score."
    higher, lower = (first, second) if difference > 0 else (second, first)
    return f"{higher} scores {abs(difference):.3f} more than {lower}."


def _strongest(parts: Mapping[str, float], first: str, second: str, *, says: str) -> list[str]:
    """A sentence for the strongest part on each side, where there is one."""
    sentences = []
    for item, sign in ((first, 1.0), (second, -1.0)):
        name = max(parts, key=lambda one: sign * parts[one], default=None)
        if name is not None and sign * parts[name] >= LEAST:
            sentences.append(says.format(name=name, item=item, value=f"{abs(parts[name]):.3f}") + ".")
    return sentences
