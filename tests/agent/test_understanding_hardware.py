"""The same understanding over a shop for tools: nothing in it knows of films."""

from __future__ import annotations

from typing import Any

import pytest

from agent.reading import Context
from agent.request import Request
from agent.understanding import Understander


def flat(request: Request, understander: Understander) -> dict[str, Any]:
    titles = understander.lexicon.vocabulary.titles
    parts = {
        "intent": request.intent.value,
        "in": [" | ".join(ref.value for ref in group) for group in request.facets_in],
        "out": [ref.value for ref in request.facets_out],
        "ranges": {bounds.attribute: (bounds.low, bounds.high) for bounds in request.ranges},
        "people": list(request.people_in),
        "like": [titles[item] for item in request.items_like],
        "unlike": [titles[item] for item in request.items_unlike],
        "refers": [titles[item] for item in request.refers_to],
        "seen": [titles[item] for item in request.seen],
        "critiques": [f"{c.direction} {c.value or c.attribute}" for c in request.critiques],
        "mood": request.mood,
        "count": request.count,
        "unknown": list(request.unresolved),
    }
    return {name: value for name, value in parts.items() if value not in ([], {}, "", None)}


def case(utterance: str, **expected: Any) -> Any:
    expected.setdefault("intent", "recommend")
    return pytest.param(utterance, expected, id=utterance[:60])


TURNS = [
    case("I need a drill", **{"in": ["Drills"]}),
    case("a drill from Bosch", **{"in": ["Drills", "Bosch"]}),
    case("Bosch drills", **{"in": ["Drills", "Bosch"], "_unordered": True}),
    case("anything by Makita", **{"in": ["Makita"]}),
    case("Bosch or Makita", **{"in": ["Bosch | Makita"]}),
    case("saws by Bosch and Makita", **{"in": ["Saws", "Bosch | Makita"]}),
    case("hammers or saws", **{"in": ["Hammers | Saws"]}),
    case("hand toolz under 35 euros", **{"in": ["Hand Tools"], "ranges": {"price": (None, 35)}}),
    case("no Bosch please", out=["Bosch"]),
    case("a saw, but not from Makita", **{"in": ["Saws"], "out": ["Makita"]}),
    case("anything except paint", out=["Paint"]),
    case("a drill under 100 euros", **{"in": ["Drills"], "ranges": {"price": (None, 100)}}),
    case("under €50", ranges={"price": (None, 50)}),
    case("less than $30", ranges={"price": (None, 30)}),
    case("at most 20 euros", ranges={"price": (None, 20)}),
    case("something between 20 and 40 euros", ranges={"price": (20, 40)}),
    case("20-40 euros", ranges={"price": (20, 40)}),
    case("over 100 euros", ranges={"price": (100, None)}),
    case("price below 60", ranges={"price": (None, 60)}),
    case("a hammer for 15 euros or less", **{"in": ["Hammers"], "ranges": {"price": (None, 15)}}),
    case("around 50 euros", ranges={"price": (40, 60)}),
    case("I have 40 euros for hammers", **{"in": ["Hammers"], "ranges": {"price": (None, 40)}}),
    case("a drill without spending more than 90 euros", **{"in": ["Drills"], "ranges": {"price": (None, 90)}}),
    case("hammers that dont cost more than 20 euros", **{"in": ["Hammers"], "ranges": {"price": (None, 20)}}),
    case("hammers yes, drills no", **{"in": ["Hammers"], "out": ["Drills"]}),
    case("saws under 2 kg", **{"in": ["Saws"], "ranges": {"weight_g": (None, 2000)}}),
    case("at most 500 grams", ranges={"weight_g": (None, 500)}),
    case("lighter than 1 kg", ranges={"weight_g": (None, 1000)}),
    case("a cheap hammer", **{"in": ["Hammers"], "critiques": ["less price"]}),
    case("something cheaper", critiques=["less price"]),
    case("cheaper please", critiques=["less price"]),
    case("a lighter drill", **{"in": ["Drills"], "critiques": ["less weight_g"]}),
    case("not too expensive", critiques=["less price"]),
    case("too heavy", critiques=["less weight_g"]),
    case(
        "something like the Claw Hammer but cheaper", intent="similar", like=["Claw Hammer"], critiques=["less price"]
    ),
    case("cheaper than the Jigsaw Easy", ranges={"price": (None, 59.89)}),
    case("similar to the orbital sandr", intent="similar", like=["Orbital Sander"]),
    case("I bought the Belt Sander and it was great", intent="feedback", like=["Belt Sander"], refers=["Belt Sander"]),
    case("I love my Hedge Trimmer", intent="feedback", like=["Hedge Trimmer"]),
    case("I already own the Claw Hammer", intent="feedback", seen=["Claw Hammer"]),
    case("compare Jigsaw Easy and Hand Saw", intent="compare", refers=["Jigsaw Easy", "Hand Saw"]),
    case("Belt Sander or Orbital Sander?", intent="compare", refers=["Belt Sander", "Orbital Sander"]),
    case("tell me about the Laser Measure 40", intent="details", refers=["Laser Measure 40"]),
    case("how much is the Head Torch?", intent="details", refers=["Head Torch"]),
    case("why the Hacksaw?", intent="explain", refers=["Hacksaw"]),
    case("three hammers", **{"in": ["Hammers"], "count": 3}),
    case("top 5 saws under 100 euros", **{"in": ["Saws"], "ranges": {"price": (None, 100)}, "count": 5}),
    case("show me 4 products", count=4),
    case("something for hanging shelves", mood="hanging shelves"),
    case("a quiet tool for the garden", **{"in": ["Garden"], "mood": "quiet"}),
    case("a romantic comedy", mood="romantic comedy"),
    case("from the 90s", unknown=["90s"]),
    case("under 2 hours", unknown=["2 hours"]),
    case("hand tools", **{"in": ["Hand Tools"]}),
    case("undo", intent="undo"),
    case("hello", intent="small_talk"),
    case("what's the weather?", intent="out_of_scope"),
    case("sandres", **{"in": ["Sanders"]}),
]


@pytest.mark.parametrize(("utterance", "expected"), TURNS)
def test_turn(hardware_understander: Understander, utterance: str, expected: dict[str, Any]) -> None:
    expected = dict(expected)
    found = flat(hardware_understander.understand(utterance), hardware_understander)
    if expected.pop("_unordered", False):
        assert sorted(found.pop("in")) == sorted(expected.pop("in"))
    assert found == expected


def test_the_second_one_of_the_cards(hardware_understander: Understander) -> None:
    context = Context(shown=("h1", "h2", "h3"))
    request = hardware_understander.understand("something like the second one but cheaper", context)
    assert request.items_like == ("h2",)
    assert [critique.attribute for critique in request.critiques] == ["price"]
