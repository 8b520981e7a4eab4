"""How requests add up, and the bounds of what a chat keeps."""

from __future__ import annotations

import pytest

from agent.chips import chips_of, without_chip
from agent.loosening import loosenings
from agent.merge import merged
from agent.request import FacetRef, RangeRef, Request
from agent.state import CHUNK, MAX_CHUNKS, MAX_UNDO, ChatState, StoredMessage
from agent.understanding import Understander
from store.errors import InputError


def category(value: str) -> FacetRef:
    return FacetRef(attribute="category", value=value)


def after(understander: Understander, *said: str, reference: tuple[str, ...] = ()) -> Request:
    wish = Request()
    for text in said:
        wish = merged(wish, understander.understand(text), understander.lexicon, reference=reference)
    return wish


@pytest.mark.parametrize(
    ("said", "chips"),
    [
        (("thrillers", "from the 90s"), ["Thriller", "1990\u20131999"]),
        (("from the 90s", "after 1995"), ["1996\u20131999"]),
        (("from the 90s", "after 2000"), ["2001 or newer"]),
        (("comedies", "no comedy"), ["not: Comedy"]),
        (("no comedy", "comedies"), ["Comedy"]),
        (("horror or thriller", "no horror"), ["Thriller", "not: Horror"]),
        (("show me comedies", "show me westerns"), ["Western"]),
        (("a comedy from the 90s", "a western"), ["Western", "1990\u20131999"]),
        (("comedies", "only romance"), ["Comedy", "Romance"]),
        (("comedies", "also westerns"), ["Comedy or Western"]),
        (("movies like Fargo", "movies like Heat"), ["like: Heat"]),
        (("movies like Fargo", "also something like Heat"), ["like: Fargo", "like: Heat"]),
        (("movies like Fargo", "but not like Titanic"), ["like: Fargo", "unlike: Titanic"]),
        (("with Tom Hanks", "nothing with Tom Hanks"), ["without: Tom Hanks"]),
        (("something cozy", "from 1994", "start over"), []),
        (("comedies from 1994", "forget the genre"), ["1994"]),
        (("comedies from 1994 with Tom Hanks", "forget the people", "any year"), ["Comedy"]),
        (("three comedies",), ["Comedy", "3 at once"]),
        (("comedies", "less romance"), ["Comedy", "not: Romance"]),
        (("something funnier",), ["\u201cfunny\u201d"]),
        (("more comedy",), ["Comedy"]),
        (("something darker",), ["\u201cdark\u201d"]),
        (("less dark",), ["\u201clighthearted warm\u201d"]),
        (("something shorter",), []),
    ],
)
def test_policy(film_understander: Understander, said: tuple[str, ...], chips: list[str]) -> None:
    titles = film_understander.lexicon.vocabulary.titles
    wish = after(film_understander, *said)
    assert [chip.label for chip in chips_of(wish, titles, year="year")] == chips


def test_a_critique_goes_beyond_its_reference(film_understander: Understander) -> None:
    # Fargo 1996, Heat 1995, Pulp Fiction 1994: the middle one is 1995.
    assert after(film_understander, "newer", reference=("f16", "f3", "f12")).ranges == (
        RangeRef(attribute="year", low=1996),
    )
    newest_third = after(film_understander, "newer").ranges[0]
    assert newest_third.low is not None
    assert newest_third.low >= 1995


def test_every_chip_can_be_taken_away(film_understander: Understander) -> None:
    wish = after(
        film_understander, "three cozy comedies from the 90s like Fargo with Tom Hanks, no horror, not like Heat"
    )
    chips = chips_of(wish, {}, year="year")
    assert {chip.kind for chip in chips} == {"like", "unlike", "in", "out", "range", "person", "mood", "count"}
    for chip in chips:
        left = chips_of(without_chip(wish, chip.key), {}, year="year")
        assert [other.key for other in left] == [other.key for other in chips if other.key != chip.key]
    with pytest.raises(InputError, match="is no chip"):
        without_chip(wish, "in:nothing")


def test_loosening_gives_the_best_first() -> None:
    wish = Request(facets_in=((category("Western"),),), ranges=(RangeRef(attribute="year", low=1970, high=1979),))

    def matching(loosened: Request) -> int:
        return 2 if loosened.facets_in else 40

    ways = loosenings(wish, matching, year="year")
    assert [(way.labels, way.matching, way.say) for way in ways] == [
        (("Western",), 40, "forget Western"),
        (("1970\u20131979",), 2, "forget the year"),
    ]
    assert loosenings(wish, lambda _: 0, year="year") == []


def test_a_long_chat_stays_bounded() -> None:
    state = ChatState()
    total = 2 * CHUNK * (MAX_CHUNKS + 2)
    for turn in range(total):
        state = state.remembering(f"turn {turn}")
        state = state.saying(StoredMessage(serial=state.serial, role="user", text=f"said {turn}"))
    assert len(state.messages) <= 2 * CHUNK
    assert len(state.archive) == MAX_CHUNKS
    assert len(state.undo) == MAX_UNDO
    shown = [message.text for message in state.all_messages()]
    assert shown == [f"said {turn}" for turn in range(total - len(shown), total)]
    back = state
    for _ in range(MAX_UNDO):
        back = back.undone()
    assert [message.text for message in back.all_messages()] == shown[:-MAX_UNDO]
    assert back.serial == state.serial + MAX_UNDO
    assert ChatState.model_validate(state.model_dump(mode="json", exclude_defaults=True)) == state
