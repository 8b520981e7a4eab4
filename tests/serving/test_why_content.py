from __future__ import annotations

import pytest

from encoders.matching import HeatMap, PictureMatch, TextMatch, TextPart, TextParts
from pipeline.explanation import ContentMatch
from serving.ui.why_content import MAX_WORDS, sides
from store.records import Item

ITEM, OTHER = Item("a", "A"), Item("b", "B")


def match(text: TextMatch | None = None, picture: PictureMatch | None = None) -> ContentMatch:
    return ContentMatch(ITEM, OTHER, text, picture, (), (), "s")


def test_words_are_drawn_by_strength_and_nothing_of_the_text_is_lost() -> None:
    first = TextParts(
        "Heat\nCrime, Thriller end",
        words=(TextPart(0, 4, 0.1), TextPart(5, 11, 0.4), TextPart(12, 20, -0.2), TextPart(21, 24, 0.0)),
        phrases=(TextPart(0, 4, 0.1), TextPart(5, 11, 0.4), TextPart(12, 24, -0.2)),
        rest=0.2,
        read=20,
    )
    second = TextParts("Crime", (TextPart(0, 5, 0.01),), (TextPart(0, 5, 0.01),), 0.49, 5)
    one, other = sides(match(TextMatch(0.5, (first, second))))
    assert "".join(run.text for run in one.runs) == first.text
    assert [(run.text, run.strength, run.read) for run in one.runs if run.text.strip()] == [
        ("Heat", 0.25, True),
        ("Crime,", 1.0, True),
        ("Thriller", -0.5, True),
        ("end", 0.0, False),
    ]
    assert one.phrases == (("Crime", pytest.approx(0.8)), ("Heat", pytest.approx(0.2)))
    assert [run.strength for run in other.runs] == [0.0]
    assert (one.heat, one.item, other.item) == ((), ITEM, OTHER)


def test_long_texts_are_cut_and_texts_that_are_not_alike_have_no_shares() -> None:
    words = tuple(TextPart(2 * n, 2 * n + 1, 0.1) for n in range(MAX_WORDS + 50))
    long = TextParts("w " * (MAX_WORDS + 50), words, (TextPart(0, 9, 0.1),), 0.0, 10_000)
    one, _ = sides(match(TextMatch(-0.2, (long, long))))
    assert sum(run.text == "w" for run in one.runs) == MAX_WORDS
    assert one.runs[-1].text == " …"
    assert one.phrases == ()


def test_heat_is_relative_to_the_hottest_patch_of_both() -> None:
    hot, cold = HeatMap(((0.4, -0.1), (0.2, 0.0))), HeatMap(((0.1, 0.0), (0.0, 0.0)))
    one, other = sides(match(picture=PictureMatch(0.7, (hot, cold))))
    assert one.heat == (1.0, 0.0, 0.5, 0.0)
    assert other.heat == (0.25, 0.0, 0.0, 0.0)
    assert one.across == 2
    assert one.runs == ()
    against = HeatMap(((-0.1,),))
    assert sides(match(picture=PictureMatch(0.7, (against, against))))[0].heat == (0.0,)
    assert sides(match())[0].heat == ()
