"""Where nothing fits: which constraint to give up, or which two together, and what that would give."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations

from agent.chips import chips_of, constraint_keys, without_chip
from agent.request import Request
from agent.saying import ChatVoice, chat_voice

_OFFERED = 2
_TRIED = 200
"""Ways that are counted, at well under a millisecond each."""


@dataclass(frozen=True)
class Loosening:
    """One way out.

    Attributes:
        labels: the constraints to give up, as their chips say them.
        matching: how many items would then fit.
        say: what to say to give up the first.
    """

    labels: tuple[str, ...]
    matching: int
    say: str


def loosenings(
    wish: Request, matching: Callable[[Request], int], *, year: str | None, language: str = "en"
) -> list[Loosening]:
    """The single constraints whose loss gives something, or else pairs, what gives most first; at most two.

    Args:
        wish: the request that nothing fits.
        matching: counts the items that fit a request.
        year: the attribute that holds years.
        language: of what to say.
    """
    labels = {chip.key: chip.label for chip in chips_of(wish, {}, year=year)}
    keys = constraint_keys(wish)
    ways = _counted(wish, [(key,) for key in keys], matching) or _counted(wish, list(combinations(keys, 2)), matching)
    best = sorted(ways, key=lambda way: -ways[way])[:_OFFERED]
    voice = chat_voice(language)
    return [Loosening(tuple(labels[key] for key in way), ways[way], _said(way[0], voice)) for way in best]


def _counted(
    wish: Request, ways: Sequence[tuple[str, ...]], matching: Callable[[Request], int]
) -> dict[tuple[str, ...], int]:
    """What each way would give, where that is something."""
    counts = {way: matching(reduce(without_chip, way, wish)) for way in ways[:_TRIED]}
    return {way: count for way, count in counts.items() if count}


def _said(key: str, voice: ChatVoice) -> str:
    kind, _, rest = key.partition(":")
    if kind == "range":
        what = re.split(r"[^a-z]+", rest.casefold())[0]
        what = f"the {what}" if voice.code == "en" else what
    elif kind.startswith("person"):
        what = voice.suggestions["people"]
    else:
        what = rest.split("|")[0].partition("=")[2]
    return voice.suggestions["forget"].format(what=what)
