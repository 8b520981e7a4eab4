"""The measure of understanding: what counts as right, and that the sets are what they say."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import pytest

from agent.request import FacetRef, Intent, RangeRef, Request
from agent.understanding import Understander
from benchmarks.understanding.__main__ import score
from benchmarks.understanding.scoring import Score, Value, meant, understood
from benchmarks.understanding.sets import HERE, by_hand, catalogue_of
from pipeline.catalogue import Catalogue

RIGHT = Request(
    intent=Intent.RECOMMEND,
    facets_in=((FacetRef(attribute="category", value="Roses"),),),
    ranges=(RangeRef(attribute="price", high=20.0), RangeRef(attribute="year", low=1990, high=1999)),
    mood="for a small bed",
)
LINE = {
    "text": "roses from the 90s for a small bed, up to 20",
    "intent": "recommend",
    "attributes_in": ["Roses"],
    "ranges": [{"attribute": "price", "low": None, "high": 20}],
    "year_from": 1990,
    "year_to": 1999,
    "mood": "small bed",
}


@pytest.fixture(scope="module")
def garden() -> Catalogue:
    return catalogue_of(HERE / "garden.jsonl")


def test_a_request_that_is_right_is_whole() -> None:
    total = Score()
    assert total.add(meant(LINE), RIGHT, seconds=0.001)
    row = total.row("one")
    assert (row["intent"], row["slot_f1"], row["whole"]) == (1.0, 1.0, 1.0)
    assert row["mood_f1"] == pytest.approx(2 * 2 / (4 + 2), abs=1e-3)
    assert row["p50_ms"] == 1.0


def test_what_is_missing_and_what_is_too_much_count_alike() -> None:
    total = Score()
    wrong = RIGHT.model_copy(update={"facets_in": (), "count": 3, "intent": Intent.SIMILAR})
    assert not total.add(meant(LINE), wrong, seconds=0.001)
    row = total.row("one")
    assert row["intent"] == 0.0
    assert row["slot_f1"] == pytest.approx(2 * 3 / (4 + 4), abs=1e-3)
    assert row["f1_attributes_in"] == row["f1_count"] == 0.0


def test_items_asked_about_are_neither_liked_nor_disliked() -> None:
    request = Request(intent=Intent.COMPARE, refers_to=("g001", "g002"))
    assert understood(request)[0] == {Value("items_about", "g001"), Value("items_about", "g002")}
    known = Request(intent=Intent.RECOMMEND, seen=("g001",))
    assert understood(known)[0] == {Value("items_unlike", "g001")}


def test_an_annotation_without_polarity_judges_none() -> None:
    line = {"text": "no roses", "intent": "recommend", "attributes_out": ["Roses"]}
    values = frozenset({Value("attributes", "roses")})
    case = replace(meant(line), values=values, intent="", kinds=("attributes",))
    refused = Request(facets_out=(FacetRef(attribute="category", value="Roses"),), count=3)
    assert Score().add(case, refused, seconds=0.0)


@pytest.mark.parametrize("name", ["garden_test", "garden_dev", "films_test", "films_dev"])
def test_the_sets_have_every_intent_and_no_request_twice(name: str) -> None:
    cases = by_hand(name)
    counts = Counter(case.intent for case in cases)
    assert len({case.text for case in cases}) == len(cases)
    assert set(counts) == {intent.value for intent in Intent}
    if name.endswith("test"):
        assert len(cases) >= 150
        assert min(counts.values()) >= 8


def test_what_the_garden_sets_name_is_in_the_garden(garden: Catalogue) -> None:
    titles = {item.item_id: item.title for item in garden.items}
    values = {value for counts in garden.vocabulary.facets.values() for value in counts}
    for part in ("test", "dev"):
        for line in (HERE / f"garden_{part}.jsonl").read_text(encoding="utf-8").splitlines():
            case = json.loads(line)
            for key in ("items_like", "items_unlike", "items_about"):
                assert all(titles[item["item_id"]] == item["title"] for item in case.get(key, ()))
            assert {*case.get("attributes_in", ()), *case.get("attributes_out", ())} <= values


def test_the_development_set_is_understood_better_than_by_a_constant(garden: Catalogue) -> None:
    cases = by_hand("garden_dev")
    row = score(cases, Understander.over(garden)).row("garden")
    constant = max(Counter(case.intent for case in cases).values()) / len(cases)
    assert row["intent"] > constant
    assert row["slot_f1"] > 0.85
