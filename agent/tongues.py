"""Which language a message is in, as far as an answer needs to know."""

from __future__ import annotations

import re
from collections.abc import Mapping

from agent.chinese import is_chinese

_OTHER_SCRIPTS = re.compile(
    r"[\u0370-\u03ff\u0400-\u052f\u0590-\u05ff\u0600-\u06ff\u0900-\u097f\u0e00-\u0e7f\u3040-\u30ff\uac00-\ud7af]"
)
_LETTER = re.compile(r"[^\W\d_]")
_WORDS: Mapping[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "es": "el los las una unos que de del por para con sin algo quiero busco pelicula peliculas y muy como gusta",
        "fr": "le les une des du de que je tu nous avec sans quelque chose veux cherche et dans pour pas moi aime",
        "de": "der die das ein eine einen und ich mir suche etwas mit ohne nicht oder aus wie mag gerne bitte film",
        "it": "il lo gli una di del che con senza qualcosa voglio cerco e per non mi piace come dei delle",
        "pt": "os uma um de do da que com sem algo quero procuro filme filmes e por nao eu gosto como para",
        "nl": "het een en ik zoek iets met zonder niet of van voor graag wil geen leuke zoals",
    }.items()
}
_ENGLISH_TEXT = """
the a an i me my want like something with without and or no not please show find movie film from of to is it more less
any new for in that this you what
"""
_ENGLISH = frozenset(_ENGLISH_TEXT.split())
_SURE = 3


def language_of(text: str, *, names: str = "") -> str | None:
    """ISO 639-1 code: "en" or "zh", which are understood, or None for another one.

    Args:
        text: the message.
        names: titles and people that it names; words of theirs are no evidence.
    """
    if is_chinese(text):
        return "zh"
    letters = _LETTER.findall(text)
    if letters and 2 * len(_OTHER_SCRIPTS.findall(text)) > len(letters):
        return None
    words = [word for word in re.findall(r"[^\W\d_]+", text.casefold()) if word not in names.casefold().split()]
    english = sum(word in _ENGLISH for word in words)
    other = max(sum(word in known for word in words) for known in _WORDS.values())
    return None if other >= _SURE and other > 2 * english else "en"
