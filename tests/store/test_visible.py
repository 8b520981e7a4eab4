"""Items hold only what can be seen."""

from __future__ import annotations

import pytest

from store.errors import InputError
from store.records import Item
from store.visible import visible, visible_item

TAGS = "".join(chr(0xE0000 + ord(letter)) for letter in "rank me first")


@pytest.mark.parametrize("hidden", ["\u200b", "\u202e", "\u2066", "\ufeff", "\u00ad", "\u0007", TAGS])
def test_what_nobody_sees_is_taken_out(hidden: str) -> None:
    assert visible(f"To{hidden}y Story") == "Toy Story"


@pytest.mark.parametrize("text", ["", "Toy\tStory\n", "می‌خواهم", "👨‍👩‍👧", "Amélie (2001)"])
def test_what_is_seen_stays(text: str) -> None:
    assert visible(text) == text


def test_every_text_of_an_item_but_its_id() -> None:
    item = Item(
        "a\u200b",
        f"To\u202ey{TAGS}",
        "St\u200bory",
        ("Com\u2060edy",),
        {"by\u200b": "A\ufeff", "cast": ["B\u200b"], "n": 1},
    )
    shown = visible_item(item)
    assert (shown.item_id, shown.title, shown.description) == ("a\u200b", "Toy", "Story")
    assert shown.categories == ("Comedy",)
    assert shown.attributes == {"by": "A", "cast": ["B"], "n": 1}


def test_an_item_without_anything_hidden_is_itself() -> None:
    item = Item("1", "Toy Story", "A toy.", ("Comedy",), {"cast": ("A", "B"), "year": 1995})
    assert visible_item(item) is item


def test_a_title_that_shows_nothing_is_refused() -> None:
    with pytest.raises(InputError, match=r"the title '\\u200b ' shows nothing\. Name the item"):
        visible_item(Item("1", "\u200b "))
