"""Finds titles of the catalogue in a sentence: an index of token sequences by their first token."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_YEAR_SUFFIX = re.compile(r"\s*\(\d{4}\)\s*$")
_INVERTED = re.compile(r"^(.*), (the|an?|les?|la|el|das|der|die|il)$", re.IGNORECASE)
_ARTICLES = frozenset({"the", "a", "an"})

TitleKey = tuple[str, ...]


@dataclass(frozen=True)
class Token:
    """One word with its place in the text; ``key`` is folded for comparison."""

    text: str
    key: str
    start: int
    end: int

    @property
    def capitalised(self) -> bool:
        return self.text[0].isupper() or self.text[0].isdigit()


def tokens(text: str) -> list[Token]:
    """Words of a text; case, accents and apostrophes do not count in their keys."""
    return [Token(m.group(), _fold(m.group()), m.start(), m.end()) for m in _WORD.finditer(text)]


def title_keys(title: str) -> frozenset[TitleKey]:
    """Ways to write one title: with and without year and article; "Matrix, The (1999)" is also "the matrix"."""
    plain = _YEAR_SUFFIX.sub("", title)
    inverted = _INVERTED.match(plain)
    spellings = {title, plain, *((f"{inverted[2]} {inverted[1]}", inverted[1]) if inverted else ())}
    keys = {tuple(token.key for token in tokens(spelling)) for spelling in spellings}
    keys |= {key[1:] for key in keys if len(key) > 1 and key[0] in _ARTICLES}
    return frozenset(key for key in keys if key)


@dataclass(frozen=True)
class TitleMatch:
    """A run of tokens that spells a title."""

    key: TitleKey
    tokens: tuple[Token, ...]

    @property
    def start(self) -> int:
        return self.tokens[0].start

    @property
    def end(self) -> int:
        return self.tokens[-1].end


class TitleIndex:
    """All titles of a catalogue. Search takes time in the length of the sentence, not of the catalogue."""

    def __init__(self, titles: Iterable[str]) -> None:
        self._keys = {key for title in titles for key in title_keys(title)}
        lengths: dict[str, set[int]] = {}
        for key in self._keys:
            lengths.setdefault(key[0], set()).add(len(key))
        self._lengths = {first: sorted(found, reverse=True) for first, found in lengths.items()}

    def find(self, words: list[Token]) -> Iterator[TitleMatch]:
        """The longest title that begins at each token; matches may overlap."""
        keys = [word.key for word in words]
        for i, first in enumerate(keys):
            for length in self._lengths.get(first, ()):
                key = tuple(keys[i : i + length])
                if key in self._keys:
                    yield TitleMatch(key, tuple(words[i : i + length]))
                    break


def _fold(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c) and c not in "'\u2019")
