"""Where nothing fits: which single constraint to give up, and what that would give."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from agent.chips import chips_of, constraint_keys, without_chip
from agent.request import Request
from agent.saying import ChatVoice, chat_voice

_OFFERED = 2


@dataclass(frozen=True)
class Loosening:
    """One way out.

    Attributes:
        label: the constraint to give up, as its chip says it.
        matching: how many items would then fit.
        say: what to say to do it.
    """

    label: str
    matching: int
    say: str


def loosenings(
    wish: Request, matching: Callable[[Request], int], *, year: str | None, language: str = "en"
) -> list[Loosening]:
    """The single constraints whose loss gives something, the one that gives most first; at most two.

    Args:
        wish: the request that nothing fits.
        matching: counts the items that fit a request.
        year: the attribute that holds years.
        language: of what to say.
    """
    labels = {chip.key: chip.label for chip in chips_of(wish, {}, year=year)}
    counts = {key: matching(without_chip(wish, key)) for key in constraint_keys(wish)}
    keys = sorted((key for key, count in counts.items() if count), key=lambda key: -counts[key])
    return [Loosening(labels[key], counts[key], _said(key, chat_voice(language))) for key in keys[:_OFFERED]]


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
