"""Names of titles: parts, numbers in a series, namesakes; slips of the pen; people who are none."""

from __future__ import annotations

import pytest

from agent.title_names import TitleEntry, instalments, title_names
from agent.understanding import Understander
from pipeline.catalogue import Catalogue
from store.records import Item

_FILMS = """
Kill Bill: Vol. 1|2003|told
Kill Bill: Vol. 2|2004|told
Matrix, The|1999|told
Matrix Reloaded, The|2003|told
Matrix Revolutions, The|2003|told
Alien|1979|told
Alien Contamination|1980|
Star Wars: Episode IV - A New Hope|1977|told
Star Wars: Episode V - The Empire Strikes Back|1980|told
Harry Potter and the Sorcerer's Stone|2001|told
Harry Potter and the Chamber of Secrets|2002|told
Crouching Tiger, Hidden Dragon|2000|told
Tiger and the Snow, The|2005|told
Close Encounters of the Third Kind|1977|Directed by Steven Spielberg. Like Jaws, and Close Encounters of any kind.
Psycho|1960|told
Psycho|1998|
Lord of the Rings, The|1978|told
Lord of the Rings: The Two Towers, The|2002|
Spider-Man 2|2004|
Men, The|1950|told
Being There|1979|Starring Peter Sellers, Close Encounters and Ian Hart.
"""


def catalogue() -> Catalogue:
    rows = [line.split("|") for line in _FILMS.strip().splitlines()]
    return Catalogue(
        [
            Item(f"{title}, {year}", title, attributes={"year": int(year)}, description=text)
            for title, year, text in rows
        ]
    )


@pytest.fixture(scope="module")
def understander() -> Understander:
    return Understander.over(catalogue())


def linked(understander: Understander, name: str) -> list[str]:
    return list(understander.understand(f"something like {name}").items_like)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Kill Bill 2", "Kill Bill: Vol. 2, 2004"),
        ("Kill Bill", "Kill Bill: Vol. 1, 2003"),
        ("The Matrix 2", "Matrix Reloaded, The, 2003"),
        ("Star Wars", "Star Wars: Episode IV - A New Hope, 1977"),
        ("Star Wars 5", "Star Wars: Episode V - The Empire Strikes Back, 1980"),
        ("Harry Potter 2", "Harry Potter and the Chamber of Secrets, 2002"),
        ("crouching tiger", "Crouching Tiger, Hidden Dragon, 2000"),
        ("the two towers", "Lord of the Rings: The Two Towers, The, 2002"),
        ("Psycho", "Psycho, 1960"),
        ("spidder-man 2", "Spider-Man 2, 2004"),
    ],
)
def test_titles_are_known_by_their_parts_and_numbers(understander: Understander, said: str, meant: str) -> None:
    assert linked(understander, said) == [meant]


def test_a_film_of_the_next_year_is_no_sequel_and_no_number_is_invented(understander: Understander) -> None:
    assert "alien 2" not in understander.lexicon.titles
    assert "kill bill 3" not in understander.lexicon.titles


def test_a_number_is_given_to_what_has_none_only() -> None:
    titles = {
        "rocky": [TitleEntry("1", "rocky", 0)],
        "rocky 2": [TitleEntry("2", "rocky 2", 0)],
        "rocky part 3": [TitleEntry("3", "rocky part 3", 0)],
    }
    years = {"1": 1976.0, "2": 1979.0, "3": 1982.0}
    given = {entry.key: entry.item_id for entry in instalments(titles, year_of=years.get, common=frozenset())}
    assert given == {"rocky 1": "1", "rocky 3": "3"}


def test_a_series_is_told_by_more_than_an_article() -> None:
    assert ("Indiana Jones", 2) in title_names(
        "Raiders of the Lost Ark (Indiana Jones and the Raiders of the Lost Ark)"
    )
    assert title_names("Tiger and the Snow, The") == [("The Tiger and the Snow", 0)]
    assert ("Dr. Strangelove", 2) in title_names("Dr. Strangelove or: How I Learned to Stop Worrying")


def test_readers_decide_among_namesakes() -> None:
    shown = Understander.over(catalogue(), popularity={"Psycho, 1998": 3})
    assert linked(shown, "Psycho") == ["Psycho, 1998"]
    popular = Understander.over(catalogue(), popularity={"Lord of the Rings: The Two Towers, The, 2002": 90})
    assert linked(popular, "The Lord of the Rings") == ["Lord of the Rings: The Two Towers, The, 2002"]
    both = {"Lord of the Rings: The Two Towers, The, 2002": 90, "Lord of the Rings, The, 1978": 40}
    assert linked(Understander.over(catalogue(), popularity=both), "The Lord of the Rings") == [
        "Lord of the Rings, The, 1978"
    ]


def test_the_beginning_of_a_title_is_nobody_unless_a_credit_gives_it(understander: Understander) -> None:
    assert "close encounters" not in understander.lexicon.people
    assert {"steven spielberg", "peter sellers", "ian hart"} <= set(understander.lexicon.people)


@pytest.mark.parametrize("said", ["films with Kevin Hart", "I love Kevin Hart", "a movie by Hart Bochner"])
def test_a_surname_of_somebody_else_links_to_nobody(understander: Understander, said: str) -> None:
    assert understander.understand(said).people_in == ()
    assert understander.understand("films with Hart").people_in == ("Ian Hart",)
