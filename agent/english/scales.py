"""English numbers, units and scales."""

from __future__ import annotations

from collections.abc import Mapping

_SMALL = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
nineteen twenty
"""

NUMBERS: Mapping[str, int] = {word: value for value, word in enumerate(_SMALL.split())} | {
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "hundred": 100,
    "thousand": 1_000,
    "million": 1_000_000,
}

VAGUE_COUNTS: Mapping[str, int] = {
    "a couple": 2,
    "couple": 2,
    "a couple of": 2,
    "a pair of": 2,
    "a few": 3,
    "few": 3,
    "a handful of": 5,
    "half a dozen": 6,
    "a dozen": 12,
    "dozen": 12,
}

ORDINALS: Mapping[str, int] = {
    "first": 1,
    "1st": 1,
    "second": 2,
    "2nd": 2,
    "third": 3,
    "3rd": 3,
    "fourth": 4,
    "4th": 4,
    "fifth": 5,
    "5th": 5,
    "sixth": 6,
    "6th": 6,
    "seventh": 7,
    "eighth": 8,
    "ninth": 9,
    "tenth": 10,
    "last": -1,
    "final": -1,
}

DECADES: Mapping[str, int] = {
    "twenties": 20,
    "thirties": 30,
    "forties": 40,
    "fifties": 50,
    "sixties": 60,
    "seventies": 70,
    "eighties": 80,
    "nineties": 90,
    "noughties": 0,
    "aughts": 0,
}

ROLES: Mapping[str, tuple[str, ...]] = {
    "year": (
        "year",
        "released",
        "release",
        "published",
        "publication",
    ),
    "price": (
        "price",
        "cost",
        "msrp",
    ),
    "duration": (
        "runtime",
        "duration",
        "length",
        "minutes",
        "playtime",
        "time",
    ),
    "weight": (
        "weight",
        "mass",
    ),
    "power": (
        "power",
        "watt",
        "watts",
        "wattage",
    ),
    "voltage": (
        "voltage",
        "volt",
        "volts",
    ),
    "rating": (
        "rating",
        "score",
        "stars",
    ),
    "size": (
        "size",
        "width",
        "height",
        "diameter",
        "length",
        "diagonal",
    ),
    "pages": (
        "pages",
        "page",
    ),
    "players": ("players",),
    "age": ("age",),
    "capacity": (
        "capacity",
        "volume",
    ),
    "calories": ("calories",),
}
"""Role of a numeric attribute -> words of which one is found in such an attribute's name."""

_UNITS = (
    ("price", 1, "euro euros eur € $ £ dollar dollars usd bucks pounds quid gbp"),
    ("duration", 1, "minute minutes min mins"),
    ("duration", 60, "hour hours hrs hr h"),
    ("weight", 1, "g gram grams"),
    ("weight", 1000, "kg kilo kilos kilograms"),
    ("power", 1, "watt watts w"),
    ("power", 1000, "kw"),
    ("voltage", 1, "volt volts v"),
    ("rating", 1, "star stars"),
    ("size", 1, "mm"),
    ("size", 10, "cm centimetre centimetres centimeter centimeters"),
    ("size", 1000, "m meter meters metre metres"),
    ("size", 25.4, "inch inches"),
    ("size", 304.8, "foot feet ft"),
    ("pages", 1, "pages page"),
    ("players", 1, "players"),
)

UNITS: Mapping[str, tuple[str, float]] = {
    word: (role, factor) for role, factor, words in _UNITS for word in words.split()
}
"""Unit word -> (role, factor to euros, minutes, grams, watts, volts, millimetres)."""

_SCALES = (
    ("year", "more", "new newer newest recent latest later modern contemporary"),
    ("year", "less", "old older oldest earlier vintage"),
    ("price", "less", "cheap cheaper cheapest affordable inexpensive budget"),
    ("price", "more", "pricier expensive pricey premium"),
    ("duration", "less", "short shorter"),
    ("duration", "more", "long longer"),
    ("weight", "more", "heavy heavier"),
    ("weight", "less", "light lighter lightweight"),
    ("power", "more", "powerful stronger"),
    ("size", "more", "big bigger larger tall taller"),
    ("size", "less", "small smaller compact"),
)

