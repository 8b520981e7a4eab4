"""English."""

from __future__ import annotations

from pathlib import Path

from agent.english.cues import CUES
from agent.english.scales import (
    COMPARATIVES,
    COMPARATORS,
    DECADES,
    NUMBERS,
    OPPOSITES,
    ORDINALS,
    ROLES,
    SCALES,
    UNITS,
    VAGUE_COUNTS,
)
from agent.english.synonyms import REWRITES, SPECIFIC, SYNONYMS
from agent.english.talk import CORRECTIONS, OUT_OF_SCOPE, SMALL_TALK
from agent.english.words import EVERYDAY, NEUTRAL_NOUNS, QUALITIES, STOP
from agent.language import Language

ENGLISH = Language(
    stop_words=STOP,
    common_words=EVERYDAY | STOP | QUALITIES,
    neutral_nouns=NEUTRAL_NOUNS,
    articles=frozenset(("the", "a", "an")),
    cues=CUES,
    synonyms=SYNONYMS,
    specific=SPECIFIC,
    rewrites=REWRITES,
    corrections=CORRECTIONS,
    small_talk=SMALL_TALK,
    out_of_scope=OUT_OF_SCOPE,
    numbers=NUMBERS,
    vague_counts=VAGUE_COUNTS,
    ordinals=ORDINALS,
    pronouns=frozenset(("it", "that", "this", "him", "itself")),
    plural_pronouns=frozenset(("them", "these", "those", "both", "they", "all")),
    decades=DECADES,
    roles=ROLES,
    units=UNITS,
    scales=SCALES,
    comparatives=COMPARATIVES,
    opposites=OPPOSITES,
    qualities=QUALITIES,
    **COMPARATORS,
)

INTENTS_FILE = Path(__file__).with_name("intents.safetensors")
"""Learned intents; `benchmarks.understanding.train` makes them."""

ROLES_FILE = Path(__file__).with_name("roles.safetensors")
"""Learned roles of words, by the same script."""

__all__ = ["ENGLISH", "INTENTS_FILE", "ROLES_FILE"]
