"""Requests with marks that say what their words are, and their words filled in anew from a catalogue.

A line of ``patterns.txt`` is an intent, a bar and a sentence with slots: "similar|I liked <+t>, hated <-t>". A sign
says whether the thing is wanted (+), unwanted (-) or asked about (@, or none); ``x`` in front of it that it is taken
back. A third field keeps the line out of what roles are learned from: what its slots mean is anybody's guess.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from agent.lexicon import Lexicon
from agent.request import Intent
from agent.title_names import spoken_title
from agent.tokens import read
from agent.word_roles import ROLES
from benchmarks.understanding import wordings

PATTERNS = Path(__file__).with_name("patterns.txt")
UNKNOWN = -100
"""Label of a word whose role is not known; PyTorch's own mark for it."""
_SLOT = re.compile(r"<([^>]+)>")
_ROLE: Mapping[str | None, str] = {
    None: "other",
    "+t": "title_in",
    "-t": "title_out",
    "@t": "title_about",
    "xt": "withdrawn",
    "+a": "value_in",
    "-a": "value_out",
    "a": "value_about",
    "x": "withdrawn",
    "+p": "person_in",
    "-p": "person_out",
    "p": "person_about",
    "xp": "withdrawn",
    "n": "count",
    "xn": "withdrawn",
    "y": "year",
    "r": "range",
    "ref": "reference",
    "m": "mood",
    "c": "critique",
    "q": "critique",
    "w": "critique",
    "thing": "other",
}
_TITLES, _VALUES, _PEOPLE = ("+t", "-t", "@t", "xt"), ("+a", "-a", "a", "x"), ("+p", "-p", "p", "xp")


class Part(NamedTuple):
    """A piece of a request: its text (of a slot: empty where it has to be filled), and its mark."""

    text: str
    mark: str | None = None


@dataclass(frozen=True)
class Marked:
    """A request and what its parts are; ``free``: its slots may mean anything."""

    intent: Intent
    parts: tuple[Part, ...]
    free: bool = False

    @property
    def slots(self) -> bool:
        return any(part.mark for part in self.parts)

    @property
    def key(self) -> str:
        """Its words, slots all alike: to tell whether two say the same."""
        return " ".join(word.fold for word in read("".join("slot" if p.mark else p.text for p in self.parts)).words)


class Sentence(NamedTuple):
    """A request filled in: its catalogue, intent, text, and the role of each word."""

    catalogue: str
    intent: Intent
    text: str
    roles: tuple[int, ...]


def patterns() -> Iterator[Marked]:
    """The lines of ``patterns.txt``."""
    for line in PATTERNS.read_text(encoding="utf-8").splitlines():
        intent, text, *free = line.split("|")
        parts, end = [], 0
        for slot in _SLOT.finditer(text):
            parts += [Part(text[end : slot.start()]), Part("", slot[1])]
            end = slot.end()
        parts.append(Part(text[end:]))
        yield Marked(Intent(intent), tuple(part for part in parts if part.text or part.mark), bool(free))


def marked(line: Mapping[str, Any]) -> Marked:
    """A line of ``written_dev.jsonl``, whose ``spans`` are start, end, mark and value."""
    text, parts, end = line["text"], [], 0
    for start, stop, mark, _ in line["spans"]:
        parts += [Part(text[end:start]), Part(text[start:stop], mark)]
        end = stop
    parts.append(Part(text[end:]))
    return Marked(Intent(line["intent"]), tuple(part for part in parts if part.text), line.get("free", False))


