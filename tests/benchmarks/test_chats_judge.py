"""The judge of simulated chats: it sees each kind of fault, and no fault where there is none."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.chats.judge import Judge

JUDGE = Judge(
    [
        ("1", "Heat Wave", "Two thieves, after Night Train.", ["Crime", "Drama"], {"year": 1995}),
        ("2", "Night Train", "A comedy with Ada Berg.", ["Comedy"], {"year": 1950}),
        ("3", "Blue Door", "A drama.", ["Drama"], {}),
    ]
)
TITLES = {"1": "Heat Wave", "2": "Night Train", "3": "Blue Door", "9": "The Glass Harbour"}
TEXTS = {"1": "Two thieves, after Night Train.", "2": "A comedy with Ada Berg.", "3": "A drama."}


def card(item: str, reason: str = "many met it") -> dict[str, Any]:
    return {"item": {"item_id": item, "title": TITLES[item], "description": TEXTS.get(item, "")}, "reason": reason}


def turn(*cards: dict[str, Any], text: str = "", chips: tuple[tuple[str, str], ...] = ()) -> dict[str, Any]:
    chosen = [{"key": key, "label": label} for key, label in chips]
    return {"cards": list(cards), "text": text, "chips": chosen, "recommended": True}


def kinds(events: dict[str, Any], *, named: tuple[str, ...] = (), said: str = "") -> list[str]:
    return [fault.kind for fault in JUDGE.faults(events, named, said)]


@pytest.mark.parametrize(
    ("chip", "kept", "broken"),
    [
        (("in:category=Drama", "Drama"), "1", "2"),
        (("in:category=Comedy|category=Crime", "Comedy or Crime"), "2", "3"),
        (("out:category=Drama", "no Drama"), "2", "3"),
        (("person:ada berg", "Ada Berg"), "2", "1"),
        (("person-out:ada berg", "not Ada Berg"), "1", "2"),
        (("range:year", "1990\u20131999"), "1", "2"),
        (("range:year", "1951 or newer"), "1", "2"),
        (("range:year", "1950 or older"), "2", "1"),
        (("range:year", "1950 or older"), "2", "3"),  # without a year
    ],
)
def test_a_card_that_breaks_a_constraint_is_a_violation(chip: tuple[str, str], kept: str, broken: str) -> None:
    assert kinds(turn(card(kept), chips=(chip,))) == []
    assert kinds(turn(card(broken), chips=(chip,))) == ["violations"]


def test_what_the_catalogue_does_not_have_is_outside() -> None:
    assert kinds(turn(card("9"))) == ["outside"]


def test_a_card_without_a_reason_is_unsupported() -> None:
    assert kinds(turn(card("1", reason=""))) == ["unsupported"]


@pytest.mark.parametrize("allowed", [{"named": ("Blue Door",)}, {"said": "I loved Blue Door"}])
def test_a_title_has_to_come_from_somewhere(allowed: dict[str, Any]) -> None:
    events = turn(card("1", reason="because you liked Blue Door"), text="Heat Wave comes first.")
    assert kinds(events) == ["unsupported"]
    assert kinds(events, **allowed) == []


def test_a_description_on_the_table_may_name_a_title() -> None:
    assert kinds(turn(card("1"), text="Heat Wave: two thieves, after Night Train.")) == []


def test_markup_is_unsupported_but_in_a_quotation_of_what_was_said() -> None:
    events = turn(card("1"), text="Taken back: “<script>alert(1)</script>”.")
    assert kinds(events) == ["unsupported"]
    assert kinds(events, said="<script>alert(1)</script>\n") == []
    assert kinds(turn(card("1"), text="<script>alert(1)</script>"), said="<script>alert(1)</script>\n") == [
        "unsupported"
    ]
