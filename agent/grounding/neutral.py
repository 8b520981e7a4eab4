"""Words that may stand in a checked sentence because they claim nothing by themselves, and words that do claim."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import ge, gt, le, lt

_NEUTRAL = """
    a an the this these that those it its they them their there here and or but so as is are was be been both all each
    for from in on to with by at up out of into than too also then
    other others another one ones pick picks choice choices list place
    fit fits match matches matched matching meet meets suit suits
    come comes coming goes lead leads leading start starts starting begin begins stand stands
    first second third next last after before soon until since
    you your yours what which who while where because
    ask asked asking want wanted look looking found have has had having
    close closest similar near like liked history move moves on people often
    conversation conversations kind kinds such recommended popular new shown tried content description words mood
    picture looks sent
    newer later older earlier least most more less up
    """
NEUTRAL = frozenset(_NEUTRAL.split())
"""Lower-case keys. "go" and "her" are left out: they are titles more often than an answer needs them."""

_CHAT = """
    hello hi hey good morning afternoon evening welcome thanks thank glad happy sure fine well please tell say show me i
    i'm im we us let lets know can could would will do does don't feel free try if when how about any something anything
    else today now day help find right away again see soon name pick enjoy over love great nice yes ok okay
    catalogue recommend evidence only can't cant mood more ask again help
    """
CHAT = frozenset(_CHAT.split())
"""Words of small talk, allowed there in addition."""

NEGATIONS = frozenset({"no", "not", "none", "without", "never", "neither", "nor", "nothing"})

NUMBER_WORDS: Mapping[str, int] = {
    word: number
    for number, word in enumerate(("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), start=2)
}

COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "since": ge,
    "at least": ge,
    "until": le,
    "up to": le,
    "at most": le,
    "to": le,
    "after": gt,
    "newer than": gt,
    "later than": gt,
    "more than": gt,
    "before": lt,
    "older than": lt,
    "earlier than": lt,
    "less than": lt,
}
"""Words before a number: how an item's value must stand to it."""

TRAILING: Mapping[str, Callable[[float, float], bool]] = {
    "or newer": ge,
    "or later": ge,
    "or more": ge,
    "or older": le,
    "or earlier": le,
    "or less": le,
}
"""Words behind a number."""

ORDINALS: Mapping[str, int] = {"first": 0, "second": 1, "third": 2, "last": -1}
"""Words that claim a place in the list."""
