"""Words that point at a picture that was sent, and what is left of a message without them."""

from __future__ import annotations

import pytest

from agent.picture_words import beside_picture, leaves_picture, looking_like, without_leaving
from agent.request import FacetRef, Intent, Request


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("something that looks like this poster", ""),
        ("like this but a comedy", "a comedy"),
        ("like this, but from the 90s", "from the 90s"),
        ("from the 90s", "from the 90s"),
        ("a comedy like this one", "a comedy"),
        ("What film is this?", ""),
        ("which movie is this from? no horror", "no horror"),
        ("Something in the style of the picture, with Tom Hanks", "with Tom Hanks"),
        ("something like The Godfather", "something like The Godfather"),
        ("I like Heat", "I like Heat"),
        ("像这张海报一样的喜剧", "喜剧"),
        ("跟这个类似的，但是要九十年代的", "要九十年代的"),
        ("这是什么电影？", ""),
        ("", ""),
    ],
)
def test_what_a_message_says_beside_its_picture(said: str, left: str) -> None:
    assert beside_picture(said) == left


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("forget the picture, just comedies", "comedies"),
        ("ignore that poster", ""),
        ("去掉图片，要喜剧", "要喜剧"),
    ],
)
def test_a_picture_can_be_left(said: str, left: str) -> None:
    assert leaves_picture(said)
    assert without_leaving(said) == left


def test_other_words_leave_no_picture() -> None:
    assert not leaves_picture("forget the nineties")
    assert not leaves_picture("a film about a painter and a picture")


def test_with_a_picture_every_message_looks_for_items() -> None:
    comedy = ((FacetRef(attribute="category", value="Comedy"),),)
    asked = Request(intent=Intent.DETAILS, refers_to=("a",), facets_in=comedy, unresolved=("poster",), mood="x")
    looked = looking_like("p", asked)
    assert looked == Request(intent=Intent.RECOMMEND, facets_in=comedy, picture="p")
    similar = Request(intent=Intent.SIMILAR, items_like=("a",))
    assert looking_like("p", similar) == similar.model_copy(update={"picture": "p"})
    assert looking_like("p", Request(intent=Intent.SIMILAR, refers_to=("a",))).intent == Intent.RECOMMEND