class Filler:
    """Draws names of one catalogue, in the ways people write them."""

    def __init__(self, lexicon: Lexicon, things: Sequence[str]) -> None:
        common = lexicon.language.common_words
        self._things = things
        self._titles = [
            re.sub(r"\s*\([^)]*\)", "", spoken_title(title)) for title in lexicon.vocabulary.titles.values()
        ]
        self._everyday = [title for title in self._titles if all(word.fold in common for word in read(title).words)]
        self._people = list(lexicon.people.values()) or ["Alex Smith"]
        self._values = [value for counts in lexicon.vocabulary.facets.values() for value in counts]
        self._categories = list(lexicon.vocabulary.facets.get("category", ())) or self._values
        self._synonyms = [phrase for phrase in lexicon.language.synonyms if phrase in lexicon.values]

    def draw(self, mark: str, chance: random.Random) -> str:
        """A filling of a slot."""
        if mark in _TITLES:
            return self._title(chance)
        if mark in _VALUES:
            return self._value(chance)
        if mark in _PEOPLE:
            name = chance.choice(self._people)
            name = name.split()[-1] if chance.random() < 0.4 else name
            return slip(name, chance) if chance.random() < 0.08 else name
        if mark == "y":
            year = chance.randrange(1930, 2015)
            decade = chance.randrange(3, 10) * 10
            return chance.choice(wordings.YEARS).format(d=decade, y=year, z=year + chance.randrange(2, 15))
        if mark == "thing":
            return chance.choice(self._things)
        return chance.choice(wordings.FILLINGS[mark])

    def _title(self, chance: random.Random) -> str:
        title = chance.choice(self._everyday if self._everyday and chance.random() < 0.3 else self._titles)
        if ":" in title and chance.random() < 0.6:
            title = title.split(":")[0]
        if chance.random() < 0.08:
            title = " ".join(slip(word, chance) if chance.random() < 0.6 else word for word in title.split())
        return title.split(" ", 1)[1] if title.startswith(("The ", "A ")) and chance.random() < 0.2 else title

    def _value(self, chance: random.Random) -> str:
        if self._synonyms and chance.random() < 0.15:
            value = chance.choice(self._synonyms)
        else:
            value = chance.choice(self._categories if chance.random() < 0.75 else self._values)
            value = value.lower() if value in self._categories or chance.random() < 0.3 else value
        way = chance.random()
        if way < 0.15:
            value = value.removesuffix("s")
        elif way < 0.3 and not value.endswith("s"):
            value += "s"
        return slip(value, chance) if chance.random() < 0.1 else value


def slip(word: str, chance: random.Random) -> str:
    """A slip of the pen: a letter left out, doubled, swapped or wrong; short words stay."""
    if len(word) < 5:
        return word
    place = chance.randrange(1, len(word) - 1)
    start, end = word[:place], word[place + 1 :]
    kind = chance.random()
    if kind < 0.35:
        return start + end
    if kind < 0.6:
        return start + end[0] + word[place] + end[1:]
    return start + word[place] * 2 + end if kind < 0.8 else start + chance.choice("aeiourstn") + end


def filled(request: Marked, catalogue: str, filler: Filler, chance: random.Random) -> Sentence | None:
    """A request with its names drawn anew and a way of writing drawn; None where its words cannot be told apart."""
    pieces: list[tuple[str, str]] = []
    for text, mark in request.parts:
        role = _ROLE[mark]
        if role == "critique" and (request.intent.asks or _measures(pieces)):
            role = "other"
        draws = mark is not None and (not text or mark in (*_TITLES, *_VALUES, *_PEOPLE))
        pieces.append((filler.draw(mark, chance) if draws and mark else text, role))
    return labelled(request, catalogue, _written(pieces, chance))


def as_written(request: Marked, catalogue: str) -> Sentence | None:
    """A request as it stands."""
    return labelled(request, catalogue, [(text, _ROLE[mark]) for text, mark in request.parts])


def labelled(request: Marked, catalogue: str, pieces: Sequence[tuple[str, str]]) -> Sentence | None:
    """Texts and their roles as one sentence."""
    text = "".join(piece for piece, _ in pieces)
    roles = [ROLES.index(role) for piece, role in pieces for _ in read(piece).words]
    if not roles or len(roles) != len(read(text).words):
        return None
    if request.free:
        roles = [UNKNOWN] * len(roles)
    return Sentence(catalogue, request.intent, text, tuple(roles))


def _measures(pieces: Sequence[tuple[str, str]]) -> bool:
    """ "As scary as Alien" wants nothing less, or more, scary."""
    return bool(pieces) and pieces[-1][0].endswith("as ") and not pieces[-1][0].endswith("not as ")


def _written(pieces: list[tuple[str, str]], chance: random.Random) -> list[tuple[str, str]]:
    if chance.random() < 0.12:
        pieces.insert(0, (chance.choice(wordings.OPENINGS), "other"))
    if chance.random() < 0.15:
        pieces.append((chance.choice(wordings.CLOSINGS), "other"))
    if chance.random() < 0.12:
        pieces = [(_slips(text, chance) if role == "other" else text, role) for text, role in pieces]
    way = chance.random()
    if way < 0.5:
        pieces = [(text.lower(), role) for text, role in pieces]
    elif way < 0.7:
        pieces[0] = pieces[0][0][:1].upper() + pieces[0][0][1:], pieces[0][1]
    if chance.random() < 0.2:
        pieces[-1] = pieces[-1][0].rstrip("?."), pieces[-1][1]
    return pieces


def _slips(text: str, chance: random.Random) -> str:
    return " ".join(slip(word, chance) if chance.random() < 0.25 else word for word in text.split(" "))
