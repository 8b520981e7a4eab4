"""What of two items' contents makes them alike, over the small real catalogue (tests/conftest.py)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from encoders.matching import HeatMap, Match, PictureMatch
from pipeline.content_match import KEPT, NO_PICTURES, ContentMatcher
from serving.service import Service
from store.errors import UnknownItem
from store.records import Item


class Counting:
    """Says nothing of any pair; counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def match(self, item: Item, other: Item) -> Match:
        self.asked.append((item.item_id, other.item_id))
        return Match(None, None, ())


def test_words_and_phrases_add_up_to_the_stored_cosine(trained_service: Service) -> None:
    recommender = trained_service.recommender
    state = recommender.state
    for item_id, other_id in (("50", "181"), ("1", "172"), ("181", "50")):
        match = recommender.content_match(item_id, other_id)
        first, second = (state.content.text[state.catalogue.ids.index(one) - 1] for one in (item_id, other_id))
        assert match.text is not None
        assert match.text.cosine == pytest.approx(float(first @ second), abs=1e-4)
        for side in match.text.sides:
            for parts in (side.words, side.phrases):
                assert sum(part.value for part in parts) + side.rest == pytest.approx(match.text.cosine, abs=1e-4)
        assert match.picture is None
        assert match.shared_values == state.catalogue.shared_values(match.item, match.other)
        assert (match.item.item_id, match.other.item_id) == (item_id, other_id)
    with pytest.raises(UnknownItem):
        recommender.content_match("50", "nothing")


def test_pairs_are_looked_at_once_and_again_after_a_change(trained_service: Service) -> None:
    state = trained_service.recommender.state
    counting = Counting()
    matcher = ContentMatcher(counting)  # type: ignore[arg-type]
    first, second = state.catalogue.at(1), state.catalogue.at(2)
    for _ in range(3):
        matcher.match(state, first, second)
    assert len(counting.asked) == 1
    matcher.match(state, second, first)
    matcher.match(state, replace(first, title="Other"), second)
    assert len(counting.asked) == 3
    others = [Item(f"m{number}", "x") for number in range(KEPT)]
    for other in others:
        matcher.match(state, second, other)
    matcher.match(state, second, others[-1])
    assert len(counting.asked) == 3 + KEPT
    matcher.match(state, second, first)
    assert counting.asked[-1] == (second.item_id, first.item_id)
    assert len(counting.asked) == 4 + KEPT


def test_pictures_that_training_lacked_are_said_to_take_no_part(trained_service: Service) -> None:
    class Pictured(Counting):
        def match(self, item: Item, other: Item) -> Match:
            flat = HeatMap(((0.0,),))
            return Match(None, PictureMatch(0.5, (flat, flat)), ("something",))

    state = trained_service.recommender.state
    match = ContentMatcher(Pictured()).match(state, state.catalogue.at(1), state.catalogue.at(2))  # type: ignore[arg-type]
    assert match.notes == ("something", NO_PICTURES)