SCALES: Mapping[str, tuple[str, str]] = {
    word: (role, direction) for role, direction, words in _SCALES for word in words.split()
}
"""Adjective -> (role, direction)."""

_COMPARATIVES = """
darker=dark lighter=light funnier=funny scarier=scary happier=happy sadder=sad weirder=weird stranger=strange
slower=slow faster=fast calmer=calm warmer=warm smarter=smart deeper=deep sillier=silly gentler=gentle
creepier=creepy bloodier=bloody gorier=gory grittier=gritty cuter=cute sweeter=sweet softer=soft harder=hard
simpler=simple quieter=quiet sexier=sexy cleverer=clever wilder=wild crazier=crazy heavier=heavy cozier=cozy
tougher=tough sturdier=sturdy quirkier=quirky ier=y gloomier=gloomy spookier=spooky milder=gentle tamer=gentle
louder=loud
"""

COMPARATIVES: Mapping[str, str] = {
    comparative: plain for comparative, _, plain in (pair.partition("=") for pair in _COMPARATIVES.split())
}
"""Comparative of a quality -> the quality."""

_OPPOSITES = (
    ("lighthearted warm", "dark"),
    ("serious dark", "light"),
    ("serious", "lighthearted funny"),
    ("gentle peaceful", "violent violence"),
    ("gentle", "gory gore bloody blood scary brutal"),
    ("uplifting happy", "sad"),
    ("uplifting hopeful", "depressing"),
    ("hopeful", "bleak"),
    ("cheerful", "gloomy"),
    ("melancholic", "happy"),
    ("lighthearted", "serious heavy"),
    ("fast-paced", "slow"),
    ("slow-paced contemplative", "fast"),
    ("exciting", "boring dull"),
    ("clever", "silly stupid"),
    ("conventional", "weird strange"),
    ("simple", "complex"),
    ("straightforward", "confusing"),
    ("calm", "intense"),
    ("calm relaxing", "stressful"),
    ("subtle", "cheesy"),
    ("restrained", "sappy sentimental"),
    ("platonic", "romantic"),
    ("surprising", "predictable"),
    ("quiet", "loud"),
    ("comforting", "disturbing"),
    ("innocent", "sex sexual raunchy"),
    ("polished", "gritty"),
)

OPPOSITES: Mapping[str, str] = {quality: opposite for opposite, words in _OPPOSITES for quality in words.split()}
"""Quality -> words for its opposite."""

_AT_MOST = """
at most|up to|no more than|not more than|max|maximum|maximum of|max of|within|not over|not above|until|till|
no later than|not later than|no newer than|not newer than|no longer than|not longer than|nothing over|not exceeding|
nothing newer than|nothing after|not after|nothing above|nothing longer than|no higher than|by
"""

_BELOW = """
under|below|less than|fewer than|before|older than|earlier than|prior to|cheaper than|shorter than|lighter than|
smaller than|lower than|pre|from before|made before|released before
"""

_AT_LEAST = """
at least|no less than|not less than|minimum|minimum of|min of|since|starting at|starting from|from at least|
not before|nothing before|nothing older than|no older than|not older than|nothing under|nothing below|not under|
not below|no earlier than|not earlier than|nothing shorter than|no cheaper than
"""

_ABOVE = """
over|above|more than|after|newer than|taller than|wider than|later than|longer than|heavier than|bigger than|
larger than|higher than|greater than|exceeding|past|post|more recent than|more expensive than|from after|made after|
released after|more powerful than
"""

_OR_LESS = """
or less|at most|at the most|or cheaper|or older|or under|or below|or earlier|or shorter|or fewer|tops|max|maximum|
and below|and under|and older|or before
"""

_OR_MORE = """
or more|at least|at the least|or newer|or taller|or later|or above|or over|or longer|or higher|and up|plus|onwards|
onward|on|and newer|and later|and above|or after|and over|minimum|and onwards|to now|to present|up
"""

COMPARATORS: Mapping[str, tuple[str, ...]] = {
    name: tuple(phrase for line in text.split("\n") for phrase in line.split("|") if phrase)
    for name, text in (
        ("at_most", _AT_MOST),
        ("below", _BELOW),
        ("at_least", _AT_LEAST),
        ("above", _ABOVE),
        ("or_less", _OR_LESS),
        ("or_more", _OR_MORE),
    )
}
