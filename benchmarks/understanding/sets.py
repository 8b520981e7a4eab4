"""The requests that are understood, and the catalogues that they are about."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from agent.tokens import words_of
from benchmarks.understanding.scoring import Case, Value, meant
from pipeline.catalogue import CATEGORY, Catalogue
from store.errors import InputError
from store.readers.folder import open_dataset
from store.readers.titles import natural_title
from store.records import Item

HERE = Path(__file__).parent
_NOISE = "QUOTATION_MARK"
"""What the published dialogues have where people wrote quotation marks."""
_TITLE_AND_YEAR = re.compile(r"(?P<title>.+) \((?P<year>\d{4})\)")


def catalogue_of(file: Path) -> Catalogue:
    """The items of a file.

    Raises:
        InputError: it has none.
    """
    items = [record for record in open_dataset(file).records() if isinstance(record, Item)]
    if not items:
        raise InputError(f"{file} holds no items", fix="Give a folder with items.jsonl.gz.")
    return Catalogue(items)


def by_hand(name: str) -> list[Case]:
    """A set of this folder, such as "films_dev"."""
    with (HERE / f"{name}.jsonl").open(encoding="utf-8") as lines:
        return [meant(json.loads(line)) for line in lines if line.strip()]


def over_one_of_several(name: str, catalogue: str) -> list[Case]:
    """The lines of a set such as "written_dev" over one catalogue, those aside whose slots nobody settled."""
    with (HERE / f"{name}.jsonl").open(encoding="utf-8") as lines:
        told = [json.loads(line) for line in lines]
    return [meant(line) for line in told if line["catalogue"] == catalogue and not line.get("free")]


def inspired(file: Path, catalogue: Catalogue) -> list[Case]:
    """What users say in INSPIRED, where the annotation names something that the catalogue has."""
    categories = {" ".join(words_of(value)): value for value in catalogue.vocabulary.facets.get(CATEGORY, {})}
    films = _by_title(catalogue)
    cases = []
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            for turn in json.loads(line)["turns"]:
                values = frozenset(_annotated(turn, films=films, categories=categories))
                if turn["speaker"] == "user" and values:
                    text = turn["text"].replace(_NOISE, '"')
                    cases.append(Case(text, "", values, kinds=("items", "attributes", "people")))
    return cases


def _annotated(
    turn: Mapping[str, Any], *, films: Mapping[tuple[str, int], str], categories: Mapping[str, str]
) -> Iterator[Value]:
    for said in turn["movies"]:
        film = _TITLE_AND_YEAR.fullmatch(said.strip())
        item = films.get((" ".join(words_of(film["title"])), int(film["year"]))) if film else None
        if item is not None:
            yield Value("items", item)
    for said in turn["genres"]:
        if (key := " ".join(words_of(said))) in categories:
            yield Value("attributes", key)
    for said in turn["people"]:
        yield Value("people", " ".join(words_of(said)))


def _by_title(catalogue: Catalogue) -> dict[tuple[str, int], str]:
    found: dict[tuple[str, int], str] = {}
    for item in catalogue.items:
        year = item.attributes.get("year")
        for title in _spellings(item.title):
            found.setdefault((" ".join(words_of(title)), year if isinstance(year, int) else 0), item.item_id)
    return found


def _spellings(title: str) -> Sequence[str]:
    return title, natural_title(title)
