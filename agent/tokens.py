"""An utterance as words with their places, and the keys by which words are compared."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from store.errors import InputError

MAX_CHARACTERS = 2_000

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_QUOTED = re.compile(r"\"([^\"]{1,120})\"|(?<![^\W_])'([^']{1,120})'(?![^\W_])")
_APOSTROPHES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u00b4": "'", "`": "'", "\u201c": '"', "\u201d": '"'})
_ABBREVIATIONS = frozenset({"mr", "mrs", "ms", "dr", "st", "vs", "jr", "sr", "vol", "no"})
_ROMAN = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9", "xi": "11", "xii": "12"}
_NUMBER_WORDS = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
nineteen twenty
"""
_NUMBERS = {word: str(value) for value, word in enumerate(_NUMBER_WORDS.split())}


@dataclass(frozen=True)
class Word:
    """One word.

    Attributes:
        text: as written.
        fold: case-folded, without accents and apostrophes.
        start: first character in the utterance's text.
        end: behind the last character.
        gap: what stands between the word before and this one.
        quoted: inside quotation marks.
    """

    text: str
    fold: str
    start: int
    end: int
    gap: str
    quoted: bool

    @property
    def capital(self) -> bool:
        return self.text[0].isupper() or self.text[0].isdigit()

    @property
    def opens_sentence(self) -> bool:
        return any(mark in self.gap for mark in ".!?;\n")


@dataclass(frozen=True)
class Utterance:
    """A cleaned utterance and its words; ``tail`` is what follows the last word."""

    text: str
    words: tuple[Word, ...]
    tail: str
    quotes: tuple[tuple[int, int], ...]

    @property
    def folds(self) -> list[str]:
        return [word.fold for word in self.words]

    @property
    def question(self) -> bool:
        return "?" in self.tail

    @property
    def cased(self) -> bool:
        """Whether capitals tell something: neither all lower case, nor all capitals, nor A Headline."""
        letters = [word for word in self.words if word.text[0].isalpha()]
        capitals = sum(word.text[0].isupper() for word in letters)
        shouted = sum(len(word.text) > 1 and word.text.isupper() for word in letters)
        return capitals > 0 and shouted < max(2, len(letters))

    def said(self, start: int, end: int) -> str:
        """The words ``start`` .. ``end - 1`` as written."""
        return self.text[self.words[start].start : self.words[end - 1].end] if end > start else ""


def fold(text: str) -> str:
    """Case-folded, accents and apostrophes taken off."""
    if text.isascii():
        return text.casefold().replace("'", "").replace("`", "")
    plain = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES).casefold())
    return "".join(mark for mark in plain if not unicodedata.combining(mark)).replace("'", "")


def stem(word: str) -> str:
    """Singular of a folded word, by rule: the same rule on both sides is all that comparing needs."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith("ie"):  # "zombie", for "zombies" could be of "zomby" too
        return word[:-2] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def words_of(text: str) -> list[str]:
    """Folded words of a text, "&" read as "and"."""
    return [fold(match.group()) for match in _WORD.finditer(text.translate(_APOSTROPHES).replace("&", " and "))]


def value_key(words: list[str]) -> str:
    """Key of a catalogue value: stems."""
    return " ".join(stem(word) for word in words)


def title_key(words: list[str]) -> str:
    """Key of a title: number words and Roman numerals as digits."""
    return " ".join(_NUMBERS.get(word, _ROMAN.get(word, word)) for word in words)


def clean(text: str) -> str:
    """Without control and invisible characters, white space collapsed.

    Raises:
        InputError: longer than ``MAX_CHARACTERS``.
    """
    if len(text) > MAX_CHARACTERS:
        raise InputError(
            f"the message has {len(text):,} characters, more than {MAX_CHARACTERS:,}", fix="Say it in fewer words."
        )
    visible = "".join(" " if mark in "\n\r\t" else mark for mark in text if mark in "\n\r\t" or _visible(mark))
    return " ".join(visible.translate(_APOSTROPHES).split())


def _visible(mark: str) -> bool:
    return unicodedata.category(mark) not in ("Cc", "Cf", "Cs", "Co", "Cn")


def read(text: str) -> Utterance:
    """Split an utterance into words.

    Raises:
        InputError: longer than ``MAX_CHARACTERS``.
    """
    text = clean(text).replace("&", " and ")
    quotes = tuple(match.span() for match in _QUOTED.finditer(text))
    words: list[Word] = []
    end = 0
    for match in _WORD.finditer(text):
        gap = text[end : match.start()]
        if words and gap.startswith(".") and (words[-1].fold in _ABBREVIATIONS or len(words[-1].fold) == 1):
            gap = gap[1:]
        quoted = any(start < match.start() and match.end() < stop for start, stop in quotes)
        words.append(Word(match.group(), fold(match.group()), match.start(), match.end(), gap, quoted))
        end = match.end()
    return Utterance(text, tuple(words), text[end:], quotes)
