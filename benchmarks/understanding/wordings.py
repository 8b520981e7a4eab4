"""How people say years, shades, moods and places in a list, and what they put around a request."""

from __future__ import annotations

from collections.abc import Mapping

_YEARS_TEXT = """
the {d}s|{d}s|the early {d}s|the late {d}s|19{d}s|the 19{d}s|after {y}|before {y}|since {y}|{y}|{y} or later
{y} or earlier|{y} to {z}|between {y} and {z}|the nineties|the eighties|the seventies|the sixties|the 2000s|2010s
the 90's|the last ten years|this century|post {y}|pre {y}|not older than {y}|no later than {y}|up to {y}
"""

_NUMBERS = """
two|three|four|five|six|seven|eight|nine|ten|2|3|4|5|6|7|8|10|12|20
"""

_COMPARATIVES = """
newer|older|cheaper|funnier|darker|lighter|scarier|shorter|longer|smaller|bigger|taller|simpler|calmer|sillier
sadder|happier|weirder|gentler|faster|slower|quieter|louder|tenser|warmer|grittier|more hopeful|more recent
less violent|less sad|less complicated|more serious|more romantic|less scary|more modern|a bit funnier
less expensive|more colourful|more relaxed|less childish
"""

_QUALITIES = """
scary|violent|sad|long|dark|gory|sentimental|slow|loud|complicated|silly|bloody|serious|heavy|sweet|romantic
expensive|old|noisy|depressing|weird|cheesy|childish|intense|gloomy|confusing|tall|prickly|fussy|predictable|sappy
cute
"""

_MATTERS = """
violence|gore|talking|blood|explosions|swearing|romance|fighting|jokes|sentimentality|maths|waiting|reading|tears
kissing|luck|rules|thorns|watering
"""

_MOODS = """
cosy|uplifting|dreamy|cheerful|quiet and slow|soothing|light and easy|thought-provoking|heartwarming
strange and beautiful|colourful|relaxing|nostalgic|hopeful|tense|with a twist|low-maintenance|easy going|bittersweet
clever|elegant|for a rainy day
"""

_REFERENCES = """
the first one|the second one|the third one|number two|the last one|that one|the second|the third|number four
the first|it|this one|the first two|the 3rd one
"""


def _split(text: str) -> tuple[str, ...]:
    return tuple(phrase for line in text.splitlines() for phrase in line.split("|") if phrase)


YEARS = _split(_YEARS_TEXT)
"""With ``{d}`` for a decade, ``{y}`` and ``{z}`` for an earlier and a later year."""
FILLINGS: Mapping[str, tuple[str, ...]] = {
    "n": _split(_NUMBERS),
    "xn": _split(_NUMBERS),
    "c": _split(_COMPARATIVES),
    "q": _split(_QUALITIES),
    "w": _split(_MATTERS),
    "m": _split(_MOODS),
    "ref": _split(_REFERENCES),
}
"""Mark -> what may stand there."""
OPENINGS = (
    "hi, ",
    "hey ",
    "hello, ",
    "please ",
    "so ",
    "ok ",
    "um ",
    "well, ",
    "yo ",
    "hi there! ",
    "btw ",
    "honestly ",
    "hmm ",
    "look, ",
)
CLOSINGS = (
    " please",
    " pls",
    " thanks",
    " lol",
    "!",
    "!!",
    " :)",
    " tbh",
    " mate",
    " thank you",
    "...",
    ".",
    ". ",
    "?",
)
