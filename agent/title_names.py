"""The names that a title goes by: its other names, its parts, and its number in a series."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from store.readers.titles import natural_title

_YEAR = re.compile(r"\s*\((\d{4})\)\s*$")
_BEHIND = re.compile(r"(?:\s*\([^()]*\))+\s*$")
_PARENTHESES = re.compile(r"\(([^()]*)\)")
_PARTS = re.compile(r"\s*:\s+|\s+-\s+|,? or:? (?=[A-Z])")
_INSTALMENT = re.compile(r"(?P<name>.+?) (?:part|vol|volume|episode|chapter) (?P<number>\d+|i|v|x)")
_ROMAN = {"i": "1", "v": "5", "x": "10"}
"""Too short to be read as numbers anywhere."""
_NUMBERED = re.compile(r"(?P<name>.+) (?P<number>[2-9])")
_LONGEST_SERIES = 9
_UNTIL_A_SEQUEL = range(2, 9)
"""Years: "Alien Contamination" came out a year after "Alien" and belongs to nobody's series."""


@dataclass(frozen=True)
class TitleEntry:
    """One way to say one title. ``grade``: 0 the title, 1 another name of it, 2 its first part, 3 its second part."""

    item_id: str
    key: str
    grade: int


def spoken_title(title: str) -> str:
    """A title as people say it: "Matrix, The (1999)" -> "The Matrix"."""
    return natural_title(_YEAR.sub("", title))


def bare_title(title: str) -> str:
    """As people say it, without what stands in parentheses."""
    return spoken_title(_PARENTHESES.sub("", title).strip())


def year_in(title: str) -> int | None:
    """The "(1995)" behind a title."""
    match = _YEAR.search(title)
    return int(match[1]) if match else None


def title_names(title: str) -> list[tuple[str, int]]:
    """Names of a title with their grades: without alternates, the alternates, and the parts around a colon."""
    title = _YEAR.sub("", title.strip())
    behind = _BEHIND.search(title)
    inside = _PARENTHESES.findall(behind[0]) if behind else []
    others = [spoken_title(re.sub(r"^a\.?k\.?a\.?\s*", "", other.strip())) for other in inside]
    main = spoken_title(_BEHIND.sub("", title).strip())
    names = [(main, 0)] + [(other, 1) for other in others if other and not other.isdigit()]
    parts = [part for part in _PARTS.split(main) if part]
    if len(parts) > 1:
        names += [(parts[0], 2)] + [(part, 3) for part in parts[1:] if len(part.split()) > 1]
    if len(parts) > 2:  # "Star Wars: Episode IV - A New Hope"
        names.append((f"{parts[0]} {parts[1]}", 1))
    # Series: "Harry Potter and the Sorcerer's Stone" is one of the Harry Potters; "The Beauty and the Beast" is none.
    for name in (main, *others):
        first, series, _ = name.partition(" and the ")
        if series and len(first.removeprefix("The ").split()) > 1:
            names.append((first, 2))
    return names


def instalments(
    titles: Mapping[str, Sequence[TitleEntry]], *, year_of: Callable[[str], float | None], common: frozenset[str]
) -> Iterator[TitleEntry]:
    """Numbers that people give to titles: "Kill Bill 2" for "Kill Bill: Vol. 2", "Rocky 1", "Harry Potter 3".

    Args:
        titles: entries by key.
        year_of: of an item; a series is numbered by it where its titles bear no numbers.
        common: everyday words: "Heat 2" is no series for having "Heat Wave" beside it.
    """
    given: dict[str, TitleEntry] = {}

    def give(key: str, item_id: str, grade: int) -> None:
        if key not in titles:
            given.setdefault(key, TitleEntry(item_id, key, grade))

    for key, entries in titles.items():
        plain = [entry for entry in entries if entry.grade <= 1]
        if plain and (match := _INSTALMENT.fullmatch(key)):
            give(f"{match['name']} {_ROMAN.get(match['number'], match['number'])}", plain[0].item_id, 1)
    for key in (*titles, *list(given)):
        match = _NUMBERED.fullmatch(key)
        first = [entry for entry in titles.get(match["name"], ()) if entry.grade <= 1] if match else []
        if match and first:
            give(f"{match['name']} 1", min(first, key=lambda entry: year_of(entry.item_id) or 0.0).item_id, 1)
    for name, items, told in _series(titles, common):
        dated = sorted((year, item) for item in items if (year := year_of(item)) is not None)
        if not told and not (len(dated) > 1 and dated[1][0] - dated[0][0] in _UNTIL_A_SEQUEL):
            continue
        for number, (_, item) in enumerate(dated[:_LONGEST_SERIES], start=1):
            give(f"{name} {number}", item, 2)
    yield from given.values()


def _series(titles: Mapping[str, Sequence[TitleEntry]], common: frozenset[str]) -> Iterator[tuple[str, set[str], bool]]:
    """Names that begin several titles, their items, and whether the titles tell: "harry potter", "matrix"."""
    beginning: dict[str, set[str]] = {}
    for key, entries in titles.items():
        words = key.split()
        for stop in range(1, min(len(words), 4)):
            name = " ".join(words[:stop])
            if name in titles and not all(word in common for word in words[:stop]):
                beginning.setdefault(name, set()).update(e.item_id for e in entries if e.grade == 0)
    for name, entries in titles.items():
        heads = {entry.item_id for entry in entries if entry.grade == 2}
        if len(heads) > 1:
            yield name, heads, True
        elif items := beginning.get(name):
            whole = {entry.item_id for entry in entries if entry.grade == 0}
            if len(whole) == 1:
                yield name, items | whole, False
