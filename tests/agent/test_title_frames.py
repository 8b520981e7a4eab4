"""Titles that only the sentence makes titles of; what is taken back within a sentence; years that belong to a title."""

from __future__ import annotations

import pytest

from agent.request import Request
from agent.understanding import Understander


def titles(understander: Understander, request: Request) -> set[str]:
    names = understander.lexicon.vocabulary.titles
    ids = {*request.items_like, *request.items_unlike, *request.refers_to, *request.seen}
    return {names[item_id] for item_id in ids}


@pytest.mark.parametrize(
    ("utterance", "expected"),
    [
        ("is apollo 13 longer than casino", {"Apollo 13", "Casino"}),
        ("what should i try after get shorty", {"Get Shorty"}),
        ("heat was brilliant", {"Heat"}),
        ("casino was dreadful, jumanji was great", {"Casino", "Jumanji"}),
        ("should i choose heat or jumanji", {"Heat", "Jumanji"}),
        ("why sense and sensability", {"Sense and Sensibility"}),
        ("something like braevheart", {"Braveheart"}),
        ("tell me something about the usual suspetcs", {"Usual Suspects, The"}),
        ("anything like goldeneye from 1995?", {"GoldenEye"}),
        ("the 1995 Heat, is it any good?", {"Heat"}),
    ],
)
def test_a_title_stands_where_an_item_is_spoken_of(
    film_understander: Understander, utterance: str, expected: set[str]
) -> None:
    assert titles(film_understander, film_understander.understand(utterance)) == expected


@pytest.mark.parametrize(
    "utterance", ["turn up the heat", "a casino story", "any heat in this", "films with a lot of heat in them"]
)
def test_everyday_words_elsewhere_are_no_title(film_understander: Understander, utterance: str) -> None:
    assert titles(film_understander, film_understander.understand(utterance)) == set()


def test_a_year_that_tells_which_title_is_meant_is_no_constraint(film_understander: Understander) -> None:
    assert film_understander.understand("something like the 1995 Heat").ranges == ()
    assert film_understander.understand("thrillers from 1995").ranges != ()


@pytest.mark.parametrize(
    ("utterance", "wanted"),
    [
        ("show me a horror, wait no, a comedy", ["Comedy"]),
        ("a thriller please. no sorry, a drama", ["Drama"]),
        ("a romance, I mean a war film", ["War"]),
        ("a comedy, no horror", ["Comedy"]),
    ],
)
def test_what_is_taken_back_leaves_only_its_correction(
    film_understander: Understander, utterance: str, wanted: list[str]
) -> None:
    request = film_understander.understand(utterance)
    assert [ref.value for group in request.facets_in for ref in group] == wanted


def test_a_correction_needs_something_to_take_back(film_understander: Understander) -> None:
    request = film_understander.understand("no, I meant comedies")
    assert [ref.value for group in request.facets_in for ref in group] == ["Comedy"]
    assert request.manner == "instead"


def test_somebody_whom_nothing_names_is_not_the_bearer_of_the_same_first_name(film_understander: Understander) -> None:
    assert film_understander.understand("films with Tom Ford").people_in == ()
    assert film_understander.understand("films with Tom Hanks").people_in == ("Tom Hanks",)
