"""English synonyms of catalogue values. One acts only where its target exists in the catalogue."""

from __future__ import annotations

from collections.abc import Mapping

_BY_TARGET = (
    ("science fiction", "sci fi"),
    ("sci fi|science fiction", "scifi|sf|syfy|futuristic"),
    ("sci fi", "science fiction"),
    ("children|kids|family", "kids|kiddie|childrens"),
    ("kids|family", "children"),
    ("children|kids", "family"),
    ("family|children|kids", "family friendly"),
    ("comedy|humor|humour", "funny|hilarious"),
    ("comedy", "comedic|comic|comical|laugh|humor|humour|humorous|make me laugh"),
    ("romance", "romantic|love story|love stories|chick flick"),
    ("horror", "scary|spooky|creepy|slasher|frightening|terrifying"),
    ("thriller|mystery", "suspense|suspenseful"),
    ("thriller", "thrilling"),
    ("mystery", "whodunit|mysterious"),
    ("crime", "gangster|mafia"),
    (
        "war",
        "second world war|world war|world war ii|world war two|world war 2|world war i|world war one|wwii|ww2|wwi|"
        "military|wartime",
    ),
    ("animation|cartoon", "animated"),
    ("animation", "cartoon|anime"),
    ("drama", "dramatic"),
    ("documentaries|nonfiction|non fiction", "documentary"),
    ("documentary", "docs|docu"),
    ("film noir", "noir"),
    ("adventure", "adventurous"),
    ("action and adventure", "adventure"),
    ("western", "cowboy"),
    ("fantasy", "magical"),
    ("musical", "singing"),
    ("biography", "bio|biopic"),
    ("action", "action packed"),
    ("television", "tv"),
    ("sofa", "couch"),
    ("couch", "sofa"),
    ("cordless", "battery powered"),
)
"""Values in the order in which they are tried, and the phrases that mean them."""

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    phrase: tuple(targets.split("|")) for targets, phrases in _BY_TARGET for phrase in phrases.split("|")
}

_SPECIFIC = """
cowboy|gangster|mafia|second world war|slasher|whodunit|world war|world war 2|world war i|world war ii|
world war one|world war two|ww2|wwi|wwii
"""

SPECIFIC = frozenset(phrase for line in _SPECIFIC.split("\n") for phrase in line.split("|") if phrase)
"""Synonyms that say more than the value."""

REWRITES: Mapping[str, str] = {
    "a tenner": "10 pounds",
    "a fiver": "5 pounds",
    "half a metre": "50 cm",
    "half a meter": "50 cm",
    "a metre and a half": "150 cm",
    "a meter and a half": "150 cm",
    "a metre": "1 metre",
    "a meter": "1 meter",
    "half an hour": "30 minutes",
    "an hour and a half": "90 minutes",
    "rom com": "romantic comedy",
    "rom coms": "romantic comedy",
    "rom-com": "romantic comedy",
    "rom-coms": "romantic comedy",
    "romcom": "romantic comedy",
    "romcoms": "romantic comedy",
    "dramedy": "comedy drama",
    "feel-good": "feelgood",
    "h8": "hate",
    "gr8": "great",
    "luv": "love",
}
"""Phrase -> what it stands for."""
