"""MovieLens as GroupLens publishes it.

    100K            u.data   user TAB item TAB rating TAB seconds        u.item    id|title (year)|dates|url|19 flags
    1M, 10M         ratings.dat   user::item::rating::seconds            movies.dat   id::title (year)::Genre|Genre
    latest, 20-32M  ratings.csv   userId,movieId,rating,timestamp        movies.csv   movieId,title (year),Genre|Genre

Files of the first two kinds may be in Latin-1. ``ratings.csv`` is a table like any other: see ``tabular``.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator

from store.readers.rules import RowError, event_of, item_of
from store.readers.source import SourceFile
from store.records import Event, Item, Rejected

GENRES_100K = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama", "Fantasy",
    "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip
MOVIES_CSV = ["movieId", "title", "genres"]
"""Header by which ``movies.csv`` is known."""

NO_GENRES = frozenset({"", "unknown", "(no genres listed)"})

_YEAR = re.compile(r"\s*\((\d{4})\)\s*$")


def split_year(title: str) -> tuple[str, str | None]:
    """ "Toy Story (1995)" is "Toy Story" and "1995"."""
    match = _YEAR.search(title)
    return (title[: match.start()], match[1]) if match else (title, None)


def read_u_data(file: SourceFile) -> Iterator[tuple[int, Event | Rejected]]:
    """Ratings of the 100K layout."""
    return _ratings(file, separator="\t")


def read_ratings_dat(file: SourceFile) -> Iterator[tuple[int, Event | Rejected]]:
    """Ratings of the 1M and 10M layout."""
    return _ratings(file, separator="::")


def _ratings(file: SourceFile, *, separator: str) -> Iterator[tuple[int, Event | Rejected]]:
    for number, line in file.lines():
        try:
            user, item, rating, seconds = _fields(line, separator, 4)
            yield number, event_of(user_id=user, item_id=item, time=seconds, value=rating)
        except RowError as error:
            yield number, file.reject(number, error, line)


def read_u_item(file: SourceFile) -> Iterator[tuple[int, Item | Rejected]]:
    """Films of the 100K layout."""

    def parse(line: str | RowError) -> tuple[str, str, list[str]]:
        movie_id, title, _released, _video, _url, *flags = _fields(line, "|", 5 + len(GENRES_100K))
        return movie_id, title, [genre for genre, flag in zip(GENRES_100K, flags, strict=True) if flag == "1"]

    return _films(file, parse)


def read_movies_dat(file: SourceFile) -> Iterator[tuple[int, Item | Rejected]]:
    """Films of the 1M and 10M layout."""

    def parse(line: str | RowError) -> tuple[str, str, list[str]]:
        movie_id, title, genres = _fields(line, "::", 3)
        return movie_id, title, genres.split("|")

    return _films(file, parse)


def read_movies_csv(file: SourceFile) -> Iterator[tuple[int, Item | Rejected]]:
    """Films of the latest and 20M to 32M layout."""

    def parse(line: str | RowError) -> tuple[str, str, list[str]]:
        if isinstance(line, RowError):
            raise line
        fields = next(csv.reader([line]), [])
        if len(fields) != 3:
            raise _wrong_fields(len(fields), 3)
        return fields[0], fields[1], fields[2].split("|")

    films = _films(file, parse)
    next(films, None)  # the header, which is no film
    return films


def _films(
    file: SourceFile, parse: Callable[[str | RowError], tuple[str, str, list[str]]]
) -> Iterator[tuple[int, Item | Rejected]]:
    for number, line in file.lines(latin_1=True):
        try:
            movie_id, full_title, genres = parse(line)
            title, year = split_year(full_title)
            yield (
                number,
                item_of(
                    item_id=movie_id,
                    title=title,
                    categories=[genre for genre in genres if genre not in NO_GENRES],
                    attributes=[("year", year)],
                    notes=file.notes,
                ),
            )
        except RowError as error:
            yield number, file.reject(number, error, line)


def _fields(line: str | RowError, separator: str, count: int) -> list[str]:
    if isinstance(line, RowError):
        raise line
    fields = line.split(separator)
    if len(fields) != count:
        raise _wrong_fields(len(fields), count)
    return fields


def _wrong_fields(found: int, wanted: int) -> RowError:
    return RowError("number of fields", f"the row has {found} fields, not {wanted}", "Quote or remove separators.")
